# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house, held against the source text of ``plugins/``.

Data flows one way, wire -> records -> plan -> actions -> wire, and each layer knows only the layers
to its right: modules, ``_module``, then ``_plan`` and ``_api``, then ``_client``, then ``_model``.
Every rule is a function from a path and its source to sentences about what breaks it, and every
rule has a planted violation that must make it speak.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OURS = "ansible_collections.thingspace.fota.plugins"
MODULE_CODE_LINES = 150

MAY_KNOW = {
    "_client": {"_model"},
    "_model": set[str](),
    "_plan": {"_model"},
    "_api": {"_client", "_model"},
    "_module": {"_api", "_client", "_model", "_plan"},
}
"""The layers of ``module_utils``, and the other layers that each may import."""

WINGS = ("declaration", "observation", "placement", "judgement", "action", "forecast")
"""The packages of ``_plan/rollout`` in the order in which data flows; each knows those before it."""

SHELLS = {"modules", "inventory", "lookup", "filter", "test", "action"}
SHELLS_MAY_KNOW = {
    *("module_utils/_module", "module_utils/_model", "plugin_utils/_journal"),
    *("plugin_utils/_project", "plugin_utils/_report"),
}
"""Use-cases, reports and, as a filter is a pure function, what reads and writes text and records."""
PLUGIN_ROOMS = {
    *("plugin_utils/_action", "plugin_utils/_events", "plugin_utils/_journal"),
    *("plugin_utils/_project", "plugin_utils/_report", "plugin_utils/_simulator"),
}
ROOMS = {f"module_utils/{layer}" for layer in MAY_KNOW} | PLUGIN_ROOMS
FLAT_ROOMS = SHELLS | {"doc_fragments"}
"""Folders of plugins that hold files only, named by what the plugin is called."""

RENDERER = "plugin_utils/_report/page/render.py"
"""The file that renders the templates beside it, with the engine that ansible-core brings."""

SIMULATOR_NAMES = {f"{OURS}.plugin_utils._simulator", "_simulator"}
"""The second is its name when its folder is run by path."""

IO_MODULES = {
    *(
        "aiohttp",
        "asyncio",
        "builtins",
        "ctypes",
        "fcntl",
        "glob",
        "http",
        "httpx",
        "io",
        "logging",
    ),
    *("multiprocessing", "os", "pathlib", "random", "requests", "secrets", "select", "selectors"),
    *("shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading"),
    *("time", "urllib", "urllib3"),
}
"""What a pure layer must not import: the world, its clock and its dice."""
PURE = {"sys.intern", "random.Random"}
"""What is none of that although its module is."""

IO_CALLS = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCK_READS = {"now", "today", "utcnow"}
URL = re.compile(r"https?://|/(?:fota|m2m|ts)/v\d")


