# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every function that reads what the service sent or what a person declared, with its contract.

A target's ``read`` gets one input and uses what comes out; it may raise what its contract names.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ansible_collections.thingspace.fota.plugins.module_utils._api.paging import (
    CAMPAIGN_PAGES,
    DEVICE_PAGES,
    Page,
    PageShape,
    Row,
    read_all_pages,
    read_page,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client import hints
from ansible_collections.thingspace.fota.plugins.module_utils._client.backoff import (
    POLICY,
    retry_after,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.clock import (
    ServiceClock,
    http_date,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.error_bodies import (
    parse_error,
    printable,
    stale_bearer,
    stale_session,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import UnexpectedReply
from ansible_collections.thingspace.fota.plugins.module_utils._model import (
    account,
    callback,
    campaign_wire,
    configuration_file,
    device,
    device_logging,
    firmware,
    imei,
    status,
    times,
    upgrade,
    windows,
    wire,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model import license as licenses
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignType
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import (
    InvalidValue,
    MalformedReply,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.listener import (
    view_listener,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_OPTIONS,
    read_specs,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices_file import (
    read_devices_file,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    _find_zone,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.journal import (
    read_journal,
    read_last_run,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
    read_upgrade_spec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    parse_name,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec_reader import (
    read_spec,
)
from ansible_collections.thingspace.fota.tests.fuzz import fuzz_examples as examples
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_values import (
    WORDS,
    nested,
    spoilt,
    texts,
    values,
    wire_text,
)

TODAY = date(2026, 3, 4)
NOW = datetime(2026, 3, 4, 10, tzinfo=timezone.utc)
LONGEST_TEXT = 300


@dataclass(frozen=True)
class Target:
    """One reader.

    :ivar inputs: what it is given.
    :ivar read: reads, and uses what it read as the product does.
    :ivar may_raise: our own exceptions of its contract; any other is a finding.
    :ivar weight: how many inputs it gets, in shares.
    :ivar known: inputs that once were findings, tried first.
    """

    name: str
    inputs: SearchStrategy[Any]
    read: Callable[[Any], object]
    may_raise: tuple[type[Exception], ...] = ()
    weight: float = 1.0
    known: tuple[Any, ...] = ()


def _json(*known: Any) -> SearchStrategy[Any]:
    """Give examples that are spoilt, and now and then anything at all."""
    return st.one_of(*[spoilt(known)] * 5, values)


# -- readers of replies -------------------------------------------------------------------------


def _read_campaign(reply: Any) -> None:
    for type_ in CampaignType:
        found = campaign_wire.read_campaign(reply, type_)
        found.started(TODAY)
        assert found.state.over in (True, False)
        assert all(isinstance(one, str) for one in (found.id, found.name, found.status))
        campaign_wire.write_schedule(found.schedule, type_)
        parse_name(found.name)


def _read_rows(read: Callable[[Any], list[Any]], key: str, reply: Any) -> None:
    row = wire.as_row(reply, "page")
    for one in read(wire.as_rows(row.get(key), key)):
        assert all(isinstance(getattr(one, name), str) for name in ("device_id",))
        str(getattr(one, "state", "")), str(getattr(one, "found", ""))


def _read_upgrade(reply: Any) -> None:
    found = upgrade.read_upgrade(reply)
    assert found.state.over in (True, False)
    assert all(isinstance(one, str) for one in found.device_ids)


def _read_subscription(reply: Any) -> None:
    found = licenses.read_subscription(reply)
    assert found.free_licenses >= 0
    assert found.needs_licenses in (True, False)


def _read_packages(reply: Any) -> None:
    for one in firmware.read_packages(reply, "packages"):
        assert isinstance(one.request_protocol, str)


def _read_sync(reply: Any) -> None:
    assert all(one.succeeded in (True, False) for one in firmware.read_sync_results(reply))


def _read_changes(reply: Any) -> None:
    assert all(one.succeeded in (True, False) for one in campaign_wire.read_device_changes(reply))


def _read_licenses(reply: Any) -> None:
    row = wire.as_row(reply, "licenses")
    licenses.read_license_totals(row)
    licenses.read_licensed_devices(wire.as_rows(row.get("deviceList"), "deviceList"))


def _read_candidates(reply: Any) -> None:
    page = licenses.read_candidate_page(reply, first=0)
    assert all(isinstance(one, str) for one in page.device_ids)
    assert page.more in (True, False)


def _read_listener(reply: Any) -> None:
    found = callback.read_listener(reply)
    shown = view_listener(found, None)
    assert shown["registered"] is (found is not None)
    assert shown["address"].isprintable()


def _read_logging(reply: Any) -> None:
    for read in (
        device_logging.read_logging_devices,
        device_logging.read_device_logs,
        device_logging.read_check_ins,
    ):
        assert all(one.device_id for one in read(reply))


def _read_files(reply: Any) -> None:
    upload = configuration_file.FileUpload("n", "1", "m", "o", "/p", b"")
    found = configuration_file.find_upload(configuration_file.read_files(reply), upload)
    assert found is None or found.version == "1"


class _Pages:
    """Gives one page after the other, then empty ones."""

    def __init__(self, pages: list[Any]) -> None:
        self._left = pages
        self._asked: list[str | None] = []

    def __call__(self, cursor: str | None) -> object:
        assert cursor not in self._asked, "a cursor that repeats never ends"
        self._asked.append(cursor)
        return self._left.pop(0) if self._left else {}


def _read_page(pages: _Pages, shape: PageShape, cursor: str | None) -> Page[Row]:
    return read_page(pages(cursor), shape, "list", list)


def _read_pages(pages: list[Any]) -> None:
    for shape in (DEVICE_PAGES, CAMPAIGN_PAGES):
        given = _Pages([*pages, *pages[-1:]])
        rows = read_all_pages(partial(_read_page, given, shape), "list").items
        assert len({wire.text(row, *shape.row_id) for row in rows}) == len(rows)


_MORE = {"hasMoreFlag": True, "lastSeenDeviceId": "1", "deviceList": []}

REPLIES = (
    Target("campaign", _json(*examples.CAMPAIGNS), _read_campaign, (MalformedReply,), 2),
    Target("upgrade", _json(*examples.UPGRADES), _read_upgrade, (MalformedReply,)),
    Target(
        "device report",
        _json(examples.REPORT),
        partial(_read_rows, campaign_wire.read_campaign_devices, "deviceList"),
        (MalformedReply,),
    ),
    Target(
        "devices",
        _json(examples.DEVICES),
        partial(_read_rows, device.read_devices, "deviceList"),
        (MalformedReply,),
    ),
    Target("history", _json(examples.HISTORY), device.read_history, (MalformedReply,)),
    Target("packages", _json(*examples.PACKAGES.values()), _read_packages, (MalformedReply,)),
    Target("synchronized", _json(*examples.SYNCHRONIZED), _read_sync, (MalformedReply,)),
    Target("request id", _json({"requestId": "x"}), firmware.read_request_id, (MalformedReply,)),
    Target("success flag", _json({"success": True}), firmware.read_success, (MalformedReply,)),
    Target("device changes", _json(*examples.DEVICE_CHANGES), _read_changes, (MalformedReply,)),
    Target("subscription", _json(examples.SUBSCRIPTION), _read_subscription, (MalformedReply,)),
    Target("licenses", _json(examples.LICENSES), _read_licenses, (MalformedReply,)),
    Target("candidates", _json(examples.CANDIDATES), _read_candidates, (MalformedReply,)),
    Target("callbacks", _json(*examples.LISTENERS), _read_listener, (MalformedReply,)),
    Target("logging", _json(*examples.LOGGING), _read_logging, (MalformedReply,)),
    Target("files", _json(*examples.FILES), _read_files, (MalformedReply,)),
    Target(
        "pages",
        st.lists(_json(examples.REPORT, examples.CAMPAIGN_PAGE), min_size=1, max_size=4),
        _read_pages,
        (MalformedReply, UnexpectedReply),
        known=([_MORE] * 3,),
    ),
)


# -- words, times, headers, error bodies --------------------------------------------------------


def _read_times(text: str) -> None:
    moment = times.parse_time(text)
    assert moment is None or moment.utcoffset() is not None
    times.parse_date(text)
    windows.read_windows([{"startTime": text, "endTime": text}], "windows")


def _read_words(text: str) -> None:
    assert status.campaign_state(text).over in (True, False)
    status.device_state(text, text)
    status.call_succeeded(text)
    firmware.request_protocol(text), firmware.list_protocol(text)
    name = parse_name(text)
    assert name is None or str(name) == text


def _read_headers(text: str) -> None:
    moment = http_date(text)
    assert moment is None or 1900 < moment.year < 9000
    for now in (None, NOW):
        wait = retry_after(text, now=now, policy=POLICY)
        assert wait is None or 0 <= wait <= POLICY.longest_retry_after
    clock = ServiceClock()
    clock.observe(text)
    assert math.isfinite(clock.skew.total_seconds())


def _read_printable(text: str) -> None:
    shown = printable(text, secrets=("secret", ""))
    assert shown.isprintable()
    assert len(shown) <= LONGEST_TEXT
    assert "\x1b" not in shown


def _read_error(body: bytes) -> None:
    error = parse_error(body, secrets=("secret",))
    assert str(error).isprintable()
    for code in (400, 401, 403, 404, 500):
        stale_session(code, error), stale_bearer(code, error)
        assert hints.for_refusal(code, error)


_dates = st.one_of(
    texts,
    st.from_regex(
        r"\A\d{4}-?\d\d-?\d\d([T ]\d\d:?\d\d:?\d\d(\.\d{1,9})?)?([+-]\d\d:?\d\d|Z| \w+)?\Z"
    ),
    st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\w{1,5}\Z"),
    st.integers(-(10**12), 10**12).map(str),
)
_names = st.one_of(
    texts,
    st.from_regex(
        r"\Atsr\.[a-z0-9-]{1,20}\.[0-9a-f]{6}\.w\d\d\.[0-9a-f]{6}\.t\d{2,3}\.a\d\.n\d{1,6}\Z"
    ),
    st.sampled_from(("Campaign Scheduled", "NoDeviceDataFromNetwork", "AddDeviceSucceed")),
)


def _brackets(value: Any) -> bytes:
    """Give deep JSON without asking the encoder, which would give up first."""
    opening, closing, depth = b"", b"", 0
    while isinstance(value, (list, dict)):
        by_list, depth = isinstance(value, list), depth + 1
        value = value[0] if by_list else value["a"]
        opening, closing = (
            opening + (b"[" if by_list else b'{"a":'),
            closing + (b"]" if by_list else b"}"),
        )
    return opening + b"1" + closing


_bodies = st.one_of(
    st.binary(max_size=200),
    _json(*examples.ERRORS).map(lambda value: wire_text(value).encode()),
    texts.map(lambda text: f"<fault><code>{text}</code><title>{text}".encode("utf-8", "replace")),
    st.builds(nested, st.sampled_from((50, 3000)), by_list=st.booleans()).map(_brackets),
)


TEXTS = (
    Target("times", _dates, _read_times, known=("9999-12-31T23:59:59-14:00",)),
    Target(
        "status words and names",
        _names,
        _read_words,
        known=("tsr.meters.abcdef.w01.abcdef.t001.a1.n05",),
    ),
    Target(
        "headers",
        _dates,
        _read_headers,
        known=("Fri, 31 Dec 9999 23:59:59 +0000", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, "),
    ),
    Target("printable", texts, _read_printable),
    Target("error bodies", _bodies, _read_error),
)


# -- what a person gives, and what is kept on disk ----------------------------------------------


def _read_journal(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        journal = read_journal(file.name, "meters")
    assert all(one.replace("-", "").isalnum() for one in journal.campaign_ids)


def _read_devices_file(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        for check in imei.ImeiCheck:
            found = list(read_devices_file(file.name, option="devices_file", check=check))
            assert found and all(len(one.imei) == 15 and one.imei.isdigit() for one in found)
            assert (
                len({one.number for one in found})
                <= content.count(b"\n") + content.count(b"\r") + 1
            )


def _read_spec(raw: Any) -> None:
    read_spec(raw, find_zone=_find_zone)


def _read_campaign_options(given: dict[str, Any]) -> None:
    params = {name: option.get("default") for name, option in CAMPAIGN_OPTIONS.items()}
    read_specs({**params, "imei_check": "warn", **given})


def _read_upgrade_options(given: dict[str, Any]) -> None:
    params = {name: option.get("default") for name, option in UPGRADE_OPTIONS.items()}
    read_upgrade_spec({**params, **given}, "0000123456-00001")


def _check_values(value: Any) -> None:
    """Every check of a single option must refuse in one way."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: times.check_date(value, field="day"),
        lambda: account.check_account(value if isinstance(value, str) else str(value)),
        lambda: imei.check_device_ids([value], field="devices", check=imei.ImeiCheck.WARN),
        lambda: windows.check_windows([value], field="windows"),
        lambda: read_last_run(value if isinstance(value, dict) else {"passed": value}),
    )
    for check in checks:
        try:
            check()
        except InvalidValue as error:
            str(error)


# The argument spec of a module lets nothing else through.
_options = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("name", "campaign_id", "upgrade_id", "package", "from_version"), texts),
        **dict.fromkeys(("start_date", "end_date"), _dates),
        "devices": st.lists(st.one_of(texts, st.just(examples.IMEI)), max_size=3),
        "windows": st.lists(
            st.fixed_dictionaries({"start": st.integers(), "end": st.integers()}), max_size=2
        ),
    },
)
_journal_lines = st.one_of(
    st.binary(max_size=100),
    _json({"rollout": "meters", "phase": "running", "passed": ["a"], "created": ["a-b", "../x"]})
    .map(wire_text)
    .map(str.encode),
    st.builds(nested, st.sampled_from((50, 3000)), by_list=st.booleans()).map(_brackets),
)

_devices_lines = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        (
            f"{examples.IMEI} # a comment".encode(),
            b"\xef\xbb\xbfDevice ID;region;groups",
            f'"{examples.IMEI}", north,"a;b",'.encode(),
            b'imei,"not closed',
            b"3.58E+14,south",
            b"[",
            f'"{examples.IMEI}",'.encode(),
            b"]",
            b"\xff\xfe",
            b"\r",
            b"\0",
        )
    ),
    _json({"imei": examples.IMEI, "groups": ["a"], "region": "north"}, [examples.IMEI])
    .map(wire_text)
    .map(str.encode),
    st.builds(nested, st.sampled_from((50, 3000)), by_list=st.booleans()).map(_brackets),
)

# A folder of zones, and names that no file can have.
_ODD_ZONES = ("America", "x" * 5000, "../UTC", "\x00")

DECLARED = (
    Target(
        "rollout declarations",
        _json(examples.SPEC, examples.SOFTWARE_SPEC),
        _read_spec,
        (InvalidSpec,),
        2,
        known=tuple({**examples.SPEC, "calendar": {"timezone": zone}} for zone in _ODD_ZONES),
    ),
    Target("campaign options", _options, _read_campaign_options, (InvalidValue,)),
    Target("upgrade options", _options, _read_upgrade_options, (InvalidValue,)),
    Target("single options", st.one_of(values, st.sampled_from(WORDS)), _check_values),
    Target(
        "journal",
        st.lists(_journal_lines, max_size=4).map(b"\n".join),
        _read_journal,
        (InvalidValue,),
        known=(b"[" * 100_000,),
    ),
    Target(
        "devices file",
        st.lists(_devices_lines, max_size=6).map(b"\n".join),
        _read_devices_file,
        (InvalidValue,),
        known=(b"[" * 100_000, b'[{"a":' * 100_000, b"{" * 100_000, b"[" + b"9" * 5000 + b"]"),
    ),
)
