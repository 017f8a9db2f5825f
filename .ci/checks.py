# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of ``make test``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sanity import sanity
from steps import Job, LeftOut, Step
from venvs import (
    Venv,
    core_for,
    find_python,
    main_venv,
    newest_dateutil,
    python_line,
    sdk_venv,
    this_python,
)
from workspace import BUILD, COLLECTION, ROOT, TREE

TESTS = ROOT / "tests"
NOT_PYTEST = {"bench", "integration", "sanity"}
MATRIX = (("2.16", "3.11"), ("2.19", "3.11"), ("2.21", "3.12"))
"""ansible-core and the Python it is tried on; the main venv's own pair needs no second run."""
OF_A_CORE = ("filter", "inventory", "lookup", "model", "module")
"""The folders of tests/unit that are run on another ansible-core."""
OF_A_PYTHON = ("client",)
"""Those that are run on another Python, too; the others know neither."""
OLDEST_DATEUTIL = "python-dateutil==2.9.*"
TOOLS_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Pythons that the newest linters run on; they check code for 3.10 all the same."""
SHIPPED = {"meta", "playbooks", "plugins", "roles"}
DEMO_TEST = "tests/playbooks/test_playbook_demo.py::test_it_ends_with_its_report"
"""The demo lasts a minute, so it is run once: installed."""
TYPED = ("_client", "_api", "_model", "_plan", "_module")
"""The layers of plugins/module_utils that are typed without exception."""


def steps(names: list[str]) -> list[Step]:
    """All steps, or those named; an unknown name is refused with ``SystemExit``."""
    every = [  # what takes long comes early
        *(Step(name, _tests_in(name)) for name in _test_folders()),
        Step("format", formatted),
        Step("sanity", sanity),
        Step("lint", lint),
        Step("types", types),
        Step("installed", installed),
        Step("ansible-lint", ansible_lint),
        Step("docs-lint", docs_lint),
        Step("changelog", changelog),
        Step("importer", importer),
        *(
            Step(f"core-{core}", _matrix(core, python))
            for core, python in MATRIX
            if not _is_main(core, python)
        ),
    ]
    known = [step.name for step in every]
    if unknown := set(names) - set(known):
        raise SystemExit(f"no step {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return [step for step in every if not names or step.name in names]


def formatted(job: Job) -> None:
    """All Python is laid out by ruff."""
    job.run(job.venv(_tools_venv()) / "ruff", "format", "--check", "--diff", ".")


def lint(job: Job) -> None:
    """All Python passes ruff."""
    job.run(job.venv(_tools_venv()) / "ruff", "check", "--output-format", "concise", ".")


def types(job: Job) -> None:
    """Strict types below the modules, in the simulator, in plugins, and in these tools."""
    tools = job.venv(_tools_venv())
    rooms = [f"plugins.module_utils.{layer}" for layer in TYPED]
    shells = ("action", "filter", "inventory", "lookup", "test")
    rooms += ["plugins.plugin_utils._simulator", *(f"plugins.{kind}" for kind in shells)]
    packages = [word for room in rooms for word in ("-p", f"{'.'.join(COLLECTION.parts)}.{room}")]
    job.run(tools / "mypy", *packages, extra={"MYPYPATH": str(TREE)})
    job.run(tools / "mypy", ".ci", extra={"MYPYPATH": str(ROOT / ".ci")})


def installed(job: Job) -> None:
    """Build, install elsewhere, keep only what every installation has, and run the demo there."""
    main = job.venv(main_venv())
    source = job.workspace.copy("built")
    target = job.workspace.folder / "installed"
    galaxy = main / "ansible-galaxy"
    job.run(galaxy, "collection", "build", "--output-path", target, folder=source, path=[main])
    (artifact,) = target.glob("thingspace-fota-*.tar.gz")
    install = (galaxy, "collection", "install", "--no-deps", "-p", target, artifact)
    there = {"ANSIBLE_COLLECTIONS_PATH": str(target)}  # on any other path it is installed already
    job.run(*install, path=[main], extra=there)
    collection = target / COLLECTION
    for entry in collection.iterdir():
        if entry.name not in SHIPPED:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if not (collection / "playbooks" / "demo.yml").exists():
        raise LeftOut("builds and installs; playbooks/demo.yml does not exist")
    job.pytest(main, DEMO_TEST, extra={"FOTA_FULL": "1", "FOTA_INSTALLED": str(target)})


def ansible_lint(job: Job) -> None:
    """ansible-lint with its production profile."""
    tools = job.venv(_tools_venv())
    command = (tools / "ansible-lint", "--offline", "--profile", "production", "--nocolor")
    copy = job.workspace.copy("ansible-lint")
    job.run(*command, path=[tools], folder=copy, extra=_collections_of(copy))


def docs_lint(job: Job) -> None:
    """The documentation of modules, plugins, roles and guides."""
    tools = job.venv(_tools_venv())
    copy = job.workspace.copy("docs-lint")
    command = (tools / "antsibull-docs", "lint-collection-docs", "--plugin-docs", ".")
    job.run(*command, path=[tools], folder=copy, extra=_collections_of(copy))


def changelog(job: Job) -> None:
    """Changelog fragments and the changelog's data."""
    tools = job.venv(_tools_venv())
    copy = job.workspace.copy("changelog")
    job.run(tools / "antsibull-changelog", "lint", path=[tools], folder=copy)
    job.run(
        tools / "antsibull-changelog",
        "lint-changelog-yaml",
        "changelogs/changelog.yaml",
        path=[tools],
        folder=copy,
    )


