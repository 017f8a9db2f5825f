# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as a playbook holds them: IMEIs, records of lookups and modules, variables of hosts.

Only the keys that are needed are read, as reading a value of ``hostvars`` renders it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..._model.device_lines import find_digits, find_imei, has_imei_word, why_no_imei
from ..._model.errors import InvalidValue
from ..._model.imei import luhn_is_valid
from ..._model.text import as_text, short_key
from ..._plan.compliance import Compliance, judge_version

MOST_NAMED = 5
_VERSION_KEYS = ("version", "firmware", "fota_firmware")
_HOST_KEYS = ("host", "inventory_hostname")


def list_imeis(devices: object, *, check_digit: bool = False) -> list[str]:
    """Give the IMEIs of devices in their first order, each once.

    :param devices: IMEIs or records, or a result of a module that has them in ``devices``.
    :raises InvalidValue: devices have no IMEI or, with ``check_digit``, a wrong check digit.
    """
    return list(
        dict.fromkeys(imei for imei, _entry in read_records(devices, check_digit=check_digit))
    )


def read_records(devices: object, *, check_digit: bool = False) -> list[tuple[str, object]]:
    """Give every device of :func:`list_imeis` with its record; repeated devices are kept."""
    found: list[tuple[str, object]] = []
    wrong: list[str] = []
    for place, entry in enumerate(_entries(devices)):
        value = find_imei(entry) if isinstance(entry, Mapping) else entry
        imei = find_digits(value)
        if imei is None:
            wrong.append(
                f"{_name(place, entry)}: {why_no_imei(value)}{_name_near_key(entry, value)}"
            )
        elif check_digit and not luhn_is_valid(imei):
            wrong.append(f"{_name(place, entry)}: {imei} has a wrong check digit")
        else:
            found.append((imei, entry))
    if wrong:
        more = f"; and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        raise InvalidValue("devices", f"{len(wrong)} of them", "; ".join(wrong[:MOST_NAMED]) + more)
    return found


def _name_near_key(entry: object, value: object) -> str:
    """Name the first key of a record that may hold its IMEI, where no key does."""
    if value is not None or not isinstance(entry, Mapping):
        return ""
    near = next((key for key in entry if isinstance(key, str) and has_imei_word(key)), None)
    return "" if near is None else f"; the key {short_key(near)} must be named imei"


def is_imei(value: object, *, check_digit: bool = True) -> bool:
    """Tell whether a value is an IMEI: 15 digits, the last of which is its check digit."""
    text = as_text(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) != 15 or find_digits(text) is None:
        return False
    return not check_digit or luhn_is_valid(text)


def is_at_version(device: object, version: str) -> bool:
    """Tell whether a device runs exactly a version; an unknown version does not count.

    :param device: a record, or the version that a device runs.
    :raises InvalidValue: a record has no key for a version, or no version is asked for.
    """
    if not isinstance(version, str) or not version:
        raise InvalidValue("version", version, "must be a text that is not empty; quote it")
    running = device
    if isinstance(device, Mapping):
        key = find_key(device, _VERSION_KEYS)
        if key is None:
            known = ", ".join(_VERSION_KEYS)
            raise InvalidValue("device", _name(None, device), f"must have one of the keys {known}")
        running = device[key]
    if running is not None and not isinstance(running, str):
        reason = "must be a record, or a version as text; quote it in YAML"
        raise InvalidValue("device", running, reason)
    return judge_version(running or "", version) is Compliance.AT_TARGET


def find_key(record: Mapping[Any, object], keys: Iterable[str]) -> str | None:
    """Give the first of the keys that a record has."""
    return next((key for key in keys if key in record), None)


def _entries(devices: object) -> Iterator[object]:
    if isinstance(devices, Mapping) and isinstance(devices.get("devices"), (list, tuple)):
        devices = devices["devices"]
    if isinstance(devices, (str, bytes, Mapping)) or not isinstance(devices, Iterable):
        raise InvalidValue(
            "devices",
            type(devices).__name__,
            "must be a list of IMEIs or records; for hosts, map their names with extract of"
            " hostvars",
        )
    return iter(devices)


def _name(place: int | None, entry: object) -> str:
    """Name a record by its place, and by its host where it has one."""
    key = find_key(entry, _HOST_KEYS) if isinstance(entry, Mapping) else None
    host = short_key(entry[key]) if isinstance(entry, Mapping) and key else ""
    if place is None:
        return host or "the record"
    return f"[{place}] ({host})" if host else f"[{place}]"
