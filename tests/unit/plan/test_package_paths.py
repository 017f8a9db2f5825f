# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a package by its name, and a path of packages from one version to another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._plan.packages import (
    find_package,
    find_path,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.unit.plan.builders import package


def test_the_package_of_a_name() -> None:
    catalog = [package("a-b", "A B"), package("b-c", "B C")]
    assert find_package("s", "b-c", catalog, api_version="v3") is catalog[1]


def test_a_package_that_is_listed_twice_is_one() -> None:
    assert find_package("s", "a-b", [package("a-b"), package("a-b")], api_version="v3") == package(
        "a-b"
    )


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(PlanRefused) as caught:
        find_package(
            "campaign x", "pkg-a-bb", [package("pkg-a-b"), package("unlike")], api_version="v3"
        )
    assert str(caught.value).startswith("campaign x: ")
    assert "no package of the account has the name 'pkg-a-bb'; it has 2 packages" in str(
        caught.value
    )
    assert "did you mean pkg-a-b?" in caught.value.hint


@pytest.mark.parametrize("catalog", [[], [package("quite-unlike")]])
def test_a_name_that_is_near_to_none_suggests_none(catalog: list[Package]) -> None:
    with pytest.raises(PlanRefused) as caught:
        find_package("s", "zzz", catalog, api_version="v3")
    assert "did you mean" not in caught.value.hint
    assert "from_version" in caught.value.hint


def test_one_name_with_different_versions_is_refused_and_lists_them() -> None:
    with pytest.raises(PlanRefused, match="A -> B, A -> C"):
        find_package("s", "x", [package("x", "A C"), package("x", "A B")], api_version="v3")


def path(catalog: list[Package], way: str, **members: str) -> list[str] | None:
    start, end = way.split()
    found = find_path(
        catalog,
        **{"make": "Maker", "model": "M1", **members},
        from_version=start,
        to_version=end,
    )
    return None if found is None else [step.name for step in found]


CATALOG = [
    package("a-b", "A B"),
    package("b-c", "B C"),
    package("c-d", "C D"),
    package("b-a", "B A"),
    package("other", "A D", model="M2"),
    package("maker", "A D", make="Other"),
]


@pytest.mark.parametrize(
    ("way", "names"),
    [
        ("A B", ["a-b"]),
        ("A C", ["a-b", "b-c"]),
        ("A D", ["a-b", "b-c", "c-d"]),
        ("B A", ["b-a"]),
        ("A A", []),
        ("X X", []),
        ("D A", None),
        ("A X", None),
        ("X A", None),
    ],
)
def test_paths(way: str, names: list[str] | None) -> None:
    assert path(CATALOG, way) == names


def test_a_path_belongs_to_one_make_and_model() -> None:
    assert path(CATALOG, "A D", model="M2") == ["other"]
    assert path(CATALOG, "A D", make="Other") == ["maker"]
    assert path(CATALOG, "A B", model="M2") is None


def test_the_fewest_packages_win_over_the_newest() -> None:
    direct = package("direct", "A D", launch_date="2012-04-23T18:25:43.511Z")
    newer = [package("a-b", "A B", launch_date="2026-01-01"), package("b-d", "B D")]
    assert path([*newer, direct], "A D") == ["direct"]


@pytest.mark.parametrize("detour", ["B", "F"])
def test_a_detour_that_is_met_first_is_not_taken(detour: str) -> None:
    ways = ["A C", "C E", f"A {detour}", f"{detour} D", "D E"]
    catalog = [package(way, way) for way in ways]
    assert path(catalog, "A E") == ["A C", "C E"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param("2012-04-23T18:25:43.511Z", "2018-04-01T16:03:00.000Z", id="years"),
        pytest.param("2021-06-03T09:00:00Z", "2021-06-03 10:00:00 +0000 UTC", id="spellings"),
        pytest.param("2021-06-04T01:00:00+09:00", "2021-06-03T23:00:00Z", id="zones"),
        pytest.param("01/01/1900 0:0:0", "2012-04-23", id="never"),
        pytest.param("0001-01-01 00:00:00 +0000 UTC", "2012-04-23", id="unset"),
        pytest.param("", "2012-04-23", id="none"),
        pytest.param("unknown", "2012-04-23", id="unreadable"),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["listed-first", "listed-last"])
def test_of_two_the_one_launched_last_is_taken(older: str, newer: str, turned: bool) -> None:  # noqa: FBT001
    catalog = [
        package("zz-older", "A B", launch_date=older),
        package("aa-newer", "A B", launch_date=newer),
    ]
    assert path(catalog[::-1] if turned else catalog, "A B") == ["aa-newer"]


versions = st.sampled_from("ABCDEF")
catalogs = st.lists(
    st.tuples(versions, versions).map(lambda way: package(f"{way[0]}-{way[1]}", " ".join(way))),
    min_size=4,
    max_size=14,
)


@settings(max_examples=100)
@given(catalogs, versions, versions)
def test_a_path_is_connected_and_shortest(catalog: list[Package], start: str, end: str) -> None:
    found = find_path(catalog, make="Maker", model="M1", from_version=start, to_version=end)
    reached, steps = {start}, 0
    while end not in reached:
        wider = reached | {
            firmware.to_version for firmware in catalog if firmware.from_version in reached
        }
        if wider == reached:
            assert found is None
            return
        reached, steps = wider, steps + 1
    assert found is not None
    assert len(found) == steps
    here = start
    for step in found:
        assert step.from_version == here
        here = step.to_version
    assert here == end
