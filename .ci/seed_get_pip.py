# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test its get-pip, so that it does not download one from a host of its own.

Run by a venv that holds ansible-core. ansible-test looks into a cache in HOME first; what it finds
there after this is a script that runs the pip it wants out of a wheel from the package index.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

CACHE = Path("~/.ansible/test/cache").expanduser()
STAND_IN = """\
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

unknown_to_pip = ("--no-setuptools", "--no-wheel")
sys.exit(main(["install", *(word for word in sys.argv[1:] if word not in unknown_to_pip)]))
"""


def main() -> None:
    """Download the wheel and write the stand-in, unless they are there."""
    line = f"{sys.version_info.major}.{sys.version_info.minor}"
    version = get_venv_packages(SimpleNamespace(version=line))["pip"]
    stand_in = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    if stand_in.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    download = ("download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", str(CACHE))
    subprocess.run([sys.executable, "-m", "pip", *download, f"pip=={version}"], check=True)
    wheel = next(CACHE.glob(f"pip-{version}-*.whl"))
    stand_in.write_text(STAND_IN.format(wheel=str(wheel)), encoding="utf-8")


if __name__ == "__main__":
    main()
