# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error bodies of the service, read into one shape (contract section 10).

Four JSON shapes, the XML fault of the gateway, HTML, plain text and an empty body. Nothing here
raises an error on any input, because a failing service can send any bytes.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from .._model.text import visible

_LONGEST_TEXT = 300
_LARGEST_BODY = 64 * 1024

_XML_PART = re.compile(r"<(?:\w{1,20}:)?(code|message|description)>([^<]{0,2000})<", re.IGNORECASE)
_XML_FAULT = re.compile(r"<(?:\w{1,20}:)?fault[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title>([^<]{1,2000})<", re.IGNORECASE)
_INVISIBLE = re.compile(r"<(script|style)\b[^<]*<", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")

# Codes of the gateway for requests that it did not forward. Its other faults, such as those of its
# transport (101503), may be sent after the service has received the call.
_NOT_PASSED_ON = re.compile(r"900\d{3}|40\d")
_ERROR_KEYS = ("fault", "errorCode", "errorMessage", "error")
_SESSION = "sessiontoken."


@dataclass(frozen=True)
class ErrorBody:
    """The error code and message of the service, made printable."""

    code: str | None = None
    message: str | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part) or "no error message"


class Speaker(Enum):
    """Who wrote an error body, regardless of its content type."""

    SERVICE = "service"
    GATEWAY = "gateway"
    UNCLEAR = "unclear"


def parse_error(body: bytes, *, secrets: Iterable[str] = ()) -> ErrorBody:
    """Read an error body of any shape; ``secrets`` are masked in it."""
    return _printable_error(*_code_and_message(body), secrets=secrets)


def find_error(value: object, *, secrets: Iterable[str] = ()) -> ErrorBody | None:
    """Return the error in the decoded body of a success, None if there is none.

    The error is the whole body or a row of a list. No documented reply has these keys.
    """
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict) and any(row.get(key) for key in _ERROR_KEYS):
            return _printable_error(*(_from_json(row) or ("", json.dumps(row))), secrets=secrets)
    return None


def speaker(body: bytes) -> Speaker:
    """Return who refused a call: the service, the gateway in front of it, or an unclear sender.

    The service sends JSON, and plain text is attributed to it. A fault of the gateway, in JSON or
    XML, has a code for requests that it did not forward. Other faults, other markup and an empty
    body can come from the gateway, a proxy, or an error page that replaces the service's reply.
    """
    text = _decoded(body)
    fault = text.startswith("<") and _XML_FAULT.search(text) is not None
    if not text.startswith("<"):
        value = _json(text)
        fault = isinstance(value, dict) and isinstance(value.get("fault"), dict)
    if fault:
        code, _message = _code_and_message(body)
        return Speaker.GATEWAY if _NOT_PASSED_ON.fullmatch(code.strip()) else Speaker.UNCLEAR
    return Speaker.UNCLEAR if not text or text.startswith("<") else Speaker.SERVICE


def printable(text: str, *, secrets: Iterable[str] = ()) -> str:
    """One line of printable text, without escape sequences and control characters, shortened."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    line = " ".join(visible(text[: 4 * _LONGEST_TEXT]).split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 3]}..."


def stale_session(status: int, error: ErrorBody) -> bool:
    """Whether the reply refuses only the M2M session token (contract section 14, 20 and 31)."""
    if status not in {400, 401, 403}:
        return False
    code = (error.code or "").lower()
    return _SESSION in code or (code == "unauthorized" and status != 403)


def stale_bearer(status: int, error: ErrorBody) -> bool:
    """Whether the reply refuses only the bearer token: gateway fault 900901 or a bare 401."""
    return error.code in {"900901", "invalid_token"} or (status == 401 and not error.code)


def _printable_error(code: str, message: str, *, secrets: Iterable[str]) -> ErrorBody:
    return ErrorBody(
        code=printable(code, secrets=secrets) or None,
        message=printable(message, secrets=secrets) or None,
    )


def _code_and_message(body: bytes) -> tuple[str, str]:
    text = _decoded(body)
    if text.startswith("<"):
        return _from_markup(text)
    value = _json(text)
    found = _from_json(value) if isinstance(value, dict) else None
    return found or ("", text)


def _decoded(body: bytes) -> str:
    # Some error pages start with a byte order mark.
    return body[:_LARGEST_BODY].decode("utf-8-sig", errors="replace").strip()


def _json(text: str) -> object:
    """The text decoded as JSON; ``None`` if it is not JSON."""
    try:
        # Numbers that are too long and nesting that is too deep are not valid error bodies.
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _from_json(body: Mapping[str, object]) -> tuple[str, str] | None:
    fault = body.get("fault")
    if isinstance(fault, dict):
        return _text(fault.get("code")), _joined(fault.get("message"), fault.get("description"))
    if "errorCode" in body or "errorMessage" in body:
        return _text(body.get("errorCode")), _text(body.get("errorMessage"))
    if "error" in body:  # the OAuth shape; the upstream shape adds "cause"
        return _text(body["error"]), _joined(body.get("error_description"), body.get("cause"))
    return None


def _from_markup(text: str) -> tuple[str, str]:
    # Parsed as text, because an XML parser would expand the entities of a hostile document.
    if _XML_FAULT.search(text):
        parts = {name.lower(): html.unescape(value) for name, value in _XML_PART.findall(text)}
        return parts.get("code", ""), _joined(parts.get("message"), parts.get("description"))
    title = _TITLE.search(text)
    if title:
        return "", html.unescape(title[1])
    return "", html.unescape(_TAG.sub(" ", _INVISIBLE.sub("<", text)))


def _joined(*parts: object) -> str:
    """Join the parts that are text, without duplicates."""
    return ": ".join(dict.fromkeys(part for part in map(_text, parts) if part.strip()))


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""
