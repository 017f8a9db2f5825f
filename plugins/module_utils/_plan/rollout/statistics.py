# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact statistics of failures: integers and fractions, never floating point."""

from __future__ import annotations

from fractions import Fraction

# A failure rate counts as too high when what was seen is this unlikely under the tolerated one.
SIGNIFICANCE = Fraction(5, 100)


def chance_of_at_least(failures: int, attempted: int, rate: Fraction) -> Fraction:
    """P(X >= failures) for X failures among ``attempted`` devices that fail at ``rate`` each."""
    if failures <= 0:
        return Fraction(1)
    if rate == 1:
        return Fraction(int(failures <= attempted))
    fail, work = rate.numerator, rate.denominator - rate.numerator
    # The terms below `failures`, over the common denominator; each from the one before, exactly.
    term = work**attempted
    below = 0
    for count in range(min(failures, attempted + 1)):
        below += term
        term = term * (attempted - count) * fail // ((count + 1) * work)
    return 1 - Fraction(below, rate.denominator**attempted)


def fails_too_often(failures: int, attempted: int, rate: Fraction) -> bool:
    """Tell whether ``failures`` of ``attempted`` are too many to believe in ``rate``."""
    if failures <= rate * attempted:
        return False
    return chance_of_at_least(failures, attempted, rate) < SIGNIFICANCE


def stops_at(rate: Fraction, *, up_to: int) -> list[tuple[int, int]]:
    """Give how a lane stops: ``(failures, attempted)``, so many failures among at most so many.

    :param up_to: the most failures to tell of.
    """
    found = []
    attempted = 0
    for failures in range(1, up_to + 1):
        while attempted < 100_000 and fails_too_often(failures, max(attempted + 1, failures), rate):
            attempted = max(attempted + 1, failures)
        if attempted >= failures:
            found.append((failures, attempted))
    return found


def rate_ruled_out(attempted: int) -> float:
    """The failure rate that no failure among ``attempted`` rules out with 95 % confidence."""
    return 1.0 if attempted < 1 else 1 - float(SIGNIFICANCE) ** (1 / attempted)
