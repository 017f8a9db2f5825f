# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a campaign: create it once, recognise it again, leave alone what is over."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignRequest,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    CampaignSpec,
    plan_campaign,
    same_protocol,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.device_difference import (
    DeviceAction,
    DevicesMode,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.tests.unit.plan.builders import (
    FIRMWARE,
    NOW,
    ONE,
    SOFTWARE,
    THREE,
    TWO,
    bare,
    campaign,
    day,
    package,
    report,
    spec,
)

# -- create


def test_create_sends_what_is_declared() -> None:
    wish = spec(windows=(Window(18, 22),), auto_assign_license=True)
    plan = plan_campaign(wish, None, now=NOW)
    assert plan.create == CampaignRequest(
        type=FIRMWARE,
        name="spring",
        package="pkg-a-b",
        from_version="A",
        to_version="B",
        protocol="LWM2M",
        schedule=Schedule(start=day(2), end=day(9), windows=(Window(18, 22),)),
        devices=(ONE, TWO),
        auto_assign_license=True,
        auto_add_devices=False,
    )
    assert (plan.action, plan.changed) == ("create", True)
    assert (plan.schedule, plan.cancel, plan.current) == (None, False, None)
    assert plan.predicted is not None
    assert (plan.predicted.status, plan.predicted.id) == ("CampaignRequestPending", "")
    assert plan.predicted_devices == (ONE, TWO)
    assert plan.devices.actions == (
        DeviceAction(ONE, "add", "declared"),
        DeviceAction(TWO, "add", "declared"),
    )
    assert plan.warnings == ()


def test_versions_and_protocol_come_from_the_catalog() -> None:
    catalog = [package("other", "A C"), package(path="A B", protocol="OMD-DM")]
    wish = spec(from_version=None, to_version=None)
    plan = plan_campaign(wish, None, catalog=catalog, now=NOW)
    assert plan.create is not None
    assert (plan.create.from_version, plan.create.to_version) == ("A", "B")
    assert plan.create.protocol == "OMA"
    assert plan.predicted is not None
    assert (plan.predicted.make, plan.predicted.model) == ("Maker", "M1")


def test_what_is_declared_wins_over_the_catalog() -> None:
    wish = spec(from_version="A2", to_version=None, protocol="HTTP")
    plan = plan_campaign(wish, None, catalog=[package()], now=NOW)
    assert plan.create is not None
    assert (plan.create.from_version, plan.create.to_version) == ("A2", "B")
    assert plan.create.protocol == "HTTP"


def test_a_package_that_the_catalog_lacks_is_refused() -> None:
    with pytest.raises(PlanRefused, match="of the account has the name 'pkg-a-b'"):
        plan_campaign(spec(to_version=None), None, catalog=[package("pkg-a-c")], now=NOW)


@pytest.mark.parametrize(("type_", "protocol"), [(FIRMWARE, "LWM2M"), (SOFTWARE, "HTTP")])
def test_the_protocol_when_nobody_names_one(type_: object, protocol: str) -> None:
    plan = plan_campaign(spec(type=type_), None, now=NOW)
    assert plan.create is not None
    assert plan.create.protocol == protocol


def test_a_software_campaign_is_predicted_without_flags() -> None:
    plan = plan_campaign(spec(type=SOFTWARE), None, now=NOW)
    assert plan.predicted is not None
    assert plan.predicted.auto_assign_license is None
    assert plan.predicted.auto_add_devices is None


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        pytest.param({"package": None}, "package", id="package"),
        pytest.param({"start": None}, "start_date", id="start"),
        pytest.param({"end": None}, "end_date", id="end"),
        pytest.param({"devices": None}, "devices", id="devices"),
        pytest.param({"devices": ()}, "devices", id="no-device"),
        pytest.param(
            {"package": None, "start": None, "end": None, "devices": None},
            "package, start_date, end_date, devices",
            id="all",
        ),
    ],
)
def test_what_is_missing_to_create_is_named(missing: dict[str, object], said: str) -> None:
    with pytest.raises(PlanRefused, match=f"missing to create it: {said}$"):
        plan_campaign(spec(**missing), None, now=NOW)


@pytest.mark.parametrize("end", [day(-1), day(0), day(5)])
def test_it_cannot_be_created_to_start_before_today(end: date) -> None:
    with pytest.raises(PlanRefused, match="before today at the service"):
        plan_campaign(spec(start=day(-5), end=end), None, now=NOW)


def test_it_can_be_created_to_start_and_end_today() -> None:
    assert plan_campaign(spec(start=day(0), end=day(0)), None, now=NOW).create is not None


@pytest.mark.parametrize(("count", "warned"), [(20, False), (21, True)])
def test_more_than_a_pilot_warns(count: int, warned: bool) -> None:  # noqa: FBT001
    imeis = tuple(f"{number:015d}" for number in range(count))
    plan = plan_campaign(spec(devices=imeis), None, now=NOW)
    assert any("pilot" in warning for warning in plan.warnings) is warned
    assert plan.create is not None
    assert plan.create.devices == imeis