@dataclass(frozen=True)
class Source:
    """One Python file of ``plugins/``: its path there, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text)

    @property
    def room(self) -> str:
        """Its folder in ``plugins/``: two deep where layers are, one deep elsewhere."""
        parts = self.path.split("/")[:-1]
        return "/".join(parts[:2])

    @property
    def layer(self) -> str:
        """``_plan`` and its like; the plugin type for a shell; empty at the top of ``plugins/``."""
        return self.room.rpartition("/")[2]

    def imports(self) -> tuple[str, ...]:
        """Every module it imports, anywhere in the file, by absolute dotted name.

        ``from a import b`` gives ``a.b``: b may be a module.
        """
        return _imports(self)

    def _find_imports(self) -> Iterator[str]:
        package = [OURS, *self.path.split("/")[:-1]]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                stem = ".".join([*base, *([node.module] if node.module else [])])
                yield from (f"{stem}.{name.name}" for name in node.names)

    def our_rooms(self) -> set[str]:
        """The rooms of the collection that it imports from, such as ``module_utils/_plan``."""
        inside = (name.removeprefix(f"{OURS}.") for name in self.imports() if _below(name, OURS))
        return {"/".join(name.split(".")[:2]) for name in inside}

    @property
    def folder(self) -> str:
        """Its folder in ``plugins/``."""
        return self.path.rpartition("/")[0]

    @property
    def module(self) -> str:
        """Its absolute dotted name, that of the package for an ``__init__.py``."""
        name = self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        return f"{OURS}.{name}"


@cache
def _parse(text: str) -> ast.Module:
    """The rules read the same files, so each is parsed once."""
    return ast.parse(text)


@cache
def _imports(source: Source) -> tuple[str, ...]:
    return tuple(source._find_imports())


Rule = Callable[[Source], list[str]]


def requests_only_in_transport(source: Source) -> list[str]:
    """One file speaks HTTP."""
    if source.path == "module_utils/_client/transport.py":
        return []
    return [f"imports {name}" for name in source.imports() if _top(name) in {"requests", "urllib3"}]


def pure_layers_touch_nothing(source: Source) -> list[str]:
    """``_plan`` and ``_model``: no ansible, no I/O, no clock."""
    if source.layer not in {"_plan", "_model"}:
        return []
    found = [
        f"imports {name}"
        for name in source.imports()
        if (_top(name) in IO_MODULES and name not in PURE) or _below(name, "ansible")
    ]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found += [f"calls {node.func.id}()"] if node.func.id in IO_CALLS else []
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_READS:
            owner = ast.unparse(node.value)
            found += [f"reads the clock: {owner}.{node.attr}"] if "date" in owner.lower() else []
    return found


def layers_know_only_their_right(source: Source) -> list[str]:
    """The arrows between the layers."""
    if source.layer not in MAY_KNOW:
        return []
    known = {f"module_utils/{layer}" for layer in (source.layer, *MAY_KNOW[source.layer])}
    return [f"knows {room}" for room in sorted(source.our_rooms() - known)]


def wings_know_only_those_before(source: Source) -> list[str]:
    """Within the rollout planner, data flows one way, too."""
    parts = source.path.split("/")
    if parts[:3] != ["module_utils", "_plan", "rollout"] or len(parts) != 5:
        return []
    stem = f"{OURS}.module_utils._plan.rollout."
    known = {name.removeprefix(stem).split(".")[0] for name in source.imports() if stem in name}
    after = WINGS[WINGS.index(parts[3]) + 1 :]
    return [f"knows {wing}" for wing in after if wing in known]


def client_and_api_know_no_ansible(source: Source) -> list[str]:
    """What speaks to the service can be used, and tested, without ansible."""
    if source.layer not in {"_client", "_api"}:
        return []
    return [f"imports {name}" for name in source.imports() if _below(name, "ansible")]


def planners_never_see_the_module(source: Source) -> list[str]:
    """A planner gets records: not even the name AnsibleModule occurs in it."""
    if source.layer != "_plan":
        return []
    names = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(source.tree) if isinstance(node, ast.arg)}
    return [f"names {name}" for name in sorted(names & {"AnsibleModule", "module"})]


def shells_know_use_cases_only(source: Source) -> list[str]:
    """A module or plugin calls its use-case; it does not reach past it."""
    if source.layer not in SHELLS:
        return []
    known = SHELLS_MAY_KNOW | {source.room}
    if source.layer == "action":
        known |= {"modules", "plugin_utils/_action"}
    return [f"knows {room}" for room in sorted(_top_rooms(source) - known)]


def actions_only_run_tasks(source: Source) -> list[str]:
    """The base of action plugins calls use-cases, hands them the simulator, and prints."""
    if source.room != "plugin_utils/_action":
        return []
    layers = {"module_utils/_model", "module_utils/_module"}
    known = {source.room, "plugin_utils/_simulator", *layers}
    others = source.our_rooms() - known
    return [f"knows {room}" for room in sorted(others)]


def event_sources_call_use_cases(source: Source) -> list[str]:
    """What polls and listens reads through use-cases, and has nothing of the simulator."""
    if source.room != "plugin_utils/_events":
        return []
    layers = {f"module_utils/{layer}" for layer in ("_client", "_model", "_module", "_plan")}
    others = source.our_rooms() - {source.room, *layers}
    return [f"knows {room}" for room in sorted(others)]


def modules_render_nothing(source: Source) -> list[str]:
    """A module gives facts; reports are made of them on the controller."""
    rendering = "plugin_utils/_report" in source.our_rooms()
    return ["knows _report"] if source.layer == "modules" and rendering else []


def reports_know_facts_only(source: Source) -> list[str]:
    """A report is made of the facts of a result alone, and touches nothing else."""
    if source.room != "plugin_utils/_report":
        return []
    known = {source.room, "module_utils/_model"}
    found = [f"knows {room}" for room in sorted(source.our_rooms() - known)]
    others = sys.stdlib_module_names - IO_MODULES
    if source.path == RENDERER:
        others |= {"jinja2", "markupsafe"}
    return found + [
        f"imports {name}"
        for name in source.imports()
        if not _below(name, OURS) and _top(name) not in others
    ]


def the_journal_knows_records_only(source: Source) -> list[str]:
    """What writes lines shares with what reads them how they are chained, and nothing else."""
    if source.room != "plugin_utils/_journal":
        return []
    others = source.our_rooms() - {source.room, "module_utils/_model"}
    return [f"knows {room}" for room in sorted(others)]


def shells_build_no_urls(source: Source) -> list[str]:
    """No address of the service outside ``_api`` and ``_client``; documentation may name one."""
    if source.layer not in SHELLS:
        return []
    return [
        f"line {node.lineno} builds a URL: {node.value}"
        for node in ast.walk(_without_documentation(source.tree))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and URL.search(node.value)
    ]


def modules_are_short(source: Source) -> list[str]:
    """A module that grows holds what belongs into a use-case."""
    if source.layer != "modules":
        return []
    count = len(_code_lines(source))
    return [f"has {count} lines of code"] if count > MODULE_CODE_LINES else []


def simulator_stands_alone(source: Source) -> list[str]:
    """The simulator shares nothing with the client it judges, and installs nothing."""
    if source.room != "plugin_utils/_simulator":
        return []
    others = [
        name
        for name in source.imports()
        if not any(_below(name, own) for own in SIMULATOR_NAMES)
        and _top(name) not in sys.stdlib_module_names
    ]
    return [f"imports {name}" for name in others]


def every_file_has_a_room(source: Source) -> list[str]:
    """No file, of any kind, lies outside the documented rooms."""
    if source.room in ROOMS or (source.room in FLAT_ROOMS and source.path.count("/") == 1):
        return []
    return ["lies in no documented room"]


RULES: list[Rule] = [
    requests_only_in_transport,
    pure_layers_touch_nothing,
    layers_know_only_their_right,
    wings_know_only_those_before,
    client_and_api_know_no_ansible,
    planners_never_see_the_module,
    shells_know_use_cases_only,
    actions_only_run_tasks,
    event_sources_call_use_cases,
    modules_render_nothing,
    reports_know_facts_only,
    the_journal_knows_records_only,
    shells_build_no_urls,
    modules_are_short,
    simulator_stands_alone,
    every_file_has_a_room,
]

PLANTED: list[tuple[Rule, str, str]] = [
    (requests_only_in_transport, "module_utils/_api/v3.py", "import requests"),
    (requests_only_in_transport, "module_utils/_client/session.py", "from requests import get"),
    (requests_only_in_transport, "module_utils/_module/run.py", "def f():\n    import urllib3"),
    (
        pure_layers_touch_nothing,
        "module_utils/_plan/a.py",
        "from ansible.module_utils import basic",
    ),
    (pure_layers_touch_nothing, "module_utils/_plan/a.py", "from pathlib import Path"),
    (pure_layers_touch_nothing, "module_utils/_model/a.py", "import os.path"),
    (pure_layers_touch_nothing, "module_utils/_model/a.py", "text = open('x').read()"),
    (pure_layers_touch_nothing, "module_utils/_plan/a.py", "late = datetime.now(tz=UTC) > end"),
    (pure_layers_touch_nothing, "module_utils/_plan/a.py", "day = datetime.date.today()"),
    (layers_know_only_their_right, "module_utils/_plan/a.py", "from .._api.v3 import FotaV3"),
    (layers_know_only_their_right, "module_utils/_plan/a.py", "from .. import _client"),
    (layers_know_only_their_right, "module_utils/_model/a.py", "from .._client.errors import E"),
    (layers_know_only_their_right, "module_utils/_client/a.py", "from .._plan.refusal import E"),
    (layers_know_only_their_right, "module_utils/_api/a.py", f"import {OURS}.module_utils._plan.a"),
    (layers_know_only_their_right, "module_utils/_module/a.py", "from ...modules.x import main"),
    (
        layers_know_only_their_right,
        "module_utils/_module/a.py",
        f"from {OURS}.plugin_utils._simulator import server",
    ),
    (
        wings_know_only_those_before,
        "module_utils/_plan/rollout/judgement/a.py",
        "from ..action.phases import Phase",
    ),
    (
        wings_know_only_those_before,
        "module_utils/_plan/rollout/declaration/a.py",
        f"import {OURS}.module_utils._plan.rollout.placement.scope",
    ),
    (client_and_api_know_no_ansible, "module_utils/_client/a.py", "import ansible"),
    (planners_never_see_the_module, "module_utils/_plan/a.py", "def plan(m: AnsibleModule): ..."),
    (planners_never_see_the_module, "module_utils/_plan/a.py", "def plan(module): ..."),
    (shells_know_use_cases_only, "modules/a.py", f"from {OURS}.module_utils._api.v3 import FotaV3"),
    (shells_know_use_cases_only, "action/a.py", "from ..module_utils._client import client"),
    (
        actions_only_run_tasks,
        "plugin_utils/_action/a.py",
        "from ...module_utils._client import client",
    ),
    (event_sources_call_use_cases, "plugin_utils/_events/a.py", "from ...module_utils import _api"),
    (shells_know_use_cases_only, "inventory/a.py", "from ..module_utils._client import client"),
    (shells_know_use_cases_only, "filter/a.py", "from ..plugin_utils._simulator import clock"),
    (modules_render_nothing, "modules/a.py", "from ..plugin_utils._report.text import plan_lines"),
    (reports_know_facts_only, "plugin_utils/_report/a.py", "from ...module_utils import _plan"),
    (
        reports_know_facts_only,
        "plugin_utils/_report/a.py",
        f"from {OURS}.module_utils._module.rollout.view import view_decision",
    ),
    (reports_know_facts_only, "plugin_utils/_report/a.py", "from .._simulator import clock"),
    (reports_know_facts_only, "plugin_utils/_report/a.py", "import yaml"),
    (reports_know_facts_only, "plugin_utils/_report/a.py", "from pathlib import Path"),
    (
        the_journal_knows_records_only,
        "plugin_utils/_journal/a.py",
        "from ...module_utils._module.rollout import view",
    ),
    (shells_build_no_urls, "modules/a.py", "url = base + '/fota/v3/campaigns'"),
    (shells_build_no_urls, "modules/a.py", "url = f'https://{host}/x'"),
    (modules_are_short, "modules/a.py", "\n".join(f"x{n} = {n}" for n in range(151))),
    (simulator_stands_alone, "plugin_utils/_simulator/a.py", "import yaml"),
    (simulator_stands_alone, "plugin_utils/_simulator/a.py", "from ...module_utils import _model"),
    (every_file_has_a_room, "module_utils/helpers.py", ""),
    (every_file_has_a_room, "module_utils/_utils/helpers.py", ""),
    (every_file_has_a_room, "modules/deeper/a.py", ""),
    (every_file_has_a_room, "helpers.py", ""),
]

HARMLESS: list[tuple[str, str]] = [
    ("module_utils/_client/transport.py", "import requests"),
    ("module_utils/_plan/a.py", "from datetime import datetime\nfrom .._model.times import check"),
    ("module_utils/_plan/a.py", "def late(now, end):\n    return now > end or plan.now > end"),
    ("module_utils/_api/v3.py", "PATH = '/fota/v3/campaigns'\nfrom .._client import operation"),
    ("module_utils/_module/a.py", "from ansible.module_utils.basic import AnsibleModule"),
    ("module_utils/_plan/rollout/action/a.py", "from ..judgement.gate import judge"),
    (
        "modules/a.py",
        f"DOCUMENTATION = 'https://x /fota/v3'\nfrom {OURS}.module_utils._module import run",
    ),
    (
        "plugin_utils/_report/a.py",
        "from datetime import datetime\nfrom ...module_utils._model.text import visible",
    ),
    ("filter/a.py", f"from {OURS}.plugin_utils._report.text import plan_lines"),
    ("modules/a.py", "EXAMPLES = r'''\n" + "- x\n" * 200 + "'''\n"),
    (
        "plugin_utils/_simulator/a.py",
        "import socket\nfrom . import clock\nfrom .clock import Clock",
    ),
]


def _sources() -> list[Source]:
    """Every Python file of ``plugins/``."""
    return [
        Source(file.relative_to(PLUGINS).as_posix(), file.read_text(encoding="utf-8"))
        for file in sorted(PLUGINS.rglob("*.py"))
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule) -> None:
    broken = [f"{source.path} {found}" for source in _sources() for found in rule(source)]
    assert broken == []


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_rule_sees_planted_violation(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text))


@pytest.mark.parametrize(("path", "text"), HARMLESS)
def test_rules_are_silent_about_harmless_source(path: str, text: str) -> None:
    source = Source(path, text)
    assert [found for rule in RULES for found in rule(source)] == []


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule.__name__ for rule, _path, _text in PLANTED} == {rule.__name__ for rule in RULES}


def test_every_module_has_its_action() -> None:
    """Without one, a task also works, but in three times the time."""
    modules, actions = (
        {file.stem for file in PLUGINS.glob(f"{kind}/fota_*.py")} for kind in ("modules", "action")
    )
    assert modules == actions != set()


def test_files_that_are_not_python_have_a_room() -> None:
    paths = [file.relative_to(PLUGINS) for file in PLUGINS.rglob("*") if file.is_file()]
    tracked = [path for path in paths if not any(part[0] in "._" for part in path.parts[1:-1])]
    others = [path.as_posix() for path in tracked if path.suffix != ".py"]
    assert [path for path in others if every_file_has_a_room(Source(path, ""))] == []


def test_the_walk_sees_every_layer() -> None:
    """An empty walk would hold every rule."""
    folders = {file.path.rpartition("/")[0] for file in _sources()}
    assert {f"module_utils/_plan/rollout/{wing}" for wing in WINGS} <= folders
    assert {f"module_utils/{layer}" for layer in MAY_KNOW} <= {file.room for file in _sources()}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type checking only count as well."""
    assert _circle(_module_imports(_sources())) == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    assert _circle(_folder_imports(_sources())) == []


