# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model, version or region is over-represented among failures."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.clusters import (
    find_clusters,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.statistics import (
    chance_among,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    decided,
    device,
    good,
    imeis,
    own,
    seen,
    spec,
    upgraded,
)


def clusters(failed: dict[str, int], attempted: dict[str, int]) -> list[tuple[str, str, int, int]]:
    """What is found when so many of the attempted devices of each region have failed."""
    wish, rows, devices = [], [], []
    ids = iter(imeis(sum(attempted.values())))
    for region, count in attempted.items():
        for number in range(count):
            imei = next(ids)
            wish.append({"imei": imei, "region": region})
            broken = number < failed.get(region, 0)
            rows.append(bad(imei) if broken else good(imei))
            devices.append(device(imei) if broken else upgraded(imei))
    decision = decided(spec(wish), seen(devices, [own(rows)]))
    found = find_clusters(decision.assessment.rows)
    assert all(cluster.all_failures == sum(failed.values()) for cluster in found)
    assert all(cluster.all_attempted == len(wish) for cluster in found)
    return [(cluster.what, cluster.value, cluster.failures, cluster.attempted) for cluster in found]


@pytest.mark.parametrize(
    ("failed", "attempted", "expected"),
    [
        # P = C(8,3) C(32,1) / C(40,4) + C(8,4) / C(40,4) = 0.020: not by chance
        ({"north": 3, "south": 1}, {"north": 8, "south": 32}, [("region", "north", 3, 8)]),
        # P(X >= 2 of 4 | 8 of 40) = 0.17: chance
        ({"north": 2, "south": 2}, {"north": 8, "south": 32}, []),
        # one failure is no cluster, however rare the region
        ({"north": 1}, {"north": 1, "south": 39}, []),
        ({"north": 2}, {"north": 2, "south": 38}, [("region", "north", 2, 2)]),
        # where all are of one region there is nothing to compare with
        ({"north": 9}, {"north": 10}, []),
        ({}, {"north": 10, "south": 10}, []),
    ],
)
def test_clusters(
    failed: dict[str, int], attempted: dict[str, int], expected: list[tuple[str, str, int, int]]
) -> None:
    assert clusters(failed, attempted) == expected


def test_a_variable_that_names_devices_is_no_cause() -> None:
    attempted = {f"site {number}": 1 for number in range(51)} | {"bad site": 3}
    assert clusters({"bad site": 3}, attempted) == []


@given(st.data())
def test_chances_are_those_of_counting(data: st.DataObject) -> None:
    everything = data.draw(st.integers(1, 60))
    bad_ones = data.draw(st.integers(0, everything))
    chosen = data.draw(st.integers(0, everything))
    failures = data.draw(st.integers(0, everything))
    ways = sum(
        comb(bad_ones, count) * comb(everything - bad_ones, chosen - count)
        for count in range(failures, min(chosen, bad_ones) + 1)
    )
    exact = ways / comb(everything, chosen)
    assert chance_among(failures, chosen, bad_ones, everything) == pytest.approx(exact, abs=1e-9)
