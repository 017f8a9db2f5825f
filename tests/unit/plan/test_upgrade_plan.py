# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a v1 upgrade, which has no name: firmware, first day and devices find it again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import (
    Upgrade,
    UpgradeRequest,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DevicesMode,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.upgrade_plan import (
    UpgradeSpec,
    choose_upgrade,
    matching_upgrades,
    needs_upgrade_version,
    plan_upgrade,
)
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    FOUR,
    ONE,
    THREE,
    TODAY,
    TWO,
    day,
    upgrade,
    upgrade_spec,
)

OVER = ["Finished", "RequestFailed", "UpgradeFailed", "Cancelled"]

# -- find it


@pytest.mark.parametrize(
    ("there", "matches"),
    [
        pytest.param(upgrade(), True, id="equal"),
        pytest.param(upgrade(devices=(TWO, THREE)), True, id="one-device-in-common"),
        pytest.param(upgrade("Finished"), True, id="over"),
        pytest.param(upgrade(devices=(THREE, FOUR)), False, id="other-devices"),
        pytest.param(upgrade(devices=()), False, id="no-devices"),
        pytest.param(upgrade(package="pkg-a-c"), False, id="other-firmware"),
        pytest.param(upgrade(start=day(3)), False, id="other-day"),
        pytest.param(upgrade(start=None), False, id="no-day"),
    ],
)
def test_match(there: Upgrade, matches: bool) -> None:  # noqa: FBT001
    assert matching_upgrades(upgrade_spec(), [there]) == ([there] if matches else [])


LIVE = upgrade(id="live")
ODD = upgrade("Paused", id="odd")
DONE = upgrade("Finished", id="done")
PART = upgrade("Finished", id="part", devices=(ONE, THREE))
DONE_LATER = upgrade("Finished", id="done2")


@pytest.mark.parametrize(
    ("matches", "chosen"),
    [
        pytest.param([], None, id="none"),
        pytest.param([DONE, LIVE], LIVE, id="live-before-ended"),
        pytest.param([ODD, DONE], ODD, id="unknown-word-is-live"),
        pytest.param([PART, DONE], DONE, id="covers-most"),
        pytest.param([DONE, PART], DONE, id="covers-most-in-any-order"),
        pytest.param([DONE_LATER, DONE], DONE_LATER, id="same-cover-by-id"),
    ],
)
def test_choice(matches: Sequence[Upgrade], chosen: Upgrade | None) -> None:
    assert choose_upgrade(upgrade_spec(), matches) is chosen


def test_two_live_matches_are_listed() -> None:
    with pytest.raises(PlanRefused) as caught:
        choose_upgrade(upgrade_spec(), [LIVE, DONE, ODD])
    assert "2 live upgrades" in str(caught.value)
    assert "live (Queued, 2 devices), odd (Paused, 2 devices)" in str(caught.value)
    assert "upgrade_id" in caught.value.hint


@pytest.mark.parametrize(
    ("wish", "target", "needed"),
    [
        pytest.param(upgrade_spec(to_version=None), None, True, id="missing"),
        pytest.param(upgrade_spec(), None, False, id="declared"),
        pytest.param(upgrade_spec(to_version=None), LIVE, False, id="live"),
        pytest.param(upgrade_spec(to_version=None), DONE, False, id="over"),
        pytest.param(upgrade_spec(to_version=None, recreate=True), DONE, True, id="recreate"),
        pytest.param(upgrade_spec(to_version=None, present=False), None, False, id="absent"),
        pytest.param(
            upgrade_spec(to_version=None, devices_mode=DevicesMode.REMOVE), None, False, id="remove"
        ),
        pytest.param(
            upgrade_spec(to_version=None, upgrade_id="u-1", recreate=True), DONE, False, id="by-id"
        ),
    ],
)
def test_when_the_version_has_to_be_looked_up(
    wish: UpgradeSpec,
    target: Upgrade | None,
    needed: bool,  # noqa: FBT001
) -> None:
    assert needs_upgrade_version(wish, target) is needed


# -- create it


