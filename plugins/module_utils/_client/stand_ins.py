# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for the identifiers in a recording.

A stand-in depends on a secret key, so it cannot be found by trying all IMEIs. The same value has
the same stand-in wherever it occurs, and a stand-in has the shape of its value: the same length,
letters for letters and digits for digits. Numbers are permuted, so no two share a stand-in.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

# The check digit of an IMEI and of an ICCID is right or wrong as before.
_WITH_CHECK_DIGIT = frozenset({15, 19, 20})
_ROUNDS = 8
# Longer numbers than any identifier are replaced digit by digit.
_LONGEST_NUMBER = 40
_CACHED = 262_144
_DOUBLED = str.maketrans("0123456789", "0246813579")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ACCOUNT = re.compile(r"([0-9]{10})-([0-9]{5})")
# Names of campaigns of a rollout: only the name of the rollout in them identifies anything.
_OF_A_ROLLOUT = re.compile(r"(tsr\.)([a-z0-9-]{1,20})(\..*)", re.DOTALL)
_URL = re.compile(r"(?i)(https?)://[^/?#]*?(:[0-9]{1,5})?([/?#].*)?", re.DOTALL)


class StandIns:
    """Gives stand-ins by one key, for values of any length."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.digits = lru_cache(_CACHED)(self._digits)  # at most ``_LONGEST_NUMBER`` of them
        self.shaped = lru_cache(4096)(self._shaped)

    def device(self, text: str) -> str:
        """The stand-in of an IMEI, or of a cursor, which is one or a token.

        A shorter number of seven digits and more is an IMEI without its leading zeros (contract
        section 9). A number of fewer digits is a position in a list and stays.
        """
        if not text.isascii() or not text.isdigit():
            return self.identifier(text)
        if len(text) < 7 or not text.strip("0"):
            return text
        if len(text) < 15:
            return self.digits(text.zfill(15)).lstrip("0")
        return self.shaped(text)

    def account(self, text: str) -> str:
        """The stand-in of the name of an account."""
        found = _ACCOUNT.fullmatch(text)
        if found is None:
            return self.shaped(text)
        digits = self._permuted("".join(found.groups()))
        return f"{digits[:10]}-{digits[10:]}"

    def identifier(self, text: str) -> str:
        """The stand-in of an id: a UUID for a UUID."""
        if _UUID.fullmatch(text) is None:
            return self.shaped(text)
        mixed = self._stream("uuid", text.lower(), 16).hex()
        # The version and the variant of a UUID are in these two places.
        plain = text.replace("-", "")
        digits = f"{mixed[:12]}{plain[12]}{mixed[13:16]}{plain[16]}{mixed[17:]}"
        digits = digits if text == text.lower() else digits.upper()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def name(self, text: str) -> str:
        """The stand-in of the name of a campaign, a user or a customer."""
        found = _OF_A_ROLLOUT.fullmatch(text)
        if found is None:
            return self.shaped(text)
        return f"{found[1]}{self.shaped(found[2])}{found[3]}"

    def url(self, text: str) -> str:
        """The stand-in of a URL; scheme and port stay."""
        found = _URL.fullmatch(text)
        if found is None:
            return self.shaped(text)
        host = self._stream("host", text, 5).hex()
        path = self.shaped(found[3]) if found[3] else ""
        return f"{found[1].lower()}://{host}.example.com{found[2] or ''}{path}"

    def email(self, text: str) -> str:
        """The stand-in of an e-mail address."""
        return f"{self._stream('email', text.lower(), 5).hex()}@example.com"

    def tag(self, text: str) -> str:
        """A short mark of a value that must not even have its shape."""
        return self._stream("tag", text, 6).hex()

    def _shaped(self, text: str) -> str:
        if text.isascii() and text.isdigit() and 1 < len(text) <= _LONGEST_NUMBER:
            return self.digits(text)
        stream = self._stream("shape", text, len(text))
        return "".join(_replaced(char, byte) for char, byte in zip(text, stream, strict=True))

    def _digits(self, text: str) -> str:
        """The stand-in of a number of up to ``_LONGEST_NUMBER`` digits; zero stays."""
        if len(text) < 2 or not text.strip("0"):
            return text
        if len(text) not in _WITH_CHECK_DIGIT:
            return self._permuted(text)
        body, check = text[:-1], int(text[-1])
        other = self._permuted(body)
        return f"{other}{(check - _check_digit(body) + _check_digit(other)) % 10}"

    def _permuted(self, digits: str) -> str:
        """A permutation of all numbers of this length: a Feistel network (as in NIST FF1)."""
        half, other_half = len(digits) // 2, len(digits) - len(digits) // 2
        left, right = digits[:half], digits[half:]
        for round_ in range(_ROUNDS):
            size = half if round_ % 2 == 0 else other_half
            mixed = int.from_bytes(self._stream(f"{len(digits)} {round_}", right, 16), "big")
            left, right = right, str((int(left) + mixed) % 10**size).zfill(size)
        return left + right

    def _stream(self, purpose: str, text: str, length: int) -> bytes:
        seed = hmac.digest(
            self._key, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256"
        )
        stream = seed
        while len(stream) < length:
            stream += hmac.digest(seed, len(stream).to_bytes(8, "big"), "sha256")
        return stream[:length]


def _check_digit(body: str) -> int:
    """The Luhn check digit that belongs behind some digits."""
    doubled = body[-1::-2].translate(_DOUBLED)
    total = sum(map(int, doubled)) + sum(map(int, body[-2::-2]))
    return -total % 10


def _replaced(char: str, byte: int) -> str:
    if char.isascii():
        if char.isdigit():
            return chr(ord("0") + byte % 10)
        if char.isalpha():
            return chr(ord("a" if char.islower() else "A") + byte % 26)
        return char
    return "x" if char.isalnum() else char
