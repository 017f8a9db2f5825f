# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording of a client's exchanges: a file of JSON lines without secrets and identifiers.

The first line describes the file, each further line is one exchange. Tasks, hosts and forks append
to the same file. The key of the stand-ins is in a file beside it, ``<file>.key``: without it, no
stand-in can be traced back, and with it, the same value has the same stand-in in all of them.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timezone
from itertools import pairwise
from urllib.parse import urlsplit

from .._model.text import count
from .clock import Deadline
from .errors import ConfigurationError
from .exchange import Exchange
from .private_files import locked, open_private, shared_secret
from .redaction import Redactor
from .settings import DEFAULT_BASE_URL, ConnectionSettings, variable
from .stand_ins import StandIns

FORMAT = 1
LARGEST_FILE = 512 * 1024 * 1024
_PATIENCE = 10.0  # seconds to wait for a lock
_LONGEST_END = 512  # bytes of the last line of a full file
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_HEADERS = frozenset(
    {"content-encoding", "content-type", "date", "location", "retry-after", "x-fota-simulator"}
)
_LIMITS = ("ratelimit", "x-ratelimit")  # beginnings of headers that announce rate limits


class Recording:
    """An open recording. Safe for several threads and processes.

    ``add`` never raises an error: after the first problem, which ``warning`` has, nothing more is
    recorded.
    """

    def __init__(self, path: str, settings: ConnectionSettings, *, version: str) -> None:
        """Open or create the file and its key.

        :raises ConfigurationError: one of them cannot be used.
        """
        self.warning: str | None = None
        self._path = path
        self._mutex = threading.Lock()
        with _explained(path):
            key = _key(f"{path}.key")
            self._file = _open(path, os.O_APPEND)
        stand_ins = StandIns(key)
        try:
            with _explained(path):
                self._begin(settings, stand_ins, version)
        except ConfigurationError:
            self.close()
            raise
        self._redactor = Redactor(
            stand_ins,
            secrets=filter(
                None,
                (
                    settings.client_secret,
                    settings.password,
                    settings.bearer_token,
                    settings.session_token,
                ),
            ),
            names=filter(None, (settings.client_id, settings.username)),
        )

    def add(self, exchange: Exchange) -> None:
        """Append an exchange."""
        with self._mutex:
            if self._file < 0 or self.warning is not None:
                return
            try:
                self._append(self._line(exchange))
            except (OSError, ValueError, RecursionError) as error:
                reason = error.strerror if isinstance(error, OSError) else type(error).__name__
                self.warning = (
                    f"The recording {self._path} is incomplete: {reason}. The calls themselves are"
                    " not affected."
                )

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _begin(self, settings: ConnectionSettings, stand_ins: StandIns, version: str) -> None:
        """Write the first line, or check that of a recording to continue."""
        mark = stand_ins.tag("key")
        with _locked(self._file):
            if os.fstat(self._file).st_size:
                first = os.pread(self._file, _LONGEST_END, 0).partition(b"\n")[0]
                _check_first(first, mark)
                return
            host = urlsplit(settings.base_url).hostname or ""
            own = host == urlsplit(DEFAULT_BASE_URL).hostname or settings.plain
            header = {
                "recording": FORMAT,
                "collection": version,
                "key": mark,
                "service": host if own else "another host",
                "started": _now(),
            }
            os.write(self._file, _encoded(header))

    def _line(self, exchange: Exchange) -> bytes:
        redactor = self._redactor
        redactor.knows(exchange.secrets)
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        facts: dict[str, object] = {
            "at": _now(),
            "operation": exchange.operation,
            "method": exchange.method,
            "template": exchange.template,
            "path": redactor.path(exchange.template, exchange.path),
            "query": redactor.query(exchange.query),
            "bearer": redactor.tag(bearer) if not bearer.startswith("Basic ") else None,
            "session": redactor.tag(headers.get("vz-m2m-token")),
            "sent": _sent(redactor, headers.get("content-type", ""), exchange.body),
            "attempt": exchange.attempt,
            "seconds": round(exchange.seconds, 3),
        }
        if exchange.reply is None:
            facts["trouble"] = redactor.message(exchange.trouble)
        else:
            status, names, body = exchange.reply
            facts |= {
                "status": status,
                "headers": _reply_headers(redactor, names),
                "bytes": len(body),
                "issued": redactor.tag(_issued(body)),
                "order": _order(exchange, body),
                **redactor.body(body),
            }
        line = _encoded({name: value for name, value in facts.items() if value is not None})
        if not redactor.betrays(line.decode("ascii")):
            return line
        kept = ("at", "operation", "method", "template", "attempt", "seconds", "status")
        safe = {name: facts[name] for name in kept if name in facts}
        return _encoded({**safe, "removed": "everything else, as it had a secret"})

    def _append(self, line: bytes) -> None:
        with _locked(self._file):
            size = os.fstat(self._file).st_size
            tail = os.pread(self._file, _LONGEST_END, max(0, size - _LONGEST_END))
            if _is_end(tail):
                return
            if size + len(line) + _LONGEST_END > LARGEST_FILE:
                reached = count(LARGEST_FILE, "byte")
                end = f"The recording has reached {reached}. Later calls are not in it."
                line = _encoded({"end": end, "at": _now()})
            # A process may have been killed while it wrote its line.
            data = line if tail.endswith(b"\n") else b"\n" + line
            written = os.write(self._file, data)
            if written != len(data):
                os.ftruncate(self._file, size)
                raise OSError(0, "the file system is full")


