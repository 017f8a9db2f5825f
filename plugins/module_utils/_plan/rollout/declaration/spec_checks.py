# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What values of a declaration must be to each other; each of them was read already.

A value that could not be read is false (:data:`INVALID`), and no check reports it once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, tzinfo
from difflib import get_close_matches
from typing import Any

from ...._model.campaign import CampaignType
from ...._model.imei import shorten
from ...._model.text import count
from .calendar import compile_windows
from .option_types import INVALID, Problems, valid
from .rollout_options import MOST_WAVES
from .spec import Licensing, Selected, Wave, WaveKind

# Variable of a device that names its own zone.
ZONE_VARIABLE = "timezone"
# A day without a clock change anywhere: what is never open on it is never open.
_PLAIN_DAY = date(2026, 1, 15)

Values = Mapping[str, Any]


def check_rollout(values: Values, problems: Problems) -> None:
    """Check what stands at the top, targets and packages."""
    for place, target in valid(values["target"]):
        before = values["target"][:place]
        if any(_same(target, other, "make", "model") for _place, other in valid(before)):
            problems.add(
                f"rollout.target[{place}].model",
                f"another entry is for this model of {target['make']}: give one version",
                target["model"],
            )
    if values["type"] == CampaignType.SOFTWARE.value:
        _check_software(values, problems)
    elif values["type"]:
        if values["packages"] is not None:
            problems.add(
                "rollout.packages",
                "only software needs them; the catalog of the account has those of firmware",
            )
        if values["verify"] == "reported_is_enough":
            problems.add(
                "rollout.verify",
                "must be 'read' for firmware, whose version can be read",
                values["verify"],
            )


def _check_software(values: Values, problems: Problems) -> None:
    protocols = CampaignType.SOFTWARE.protocols
    if values["protocol"] and values["protocol"] not in protocols:
        problems.add(
            "rollout.protocol",
            f"must be {' or '.join(map(repr, protocols))} for software",
            values["protocol"],
        )
    if values["assign_licenses"] == str(Licensing.SERVICE):
        problems.add(
            "rollout.assign_licenses",
            "the service assigns no licenses for software: use before_wave, or assign them first",
        )
    if values["packages"] is None:
        problems.add("rollout.packages", "is required with type: software")
    for place, package in valid(values["packages"]):
        where = f"rollout.packages[{place}]"
        if _same(package, {"to": package["from"]}, "to"):
            problems.add(f"{where}.to", "must be another version than from", package["to"])
        before = values["packages"][:place]
        if any(_same(package, other, "name") for _place, other in valid(before)):
            problems.add(f"{where}.name", "another package has this name", package["name"])


def check_waves(waves: Any, where: str, problems: Problems) -> None:
    """Check waves and their places."""
    entries = list(valid(waves))
    if len(entries) > MOST_WAVES:
        problems.add(where, f"must have at most {MOST_WAVES} entries")
        return
    for place, wave in entries:
        before = [other for other_place, other in entries if other_place < place]
        if any(_same(wave, other, "name") for other in before):
            problems.add(f"{where}[{place}].name", "another wave has this name", wave["name"])
        _check_wave(wave, f"{where}[{place}]", problems, last=place == len(waves) - 1)
    percents = sum(wave["percent"] for _place, wave in entries if wave["percent"])
    if percents > 100:
        problems.add(
            where,
            f"their percents add up to {float(percents):g} and must not exceed 100, as each is a"
            " share of all devices in scope",
        )


def _check_wave(wave: Values, where: str, problems: Problems, *, last: bool) -> None:
    kinds = kinds_of(wave)
    if len(kinds) != 1:
        problems.add(
            where,
            f"must have exactly one of {', '.join(kind.value for kind in WaveKind)}, and has"
            f" {', '.join(kind.value for kind in kinds) or 'none'}",
        )
        return
    (kind,) = kinds
    if wave["rest"] is False:
        problems.add(f"{where}.rest", "must be true, or left out", wave["rest"])
    elif wave["rest"] and not last:
        problems.add(f"{where}.rest", "must be in the last wave only, as it takes all that is left")
    elif kind is not WaveKind.REST and last:
        problems.add(where, "the last wave must have rest: true, or devices would be left out")
    if wave["diversity"] is not None and kind is not WaveKind.PER_PACKAGE:
        given = list(wave["diversity"] or ())
        problems.add(f"{where}.diversity", "must be in a wave with per_package", given or None)
    if wave["at_least"] is not None and kind not in (WaveKind.PER_PACKAGE, WaveKind.PERCENT):
        problems.add(
            f"{where}.at_least", "must be in a wave with per_package or percent", wave["at_least"]
        )