def test_create() -> None:
    plan = plan_upgrade(upgrade_spec(end=day(9)), None, today=TODAY)
    assert plan.create == UpgradeRequest(
        account="0000123456-00001",
        package="pkg-a-b",
        to_version="B",
        start=day(2),
        end=day(9),
        devices=(ONE, TWO),
    )
    assert (plan.action, plan.predicted_devices) == ("create", (ONE, TWO))
    assert plan.predicted is not None
    assert plan.predicted.status == "RequestPending"


@pytest.mark.parametrize(
    ("dates", "allowed"),
    [
        pytest.param({"start": day(0)}, True, id="today"),
        pytest.param({"start": day(-3), "end": day(0)}, False, id="ends-today"),
        pytest.param({"start": day(-1)}, False, id="yesterday"),
        pytest.param({"start": day(-3), "end": day(-1)}, False, id="ended-yesterday"),
    ],
)
def test_nothing_is_created_to_start_before_today(
    dates: dict[str, object],
    allowed: bool,  # noqa: FBT001
) -> None:
    wish = upgrade_spec(**dates)
    if allowed:
        assert plan_upgrade(wish, None, today=TODAY).create is not None
    else:
        with pytest.raises(PlanRefused, match="before today at the service"):
            plan_upgrade(wish, None, today=TODAY)


def test_remove_creates_nothing() -> None:
    wish = upgrade_spec(devices_mode=DevicesMode.REMOVE)
    plan = plan_upgrade(wish, None, today=TODAY)
    assert not plan.changed
    assert {action.reason for action in plan.devices.actions} == {"there is no upgrade"}


@pytest.mark.parametrize("status", OVER)
def test_nothing_is_removed_from_an_upgrade_that_is_over(status: str) -> None:
    """So a removal can be repeated, even when an older upgrade had the same devices."""
    wish = upgrade_spec(devices=(ONE,), devices_mode=DevicesMode.REMOVE)
    plan = plan_upgrade(wish, upgrade(status), today=TODAY)
    assert not plan.changed
    assert plan.predicted_devices == (ONE, TWO)
    assert [action.reason for action in plan.devices.actions] == ["upgrade is over"]


# -- change it


@pytest.mark.parametrize("status", ["RequestPending", "Queued", "InProgress", "Paused", *OVER])
def test_devices_change_only_before_the_start(status: str) -> None:
    wish = upgrade_spec(devices=(ONE, TWO, THREE))
    target = upgrade(status)
    if status in ("RequestPending", "Queued"):
        plan = plan_upgrade(wish, target, today=TODAY)
        assert plan.devices.add == (THREE,)
        assert plan.predicted_devices == (ONE, TWO, THREE)
        return
    with pytest.raises(PlanRefused, match=f"u-1 is {status}: .*{THREE}") as caught:
        plan_upgrade(wish, target, today=TODAY)
    assert ("recreate: true" in caught.value.hint) is (status in OVER)


@pytest.mark.parametrize("status", ["RequestPending", "Queued", "InProgress", "Paused", *OVER])
def test_the_same_declaration_again_changes_nothing(status: str) -> None:
    plan = plan_upgrade(upgrade_spec(), upgrade(status), today=TODAY)
    assert (plan.changed, plan.action) == (False, "none")
    warned = status in OVER and status != "Finished"
    assert any(status in warning for warning in plan.warnings) is warned


def test_an_upgrade_of_the_past_that_covers_all_is_no_error() -> None:
    target = upgrade("Finished", start=day(-9), devices=(ONE, TWO, THREE))
    assert not plan_upgrade(upgrade_spec(start=day(-9)), target, today=TODAY).changed


def test_an_upgrade_that_ended_without_some_of_the_devices_is_refused() -> None:
    target = upgrade("Finished", devices=(ONE,))
    with pytest.raises(PlanRefused, match=TWO) as caught:
        plan_upgrade(upgrade_spec(), target, today=TODAY)
    assert "start_date" in caught.value.hint


def test_recreate_schedules_all_devices_again() -> None:
    target = upgrade("Finished", devices=(ONE,))
    plan = plan_upgrade(upgrade_spec(recreate=True), target, today=TODAY)
    assert plan.create is not None
    assert plan.create.devices == (ONE, TWO)


