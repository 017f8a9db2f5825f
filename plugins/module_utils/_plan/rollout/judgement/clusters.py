# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where failures cluster: what failed devices have in common more often than chance explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..placement.rollout_device import ATTEMPTED, FAILURES, RolloutDevice
from .statistics import SIGNIFICANCE, chance_among

# One failure makes no cluster, and a variable with as many values as devices shows no cause.
FEWEST_FAILURES = 2
MOST_VALUES = 50


@dataclass(frozen=True)
class Cluster:
    """Devices that share a value and fail too often beside the others.

    :ivar what: ``model``, ``from_version`` or a variable of the inventory.
    :ivar failures: of the ``attempted`` devices that have the value.
    :ivar all_failures: of all ``all_attempted`` devices.
    """

    what: str
    value: str
    failures: int
    attempted: int
    all_failures: int
    all_attempted: int


def find_clusters(rows: Iterable[RolloutDevice]) -> tuple[Cluster, ...]:
    """Find values that are over-represented among failures, those with most failures first."""
    attempted: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    everything = failures = 0
    for row in rows:
        if row.outcome.kind in ATTEMPTED:
            traits = list(_find_traits(row))
            attempted.update(traits)
            everything += 1
            if row.outcome.kind in FAILURES:
                failed.update(traits)
                failures += 1
    values = Counter(what for what, _value in attempted)
    found = [
        Cluster(what, value, count, attempted[what, value], failures, everything)
        for (what, value), count in failed.items()
        if count >= FEWEST_FAILURES
        and 1 < values[what] <= MOST_VALUES
        and chance_among(count, attempted[what, value], failures, everything) < float(SIGNIFICANCE)
    ]
    return tuple(
        sorted(found, key=lambda each: (-each.failures, each.attempted, each.what, each.value))
    )


def _find_traits(row: RolloutDevice) -> Iterator[tuple[str, str]]:
    yield "model", f"{row.target.make} {row.target.model}"
    yield "from_version", row.package.from_version
    yield from row.selected.variables.items()
