# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the selected devices of a declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ...._model.device_lines import DeviceLine, find_imei, is_imei_key
from ...._model.errors import InvalidValue
from ...._model.imei import ImeiCheck, check_device_ids, shorten, split_ids
from ...._model.text import as_text, brief
from .option_types import Problems
from .spec import Selected

# Variables that are read, as their names are without case, blanks, "-" and "_".
_SPELLINGS = {"timezone": "timezone", "groups": "groups", "group": "groups"}

ReadFile = Callable[[str, Any], Iterator[DeviceLine]]
"""Gives the devices of ``devices_file`` by ``imei_column``, or raises InvalidValue."""


def no_file(path: str, _column: str | None) -> Iterator[DeviceLine]:
    """Refuse files, where they cannot be read."""
    raise InvalidValue("devices_file", path, "files are not read here: give devices")


def read_devices(
    values: Mapping[str, Any], imei_check: ImeiCheck, read_file: ReadFile, problems: Problems
) -> tuple[tuple[Selected, ...], tuple[str, ...]]:
    """Read devices: IMEIs, or mappings of ``imei``, ``host``, ``groups`` and variables.

    :returns: the devices, and what was merged or looks wrong, for a person to read.
    """
    devices, file = values["devices"], values["devices_file"]
    if isinstance(devices, str):
        devices = split_ids(devices)
    if file is not None and devices is not None:
        problems.add("rollout.devices_file", "devices are given, too: give one of the two", file)
    elif file:
        lines = read_file(file, values["imei_column"] or None)
        return _read_all("devices_file", _entries_of_file(lines), imei_check, problems)
    elif file is None and isinstance(devices, (list, tuple)) and devices:
        entries = ((f"rollout.devices[{n}]", entry) for n, entry in enumerate(devices))
        return _read_all("devices", entries, imei_check, problems)
    elif file is None:
        problems.add(
            "rollout.devices",
            "must be a list of at least one device; no device is selected: set rollout_hosts of the"
            " role and check its pattern, or give devices or devices_file",
            devices,
        )
    return (), ()


def _read_all(
    key: str, entries: Iterable[tuple[str, object]], imei_check: ImeiCheck, problems: Problems
) -> tuple[tuple[Selected, ...], tuple[str, ...]]:
    found: dict[str, Selected] = {}
    wrong: list[str] = []
    merged, remarks = 0, list[str]()
    try:
        for place, entry in entries:
            device = _read_device(entry)
            if device is None:
                given = _imei_of(entry) if isinstance(entry, Mapping) else entry
                wrong.append(f"{place} = {brief(entry if given is None else given)}")
            elif device.imei in found:
                merged += 1
                if device.variables != found[device.imei].variables:
                    problems.add(place, "is given twice, with other variables", device.imei)
            else:
                found[device.imei] = device
        if merged:
            remarks.append(f"{key}: merged {merged} that were declared twice")
        remarks += check_device_ids(found, field=key, check=imei_check).warnings
    except InvalidValue as error:
        problems.add(f"rollout.{error.field}", error.reason, error.value)
    if wrong:
        problems.lines.append(
            f"{shorten(wrong)}: must be an IMEI of exactly 15 digits (quote it, so that zeros"
            " stay), or a dictionary with such an imei"
        )
    return tuple(found.values()), tuple(remarks)


def _entries_of_file(lines: Iterable[DeviceLine]) -> Iterator[tuple[str, object]]:
    """Give what a list of devices would hold, and the lines it comes from."""
    for line in lines:
        yield f"rollout.devices_file line {line.number}", {**line.fields, "imei": line.imei}


def _imei_of(entry: Mapping[Any, object]) -> object:
    """Give the value of C(imei), also in another spelling or as C(deviceId); None without any."""
    return entry["imei"] if "imei" in entry else find_imei(entry)


def _read_device(entry: object) -> Selected | None:
    if not isinstance(entry, Mapping):
        entry = {"imei": entry}
    imei = as_text(_imei_of(entry)).strip()
    if len(imei) != 15 or not (imei.isascii() and imei.isdigit()):
        return None
    named = _find_keys(tuple(map(as_text, entry)))
    groups = entry.get(named.get("groups", ""))
    if isinstance(groups, str):
        groups = [group.strip() for group in groups.split(";") if group.strip()]
    variables = {
        as_text(key): as_text(value)
        for key, value in entry.items()
        if key not in ("host", "groups") and not is_imei_key(key) and value is not None
    }
    zone = variables.get(named.get("timezone", ""))
    return Selected(
        imei=imei,
        host=as_text(entry.get("host", "")),
        groups=tuple(str(group) for group in groups) if isinstance(groups, (list, tuple)) else (),
        variables=variables if zone is None else {**variables, "timezone": zone},
    )


@lru_cache(maxsize=64)
def _find_keys(keys: tuple[str, ...]) -> Mapping[str, str]:
    """Find the keys of a device that mean its time zone and its groups, however they are spelled.

    :raises InvalidValue: a key nearly is one of them, or two keys are the same one.
    """
    found = {key: key for key in _SPELLINGS.values() if key in keys}
    for key in keys:
        bare = re.sub(r"[\s_-]", "", key).lower()
        meant = _SPELLINGS.get(bare)
        if meant is None:
            near = get_close_matches(bare, _SPELLINGS, n=1, cutoff=0.85)
            if near and (name := _SPELLINGS[near[0]]) not in keys:
                raise InvalidValue("devices", key, f"nearly is the variable {name}; spell it so")
        elif meant not in found:
            found[meant] = key
        elif found[meant] != key and not (meant == found[meant] == "groups"):
            # Hosts of an inventory always have groups, and may have a variable group.
            raise InvalidValue("devices", key, f"{found[meant]} is given, too: it is the same")
    return found