# -- there already


def test_an_equal_campaign_is_left_alone() -> None:
    target = campaign("CampaignScheduled")
    plan = plan_campaign(spec(), target, report=report(TWO, ONE), now=NOW)
    assert (plan.changed, plan.action, plan.create) == (False, "none", None)
    assert plan.current is plan.predicted is target
    assert plan.warnings == ()


def test_a_declaration_with_past_dates_of_a_campaign_that_is_there_is_no_error() -> None:
    target = campaign("CampaignScheduled", start=day(-9), end=day(-1))
    wish = spec(start=day(-9), end=day(-1))
    assert not plan_campaign(wish, target, report=report(ONE, TWO), now=NOW).changed


def test_devices_and_dates_change_together() -> None:
    plan = plan_campaign(spec(end=day(20)), campaign(), report=report(ONE), now=NOW)
    assert plan.devices.add == (TWO,)
    assert plan.schedule == Schedule(start=day(2), end=day(20))
    assert plan.action == "update"
    assert (plan.current_devices, plan.predicted_devices) == ((ONE,), (ONE, TWO))


def test_one_change_that_is_refused_refuses_all() -> None:
    target = campaign("CampaignScheduled")
    with pytest.raises(PlanRefused, match="devices can no longer be added"):
        plan_campaign(spec(end=day(20)), target, report=report(ONE), now=NOW)


def test_devices_that_the_service_does_not_list_yet_are_left_alone_and_said() -> None:
    plan = plan_campaign(spec(), campaign("CampaignRequestPending"), report=None, now=NOW)
    assert not plan.changed
    assert plan.predicted_devices is None
    assert len(plan.warnings) == 1
    assert "does not list the devices" in plan.warnings[0]


def test_an_empty_report_of_a_campaign_is_believed() -> None:
    plan = plan_campaign(spec(), campaign(), report=[], now=NOW)
    assert plan.devices.add == (ONE, TWO)


def test_adding_beyond_a_pilot_warns_once() -> None:
    imeis = tuple(f"{number:015d}" for number in range(21))
    plan = plan_campaign(spec(devices=imeis), campaign(), report=report(*imeis[:5]), now=NOW)
    assert len(plan.devices.add) == 16
    assert any("21 devices" in warning for warning in plan.warnings)
    again = plan_campaign(spec(devices=imeis), campaign(), report=report(*imeis), now=NOW)
    assert again.warnings == ()


@pytest.mark.parametrize(
    ("mode", "add", "remove", "after"),
    [
        (DevicesMode.AT_LEAST, (ONE,), (), (TWO, THREE, ONE)),
        (DevicesMode.EXACT, (ONE,), (THREE,), (TWO, ONE)),
        (DevicesMode.REMOVE, (), (TWO,), (THREE,)),
    ],
)
def test_modes(
    mode: DevicesMode, add: tuple[str, ...], remove: tuple[str, ...], after: tuple[str, ...]
) -> None:
    plan = plan_campaign(
        spec(devices=(ONE, TWO), devices_mode=mode), campaign(), report=report(TWO, THREE), now=NOW
    )
    assert (plan.devices.add, plan.devices.remove, plan.predicted_devices) == (add, remove, after)


# -- another one of the same name


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"package": "pkg-a-c"}, "package is 'pkg-a-b', declared 'pkg-a-c'"),
        ({"from_version": "A0"}, "from_version is 'A', declared 'A0'"),
        ({"to_version": "C"}, "to_version is 'B', declared 'C'"),
        ({"protocol": "OMA"}, "protocol is 'LWM2M', declared 'OMA'"),
        ({"auto_add_devices": True}, "auto_add_devices is False, declared True"),
        ({"auto_assign_license": True}, "auto_assign_license is False, declared True"),
    ],
)
@pytest.mark.parametrize("status", ["CampaignRequestQueued", "CampaignEnded"])
def test_what_is_fixed_at_creation_cannot_differ(
    declared: dict[str, object], said: str, status: str
) -> None:
    target = campaign(status, auto_add_devices=False, auto_assign_license=False)
    with pytest.raises(PlanRefused) as caught:
        plan_campaign(bare(**declared), target, now=NOW)
    assert said in str(caught.value)
    assert ("recreate: true" in caught.value.hint) is (status == "CampaignEnded")


@pytest.mark.parametrize(
    ("told", "declared"),
    [
        pytest.param({"auto_add_devices": None}, {"auto_add_devices": True}, id="no-flag"),
        pytest.param({"package": ""}, {"package": "pkg-a-c"}, id="no-package"),
        pytest.param({"protocol": ""}, {"protocol": "OMA"}, id="no-protocol"),
    ],
)
def test_what_the_service_does_not_tell_is_not_judged(
    told: dict[str, object], declared: dict[str, object]
) -> None:
    assert not plan_campaign(bare(**declared), campaign(**told), now=NOW).changed


