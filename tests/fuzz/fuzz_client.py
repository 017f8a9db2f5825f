# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the client over the line: raw bytes, spoilt replies, a spoilt token cache."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._client import backoff
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.clock import Deadline
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.token_cache import (
    Entry,
    Rejection,
    TokenCache,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import open_context
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.firmware.info import (
    FIRMWARE_INFO_OPTIONS,
    read_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    ensure_upgrade,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import READ_ONCE
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.fuzz import fuzz_examples as examples
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_parsers import Target
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_server import (
    Asked,
    WireServer,
    http_reply,
)
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_values import (
    members,
    spoilt,
    texts,
    values,
    wire_text,
)

ACCOUNT = "0000123456-00001"
READ = Operation("v3ListFirmware", "GET", "/fota/v3/firmware/{account}", Kind.READ)
WRITE = Operation("v3SyncDeviceFirmware", "PUT", "/fota/v3/firmware/{account}/devices", Kind.WRITE)
# A pause longer than the timeout: one attempt a call.
ONE_ATTEMPT = backoff.RetryPolicy(first_pause=8.0, connect_timeout=2.0, read_timeout=2.0)
TIMEOUT = 3.0


# -- raw bytes ----------------------------------------------------------------------------------

_header = st.one_of(
    st.binary(max_size=40).map(lambda junk: junk.replace(b"\r", b"").replace(b"\n", b"")),
    st.sampled_from(
        (
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: 5, 6",
            b"Content-Length: " + b"9" * 30,
            b"Content-Length: " + b"1" * 5000,
            "Content-Length: \u00b2".encode("latin-1"),
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: deflate",
            b"Content-Encoding: " + b"gzip," * 20,
            b"Content-Type: text/html; charset=\xff",
            b"Location: https://elsewhere.example/x",
            b"Location: http://[",
            b"Retry-After: " + b"9" * 20,
            b"Retry-After: Fri, 31 Dec 9999 23:59:59 -2359",
            b"Date: Mon, 99 Foo 99999999999 99:99:99 +9999",
            b"Date: Fri, 31 Dec 9999 23:59:59 GMT",
            b"Set-Cookie: a=b; expires=junk; domain=..; path=\xff",
            b"Connection: keep-alive",
            b" folded: line",
            b": no name",
            b"X: " + b"y" * 70_000,
        )
    ),
    st.builds(
        lambda name, value: f"{name}: {value}".encode("latin-1", "replace").partition(b"\n")[0],
        st.sampled_from(("Date", "Retry-After", "Content-Length", "X-Fota-Simulator")),
        texts,
    ),
)
_status_line = st.one_of(
    st.sampled_from((200, 201, 204, 301, 302, 304, 400, 401, 404, 408, 429, 500, 503, 599)).map(
        lambda code: f"HTTP/1.1 {code} X".encode()
    ),
    st.sampled_from(
        (b"HTTP/1.1 999 ", b"HTTP/1.1 -20 X", b"HTTP/9.9 200", b"HTTP/1.0 200 OK", b"ICY 200", b"")
    ),
    st.binary(max_size=20),
)
_payload = st.one_of(
    st.binary(max_size=100),
    st.just(b"5\r\nabcde\r\n0\r\n\r\n"),
    st.just(b"-5\r\nabcde\r\n"),
    st.just(b"ffffffffffffffffffff\r\nabc"),
    values.map(lambda value: wire_text(value).encode()),
    spoilt(examples.ERRORS).map(lambda value: wire_text(value).encode()),
)


@st.composite
def raw_replies(draw: st.DrawFn) -> bytes:
    """Bytes that are an HTTP reply, or nearly, or not at all."""
    lines = [draw(_status_line), *draw(st.lists(_header, max_size=4))]
    payload = draw(_payload)
    if draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(payload))
    whole = b"\r\n".join(lines) + b"\r\n\r\n" + payload
    end = draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    return whole[:end]


class WireTargets:
    """Targets that need a server; the real client talks to it over a socket."""

    def __init__(self, server: WireServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._logins = 0
        self._entries = st.one_of(st.binary(max_size=60), spoilt(_entries()).map(_encoded))

    def all(self) -> tuple[Target, ...]:
        ours = (FotaError,)
        return (
            Target("raw replies", raw_replies(), self._call, ours, 2, _KNOWN_REPLIES),
            Target("raw replies to logins", raw_replies(), self._log_in, ours, 0.5, _KNOWN_REPLIES),
            Target("token cache", self._entries, self._use_cache, ours, 0.5, _known_entries()),
            Target("use-cases", _accounts(), self._use_case, (), 1.5, _known_accounts()),
        )

    def _settings(self, **more: Any) -> ConnectionSettings:
        return ConnectionSettings(base_url=self._server.url, timeout=TIMEOUT, **more)

    def _call(self, raw: bytes) -> None:
        self._server.answer = lambda _asked: raw
        given = {"bearer_token": "given-bearer-1", "session_token": "given-session-1"}
        errors = []
        with Client(self._settings(**given)) as client:
            for call in (
                lambda: client.call(READ, params={"account": ACCOUNT}),
                lambda: client.call(WRITE, params={"account": ACCOUNT}, body={}),
            ):
                try:
                    call()
                except FotaError as error:
                    errors.append(error)
            client.warnings()
        for error in errors:
            assert str(error).isprintable()
            assert "given-" not in f"{error} {error.payload()}"

    def _log_in(self, raw: bytes) -> None:
        self._server.answer = lambda _asked: raw
        with Client(self._settings(**self._credentials())) as client:
            client.call(READ, params={"account": ACCOUNT})

    def _use_cache(self, content: bytes) -> None:
        """Whatever stands in the cache, the login works or fails in our own way."""
        self._server.answer = _answer_well
        credentials = self._credentials()
        cache = TokenCache(
            credentials["token_cache"],
            identity=(self._server.url, *(credentials[name] for name in _IDENTITY)),
        )
        with cache.locked(Deadline.after(TIMEOUT)) as entry:
            entry.store(Entry())
        (file,) = Path(credentials["token_cache"]).glob("*.json")
        file.write_bytes(content)
        with Client(self._settings(**credentials)) as client:
            client.call(READ, params={"account": ACCOUNT})

    def _credentials(self) -> dict[str, Any]:
        """A user that was never seen before, with a cache of its own."""
        self._logins += 1
        return {
            "client_id": "key",
            "client_secret": "secret",
            "username": f"user-{self._logins}",
            "password": "password",
            "token_cache": str(self._folder / str(self._logins)),
        }

    def _use_case(self, account: tuple[int, dict[str, Any]]) -> None:
        """One use-case on an account with spoilt replies: its result is JSON, or an error ours."""
        number, replies = account
        use_case, options, given = _USE_CASES[number]
        self._server.answer = lambda asked: _answer(asked, replies)
        params = {
            name: option.get("default")
            for name, option in {**CONNECTION_OPTIONS, **options}.items()
        }
        params |= {
            "account": ACCOUNT,
            "base_url": self._server.url,
            "bearer_token": "given-bearer-1",
            "session_token": "given-session-1",
            "timeout": TIMEOUT,
            "max_connections": 1,
            **given,
        }
        context = open_context(params, check_mode=use_case in _CHECKED)
        context.sleep = lambda _seconds: None
        context.settling = READ_ONCE
        try:
            with context.client:
                result = use_case(context, params)
        except (FotaError, InvalidValue, PlanRefused, TaskFailure) as error:
            message, payload = describe_failure(error)
            result = {"msg": message, "failure": payload, **getattr(error, "result", {})}
        json.dumps([result, context.all_warnings()])


def _encoded(value: object) -> bytes:
    return wire_text(value).encode()


_KNOWN_REPLIES = (
    b"HTTP/1.1 200 X\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n[]",  # digits without end
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n",
)


def _entries() -> tuple[dict[str, Any], ...]:
    """A whole entry, and one that remembers a refused login."""
    rejection = Rejection("login_rejected", time.time(), "no", "startM2MSession", 401)
    entries = (Entry("b", time.time() + 99, "s"), Entry(None, None, "s", rejection))
    return tuple(asdict(entry) for entry in entries)


def _known_entries() -> tuple[bytes, ...]:
    whole, rejected = _entries()
    return (
        *(_encoded({**whole, name: "\u2603"}) for name in ("bearer", "session")),
        *(
            _encoded({**rejected, "rejection": {**rejected["rejection"], "at": at}})
            for at in (None, 10**400)
        ),
    )


# -- spoilt accounts ----------------------------------------------------------------------------

_IDENTITY = ("client_id", "client_secret", "username", "password")

_REPLIES: dict[str, Any] = {
    "/reports/{account}/firmware/campaigns": examples.CAMPAIGN_PAGE,
    "/reports/{account}/campaigns/": examples.REPORT,
    "/reports/{account}/devices/": examples.HISTORY,
    "/reports/{account}/status/": examples.UPGRADE_PAGE,
    "/campaigns/": examples.CAMPAIGN,
    "/upgrades/": examples.UPGRADES[0],
    "/firmware/{account}/devices": examples.SYNCHRONIZED[0],
    "/v3/firmware/": examples.PACKAGES["v3"],
    "/v1/firmware/": examples.PACKAGES["v1"],
    "/software/": examples.PACKAGES["v2"],
    "/devices/": examples.DEVICES,
    "/licenses/": examples.LICENSES,
    "/subscriptions/": examples.SUBSCRIPTION,
}


# Mostly what a service could mean: the client refuses a reply that is no JSON before it is read.
_MEANT = st.one_of(texts, texts, texts, members)


def _accounts() -> st.SearchStrategy[tuple[int, dict[str, Any]]]:
    """A use-case by its place, and replies by path, one or two of them spoilt."""
    replies = st.lists(
        st.sampled_from(sorted(_REPLIES)), min_size=1, max_size=2, unique=True
    ).flatmap(
        lambda paths: st.fixed_dictionaries(
            {path: spoilt((_REPLIES[path],), _MEANT) for path in paths}
        )
    )
    return st.tuples(st.integers(0, len(_USE_CASES) - 1), replies)


def _known_accounts() -> tuple[tuple[int, dict[str, Any]], ...]:
    """The last day there is as the end of a campaign, and a cursor that has no UTF-8 form."""
    last_day = {**examples.CAMPAIGN_PAGE, "campaignList": [{**examples.CAMPAIGN, **_LAST_DAY}]}
    endless = {**examples.REPORT, "hasMoreFlag": True, "lastSeenDeviceId": "\ud800"}
    replies = (
        {"/reports/{account}/firmware/campaigns": last_day, "/campaigns/": last_day},
        {"/reports/{account}/campaigns/": endless},
    )
    return tuple((number, one) for number in range(len(_USE_CASES)) for one in replies)


_LAST_DAY = {"endDate": "9999-12-31"}


def _answer(asked: Asked, replies: dict[str, Any]) -> bytes:
    for path, usual in _REPLIES.items():
        if path.format(account=ACCOUNT) in asked.path:
            body = wire_text(replies.get(path, usual)).encode()
            return http_reply(body, date=examples.DATE)
    return http_reply(b'{"errorCode": "X"}', status=404, date=examples.DATE)


def _answer_well(asked: Asked) -> bytes:
    known = "oauth2" in asked.path or "session" in asked.path
    return http_reply(json.dumps(examples.TOKENS if known else []).encode())


_SPEC = {
    **{name: examples.SPEC[name] for name in ("name", "target", "gate")},
    "devices": [examples.IMEI, examples.OTHER_IMEI],
    "waves": [{"name": "pilot", "count": 1}, {"name": "all", "rest": True}],
}
_USE_CASES: tuple[tuple[Callable[..., dict[str, Any]], dict[str, Any], dict[str, Any]], ...] = (
    (inform_on_rollout, ROLLOUT_OPTIONS, {"rollout": _SPEC, "return_devices": "all"}),
    (read_campaigns, CAMPAIGN_INFO_OPTIONS, {"return_devices": "all"}),
    (inform_on_devices, DEVICE_INFO_OPTIONS, {}),
    (read_firmware, FIRMWARE_INFO_OPTIONS, {}),
    (read_upgrades, UPGRADE_INFO_OPTIONS, {}),
    (
        ensure_campaigns,
        CAMPAIGN_MODULE_OPTIONS,
        {
            "name": examples.CAMPAIGN["campaignName"],
            "package": "alpha-A-B",
            "start_date": "2026-03-03",
            "end_date": "2026-03-06",
            "devices": [examples.IMEI],
        },
    ),
    (
        ensure_upgrade,
        UPGRADE_OPTIONS,
        {
            "package": examples.UPGRADES[0]["firmwareName"],
            "start_date": "2026-03-09",
            "devices": [examples.IMEI],
        },
    ),
    (refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, {"devices": [examples.IMEI]}),
)
_CHECKED = (ensure_campaigns, ensure_upgrade)
