# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which data can be wrong: ours (an option) and theirs (a reply)."""

from __future__ import annotations


class InvalidValue(ValueError):
    """An option that a person gave cannot be used; raised before any call.

    :ivar field: the option, with its place in a list where there is one.
    :ivar value: the offending value as it was given.
    :ivar reason: what is wrong with it and what would be right.
    """

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(f"{field}: {value!r}: {reason}")
        self.field = field
        self.value = value
        self.reason = reason


class MalformedReply(ValueError):
    """A reply of the service does not have the shape that its operation promises."""