# -- over


@pytest.mark.parametrize("status", ["CampaignEnded", "CampaignCancelled", "CampaignRequestFailed"])
def test_a_campaign_that_is_over_is_not_created_again(status: str) -> None:
    target = campaign(status, start=day(-9), end=day(-1))
    plan = plan_campaign(spec(start=day(-9), end=day(-1)), target, now=NOW)
    assert (plan.changed, plan.current, plan.predicted) == (False, target, target)
    assert [action.action for action in plan.devices.actions] == ["none", "none"]
    assert any(status in warning for warning in plan.warnings) is (status != "CampaignEnded")


def test_recreate_creates_it_again() -> None:
    target = campaign("CampaignEnded", start=day(-9), end=day(-1), package="old", to_version="X")
    plan = plan_campaign(spec(recreate=True), target, now=NOW)
    assert plan.create is not None
    assert plan.create.package == "pkg-a-b"
    assert plan.current is target
    assert plan.current_devices is None


def test_recreate_touches_no_live_campaign() -> None:
    plan = plan_campaign(spec(recreate=True), campaign(), report=report(ONE, TWO), now=NOW)
    assert not plan.changed


def test_recreate_with_past_dates_is_refused() -> None:
    target = campaign("CampaignEnded", start=day(-9), end=day(-1))
    with pytest.raises(PlanRefused, match="before today at the service"):
        plan_campaign(spec(start=day(-9), end=day(-1), recreate=True), target, now=NOW)


def test_recreate_by_id_is_refused_rather_than_ignored() -> None:
    wish = spec(recreate=True, campaign_id="c-1")
    with pytest.raises(PlanRefused, match="would get another id") as caught:
        plan_campaign(wish, campaign("CampaignEnded"), now=NOW)
    assert "name" in caught.value.hint
    assert not plan_campaign(wish, campaign(), report=report(ONE, TWO), now=NOW).changed


# -- not there


def test_an_id_that_the_service_does_not_know_is_refused() -> None:
    with pytest.raises(PlanRefused, match="no campaign with this id"):
        plan_campaign(spec(campaign_id="c-9"), None, now=NOW)


@pytest.mark.parametrize(
    ("wish", "warned"),
    [
        pytest.param(bare(present=False), True, id="by-name-only"),
        pytest.param(bare(present=False, type=SOFTWARE), False, id="software"),
        pytest.param(bare(present=False, devices=(ONE,)), False, id="with-devices"),
        pytest.param(bare(present=False, campaign_id="c-9", name=None), False, id="by-id"),
        pytest.param(spec(present=False, start=day(-9), end=day(-1)), False, id="past-dates"),
    ],
)
def test_absent_and_not_there_is_fine(wish: CampaignSpec, warned: bool) -> None:  # noqa: FBT001
    """A firmware campaign that is in no list can be found by its id or its devices only."""
    plan = plan_campaign(wish, None, now=NOW)
    assert (plan.changed, plan.current, plan.predicted) == (False, None, None)
    assert any("CampaignPreScheduled" in warning for warning in plan.warnings) is warned


def test_remove_creates_nothing() -> None:
    plan = plan_campaign(spec(devices_mode=DevicesMode.REMOVE), None, now=NOW)
    assert (plan.changed, plan.predicted) == (False, None)
    assert plan.devices.actions == (
        DeviceAction(ONE, "none", "there is no campaign"),
        DeviceAction(TWO, "none", "there is no campaign"),
    )


def test_absent_cancels_whatever_devices_and_dates_are_declared() -> None:
    target = campaign()
    plan = plan_campaign(spec(present=False, end=day(20), devices=(THREE,)), target, now=NOW)
    assert (plan.action, bool(plan.devices), plan.schedule) == ("cancel", False, None)


# -- protocol words


@pytest.mark.parametrize(
    ("declared", "told", "type_", "same"),
    [
        ("LWM2M", "LWM2M", FIRMWARE, True),
        ("OMA", "OMD-DM", FIRMWARE, True),
        ("OMA", "OMADM", FIRMWARE, True),
        ("OMA", "OMDADM", FIRMWARE, True),
        ("OMA", "", FIRMWARE, True),
        ("OMA", "LWM2M", FIRMWARE, False),
        ("LWM2M", "OMD-DM", FIRMWARE, False),
        ("HTTP", "LWM2M", FIRMWARE, False),
        ("HTTP", "HTTP", SOFTWARE, True),
        ("OMA", "LWM2M", SOFTWARE, True),
        ("OMA", "OMD-DM", SOFTWARE, True),
        ("OMA", "HTTP", SOFTWARE, False),
        ("HTTP", "LWM2M", SOFTWARE, False),
    ],
)
def test_protocol_words_that_mean_one(
    declared: str,
    told: str,
    type_: object,
    same: bool,  # noqa: FBT001
) -> None:
    assert same_protocol(declared, told, type_) is same  # type: ignore[arg-type]
