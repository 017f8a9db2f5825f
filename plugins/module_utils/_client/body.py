# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of requests, encoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

JSON = "application/json"
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True)
class Body:
    """A body as it is sent. Errors do not show ``secrets`` that the service repeats."""

    media_type: str
    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def json_body(value: object, *, secrets: tuple[str, ...] = ()) -> Body:
    """Encode a value as JSON; its ``secrets`` are not shown as JSON spells them, either."""
    spelled = (json.dumps(secret)[1:-1] for secret in secrets)
    return Body(JSON, json.dumps(value, allow_nan=False).encode(), (*secrets, *spelled))


def form_body(texts: Mapping[str, str], *, field_name: str, file_name: str, file: bytes) -> Body:
    """Encode texts and one file as ``multipart/form-data``.

    The same input gives the same body, as its parts are separated by a digest of the file.
    """
    edge = sha256(file).hexdigest()
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{{}}"'
    parts = [
        f"{head.format(_quoted(name))}\r\n\r\n{value}\r\n".encode() for name, value in texts.items()
    ]
    named = f'{head.format(_quoted(field_name))}; filename="{_quoted(file_name)}"\r\n'
    kind = "Content-Type: application/octet-stream\r\n\r\n"
    content = b"".join([*parts, f"{named}{kind}".encode(), file, f"\r\n--{edge}--\r\n".encode()])
    return Body(f"multipart/form-data; boundary={edge}", content)


def _quoted(name: str) -> str:
    return name.translate(_QUOTED)
