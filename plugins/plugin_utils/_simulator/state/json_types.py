# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Type checks of JSON numbers; for Python's ``isinstance``, true and false are integers."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_integer(value: Any) -> TypeGuard[int]:
    """Whether a value is an integer and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number, finite or not, and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
