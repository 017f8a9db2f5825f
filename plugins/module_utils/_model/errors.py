# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of data: an invalid option of the user, or a malformed reply of the service."""

from __future__ import annotations

from .text import brief


class InvalidValue(ValueError):
    """An option of the user is invalid; raised before any call.

    :ivar field: the option, with its position in a list if there is one.
    :ivar value: the invalid value as it was given.
    :ivar reason: what is wrong and what is valid.
    """

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(f"{field}: {brief(value)}: {reason}")
        self.field = field
        self.value = value
        self.reason = reason


class MalformedReply(ValueError):
    """A reply of the service does not have the documented form."""
