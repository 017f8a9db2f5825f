# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``make`` runs: a session for each check of ``make test`` and for each other target."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
VENVS = ROOT / ".cache/venvs"
COLLECTION = Path("ansible_collections/thingspace/fota")
PYTHON = str(Path(sys.executable).resolve())  # make's, not that of the venv of nox
LINE = f"{sys.version_info.major}.{sys.version_info.minor}"
MATRIX = {
    "core-2.16": ("3.11", "ansible-core~=2.16.0", "python-dateutil==2.9.*"),
    "core-2.19": ("3.11", "ansible-core~=2.19.0"),  # the main venv has this pair, too,
    "core-2.21": ("3.12", "ansible-core~=2.21.0"),  # or this one
}
OF_A_CORE = [f"tests/unit/{name}" for name in ("filter", "inventory", "lookup", "model", "module")]
LINTERS = {  # scripts
    "ansible-lint": "ansible-lint --offline --profile production --nocolor",
    "importer": """export GALAXY_IMPORTER_RUN_ANSIBLE_LINT=false; ansible-galaxy collection build
python -m galaxy_importer.main thingspace-fota-*.tar.gz""",
    "docs-lint": "antsibull-docs lint-collection-docs --plugin-docs .",
    "types": f"mypy; mypy --python-executable '{sys.executable}' noxfile.py .ci",
    "changelog": """antsibull-changelog lint
antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml""",
    "format": "ruff format --check --diff .",
    "lint": "ruff check --output-format concise .",
    "docs": f"""site=$(mktemp -d); chmod 755 "$site"; cd "$site"
antsibull-docs sphinx-init --use-current --dest-dir . thingspace.fota
cat >>conf.py <<'END'
# Without the network, references to ansible-core have no target.
intersphinx_mapping = {{}}
suppress_warnings = ['ref.ref']
nitpick_ignore_regex = [('envvar', 'ANSIBLE_CACHE_PLUGIN.*')]
END
bash build.sh
rm -rf '{ROOT}/build/docs'; mkdir -p '{ROOT}/build'; cp -r build/html '{ROOT}/build/docs'""",
}
VENVS_BESIDE = {"awx": "runner", "bench": "sdk", "contract": "sdk schemathesis"}
VENVS_BESIDE |= {"installed": "tools", "soak": "runner sdk schemathesis"}
# Run by ansible-test instead of the get-pip that it would download from a host of its own.
GET_PIP = """import sys; sys.path.insert(0, {!r}); from pip._internal.cli.main import main
no = ("--no-setuptools", "--no-wheel")  # unknown to pip
sys.exit(main(["install", *(word for word in sys.argv[1:] if word not in no)]))
"""

WORKERS = os.environ.get("FOTA_WORKERS", "0")
if "FOTA_RUN" not in os.environ:  # the user's own settings and accounts must not reach a test
    sys.exit('use make, such as: make test STEPS="unit lint"')
nox.options.default_venv_backend = "none"  # sessions share venvs
nox.options.allow_parallel = True


def venv(session: nox.Session, name: str, *words: str, python: str = PYTHON) -> str:
    """Put a venv with what ``words`` ask of pip first on PATH, made if need be; its interpreter."""
    files = [*sorted(ROOT.glob("tests/requirements*.txt")), ROOT / "meta/ee-requirements.txt"]
    asked = repr((VENVS.resolve(), python, words, [file.read_text() for file in files]))
    folder = VENVS / f"{name}.{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    with (VENVS / f"{folder.name}.lock").open("w") as lock:  # other sessions, and other runs, wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            session.run(python, "-m", "venv", "--clear", folder)
            session.run(folder / "bin/python", "-m", "pip", "install", "--quiet", *words)
            (folder / ".complete").touch()
    os.environ["PATH"] = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
    return f"{folder}/bin/python"


def main_venv(session: nox.Session) -> dict[str, str]:
    """Put the venv of a session first on PATH; returns variables that name those beside it."""
    names = VENVS_BESIDE.get(session.name, "").split()
    files = {name: f"tests/requirements-{name}.txt" for name in (*names, session.name)}
    env = {f"FOTA_{key.upper()}_PYTHON": venv(session, key, "-r", files[key]) for key in names}
    own = Path(files[session.name]).exists()
    file = files[session.name] if own else "tests/requirements.txt"
    venv(session, session.name if own else "main", "-r", file)
    return env


def find_python(session: nox.Session, *versions: str) -> str:
    """The first interpreter of some versions that can make venvs; without one, skip the session."""
    for python in filter(None, (shutil.which(f"python{version}") for version in versions)):
        if subprocess.run([python, "-c", "import ensurepip"], check=False).returncode == 0:
            return str(Path(python).resolve())
    return session.skip(f"LEFT OUT, no Python {' or '.join(versions)} here")


