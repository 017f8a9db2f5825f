# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of tests of which ``make test`` takes a part, and ``make soak`` the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

SOAK = bool(os.environ.get("FOTA_SOAK"))


def examples(count: int) -> int:
    """How many inputs a random test tries in ``make soak``; two thirds of them in ``make test``."""
    return count if SOAK else count * 2 // 3


def first_in_test(values: Iterable[Any], *, taken: int = 1) -> list[Any]:
    """The values; all but the first ones are left to ``make soak``."""
    listed = list(values)
    return listed[:taken] + [_in_soak(value) for value in listed[taken:]]


def some_in_test(values: Iterable[Any], is_taken: Callable[[Any], bool]) -> list[Any]:
    """The values in their order; those that are not taken are left to ``make soak``."""
    return [value if is_taken(value) else _in_soak(value) for value in values]


def _in_soak(value: Any) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.soak)