def test_circles_are_found() -> None:
    sources = [
        Source("a/__init__.py", "from .b import c"),
        Source("a/b.py", "from ..d import e"),
        Source("d/e.py", "if TYPE_CHECKING:\n    from ..a.b import c"),
        Source("d/f.py", "from . import e"),
    ]
    assert {name.removeprefix(f"{OURS}.") for name in _circle(_module_imports(sources))} == {
        "a.b",
        "d.e",
    }
    assert set(_circle(_folder_imports(sources))) == {"a", "d"}


def _module_imports(sources: Iterable[Source]) -> dict[str, set[str]]:
    """The modules that each module imports, of those given."""
    known = {source.module: source for source in sources}
    return {
        name: {found for item in source.imports() if (found := _owner(item, known))} - {name}
        for name, source in known.items()
    }


def _folder_imports(sources: Iterable[Source]) -> dict[str, set[str]]:
    """The folders that the modules of each folder import from."""
    known = {source.module: source for source in sources}
    folders: dict[str, set[str]] = {}
    for name, imported in _module_imports(known.values()).items():
        folder = known[name].folder
        folders.setdefault(folder, set()).update(
            known[other].folder for other in imported if known[other].folder != folder
        )
    return folders


def _owner(name: str, modules: Iterable[str]) -> str:
    """The module that an imported name is, or is in; empty for a module that is not ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def _circle(imports: dict[str, set[str]]) -> list[str]:
    """The names of one circle, the first one again at its end."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _top(name: str) -> str:
    return name.partition(".")[0]


def _top_rooms(source: Source) -> set[str]:
    """The rooms that a file knows; a module, which is a file of a flat room, counts as the room."""
    rooms = (room.split("/") for room in source.our_rooms())
    return {parts[0] if parts[0] in FLAT_ROOMS else "/".join(parts) for parts in rooms}


def _below(name: str, package: str) -> bool:
    """Whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def _is_documentation(node: ast.stmt) -> bool:
    """DOCUMENTATION, EXAMPLES, RETURN, and a docstring."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id in {"DOCUMENTATION", "EXAMPLES", "RETURN"}
        for target in node.targets
    )


def _without_documentation(tree: ast.Module) -> ast.Module:
    body = [node for node in tree.body if not _is_documentation(node)]
    return ast.Module(body=body, type_ignores=[])


def _code_lines(source: Source) -> set[int]:
    """The numbers of the lines that hold code: no documentation, comments or blank lines."""
    lines = source.text.splitlines()
    spans = (
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in _without_documentation(source.tree).body
    )
    numbers = {number for span in spans for number in span}
    return {number for number in numbers if lines[number - 1].strip(" \t")[:1] not in {"", "#"}}
