# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the calendar of a declaration: local windows, zones and freezes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta, tzinfo

from ...._model.errors import InvalidValue
from ...._model.imei import shorten
from ...._model.times import check_date
from .calendar import Calendar, Freeze, LocalWindow, compile_windows
from .sections import Section
from .spec import Selected

# Variable of a device that names its own zone.
ZONE_VARIABLE = "timezone"
UTC = "UTC"
_WINDOW = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.ASCII)
# A day without a clock change anywhere: what is never open on it is never open.
_PLAIN_DAY = date(2026, 1, 15)


def read_calendar(
    top: Section, devices: Sequence[Selected], find_zone: Callable[[str], tzinfo | None]
) -> tuple[Calendar, Mapping[str, tzinfo]]:
    """Read the calendar, and find the rules of every zone that it or a device names."""
    section = Section(top.raw.get("calendar"), "calendar", top.problems)
    section.know("windows", "timezone", "freeze", "lead_hours", "min_days")
    windows = _read_windows(section)
    zone = section.text("timezone", default="")
    named: dict[str, list[str]] = {zone: []} if zone else {}
    if windows:
        for device in devices:
            own = device.variables.get(ZONE_VARIABLE, "")
            if own or not zone:
                named.setdefault(own, []).append(device.imei)
    zones = _find_zones(section, named, find_zone)
    for name, rules in zones.items():
        if windows and not compile_windows(windows, rules, start=_PLAIN_DAY, end=_PLAIN_DAY):
            section.refuse("windows", f"no whole UTC hour lies inside them in {name}")
    calendar = Calendar(
        windows=windows,
        zone=zone,
        freezes=_read_freezes(section),
        lead=timedelta(hours=section.whole("lead_hours", default=12, least=1, most=720)),
        min_days=section.whole("min_days", default=2, least=1, most=31),
    )
    return calendar, {**zones, **({} if UTC in zones else _only(UTC, find_zone))}


def _only(name: str, find_zone: Callable[[str], tzinfo | None]) -> dict[str, tzinfo]:
    rules = find_zone(name)
    return {} if rules is None else {name: rules}


def _find_zones(
    section: Section,
    named: Mapping[str, Sequence[str]],
    find_zone: Callable[[str], tzinfo | None],
) -> dict[str, tzinfo]:
    zones = {}
    for name, imeis in named.items():
        of_devices = f" (of {shorten(imeis)})" if imeis else ""
        if not name:
            section.problems.append(
                f"calendar.timezone: windows are local, and {len(imeis)} devices have neither a"
                f" variable {ZONE_VARIABLE} nor this: {shorten(imeis)}"
            )
            continue
        rules = find_zone(name)
        if rules is None:
            section.problems.append(
                f"calendar.timezone = {name!r}{of_devices}: no such zone is known here; zones are"
                " called like America/Chicago, and a machine without zone data needs the Python"
                " package tzdata"
            )
        else:
            zones[name] = rules
    return zones


def _read_windows(section: Section) -> tuple[LocalWindow, ...]:
    found = []
    for text in section.texts("windows"):
        match = _WINDOW.fullmatch(text.strip())
        hours = [int(part) for part in match.groups()] if match else []
        if not match or hours[0] > 23 or hours[2] > 24 or max(hours[1], hours[3]) > 59:
            section.problems.append(
                f"calendar.windows = {text!r}: is no window such as '22:00-04:00' (local time)"
            )
            continue
        window = LocalWindow(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])
        if window.start == window.end or window.end > 24 * 60:
            section.problems.append(f"calendar.windows = {text!r}: is empty or ends after 24:00")
            continue
        found.append(window)
    return tuple(sorted(found))


def _read_freezes(section: Section) -> tuple[Freeze, ...]:
    found = []
    for entry in section.sections("freeze", required=False):
        entry.where = f"calendar.{entry.where}"
        entry.know("from", "to", "why")
        days = []
        for key in ("from", "to"):
            try:
                days.append(check_date(entry.text(key), field=key))
            except InvalidValue as error:
                entry.refuse(key, error.reason)
        if len(days) == 2 and days[0] > days[1]:
            entry.refuse("to", f"is before {days[0]}, where the freeze begins")
        elif len(days) == 2:
            found.append(Freeze(days[0], days[1], entry.text("why", default="")))
    return tuple(sorted(found))
