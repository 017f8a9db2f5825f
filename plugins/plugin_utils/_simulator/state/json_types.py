# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON's kinds of number, which Python's ``isinstance`` mixes up with true and false."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_whole(value: Any) -> TypeGuard[int]:
    """A whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Any finite or infinite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
