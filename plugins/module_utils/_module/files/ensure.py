# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_file``: upload a configuration file once."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

from ..._client.errors import FotaError
from ..._model.configuration_file import ConfigurationFile, FileUpload, find_upload
from ..._model.errors import InvalidValue
from ..._model.text import shown
from ..context import Context
from ..options import VERSION_OPTION
from ..writing import write_and_read
from .view import view_file

FILE_OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "file_name": {"type": "str"},
    "file_version": VERSION_OPTION | {"required": True},
    "make": {"type": "str", "required": True},
    "model": {"type": "str", "required": True},
    "target_path": {"type": "str", "required": True},
}

_DECLARED = ("file_version", "make", "model", "target_path")
_LARGEST = 32 * 1024 * 1024


def ensure_file(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Upload a file unless one with its version is there for the same devices.

    :raises InvalidValue: an option cannot be used, or the file cannot be read; nothing was called.
    :raises FotaError: a call failed, or the service does not list the file afterwards.
    """
    upload = _read_upload(params)
    there = find_upload(context.v2.list_files(), upload)
    changed = there is None
    if there is None and not context.check_mode:
        there = _write(context, upload)
    file = there or _predict(upload)
    declared = {name: view_file(file)[name] for name in _DECLARED}
    return {
        "changed": changed,
        "file": view_file(file),
        "diff": {"before": {} if changed else declared, "after": declared},
        "msg": context.headline(
            f"file {shown(file.name or upload.name)}, version {shown(file.version)}:"
            f" {'uploaded' if changed else 'there already'}"
        ),
    }


def _read_upload(params: Mapping[str, Any]) -> FileUpload:
    path = os.path.expanduser(os.path.expandvars(params["path"]))
    texts = {
        "file_name": params.get("file_name") or os.path.basename(path),
        **{name: params[name] for name in ("file_version", "make", "model", "target_path")},
    }
    for name, value in texts.items():
        if not value or not value.isprintable():
            raise InvalidValue(name, value, "must be text without control characters")
    return FileUpload(
        name=texts["file_name"],
        version=texts["file_version"],
        make=texts["make"],
        model=texts["model"],
        target_path=texts["target_path"],
        content=_read_content(path),
    )


def _read_content(path: str) -> bytes:
    try:
        # A pipe without a writer must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InvalidValue("path", path, "must be a regular file")
        with open(descriptor, "rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise InvalidValue("path", path, "must exist on the host where the task runs") from error
    except OSError as error:
        raise InvalidValue("path", path, f"cannot be read: {error.strerror}") from error
    if not content or len(content) > _LARGEST:
        raise InvalidValue("path", path, f"must have 1 to {_LARGEST} bytes")
    return content


def _predict(upload: FileUpload) -> ConfigurationFile:
    """Give the file as it would be; the service makes its name."""
    return ConfigurationFile(
        *("", upload.version, upload.make, upload.model, upload.target_path),
    )


def _write(context: Context, upload: FileUpload) -> ConfigurationFile:
    """Upload once, and give the file as it is listed afterwards."""
    there, failure = write_and_read(
        context,
        lambda: context.v2.upload_file(upload),
        lambda: find_upload(context.v2.list_files(), upload),
        lambda file: file is not None,
    )
    if failure is not None:
        raise failure
    if there is None:
        raise FotaError(
            f"file {shown(upload.name)}: the upload was confirmed, but the file is not listed",
            kind="outcome_unknown",
            hint="read the files later with fota_file_info; do not upload it again before",
        )
    return there
