# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses requests as the service does, with its error messages.

Keys are case-insensitive, as in the real service (CONTRACT section 12, quirk 3). Null counts as
absent, and unknown keys are ignored.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from ..lifecycle.campaigns import Campaigns
from ..lifecycle.licenses import Licenses
from ..lifecycle.upgrades import Upgrades
from ..state.clock import day_of, day_start, parse_day, parse_rfc3339
from ..state.cursors import CursorError, Page
from ..state.imei import is_imei
from ..state.json_types import is_integer
from ..state.records import Account, Credentials
from ..state.service_state import ServiceState
from ..state.sorted_imeis import SortedImeis
from ..state.windows import Window, merged
from .errors import invalid
from .exchange import Request

_ACCOUNT = re.compile(r"[0-9]{10}-[0-9]{5}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)

BINDING = "Input binding error"
BAD_CURSOR = "LastSeenDeviceId Not Valid"


class Body:
    """A JSON object of a request."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise invalid(BINDING)
        self._data = {str(key).lower(): value for key, value in data.items()}

    @classmethod
    def parse(cls, raw: bytes) -> Body:
        try:
            return cls(json.loads(raw))
        except (ValueError, RecursionError):
            raise invalid(BINDING) from None

    def get(self, name: str) -> Any:
        return self._data.get(name.lower())

    def text(self, name: str) -> str:
        """A required string."""
        value = self.optional_text(name)
        if not value:
            raise invalid(f"Invalid {name}")
        return value

    def optional_text(self, name: str) -> str | None:
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(BINDING)
        return value

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise invalid(BINDING)
        return bool(value)

    def day(self, name: str) -> int:
        """A required date, as a day number."""
        day = self.optional_day(name)
        if day is None:
            raise invalid(f"Invalid {name}")
        return day

    def optional_day(
        self, name: str, *, with_time: bool = False, zone_optional: bool = False
    ) -> int | None:
        """A date, as a day number.

        ``with_time`` also accepts a time, ``zone_optional`` one without a time zone, as UTC.
        """
        value = self.optional_text(name)
        if not value:
            return None
        try:
            return parse_day(value)
        except ValueError:
            if not with_time:
                raise invalid(f"Invalid {name}") from None
        for text in (value, f"{value}Z") if zone_optional else (value,):
            with suppress(ValueError, OverflowError):
                return day_of(parse_rfc3339(text))
        raise invalid(f"Invalid {name}")

    def windows(
        self, name: str, *, overlap: bool, hours_as_text: bool = False
    ) -> tuple[Window, ...] | None:
        """Windows of whole hours in the order of the request, or None without a list.

        ``overlap`` accepts windows that overlap, ``hours_as_text`` accepts hours as text.
        """
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise invalid(BINDING)
        windows = tuple(_window(item, hours_as_text=hours_as_text) for item in value)
        ordered = sorted(windows)
        if not overlap and any(b[0] < a[1] for a, b in pairwise(ordered)):
            raise invalid(f"Invalid {name}: time windows overlap")
        return windows

    def devices(self, *, limit: int | None = None, name: str = "deviceList") -> list[str]:
        """The device list without duplicates."""
        value = self.get(name)
        if value is None or value == []:
            raise invalid("Device list is empty")
        if not isinstance(value, list):
            raise invalid(BINDING)
        for item in value:
            if not is_imei(item):
                raise invalid("Invalid device id format")
        if limit is not None and len(value) > limit:
            raise invalid(f"Device list exceeds {limit} devices")
        return list(dict.fromkeys(value))


def _window(item: Any, *, hours_as_text: bool) -> Window:
    body = Body(item)
    hours = []
    for name in ("startTime", "endTime"):
        value = body.get(name)
        if (
            hours_as_text
            and isinstance(value, str)
            and re.fullmatch(r"[0-9]{1,2}", value, re.ASCII)
        ):
            value = int(value)
        if not is_integer(value):
            raise invalid(f"Invalid {name}")
        hours.append(value)
    start, end = hours
    if not 0 <= start <= 23 or not 1 <= end <= 24 or start >= end:
        raise invalid("Invalid time window")
    return start, end


@dataclass(frozen=True, slots=True)
class Call:
    """One authorized call of a FOTA operation, as it is passed to its handler."""

    state: ServiceState
    campaigns: Campaigns
    upgrades: Upgrades
    licenses: Licenses
    request: Request
    params: dict[str, str]
    user: Credentials

    @property
    def body(self) -> Body:
        return Body.parse(self.request.body)

    @property
    def api(self) -> str:
        """The version of the API in the path."""
        return self.request.segments[2]

    @property
    def account(self) -> Account:
        """The account in the path."""
        return self.account_named(self.params["accountName"])

    def account_named(self, name: str) -> Account:
        account = self.state.accounts.get(name)
        if account is not None and (self.user.accounts is None or name in self.user.accounts):
            return account
        if not _ACCOUNT.fullmatch(name):
            raise invalid("Invalid account name format")
        raise invalid("Inactive account")

    @property
    def device_id(self) -> str:
        """The IMEI in the path."""
        imei = self.params["deviceId"]
        if not is_imei(imei):
            raise invalid("Invalid device id format")
        return imei

    def uuid(self, name: str, message: str) -> str:
        """A UUID in the path."""
        value = self.params[name]
        try:
            return str(UUID(value))
        except ValueError:
            raise invalid(message) from None

    def number(self, name: str) -> str:
        """Digits in the path."""
        value = self.params[name]
        if not _NUMBER.fullmatch(value):
            raise invalid("Invalid index value")
        return value

    def cursor(self) -> str:
        """``lastSeenDeviceId``: empty, 0 or an IMEI."""
        value = self.request.query("lastSeenDeviceId") or ""
        if value.strip("0") and not is_imei(value):
            raise invalid(BAD_CURSOR)
        return value

    def page(self, list_name: str, order: SortedImeis, cursor: str | None = None) -> Page:
        """The page of the named device list after the call's cursor."""
        if cursor is None:
            cursor = self.request.query("lastSeenDeviceId") or ""
        try:
            return self.state.cursors.page(list_name, order, cursor)
        except CursorError:
            raise invalid(BAD_CURSOR) from None

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """A query value out of a list, or None without one."""
        value = self.request.query(name)
        if value and value not in choices:
            raise invalid(f"Invalid {name}")
        return value or None


def check_new_dates(state: ServiceState, start: int, end: int | None, *, message: str) -> None:
    """Check the dates of a new campaign or upgrade (Q10, Q11)."""
    today = day_of(state.now)
    earliest = {"today": today, "tomorrow": today + 1, "past": 0}[state.switches["start_date"]]
    if start < earliest:
        raise invalid(message)
    if end is None:
        return
    check_range(state, start, end)
    if day_start(end + 1) <= state.now:
        raise invalid("Invalid endDate")


def check_range(state: ServiceState, start: int, end: int) -> None:
    """Check that the end is not before the start and not too long after it."""
    if end < start:
        raise invalid("endDate is before startDate")
    longest = state.switches["max_campaign_days"]
    if longest != "none" and end - start >= int(longest):
        raise invalid(f"Campaign is longer than {longest} days")


def device_limit(state: ServiceState) -> int | None:
    """The maximum number of devices in one call (Q12)."""
    limit = state.switches["max_devices_per_call"]
    return None if limit == "none" else int(limit)


def device_change(call: Call) -> tuple[str, list[str]]:
    """``append`` or ``remove``, and the devices; the body may be wrapped (Q4)."""
    body = call.body
    form = call.state.switches["device_change_body"]
    wrapped = body.get("addOrRemoveDevice")
    if wrapped is not None:
        if form == "flat" or not isinstance(wrapped, list) or len(wrapped) != 1:
            raise invalid(BINDING)
        body = Body(wrapped[0])
    elif form == "wrapped":
        raise invalid(BINDING)
    verb = body.text("type")
    if verb not in ("append", "remove"):
        raise invalid("Invalid type")
    return verb, body.devices(limit=device_limit(call.state))


def device_change_rows(
    call: Call, verb: str, results: list[tuple[str, str | None]]
) -> list[dict[str, str]]:
    """The rows of an added or removed device (Q14)."""
    rows = []
    name, past = ("Add", "added") if verb == "append" else ("Remove", "removed")
    example_status = call.state.switches["remove_words"] == "seed"
    for imei, reason in results:
        if reason is not None:
            status, text = f"{name}DeviceFailed", reason
        elif example_status:
            status, text = "AddDeviceSucceed", "Device added Successfully"
        else:
            status, text = f"{name}DeviceSucceed", f"Device {past} Successfully"
        rows.append({"deviceId": imei, "status": status, "Reason": text})
    return rows


def window_rows(state: ServiceState, windows: tuple[Window, ...]) -> list[dict[str, int]]:
    """Windows in the order of the reply (Q18)."""
    order = state.switches["window_order"]
    listed = list(windows)
    if order == "sorted":
        listed.sort()
    elif order == "merged" and listed:
        listed = merged(listed)
    return [{"startTime": start, "endTime": end} for start, end in listed]
