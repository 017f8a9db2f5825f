# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollout of software is judged by: versions and times out of software lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import (
    Device,
    InstalledSoftware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.software_view import (
    see_software,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    NOW,
    at,
    classes,
    day,
    decided,
    device,
    imei,
    own,
    row,
    seen,
    spec,
)

ONE, TWO = imei(0), imei(1)
NEVER = "01/01/1900 0:0:0"
YEAR_ONE = "0001-01-01 00:00:00 +0000 UTC"


def package(path: str, **more: Any) -> dict[str, str]:
    """A declared package; ``path`` names both versions."""
    start, end = path.split()
    return {"name": f"M1-{start}-{end}", "make": MAKER, "model": "M1", "from": start, "to": end} | (
        more
    )


def wish(*paths: str, version: str = "B", **members: Any) -> RolloutSpec:
    """A rollout of software with packages for these paths, A to B unless there are others."""
    return spec(
        [ONE, TWO],
        type="software",
        packages=[package(path) for path in paths or ("A B",)],
        target=[{"make": MAKER, "model": "M1", "version": version}],
        **members,
    )


def item(name: str, version: str = "", upgraded: str = "") -> InstalledSoftware:
    """One entry of a software list; its version is its name unless it says another."""
    return InstalledSoftware(name=name, version=version or name, upgraded=upgraded)


def runs(*items: InstalledSoftware, device_id: str = ONE, **members: Any) -> Device:
    """A device as v2 shows it: no firmware version, and never read that anybody knows of."""
    known: dict[str, Any] = {"protocol": "HTTP", "refreshed": YEAR_ONE, **members}
    return device(device_id, "", software=items, **known)


def success(device_id: str = ONE) -> CampaignDevice:
    """A success as v2 reports it: without any time."""
    return row(device_id, "UpgradeSuccess")


def view(spec_: RolloutSpec, devices: list[Device], *campaigns: OwnCampaign) -> Observed:
    """What is judged when this is seen."""
    return see_software(spec_, seen(devices, campaigns))


def first_row(found: Observed) -> CampaignDevice:
    return found.own[0].rows[0]


# -- versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "version"),
    [
        pytest.param([item("app", "A")], "A", id="version"),
        pytest.param([item("A", "build 7")], "A", id="name"),
        pytest.param(
            [item("boot", "0.1"), item("app", "B"), item("x", "9")], "B", id="among-others"
        ),
        pytest.param([item("app", "A"), item("boot", "B")], "", id="nobody-can-tell-which"),
        pytest.param([item("app", "A"), item("M1-A-B", "B")], "B", id="a-package-brought-it"),
        pytest.param([item("A", "A", at(-9)), item("B", "B", at(-8))], "B", id="installed-last"),
        pytest.param([item("B", "B", at(-9)), item("A", "A", at(-8))], "A", id="fell-back"),
        pytest.param([item("app", "C")], "", id="none-that-is-declared"),
        pytest.param([item("app", "a")], "", id="exact"),
        pytest.param([], "", id="empty"),
    ],
)
def test_versions(items: list[InstalledSoftware], version: str) -> None:
    found = view(wish(), [runs(*items)])
    assert found.devices[ONE].firmware == version


def test_versions_are_those_of_the_devices_own_model() -> None:
    other = runs(item("app", "A"), model="M2")
    assert view(wish(), [other]).devices[ONE].firmware == ""
    same_model = runs(item("app", "A"), make="Others")
    assert view(wish(), [same_model]).devices[ONE].firmware == ""


def test_what_is_listed_has_just_been_read() -> None:
    """The list has no time of its own that says so."""
    assert view(wish(), [runs(item("A"))]).devices[ONE].refreshed == at(0)


def test_the_catalog_is_what_was_declared() -> None:
    declared = wish("A B", "B C", version="C")
    found = view(declared, [])
    assert found.catalog == declared.packages
    assert [(step.from_version, step.to_version) for step in found.catalog] == [
        ("A", "B"),
        ("B", "C"),
    ]


# -- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upgraded", "told"),
    [
        pytest.param(at(-10), True, id="since-the-start"),
        pytest.param("2026-04-08T00:00:00Z", True, id="at-its-first-moment"),
        pytest.param("2026-04-07T23:59:59Z", False, id="before"),
        pytest.param(NEVER, False, id="never"),
        pytest.param(YEAR_ONE, False, id="year-one"),
        pytest.param("", False, id="no-time"),
        pytest.param("yesterday", False, id="no-time-that-can-be-read"),
    ],
)
def test_an_installation_since_the_start_of_the_campaign_is_its_result(
    upgraded: str,
    told: bool,  # noqa: FBT001
) -> None:
    campaign = own([success()])
    assert campaign.campaign.schedule.start == day(-2)
    found = first_row(view(wish(), [runs(item("boot"), item("app", "B", upgraded))], campaign))
    expected = upgraded if told else ""
    assert (found.updated, found.recent_attempt) == (expected, expected)


def test_without_a_start_any_installation_counts() -> None:
    campaign = own([success()], start=None)
    found = first_row(view(wish(), [runs(item("app", "B", at(-999)))], campaign))
    assert found.updated == at(-999)


