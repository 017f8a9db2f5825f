# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a project for AWX: which to write, and which an operator has edited."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

COLLECTION = Path(__file__).resolve().parents[3]
SKELETON = COLLECTION / "playbooks/files/awx_project"
RECORD = ".fota_project.json"
"""File of the project with the hash of each file as it was written."""

_ELSEWHERE = {"declarations/rollout.schema.json": "roles/rollout/files/rollout.schema.json"}
# Under another name, as a collection is built without it.
_RENAMED = {"gitignore": ".gitignore"}


class ProjectError(ValueError):
    """The project cannot be read."""


class State(Enum):
    """What is to do with a file."""

    NEW = "new"
    SAME = "same"
    UPDATED = "updated"
    EDITED = "edited"
    """It has been edited or deleted. It stays, and there is no newer version."""
    OUTDATED = "outdated"
    """It has been edited, and there is a newer version. It stays, and the difference is shown."""


@dataclass(frozen=True)
class ProjectFile:
    """A file of the project.

    :ivar path: relative to the project.
    :ivar content: the newest version.
    :ivar present: what the project has; None if it has no such file.
    """

    path: str
    content: str
    present: str | None
    state: State

    @property
    def is_written(self) -> bool:
        return self.state in {State.NEW, State.UPDATED}

    def diff(self) -> list[str]:
        """Give the lines of a unified difference from the project to the newest version."""
        before = (self.present or "").splitlines()
        names = f"{self.path} (yours)", f"{self.path} (new)"
        return list(difflib.unified_diff(before, self.content.splitlines(), *names, lineterm=""))


def skeleton() -> dict[str, str]:
    """Give the content of each file by its path in the project."""
    files = {
        _RENAMED.get(name := str(file.relative_to(SKELETON)), name): file
        for file in sorted(SKELETON.rglob("*"))
        if file.is_file()
    }
    files |= {path: COLLECTION / source for path, source in _ELSEWHERE.items()}
    return {path: files[path].read_text(encoding="utf-8") for path in sorted(files)}


def compare(folder: Path, taken: Collection[str] = ()) -> list[ProjectFile]:
    """Compare the project in a folder, which need not exist, with the newest files.

    :param taken: paths of edited files whose newest version the operator has taken or left.
    :raises ProjectError: a file or the record cannot be read, or is not in the folder.
    """
    if COLLECTION in [folder.resolve(), *folder.resolve().parents]:
        raise ProjectError(f"{folder}: is in the collection. Give a directory of your own.")
    for path in [*skeleton(), RECORD]:
        if not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise ProjectError(
                f"{folder / path}: is a symbolic link out of the project, or in one. Replace it."
            )
    record = read_record(folder)
    return [
        _compare(path, content, _read(folder / path), record.get(path), is_taken=path in taken)
        for path, content in skeleton().items()
    ]


def _compare(
    path: str, content: str, present: str | None, written: str | None, *, is_taken: bool
) -> ProjectFile:
    newest = fingerprint(content)
    if present == content:
        state = State.SAME
    elif present is None and written is None:
        state = State.NEW
    elif present is not None and written == fingerprint(present):
        state = State.UPDATED
    else:
        state = State.EDITED if is_taken or written == newest else State.OUTDATED
    return ProjectFile(path, content, present, state)


def new_record(folder: Path, files: list[ProjectFile]) -> dict[str, str]:
    """Give the record after the files have been written.

    :raises ProjectError: the present record cannot be read.
    """
    kept = read_record(folder)
    return {
        file.path: kept.get(file.path, "")
        if file.state is State.OUTDATED
        else fingerprint(file.content)
        for file in files
    }


def read_record(folder: Path) -> Mapping[str, str]:
    """Give the hash of each file as it was written; empty for a new project.

    :raises ProjectError: it cannot be read.
    """
    text = _read(folder / RECORD)
    if text is None:
        return {}
    try:
        files = json.loads(text)["files"]
        return {str(path): str(hash_) for path, hash_ in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(
            f"{folder / RECORD}: cannot be read: {error}. Restore it, or delete it; every file that"
            " differs then counts as edited."
        ) from error


def needs_writing(folder: Path, files: list[ProjectFile]) -> bool:
    """Tell whether :func:`write` would change something.

    :raises ProjectError: the present record cannot be read.
    """
    written = any(file.is_written for file in files)
    return written or new_record(folder, files) != read_record(folder)


def write(folder: Path, files: list[ProjectFile]) -> None:
    """Write what is new or updated, and the record.

    :raises OSError: a file cannot be written.
    :raises ProjectError: the present record cannot be read.
    """
    if not needs_writing(folder, files):
        return
    record = json.dumps({"files": new_record(folder, files)}, indent=1, sort_keys=True)
    written = {file.path: file.content for file in files if file.is_written}
    for path, content in {**written, RECORD: f"{record}\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


def fingerprint(content: str) -> str:
    """Give the hash of a file."""
    return hashlib.sha256(content.encode()).hexdigest()


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ProjectError(f"{file}: cannot be read: {error}") from error
