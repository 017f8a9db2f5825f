# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers without a server once more, with inputs that atheris steers by coverage.

``fuzz_guided(seconds)`` is for a soak, where atheris is installed; it runs processes of its own,
as atheris ends the one it runs in.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
LONGEST_INPUT = 4096
_RUNS = re.compile(r"^Done (\d+) runs", re.MULTILINE)


def is_possible() -> bool:
    """Tell whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def fuzz_guided(seconds: int, *, number: int = 1) -> dict[str, object]:
    """Steer inputs for so many seconds in all, the same time for each reader.

    :returns: ``inputs``, and ``findings``: the end of what a failed reader printed.
    """
    inputs, findings = 0, []
    names = _names()
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            limits = [f"-max_total_time={max(1, seconds // len(names))}", f"-seed={number}"]
            done = subprocess.run(
                [sys.executable, __file__, name, f"-max_len={LONGEST_INPUT}", *limits],
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        said = done.stdout + done.stderr
        inputs += sum(int(runs) for runs in _RUNS.findall(said))
        if done.returncode:
            findings.append(f"{name}: {said[-2000:]}")
    return {"inputs": inputs, "findings": findings}


def _names() -> list[str]:
    from ansible_collections.thingspace.fota.tests.fuzz import fuzz_parsers

    pure = (*fuzz_parsers.REPLIES, *fuzz_parsers.TEXTS, *fuzz_parsers.DECLARED)
    return [target.name for target in pure]


def _run(name: str, arguments: list[str]) -> None:
    import atheris

    sys.path.insert(0, str(TESTS))
    from conftest import make_importable

    make_importable()
    with atheris.instrument_imports(include=["ansible_collections"]):
        from ansible_collections.thingspace.fota.tests.fuzz import fuzz_parsers, fuzz_run
    pure = (*fuzz_parsers.REPLIES, *fuzz_parsers.TEXTS, *fuzz_parsers.DECLARED)
    target = next(one for one in pure if one.name == name)
    body = fuzz_run.Fuzzer().body(target, examples=1, number=None)
    atheris.Setup([sys.argv[0], *arguments], body.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2:])
