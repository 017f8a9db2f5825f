# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release a version: changelog, artifact and checksum, the same bytes each time.

Changes ``galaxy.yml``, ``CHANGELOG.rst`` and ``changelogs/``, which are to be committed, and writes
the artifact and ``SHA256SUMS`` to ``build/release``. Run again for the same version, it changes
nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "build/release"
VERSION = re.compile(r"\d+\.\d+\.\d+")
IN_GALAXY = re.compile(r"^version: (.*)$", re.MULTILINE)


def output_of(*command: str) -> str:
    """What a command prints in the checkout."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def set_version(version: str) -> None:
    """Write the version and its changelog, unless that is done.

    The date of the release is that of the last commit.
    """
    galaxy = ROOT / "galaxy.yml"
    text = galaxy.read_text(encoding="utf-8")
    galaxy.write_text(IN_GALAXY.sub(f"version: {version}", text, count=1), encoding="utf-8")
    if f"\n  {version}:\n" in (ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"):
        return
    date = output_of("git", "log", "-1", "--format=%cs")
    command = ["antsibull-changelog", "release", "--version", version, "--date", date]
    subprocess.run(command, cwd=ROOT, check=True)


def build(folder: Path) -> Path:
    """Build the artifact of the files that git knows or would add; its path."""
    tree = folder / "tree"
    for name in output_of("git", "ls-files", "-co", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    command = [galaxy, "collection", "build", "--output-path", folder, tree]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


def normalized(artifact: bytes, when: int) -> bytes:
    """The same artifact in one order, with one time and no owners, whoever built it where.

    The list of files is in the order in which the file system gave them, and the manifest has its
    checksum, so both are written again.
    """
    with tarfile.open(fileobj=io.BytesIO(artifact)) as before:
        members = {
            member.name: (member, file.read() if (file := before.extractfile(member)) else b"")
            for member in before.getmembers()
        }
    files = json.loads(members["FILES.json"][1])
    files["files"].sort(key=lambda entry: entry["name"])
    manifest = json.loads(members["MANIFEST.json"][1])
    changed = {"FILES.json": json.dumps(files, indent=True).encode()}
    manifest["file_manifest_file"]["chksum_sha256"] = _sha256(changed["FILES.json"])
    changed["MANIFEST.json"] = json.dumps(manifest, indent=True).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as after:
        for name in sorted(members, key=lambda name: (name not in changed, name)):
            member, content = members[name]
            content = changed.get(name, content)
            plain = tarfile.TarInfo(name)
            plain.type, plain.size, plain.mtime = member.type, len(content), when
            plain.linkname = member.linkname
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            after.addfile(plain, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=when)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Release the version that is named."""
    version = sys.argv[1] if len(sys.argv) == 2 else ""
    if not VERSION.fullmatch(version):
        print("use: make release VERSION=0.8.0", file=sys.stderr)
        return 2
    set_version(version)
    when = int(output_of("git", "log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as folder:
        built = [Path(folder) / name for name in ("first", "second")]
        first, second = (normalized(build(path).read_bytes(), when) for path in built)
    if first != second:
        print("two builds differ", file=sys.stderr)
        return 1
    TARGET.mkdir(parents=True, exist_ok=True)
    artifact = TARGET / f"thingspace-fota-{version}.tar.gz"
    artifact.write_bytes(first)
    sums = f"{_sha256(first)}  {artifact.name}\n"
    (TARGET / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(sums, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