def enter_copy(session: nox.Session) -> None:
    """Go into a copy of what git knows or would add, at a path that Ansible's tools accept."""
    tree = Path(tempfile.mkdtemp())
    git = ("git", "ls-files", "-z", "-co", "--exclude-standard")
    for name in filter(Path.is_file, map(Path, subprocess.check_output(git).decode().split("\0"))):
        (tree / COLLECTION / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, tree / COLLECTION / name, follow_symlinks=False)
    session.env["ANSIBLE_COLLECTIONS_PATH"] = str(tree)
    session.chdir(tree / COLLECTION)


def pytest(session: nox.Session, *words: str, **env: str) -> None:
    """Run tests: on all processors, or in one process while other sessions run beside it."""
    base = Path(os.environ["FOTA_RUN"], f"{os.getpid():x}")  # short, because sockets are in it
    jobs = ("-rfEs", "-n", WORKERS, "--maxprocesses=4", "--dist=worksteal", f"--basetemp={base}")
    session.run("python", "-m", "pytest", "-q", *jobs, *words, env={"FOTA_FULL": "1"} | env)


def tests(session: nox.Session) -> None:
    """Run a folder of tests."""
    pytest(session, f"tests/{session.name}", **main_venv(session))


def matrix(session: nox.Session) -> None:
    """Run what depends on ansible-core, and the main playbook of each module, on another one."""
    version, *packages = MATRIX[session.name]
    python = find_python(session, version)
    venv(session, session.name, "-r", "tests/requirements.txt", *packages, python=python)
    folders = [*OF_A_CORE, *(["tests/unit/client"] if version != LINE else [])]
    pytest(session, *folders)
    pytest(session, "-m", "matrix and not soak", "tests/playbooks")


def linters(session: nox.Session) -> None:
    """Run linters; they check code for Python 3.10 but do not run on it, and most write files."""
    python = find_python(session, "3.11", "3.12", "3.13", "3.14") if LINE == "3.10" else PYTHON
    venv(session, "tools", "-r", "tests/requirements-tools.txt", python=python)
    if session.name not in {"types", "format", "lint"}:
        enter_copy(session)
    session.run("bash", "-ec", LINTERS[session.name])


LONG = ("playbooks", "usecases")  # come first
FOLDERS = {file.relative_to(ROOT / "tests").parts[0] for file in ROOT.glob("tests/*/**/test_*.py")}
for name in sorted(FOLDERS - {"bench"}, key=lambda name: (name not in LONG, name)):
    nox.session(name=name)(tests)


@nox.session
def sanity(session: nox.Session) -> None:
    """Run ansible-test sanity without containers, on a copy without our own tests."""
    main_venv(session)
    enter_copy(session)
    for folder in filter(Path.is_dir, Path("tests").iterdir()):
        shutil.rmtree(folder)
    home = ROOT / ".cache/ansible-test" / f"py{LINE}"  # keeps its venvs
    (cache := home / ".ansible/test/cache").mkdir(parents=True, exist_ok=True)
    code = "from ansible_test._internal.python_requirements import *; from argparse import *; "
    code += f"print(get_venv_packages(Namespace(version='{LINE}'))['pip'])"
    version = str(session.run("python", "-c", code, silent=True)).strip()
    get_pip = cache / f"get_pip_{version.replace('.', '_')}.py"
    with open(f"{home}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (home / ".config").unlink(missing_ok=True)  # pip finds the user's settings there
        (home / ".config").symlink_to(os.environ["XDG_CONFIG_HOME"])
        if not get_pip.exists():
            session.run("pip", "download", "--quiet", "--no-deps", "-d", cache, f"pip=={version}")
            get_pip.write_text(GET_PIP.format(str(*cache.glob(f"pip-{version}-*.whl"))))
        options = ("--local", "--python", LINE, "--color", "no")
        session.run("ansible-test", "sanity", *options, env={"HOME": str(home)})


def program(session: nox.Session) -> None:
    """Run the command that the Makefile gives; before it, what ``make test`` leaves to a soak."""
    env = main_venv(session)
    if session.name == "soak":
        pytest(session, "-m", "soak or hypothesis", "tests", FOTA_SOAK="1")
    session.run(*session.posargs, env=env)


for name, (version, *_) in MATRIX.items():
    if version != LINE or name == "core-2.16":
        nox.session(name=name)(matrix)
for name in LINTERS:
    nox.session(name=name)(linters)
for name in ("demo", "bench", "soak", "tools"):
    nox.session(name=name, default=False)(program)
