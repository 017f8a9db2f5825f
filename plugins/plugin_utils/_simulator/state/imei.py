# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device ids: fifteen digits, of which the last is the Luhn check digit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

_IMEI = re.compile(r"[0-9]{15}", re.ASCII)

# Type allocation codes start with 35 and end with digits of a digest of the model.
_TAC_PREFIX = "35"

# What a pair of digits adds to the Luhn sum: the first, and the digits of twice the second.
_LUHN = {f"{pair:02d}": pair // 10 + sum(divmod(pair % 10 * 2, 10)) for pair in range(100)}


def is_imei(value: object) -> bool:
    """Fifteen digits as text. The check digit is ignored: the vendor's own examples are wrong."""
    return isinstance(value, str) and _IMEI.fullmatch(value) is not None


def luhn_digit(payload: str) -> str:
    """Check digit of fourteen digits."""
    total = sum([_LUHN[payload[index : index + 2]] for index in range(0, 14, 2)])
    return str(-total % 10)


def is_luhn(imei: str) -> bool:
    """Whether the last digit is the check digit of the first fourteen."""
    return luhn_digit(imei[:14]) == imei[14]


def imeis(*, seed: int, model: str, start: int = 0) -> Iterator[str]:
    """Endless, unique, valid IMEIs of one model, the same for the same seed.

    Serial numbers have six digits in an order that depends on the seed. After a million serial
    numbers the next type allocation code is used.
    """
    digest = hashlib.sha256(f"{seed}/{model}".encode()).digest()
    tac = int.from_bytes(digest[:4], "big") % 10**6
    shift = int.from_bytes(digest[4:8], "big") % 10**6
    number = start
    while True:
        block, serial = divmod(number, 10**6)
        # 387 is coprime to 10**6, so each serial number occurs once in a block.
        payload = f"{_TAC_PREFIX}{(tac + block) % 10**6:06d}{(serial * 387 + shift) % 10**6:06d}"
        yield payload + luhn_digit(payload)
        number += 1
