# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device ids: every version of the service keys devices by a 15-digit IMEI sent as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from .errors import InvalidValue

IMEI_DIGITS = 15
# What every second digit counts: the sum of the digits of its double.
_DOUBLED = str.maketrans("0123456789", "0246813579")


class ImeiCheck(Enum):
    """What a wrong Luhn check digit means. The vendor's own examples all fail the check."""

    WARN = "warn"
    STRICT = "strict"
    OFF = "off"


@dataclass(frozen=True)
class DeviceIds:
    """Device ids as declared, checked, in their first order, each once.

    :ivar ids: 15-digit IMEIs.
    :ivar warnings: what was merged or looks wrong, for a person to read.
    """

    ids: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def luhn_is_valid(imei: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of those before it."""
    others = imei[-2::-2].translate(_DOUBLED)
    # Bytes of digits add up without a loop of Python's, which counts for 100 000 devices.
    total = sum(imei[-1::-2].encode()) + sum(others.encode()) - ord("0") * len(imei)
    return total % 10 == 0


def check_device_ids(values: Iterable[object], *, field: str, check: ImeiCheck) -> DeviceIds:
    """Check device ids that a person gave, before any call.

    :param field: the option's name, used in errors with the place in the list.
    :raises InvalidValue: a value is not 15 digits, or has a wrong check digit under ``strict``.
    """
    seen: dict[str, None] = {}
    repeated: dict[str, None] = {}
    wrong: list[str] = []
    for place, value in enumerate(values):
        imei = str(value).strip()
        if len(imei) != IMEI_DIGITS or not (imei.isascii() and imei.isdigit()):
            raise InvalidValue(
                f"{field}[{place}]",
                value,
                "a device id is an IMEI of exactly 15 digits (quote it, so that zeros stay)",
            )
        if imei in seen:
            repeated[imei] = None
            continue
        seen[imei] = None
        if check is not ImeiCheck.OFF and not luhn_is_valid(imei):
            if check is ImeiCheck.STRICT:
                raise InvalidValue(
                    f"{field}[{place}]", value, "wrong check digit (imei_check=strict)"
                )
            wrong.append(imei)
    warnings = []
    if repeated:
        warnings.append(f"{field}: merged {len(repeated)} repeated: {shorten(repeated)}")
    if wrong:
        warnings.append(
            f"{field}: {len(wrong)} with a wrong check digit, used all the same: {shorten(wrong)}"
        )
    return DeviceIds(ids=tuple(seen), warnings=tuple(warnings))


def shorten(ids: Iterable[str], *, most: int = 5) -> str:
    """Give the first ``most`` ids as one line and say how many more there are."""
    listed = list(ids)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
