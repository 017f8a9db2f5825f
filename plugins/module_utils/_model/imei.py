# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device ids: all versions of the service identify devices by a 15-digit IMEI as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from .errors import InvalidValue
from .text import as_text, brief, count

IMEI_DIGITS = 15
MOST_NAMED = 5
_BETWEEN = re.compile(r"[\s,;]+")
# The value of every second digit: the digit sum of its double.
_DOUBLED = str.maketrans("0123456789", "0246813579")


class ImeiCheck(Enum):
    """How to treat a wrong Luhn check digit. All examples of the vendor fail the check."""

    WARN = "warn"
    STRICT = "strict"
    OFF = "off"


@dataclass(frozen=True)
class DeviceIds:
    """Checked device ids in their original order, without duplicates.

    :ivar ids: 15-digit IMEIs.
    :ivar warnings: warnings about duplicates and wrong check digits.
    """

    ids: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def luhn_is_valid(imei: str) -> bool:
    """Return whether the last digit is the Luhn check digit of the others."""
    others = imei[-2::-2].translate(_DOUBLED)
    # Sum of bytes instead of a loop, which matters for 100 000 devices.
    total = sum(imei[-1::-2].encode()) + sum(others.encode()) - ord("0") * len(imei)
    return total % 10 == 0


def check_device_ids(values: Iterable[object], *, field: str, check: ImeiCheck) -> DeviceIds:
    """Check device ids of the user, before any call.

    :param field: the name of the option, used in errors with the position in the list.
    :raises InvalidValue: a value is not 15 digits, or has a wrong check digit under ``strict``.
    """
    seen: dict[str, None] = {}
    repeated: dict[str, None] = {}
    wrong: list[str] = []
    bad: list[tuple[str, object]] = []
    misprinted: list[tuple[str, object]] = []
    for place, value in enumerate(values):
        imei = as_text(value).strip()
        if len(imei) != IMEI_DIGITS or not (imei.isascii() and imei.isdigit()):
            bad.append((f"{field}[{place}]", value))
        elif imei in seen:
            repeated[imei] = None
        else:
            seen[imei] = None
            if check is not ImeiCheck.OFF and not luhn_is_valid(imei):
                wrong.append(imei)
                misprinted.append((f"{field}[{place}]", value))
    if bad:
        raise _refused(
            bad, "must be an IMEI with exactly 15 digits. Quote it to keep leading zeros"
        )
    if misprinted and check is ImeiCheck.STRICT:
        raise _refused(misprinted, "has a wrong check digit (imei_check=strict)")
    warnings = []
    if repeated:
        warnings.append(f"{field}: merged {count(len(repeated), 'duplicate')}: {shorten(repeated)}")
    if wrong:
        warnings.append(
            f"{field}: {len(wrong)} with a wrong check digit, used anyway: {shorten(wrong)}"
        )
    return DeviceIds(ids=tuple(seen), warnings=tuple(warnings))


def _refused(bad: Sequence[tuple[str, object]], why: str) -> InvalidValue:
    """Name the first few values with their places."""
    (where, value), *others = bad
    also = shorten((f"{place} = {brief(other)}" for place, other in others), most=MOST_NAMED - 1)
    return InvalidValue(where, value, f"{why}. The same for {also}" if also else why)


def split_ids(text: str) -> list[str]:
    """Split one text, such as the answer to a survey, at commas, semicolons and white space."""
    return [part for part in _BETWEEN.split(text) if part]


def shorten(ids: Iterable[str], *, most: int = 5) -> str:
    """Return the first ``most`` ids on one line, with the number of the others."""
    listed = list(ids)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