def test_the_time_is_that_of_the_items_of_the_campaigns_version() -> None:
    items = (item("boot", "0.1", at(-5)), item("app", "B", at(-10)))
    assert first_row(view(wish(), [runs(*items)], own([success()]))).updated == at(-10)
    by_name = (item("B", "build 7", at(-10)),)
    assert first_row(view(wish(), [runs(*by_name)], own([success()]))).updated == at(-10)
    older = (item("app", "A", at(-5)),)
    assert first_row(view(wish(), [runs(*older)], own([success()]))).updated == ""


@pytest.mark.parametrize("word", ["UpgradePending", "Accepted", "Strange"])
def test_what_is_no_result_gets_no_time(word: str) -> None:
    campaign = own([row(ONE, word)])
    found = view(wish(verify="reported_is_enough"), [runs(item("app", "B", at(-10)))], campaign)
    assert first_row(found) == campaign.rows[0]


def test_a_device_that_left_the_account_gets_no_time() -> None:
    found = view(wish(verify="reported_is_enough"), [], own([success()]))
    assert first_row(found).updated == ""
    assert found.devices == {}


# -- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        pytest.param([item("app", "B", at(-10))], "verified", id="shown"),
        pytest.param([item("app", "B")], "reported", id="no-time"),
        pytest.param([item("app", "A", at(-10))], "reported", id="old-version"),
        pytest.param([item("app", "B", at(-100))], "reported", id="installed-before"),
        pytest.param([], "reported", id="nothing"),
    ],
)
def test_successes(items: list[InstalledSoftware], kind: str) -> None:
    declared = wish()
    found = view(declared, [runs(*items), runs(item("A"), device_id=TWO)], own([success()]))
    assert classes(decided(declared, found))[ONE] == kind


def test_a_success_on_the_way_is_a_step() -> None:
    declared = wish("A B", "B C", version="C")
    found = view(declared, [runs(item("app", "B", at(-10)))], own([success()], to="B"))
    assert found.own[0].name.generation != declared.targets[0].generation
    named = replace(
        found.own[0], name=replace(found.own[0].name, generation=declared.targets[0].generation)
    )
    assert classes(decided(declared, replace(found, own=(named,))))[ONE] == "advanced"


# -- reports are enough --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "told"),
    [
        pytest.param(-1, "2026-04-10T00:00:00Z", id="midnight-after-the-last-day"),
        pytest.param(-5, "2026-04-06T00:00:00Z", id="long-over"),
        pytest.param(0, "2026-04-10T09:59:59Z", id="last-day-is-today"),
        pytest.param(3, "2026-04-10T09:59:59Z", id="not-over"),
        pytest.param(None, "2026-04-10T09:59:59Z", id="no-end"),
    ],
)
def test_the_end_of_the_campaign_stands_in_for_times_and_is_never_ahead(
    end: int | None, told: str
) -> None:
    assert at(0) == "2026-04-10T10:00:00Z"
    declared = wish(verify="reported_is_enough")
    found = view(declared, [runs(item("A"))], own([success()], start=-9, end=end))
    assert (first_row(found).updated, first_row(found).recent_attempt) == (told, told)
    assert classes(decided(declared, found))[ONE] == "verified"


def test_a_time_that_is_told_comes_first() -> None:
    declared = wish(verify="reported_is_enough")
    found = view(declared, [runs(item("app", "B", at(-10)))], own([success()]))
    assert first_row(found).updated == at(-10)


@pytest.mark.parametrize("items", [[], [item("app", "A")], [item("boot", "0.1")]])
def test_a_report_stands_in_for_what_the_list_does_not_show(items: list[InstalledSoftware]) -> None:
    found = view(wish(verify="reported_is_enough"), [runs(*items)], own([success()]))
    assert found.devices[ONE].firmware == "B"
    assert view(wish(), [runs(*items)], own([success()])).devices[ONE].firmware != "B"


def test_a_report_does_not_hide_another_version_of_the_path() -> None:
    """It reports B, and the list shows that it has gone on to C."""
    declared = wish("A B", "B C", version="C", verify="reported_is_enough")
    found = view(declared, [runs(item("app", "C"))], own([success()], to="B"))
    assert found.devices[ONE].firmware == "C"


def test_steps_follow_each_other_whatever_their_order_in_reports() -> None:
    declared = wish("A B", "B C", version="C", verify="reported_is_enough")
    first = own([success()], start=-9, end=-7, to="B")
    second = own([success()], start=-5, end=-3, version="B", to="C")
    for campaigns in ([first, second], [second, first]):
        found = view(declared, [runs(item("app", "A"))], *campaigns)
        assert found.devices[ONE].firmware == "C"
        assert [campaign.campaign.from_version for campaign in found.own] == ["A", "B"]


def test_other_devices_stay_as_they_are() -> None:
    declared = wish(verify="reported_is_enough")
    found = view(declared, [runs(item("A")), runs(item("A"), device_id=TWO)], own([success()]))
    assert (found.devices[ONE].firmware, found.devices[TWO].firmware) == ("B", "A")
    assert found.now == NOW
