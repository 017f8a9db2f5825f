# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file says under which license it is, itself or in ``REUSE.toml``."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAYS = "SPDX-License-" + "Identifier: GPL-3.0-or-later"


def test_every_file_has_a_license() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a checkout")
    annotated = re.findall(r'^    "(.*)",$', (ROOT / "REUSE.toml").read_text(), re.MULTILINE)
    files = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    silent = [
        name
        for name in files
        if not any(fnmatch(name, pattern) for pattern in [*annotated, "LICENSE*"])
        and SAYS not in (ROOT / name).read_text(encoding="utf-8", errors="replace")
    ]
    assert silent == []
    unused = [name for name in annotated if not any(fnmatch(file, name) for file in files)]
    assert unused == []
    assert (ROOT / "LICENSES/GPL-3.0-or-later.txt").read_text() == (ROOT / "LICENSE").read_text()
