# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run nox in a clean environment of which nothing is left; after ``test``, print a tally."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, run

CACHE = Path(".cache").resolve()
DROPPED = r"(ANSIBLE|THINGSPACE|FOTA|PYTEST|COVERAGE|NOX|XDG)_(?!ALL$)|NOX|VIRTUAL_ENV$|MAKELEVEL$"
DROPPED += r"|M(AKE)?FLAGS$|PYTHON(PATH|HOME|STARTUP|DONTWRITEBYTECODE)$"  # the user's settings
# How nox begins the output of a session that ended.
BLOCK = re.compile(r"^={10} \S (\S+): (success|failed|skipped|aborted)\b.* ={10}\n", re.MULTILINE)


def environment(work: Path) -> dict[str, str]:
    """The variables of nox, with a home and a temporary folder in ``work``."""
    home = work / "home"
    for folder in (home / ".config/pip", work / "tmp"):
        folder.mkdir(parents=True)
    # All that the user has set for pip; ansible-test lets it see neither variables nor that home.
    settings = {"quiet": "1"}
    for line in output_of(sys.executable, "-m", "pip", "config", "list"):
        name, value = line.split("=", 1)
        settings[name.rpartition(".")[2]] = value[1:-1].replace("\\n", " ")  # unquoted
    lines = ["[global]", *(f"{name} = {value}" for name, value in settings.items())]
    (home / ".config/pip/pip.conf").write_text("\n".join(lines), encoding="utf-8")
    path = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    pythons = [real for entry in path for real in sorted(entry.glob("../versions/*/bin"))]
    path = [entry for entry in (*path, *pythons) if entry.name != "shims"]
    kept = {name: value for name, value in os.environ.items() if not re.match(DROPPED, name)}
    return kept | {
        "PATH": os.pathsep.join(map(str, path)),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "TMPDIR": str(work / "tmp"),
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_REMOTE_TMP": str(work / "tmp/remote"),  # else in the home of the password file
        "ANSIBLE_COLLECTIONS_PATH": str(CACHE / "tree"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "FOTA_RUN": str(work),  # the processes of the run are known by it
    }


def output_of(*command: str) -> list[str]:
    """The lines that a command prints."""
    return run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def nox(work: Path, *words: str, out: int | None = None) -> Popen[bytes]:
    """Start nox; an interrupt of the terminal does not reach it, but us, and we clean up."""
    command, env = (sys.executable, "-m", "nox", *words), environment(work)
    env["FOTA_WORKERS"] = "auto" if "-s" in words else "0"  # of each pytest
    return Popen(command, env=env, stdin=DEVNULL, stdout=out, stderr=STDOUT, start_new_session=True)


def test(work: Path, names: list[str]) -> int:
    """Run all sessions that check, or some; print why some failed, and the tally at last."""
    before, output = output_of("git", "status", "-s"), ""
    # One more at a time than there are processors, because some wait. With names, as many as named.
    words = ("--parallel", str((os.cpu_count() or 1) + 1), *(["-s", *names] if names else []))
    with nox(work, *words, out=PIPE) as process:
        for data in process.stdout or ():
            output += data.decode(errors="replace")
            os.write(1, data)
    blocks = BLOCK.split(output.partition("nox > Ran ")[0])[1:]
    tally = Counter[str](failed=process.returncode != 0 and not blocks)
    for name, result, text in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True):
        counts = Counter({"skipped": result == "skipped", "passed": result == "success"})
        if ends := re.findall(r"^(\d+ \w.*) in [\d.]+s", text, re.MULTILINE):  # it ran pytest
            counts.clear()
        for count, outcome in re.findall(r"(\d+) (passed|failed|error|skipped)", "\n".join(ends)):
            counts["failed" if outcome == "error" else outcome] += int(count)
        if result not in {"success", "skipped"}:
            counts["failed"] = counts["failed"] or 1
            print(f"\nFAILED {name}", *text.splitlines()[-200:], sep="\n   ")
        tally += counts
    left = [f"process {pid}: {words}" for pid, words in processes(work, patience=10).items()]
    if os.environ.get("CI"):  # elsewhere somebody may be editing
        left += [f"file {line}" for line in output_of("git", "status", "-s") if line not in before]
    if left:
        print("\nFAILED nothing left behind", *left, sep="\n   ")
    tally["failed" if left else "passed"] += 1
    line = f"{tally['passed']} passed, {tally['failed']} failed, {tally['skipped']} skipped"
    Path("build/tally").write_text(f"{line}\n", encoding="utf-8")
    print(line)
    return 1 if tally["failed"] else 0


def processes(work: Path, *, patience: float) -> dict[int, str]:
    """Processes of the run that do not end in some seconds; needs /proc."""
    for _attempt in range(int(patience * 5) + 1):
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")  # none of a zombie
                if words and f"FOTA_RUN={work}\0".encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = words.decode(errors="replace")
        if not found:
            break
        time.sleep(0.2)
    return found


def main() -> int:
    """Run ``test`` with names of sessions, or one session with arguments, and clean up."""
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sent, signal.default_int_handler)
    target, *words = sys.argv[1:]
    work = Path(tempfile.mkdtemp(prefix=""))
    try:
        if target == "test":
            return test(work, words)
        return nox(work, "-s", target, "--", *words).wait()
    except KeyboardInterrupt:
        return 130
    finally:
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sent, signal.SIG_IGN)
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for pid in processes(work, patience=0):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(os.getpgid(pid), sent)  # whatever environment the others have
            processes(work, patience=3)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
