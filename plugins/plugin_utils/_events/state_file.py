# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a source remembers what it has reported, so that a restart repeats nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .arguments import InvalidArguments

FORMAT = 1


class StateFile:
    """A JSON file that is replaced as a whole, and holds no secret.

    :param path: None keeps nothing.
    :param subject: what is watched; a file about something else is refused.
    """

    def __init__(self, path: str | None, subject: Mapping[str, object]) -> None:
        self._path = None if path is None else Path(path)
        self._subject = dict(subject)

    def read(self) -> dict[str, str] | None:
        """Give what was written; None if nothing was.

        :raises InvalidArguments: the file cannot be read, or is another one.
        """
        if self._path is None:
            return None
        try:
            data = json.loads(self._path.read_bytes())
            known = data["known"]
            right = data["format"] == FORMAT and isinstance(known, dict)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._invalid(f"cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._invalid("was not written by this event source") from error
        if not right or data.get("subject") != self._subject:
            raise self._invalid(
                "belongs to another service, account, type or rollout, or to another version. Name"
                " another file, or delete this one"
            )
        return {str(key): str(value) for key, value in known.items()}

    def write(self, known: Mapping[str, str]) -> None:
        """Replace the file.

        :raises InvalidArguments: it cannot be written.
        """
        if self._path is None:
            return
        data = {"format": FORMAT, "subject": self._subject, "known": dict(known)}
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(data, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self._path)
            except OSError:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise self._invalid(f"cannot be written: {error.strerror}") from error

    def _invalid(self, problem: str) -> InvalidArguments:
        return InvalidArguments([f"state_file: {str(self._path)!r} {problem}"])
