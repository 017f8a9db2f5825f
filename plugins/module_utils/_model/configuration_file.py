# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of v2, which campaigns bring to devices of one make and model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import MalformedReply
from .wire import as_object, as_rows, required_text, text

_WRAPPED = "AvailableFilesResponse"


@dataclass(frozen=True)
class FileUpload:
    """A file to upload.

    :ivar target_path: where the device puts it.
    """

    name: str
    version: str
    make: str
    model: str
    target_path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class ConfigurationFile:
    """A file of the account; the service makes its name of make, model and that of the upload."""

    name: str
    version: str
    make: str
    model: str
    target_path: str
    launch_date: str = ""
    release_note: str = ""
    protocol: str = ""
    platform: str = ""

    def is_upload(self, upload: FileUpload) -> bool:
        """Whether it has the version of an upload for the same devices; its content is unknown."""
        return (self.version, self.make, self.model, self.target_path) == (
            *(upload.version, upload.make, upload.model),
            upload.target_path,
        )


def read_files(reply: object) -> list[ConfigurationFile]:
    """Read a list of files: an array, or an object around it (contract section 3)."""
    what = "configuration files"
    if isinstance(reply, dict):
        reply = as_object(reply, what, _WRAPPED)[_WRAPPED]
    elif reply is None:
        raise MalformedReply(f"{what}: expected a JSON list, got nothing")
    return [_read(row) for row in as_rows(reply, what)]


def read_uploaded(reply: object) -> ConfigurationFile:
    """Read the reply to an upload."""
    return _read(as_object(reply, "uploaded file", "fileName"))


def _read(row: object) -> ConfigurationFile:
    members = as_object(row, "configuration file", "fileName")
    return ConfigurationFile(
        name=required_text(members, "configuration file", "fileName"),
        version=text(members, "fileVersion"),
        make=text(members, "make"),
        model=text(members, "model"),
        target_path=text(members, "localTargetPath"),
        launch_date=text(members, "launchDate"),
        release_note=text(members, "releaseNote"),
        protocol=text(members, "distributionType"),
        platform=text(members, "devicePlatformId"),
    )


def find_upload(files: Iterable[ConfigurationFile], upload: FileUpload) -> ConfigurationFile | None:
    """Give the file of an upload; the one that was launched last if there are several."""
    found = [file for file in files if file.is_upload(upload)]
    return max(found, key=lambda file: file.launch_date, default=None)
