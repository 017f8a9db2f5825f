# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of v2: their upload as ``multipart/form-data``, and their list."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from typing import Any

from ..state.clock import rfc3339
from ..state.records import Account, ConfigurationFile, Package
from .errors import invalid
from .wire import BINDING, Call

DISTRIBUTION = "HTTP"
PLATFORM = "IoT"
_FIELDS = ("fileVersion", "make", "model", "localTargetPath")
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def list_files(call: Call) -> Any:
    account = call.account
    distribution = call.choice("distributionType", ("LWM2M", "OMD-DM", "HTTP"))
    if distribution is None:
        raise invalid("Invalid distributionType")
    rows = [_row(file) for file in account.files if distribution == DISTRIBUTION]
    if call.state.switches["file_list"] == "object":
        return {"AvailableFilesResponse": rows}
    return rows


def upload(call: Call) -> dict[str, str]:
    """Add a file. Its name is made of make, model and the name of the upload."""
    account = call.account
    fields, name, _content = _read_form(call)
    for field in _FIELDS:
        if not fields.get(field):
            raise invalid(f"Invalid {field}")
    make, model = fields["make"], fields["model"]
    if (make, model) not in account.models("v2"):
        raise invalid("Invalid make or model")
    file = ConfigurationFile(
        name=_NO_NAME.sub("", f"{make}_{model}_{name}".replace(" ", "")),
        version=fields["fileVersion"],
        make=make,
        model=model,
        target_path=fields["localTargetPath"],
        launched=call.state.now,
    )
    account.files.append(file)
    return _row(file)


def package_of(account: Account, name: str, version: str) -> Package | None:
    """A file as what a campaign installs."""
    for file in account.files:
        if (file.name, file.version) == (name, version):
            return Package(name, file.make, file.model, "", version, DISTRIBUTION, is_file=True)
    return None


def _read_form(call: Call) -> tuple[dict[str, str], str, bytes]:
    """Texts of a form by their name; the name and the content of its file."""
    content_type = call.request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise invalid(BINDING)
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = message_from_bytes(head + call.request.body)
    fields: dict[str, str] = {}
    file: tuple[str, bytes] | None = None
    payload = form.get_payload()
    for part in payload if isinstance(payload, list) else []:
        if not isinstance(part, Message):
            raise invalid(BINDING)
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise invalid(BINDING)
        if name == "fileupload":
            file = str(part.get_filename() or ""), content
        else:
            fields[name] = content.decode("utf-8", "replace")
    if file is None or not file[0] or not file[1]:
        raise invalid("Invalid fileupload")
    return fields, *file


def _row(file: ConfigurationFile) -> dict[str, str]:
    return {
        "fileName": file.name,
        "fileVersion": file.version,
        "launchDate": rfc3339(file.launched),
        "releaseNote": "",
        "make": file.make,
        "model": file.model,
        "localTargetPath": file.target_path,
        "distributionType": DISTRIBUTION,
        "devicePlatformId": PLATFORM,
    }
