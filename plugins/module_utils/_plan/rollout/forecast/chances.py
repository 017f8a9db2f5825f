# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way in which devices may fare, drawn at random from what is known of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from .experience import Experience

# Before anything is known, rates of failed, silent and unreached devices are around 2 %, and may
# well be close to none.
_FEW = (0.5, 24.5)
# Up to so many devices are drawn one by one; more of them are drawn in even parts.
MOST_DRAWN = 16


@dataclass(frozen=True)
class Chances:
    """How soon devices have a result, and how likely each kind of it.

    :ivar hours: open hours, ascending; results come between one and the next.
    :ivar cumulated: the share of results that have come by then, 1 at the end.
    :ivar spread: the mean of the hours beyond the last, for results that come later than any known.
    """

    hours: tuple[float, ...]
    cumulated: tuple[float, ...]
    spread: float
    failed: float
    silent: float
    unreached: float

    def find_hours(self, share: float) -> float:
        """Give after how many open hours a share of the results has come."""
        place = bisect_left(self.cumulated, share)
        low = self.cumulated[place - 1] if place else 0.0
        width = max(self.cumulated[place] - low, 1e-12)
        part = (share - low) / width
        if place + 1 == len(self.cumulated):
            return self.hours[-1] - self.spread * math.log(max(1 - part, 1e-9))
        before = self.hours[place]
        return before + part * (self.hours[place + 1] - before)

    def find_share(self, hours: float) -> float:
        """Give the share of results that has come after so many open hours."""
        place = bisect_left(self.hours, hours)
        if place == 0:
            return 0.0
        low = self.cumulated[place - 2] if place > 1 else 0.0
        if place == len(self.hours):
            tail = 1 - math.exp(-(hours - self.hours[-1]) / self.spread)
            return low + (1 - low) * tail
        before, after = self.hours[place - 1], self.hours[place]
        part = (hours - before) / max(after - before, 1e-12)
        return low + part * (self.cumulated[place - 1] - low)


def draw_chances(experience: Experience, dice: Random) -> Chances:
    """Draw chances that agree with an experience, the more closely the more devices it has.

    Between two results that follow each other, before the first and after the last, comes any share
    of all others: jointly, these shares have a Dirichlet distribution, whatever the times are.
    """
    times = experience.times
    hours = [at for at, _devices in times]
    typical = (hours[-1] - hours[0]) / len(hours) or max(hours[0], 1.0)
    weights = [*(devices for _at, devices in times), 1.0]
    shares = _draw_shares(weights, dice)
    done = experience.done
    total = done + experience.silent + experience.unreached
    return Chances(
        hours=(max(0.0, hours[0] - typical), *hours),
        cumulated=(*list(accumulate(shares))[:-1], 1.0),
        spread=max(typical, (hours[-1] - hours[len(hours) // 2]) / (1 + math.log(done + 1))),
        failed=_draw_rate(experience.failed, done, dice),
        silent=_draw_rate(experience.silent, total, dice),
        unreached=_draw_rate(experience.unreached, total, dice),
    )


def draw_count(devices: int, rate: float, dice: Random) -> int:
    """Draw how many of so many devices something happens to."""
    if devices <= MOST_DRAWN:
        return sum(dice.random() < rate for _device in range(devices))
    mean = devices * rate
    if mean < MOST_DRAWN:
        # Rare among many: Poisson, by the times between.
        found, left = 0, mean - dice.expovariate(1.0)
        while left > 0:
            found += 1
            left -= dice.expovariate(1.0)
        return min(found, devices)
    drawn = round(dice.gauss(mean, math.sqrt(mean * (1 - rate))))
    return min(max(drawn, 0), devices)


def draw_moments(devices: int, dice: Random) -> list[tuple[float, float]]:
    """Draw the shares of all results that have come before those of some devices, ascending.

    :returns: shares, and how many devices each stands for; the last is that of the last device.
    """
    if devices <= MOST_DRAWN:
        return [(share, 1.0) for share in sorted(dice.random() for _device in range(devices))]
    last: float = dice.random() ** (1 / devices)
    weight = devices / MOST_DRAWN
    drawn = [(place + dice.random()) / MOST_DRAWN * last for place in range(MOST_DRAWN)]
    return [*((share, weight) for share in drawn[:-1]), (last, weight)]


def _draw_shares(weights: Sequence[float], dice: Random) -> list[float]:
    drawn = [dice.gammavariate(max(weight, 1e-3), 1.0) for weight in weights]
    total = sum(drawn)
    return [each / total for each in drawn]


def _draw_rate(found: float, total: float, dice: Random) -> float:
    """Draw a rate at which so many of all are found."""
    least, most = _FEW
    return dice.betavariate(least + found, most + max(0.0, total - found))