def _sent(redactor: Redactor, media_type: str, body: bytes) -> dict[str, object] | None:
    """What was sent, as members of an exchange."""
    if not body:
        return None
    kind = media_type.partition(";")[0].strip().lower()
    if kind == _JSON:
        return {"type": kind, **redactor.body(body)}
    if kind == _FORM:
        return {"type": kind, **redactor.form(body)}
    return {"type": kind, "removed": f"{len(body)} bytes that are not JSON"}


def _reply_headers(redactor: Redactor, headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: redactor.message(value)
        for name, value in headers.items()
        if name in _HEADERS or name.startswith(_LIMITS)
    }


def _issued(body: bytes) -> str | None:
    """The session token in the reply to a login."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = found.get("sessionToken") if isinstance(found, dict) else None
    return token if isinstance(token, str) else None


def _order(exchange: Exchange, body: bytes) -> dict[str, object] | None:
    """How the ids of a page are ordered, which its stand-ins do not show.

    ``ids`` is ascending, descending or unordered. ``after`` says whether all ids are larger than
    the cursor of the request, and ``last`` whether the cursor of the reply is the last id.
    """
    try:
        page = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(page, dict):
        return None
    rows = next((page[key] for key in ("deviceList", "campaignList") if page.get(key)), None)
    if not isinstance(rows, list):
        return None
    ids = [str(_id(row)) for row in rows]
    pairs = list(pairwise(ids))
    ordered = "ascending" if all(a <= b for a, b in pairs) else "unordered"
    if pairs and all(a > b for a, b in pairs):
        ordered = "descending"
    found: dict[str, object] = {"ids": ordered, "rows": len(ids)}
    sent = [exchange.query.get(key) for key in ("lastSeenDeviceId", "lastSeenCampaignId")]
    cursor = next((text for text in sent if text and text.strip("0")), None)
    if cursor is not None:
        found["after"] = all(id_ > cursor for id_ in ids)
    following = page.get("lastSeenDeviceId") or page.get("lastSeenCampaignId")
    if following:
        found["last"] = str(following).zfill(len(ids[-1])) == ids[-1]
    return found


def _id(row: object) -> object:
    if isinstance(row, Mapping):
        return row.get("deviceId") or row.get("id") or row.get("campaignId") or ""
    return row


def _check_first(line: bytes, mark: str) -> None:
    try:
        header = json.loads(line)
        matches = header["recording"] == FORMAT and header["key"] == mark
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PermissionError("it is not a recording") from None
    if not matches:
        raise PermissionError("it was recorded in another format, or with another key")


def _is_end(tail: bytes) -> bool:
    """Whether the last line says that the file is full."""
    try:
        last = json.loads(tail.strip().rpartition(b"\n")[2])
    except (ValueError, RecursionError):
        return False
    return isinstance(last, dict) and "end" in last


def _encoded(line: Mapping[str, object]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Convert an error of the file system to one of the option."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"record: {path} cannot be used: {error.strerror or error}",
            hint=(
                f"Set record ({variable('record')}) to a new file, or to a recording of yours"
                " (mode 0600) with its key, in a directory that you can write."
            ),
        ) from error


def _open(path: str, flags: int) -> int:
    return open_private(path, flags | os.O_RDWR | os.O_CREAT)


def _key(path: str) -> bytes:
    """The random key of the stand-ins, created on first use."""
    descriptor = _open(path, 0)
    try:
        with _locked(descriptor):
            return shared_secret(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> AbstractContextManager[None]:
    return locked(descriptor, Deadline.after(_PATIENCE))