def kinds_of(wave: Values) -> list[WaveKind]:
    """Give the ways in which a wave says which devices are its own; there must be one."""
    return [kind for kind in WaveKind if wave[kind.value] is not None]


def check_variables(
    waves: Sequence[Wave], devices: Sequence[Selected], where: str, problems: Problems
) -> None:
    """Check that devices have what a wave chooses by."""
    for wave in waves:
        place = f"{where}[{wave.number - 1}]"
        group = wave.group
        if group and devices and not any(group in device.groups for device in devices):
            problems.add(
                f"{place}.group",
                "no selected device is in this group; check the name, and that devices come with"
                " their groups (rollout_hosts, or the lookup fota_hosts)",
                group,
            )
        for variable in wave.diversity:
            bare = [device for device in devices if variable not in device.variables]
            if bare:
                keys = {key.lower(): key for key in bare[0].variables}
                near = get_close_matches(variable.lower(), keys, n=1)
                meant = f"; did you mean {keys[near[0]]}?" if near else ""
                problems.add(
                    f"{place}.diversity",
                    f"{count(len(bare), 'device')} without such a variable: {_names(bare)}{meant}",
                    variable,
                )


def check_signatures(values: Values, waves: Sequence[Wave], problems: Problems) -> None:
    """Check approvals and accepts against the waves that they are for."""
    named = {wave.name: wave for wave in waves}
    for key in ("approved", "accept"):
        for place, entry in valid(values[key]):
            where = f"rollout.{key}[{place}]"
            wave = named.get(entry["wave"])
            if wave is None and entry["wave"] and waves and all(named):
                names = ", ".join(named)
                problems.add(f"{where}.wave", f"must be the name of a wave: {names}", entry["wave"])
    for place, entry in valid(values["accept"]):
        up_to, failures = entry["up_to"], entry["failures"]
        if (up_to, entry["missing"], entry["again"]) == (None, None, None):
            why = "is required, unless missing or again is given"
            problems.add(f"rollout.accept[{place}].up_to", why)
        if isinstance(up_to, int) and isinstance(failures, int) and up_to < failures:
            problems.add(
                f"rollout.accept[{place}].up_to",
                f"must be at least {failures}, the failures that there are",
                up_to,
            )


def check_calendar(
    calendar: Values, devices: Sequence[Selected], zones: Mapping[str, tzinfo], problems: Problems
) -> None:
    """Check that windows have zones, and are open in them; and that freezes end after they begin.

    :param zones: the rules of those that are known.
    """
    windows = calendar["windows"]
    for name, imeis in named_zones(calendar, devices).items():
        if not name:
            problems.add(
                "rollout.calendar.timezone",
                f"is required with windows, for {count(len(imeis), 'device')} without the variable"
                f" {ZONE_VARIABLE}: {shorten(imeis)}",
            )
        elif name not in zones:
            of_devices = f" (of {shorten(imeis)})" if imeis else ""
            problems.add(
                "rollout.calendar.timezone",
                f"must be UTC or a zone such as America/Chicago{of_devices}; a machine without zone"
                " data needs the Python package tzdata",
                name,
            )
        elif windows and not compile_windows(
            windows, zones[name], start=_PLAIN_DAY, end=_PLAIN_DAY
        ):
            problems.add(
                "rollout.calendar.windows",
                f"must hold a whole UTC hour, and hold none in {name}",
                [str(window) for window in windows],
            )
    for place, freeze in valid(calendar["freeze"]):
        first, last = freeze["from"], freeze["to"]
        if first and last and first > last:
            problems.add(
                f"rollout.calendar.freeze[{place}].to",
                f"must not be before from, {first}",
                str(last),
            )


def named_zones(calendar: Values, devices: Sequence[Selected]) -> dict[str, list[str]]:
    """Give every zone that the calendar or a device names, with devices that name it themselves.

    Windows are in local time, so a zone is needed then; an empty name stands for none.
    """
    if calendar["timezone"] is INVALID:
        return {}
    zone = calendar["timezone"] or ""
    named: dict[str, list[str]] = {zone: []} if zone else {}
    if calendar["windows"]:
        for device in devices:
            own = device.variables.get(ZONE_VARIABLE, "")
            if own or not zone:
                named.setdefault(own, []).append(device.imei)
    return named


def _same(entry: Values, other: Values, *keys: str) -> bool:
    return all(entry[key] and entry[key] == other[key] for key in keys)


def _names(devices: Iterable[Selected]) -> str:
    return shorten(
        [f"{device.imei} ({device.host})" if device.host else device.imei for device in devices]
    )