def importer(job: Job) -> None:
    """What Galaxy would say to an upload."""
    tools = job.venv(_tools_venv())
    copy = job.workspace.copy("importer")
    job.run(tools / "ansible-galaxy", "collection", "build", path=[tools], folder=copy)
    (artifact,) = copy.glob("thingspace-fota-*.tar.gz")
    command = (tools / "python", "-m", "galaxy_importer.main", artifact.name)
    without = {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}  # a step of its own, and stricter there
    job.run(*command, path=[tools], folder=copy, extra=without)


def docs_site(job: Job) -> None:
    """The documentation site in build/docs."""
    tools = job.venv(_tools_venv())
    copy = job.workspace.copy("docs")
    site = job.workspace.folder / "site"
    site.mkdir(mode=0o755)
    paths = _collections_of(copy)
    antsibull = tools / "antsibull-docs"
    init = ("sphinx-init", "--use-current", "--dest-dir", site, "thingspace.fota")
    job.run(antsibull, *init, path=[tools], extra=paths)
    with (site / "conf.py").open("a", encoding="utf-8") as conf:
        # Built without a network: no inventories of other sites, so no links into them.
        conf.write("\nintersphinx_mapping = {}\nsuppress_warnings = ['ref.ref']\n")
    job.run("bash", site / "build.sh", path=[tools], folder=site, extra=paths)
    shutil.rmtree(BUILD / "docs", ignore_errors=True)
    shutil.copytree(site / "build" / "html", BUILD / "docs")


def _test_folders() -> list[str]:
    """The folders of tests that pytest runs: the longest first, then the others."""
    names = {file.relative_to(TESTS).parts[0] for file in TESTS.glob("*/**/test_*.py")}
    return sorted(names - NOT_PYTEST, key=lambda name: (name != "playbooks", name))


def _tests_in(name: str) -> Callable[[Job], None]:
    """A step that runs the tests of a folder in the main venv."""

    def run(job: Job) -> None:
        extra = {"FOTA_FULL": "1"}
        if name == "contract":
            extra["FOTA_SDK_PYTHON"] = str(job.venv(sdk_venv()) / "python")
            extra["FOTA_SCHEMATHESIS"] = str(job.venv(_schemathesis_venv()) / "python")
        elsewhere = [f"--deselect={DEMO_TEST}"] if name == "playbooks" else []
        job.pytest(job.venv(main_venv()), f"tests/{name}", *elsewhere, extra=extra)

    return run


def _matrix(core: str, version: str) -> Callable[[Job], None]:
    """A step that runs unit tests, and each module's main playbook, on another ansible-core."""

    def run(job: Job) -> None:
        python = find_python(version)
        if python is None:
            raise LeftOut(f"no Python {version} here")
        dateutil = OLDEST_DATEUTIL if core == MATRIX[0][0] else newest_dateutil(python)
        packages = (f"ansible-core~={core}.0", dateutil)
        other = job.venv(Venv(f"core-{core}", python, ("requirements.txt",), packages))
        is_new = python_line(python) != python_line(this_python())
        folders = OF_A_CORE + (OF_A_PYTHON if is_new else ())
        job.pytest(other, *(f"tests/unit/{name}" for name in folders))
        if not _has_matrix_tests():
            raise LeftOut("unit tests pass; no test is marked matrix")
        job.pytest(other, "-m", "matrix", "tests/playbooks")

    return run


def _is_main(core: str, version: str) -> bool:
    """Whether the main venv is this pair already."""
    return core == core_for(this_python()) and version == python_line(this_python())


def _has_matrix_tests() -> bool:
    files = (TESTS / "playbooks").rglob("test_*.py")
    return any("mark.matrix" in file.read_text(encoding="utf-8") for file in files)


def _collections_of(copy: Path) -> dict[str, str]:
    """The setting by which ansible's tools find a copy instead of the checkout."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}


def _tools_venv() -> Venv:
    """The venv of linters; raises ``LeftOut`` where no Python is new enough for them."""
    python: Path | None = this_python()
    if python_line(this_python()) not in TOOLS_PYTHONS:
        found = (find_python(version) for version in TOOLS_PYTHONS)
        python = next((path for path in found if path is not None), None)
    if python is None:
        raise LeftOut(f"the linters need a Python of {', '.join(TOOLS_PYTHONS)}")
    packages = (f"ansible-core~={core_for(python)}.0",)
    return Venv("tools", python, ("requirements-tools.txt",), packages)


def _schemathesis_venv() -> Venv:
    return Venv("schemathesis", this_python(), ("requirements-schemathesis.txt",))
