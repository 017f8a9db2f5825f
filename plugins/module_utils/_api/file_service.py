# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of v2."""

from __future__ import annotations

from .._client.body import form_body
from .._client.operation import Kind, Operation
from .._model.configuration_file import (
    ConfigurationFile,
    FileUpload,
    read_files,
    read_uploaded,
)
from .service import Service

_FILES = "/fota/v2/files/{account}"
# The only distribution type for which the service documents files.
DISTRIBUTION = "HTTP"

LIST_FILES = Operation("v2ListFiles", "GET", _FILES, Kind.READ)
UPLOAD_FILE = Operation("v2UploadFile", "POST", _FILES, Kind.WRITE)


class FileService(Service):
    """Configuration files of the account."""

    def list_files(self) -> list[ConfigurationFile]:
        """List the files of the account."""
        return self._call(LIST_FILES, read_files, query={"distributionType": DISTRIBUTION})

    def upload_file(self, upload: FileUpload) -> ConfigurationFile:
        """Upload a file. The same file can be uploaded again, and is then listed twice."""
        body = form_body(
            {
                "fileVersion": upload.version,
                "make": upload.make,
                "model": upload.model,
                "localTargetPath": upload.target_path,
            },
            field_name="fileupload",
            file_name=upload.name,
            file=upload.content,
        )
        return self._call(UPLOAD_FILE, read_uploaded, body=body)