@pytest.mark.parametrize(
    ("mode", "add", "remove"),
    [
        (DevicesMode.AT_LEAST, (TWO,), ()),
        (DevicesMode.EXACT, (TWO,), (THREE,)),
        (DevicesMode.REMOVE, (), (ONE,)),
    ],
)
def test_modes(mode: DevicesMode, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    target = upgrade(devices=(ONE, THREE))
    plan = plan_upgrade(upgrade_spec(upgrade_id="u-1", devices_mode=mode), target, today=TODAY)
    assert (plan.devices.add, plan.devices.remove) == (add, remove)


@pytest.mark.parametrize(
    ("mode", "present", "refused"),
    [
        pytest.param(DevicesMode.AT_LEAST, (ONE, THREE), True, id="overlap"),
        pytest.param(DevicesMode.EXACT, (ONE, THREE), True, id="overlap-exact"),
        pytest.param(DevicesMode.REMOVE, (ONE, THREE), False, id="removal"),
        pytest.param(DevicesMode.AT_LEAST, (ONE,), False, id="grown"),
        pytest.param(DevicesMode.EXACT, (ONE,), False, id="grown-exact"),
        pytest.param(DevicesMode.AT_LEAST, (ONE, TWO, THREE), False, id="part"),
        pytest.param(DevicesMode.EXACT, (ONE, TWO, THREE), False, id="shrunk"),
    ],
)
def test_a_list_that_only_overlaps_is_not_that_of_the_upgrade(
    mode: DevicesMode,
    present: tuple[str, ...],
    refused: bool,  # noqa: FBT001
) -> None:
    wish, target = upgrade_spec(devices_mode=mode), upgrade(devices=present)
    if not refused:
        plan_upgrade(wish, target, today=TODAY)
        return
    with pytest.raises(PlanRefused, match=f"u-1 .*{ONE}.*{THREE}.*{TWO}") as caught:
        plan_upgrade(wish, target, today=TODAY)
    assert "upgrade_id: u-1" in caught.value.hint


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"package": "pkg-a-c"}, "package is pkg-a-b, declared pkg-a-c"),
        ({"to_version": "C"}, "to_version is B, declared C"),
        ({"start": day(3)}, "start is"),
        ({"end": day(8)}, "end is"),
    ],
)
def test_firmware_and_dates_are_fixed(declared: dict[str, object], said: str) -> None:
    target = upgrade(end=day(9))
    wish = upgrade_spec(upgrade_id="u-1", **declared)
    with pytest.raises(PlanRefused) as caught:
        plan_upgrade(wish, target, today=TODAY)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"end": None}, id="no-end"),
        pytest.param({"to_version": ""}, id="no-version"),
        pytest.param({"start": None}, id="no-start"),
        pytest.param({"package": ""}, id="no-firmware"),
    ],
)
def test_what_the_service_does_not_tell_is_not_judged(told: dict[str, object]) -> None:
    target = upgrade(**{"end": day(9), **told})
    wish = upgrade_spec(upgrade_id="u-1", end=day(9))
    assert not plan_upgrade(wish, target, today=TODAY).changed


# -- cancel it


@pytest.mark.parametrize("status", ["RequestPending", "Queued"])
def test_absent_cancels_before_the_start(status: str) -> None:
    plan = plan_upgrade(upgrade_spec(present=False), upgrade(status), today=TODAY)
    assert (plan.action, plan.predicted) == ("cancel", None)
    assert plan.current_devices == (ONE, TWO)


@pytest.mark.parametrize("status", ["InProgress", "Paused"])
def test_a_started_upgrade_cannot_be_cancelled(status: str) -> None:
    with pytest.raises(PlanRefused, match="cancels only before the start"):
        plan_upgrade(upgrade_spec(present=False), upgrade(status), today=TODAY)


@pytest.mark.parametrize("target", [None, *[upgrade(status) for status in OVER]])
def test_absent_and_over_or_not_there_is_fine(target: Upgrade | None) -> None:
    plan = plan_upgrade(upgrade_spec(present=False), target, today=TODAY)
    assert not plan.changed


@pytest.mark.parametrize("target", [None, DONE])
def test_nothing_is_created_under_a_given_id(target: Upgrade | None) -> None:
    wish = upgrade_spec(upgrade_id="u-9", recreate=True)
    with pytest.raises(PlanRefused, match="no live upgrade with this id"):
        plan_upgrade(wish, target, today=TODAY)
