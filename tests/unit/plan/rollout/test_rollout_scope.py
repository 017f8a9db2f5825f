# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices a rollout is for, and why the others are out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import (
    MONTHLY_POOL,
    PAY_PER_UPGRADE,
    Subscription,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.scope import (
    Out,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    classes,
    cohort,
    decided,
    device,
    good,
    imei,
    imeis,
    own,
    package,
    pool,
    rejected,
    row,
    row_of,
    seen,
    spec,
    target,
    upgraded,
)

ONE, OTHER = imeis(2)
"""The device that is judged, and one that always needs the upgrade."""
NEVER = "0001-01-01 00:00:00 +0000 UTC"
CATALOG = (package(), package(path="A0 A"), package("M3", "A B"))


def judged(
    known: Device | None,
    *,
    subscription: Subscription = EVENT_BILLING,
    catalog: Any = CATALOG,
    **members: Any,
) -> str:
    """Why the device is out; "in" when it is not."""
    devices = [device(OTHER, license_assigned=True), *([known] if known else [])]
    found = decided(
        spec([ONE, OTHER], **members),
        seen(devices, catalog=catalog, subscription=subscription),
    )
    members, out = classes(found), found.assessment.out
    assert members.keys() | out.keys() == {ONE, OTHER}
    assert not members.keys() & out.keys()
    return "in" if ONE in members else out[ONE].value


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (device(ONE), "in"),
        (device(ONE, fota_eligible=None), "in"),
        (None, "not_found"),
        (device(ONE, model="M2"), "no_target"),
        (device(ONE, make="Other"), "no_target"),
        (device(ONE, "B"), "current"),
        (device(ONE, "B", fota_eligible=False), "current"),
        (device(ONE, "B", protocol="HTTP"), "current"),
        (device(ONE, fota_eligible=False), "not_eligible"),
        (device(ONE, protocol="OMADM"), "wrong_protocol"),
        (device(ONE, protocol=""), "wrong_protocol"),
        (device(ONE, "", protocol="HTTP"), "wrong_protocol"),
        (device(ONE, ""), "version_unknown"),
        (device(ONE, "", refreshed="", protocol="NONE"), "never_seen"),
        (device(ONE, "", refreshed=NEVER, model="", make=""), "never_seen"),
        (device(ONE, "", refreshed=NEVER, connected="2026-03-01T00:00:00Z"), "version_unknown"),
        (device(ONE, refreshed=NEVER), "in"),
        (device(ONE, status="Suspended"), "not_active"),
        (device(ONE, status="Pre-Active", fota_eligible=False), "not_active"),
        (device(ONE, "B", status="Suspended"), "current"),
        (device(ONE, status="Dormant"), "in"),
        (device(ONE, "Z"), "no_path"),
        (device(ONE, "A0"), "in"),
    ],
)
def test_who_is_out(known: Device | None, why: str) -> None:
    assert judged(known) == why


@pytest.mark.parametrize(
    ("subscription", "assigned", "assign", "why"),
    [
        (pool(9), False, False, "no_license"),
        (pool(9), None, False, "no_license"),
        (pool(9), True, False, "in"),
        (pool(9), False, True, "in"),
        (pool(9), False, "before_wave", "in"),
        (Subscription((MONTHLY_POOL, PAY_PER_UPGRADE), 9, 0, ""), False, False, "in"),
        (EVENT_BILLING, False, False, "in"),
    ],
)
def test_licenses(
    subscription: Subscription, why: str, *, assigned: bool | None, assign: bool | str
) -> None:
    known = device(ONE, license_assigned=assigned)
    assert judged(known, subscription=subscription, assign_licenses=assign) == why


@pytest.mark.parametrize(
    ("declared", "device_protocol", "package_protocol", "why"),
    [
        ("LWM2M", "LWM2M", "LWM2M", "in"),
        ("OMA", "OMADM", "OMD-DM", "in"),
        ("OMA", "OMADM", "OMA", "in"),
        ("HTTP", "HTTP", "HTTP", "in"),
        ("LWM2M", "LWM2M", "", "in"),
        ("OMA", "OMA", "OMD-DM", "in"),
        ("LWM2M", "OMADM", "LWM2M", "wrong_protocol"),
        ("LWM2M", "LWM2M", "OMD-DM", "no_path"),
    ],
)
def test_protocols(declared: str, device_protocol: str, package_protocol: str, why: str) -> None:
    catalog = [package(protocol=package_protocol)]
    known = device(ONE, protocol=device_protocol)
    assert judged(known, catalog=catalog, protocol=declared) == why


def test_every_reason_says_what_to_do() -> None:
    assert all(len(why.what_to_do) > 20 for why in Out if why is not Out.CURRENT)


def test_a_member_has_its_cohort_and_package() -> None:
    newer = package(name="newer", launch_date="2026-03-01T00:00:00Z")
    older = package(name="older", launch_date="2026-02-01T00:00:00Z")
    for catalog in ([newer, older], [older, newer]):
        what = seen([device(ONE)], catalog=catalog)
        member = row_of(decided(spec([{"imei": ONE, "host": "h1"}]), what), ONE)
        assert (member.cohort, member.package) == (cohort(), newer)
        assert (member.device, member.selected.host) == (device(ONE), "h1")


def test_the_shortest_path_wins() -> None:
    direct = [package(), package(path="A A1"), package(path="A1 B")]
    assert judged(device(ONE), catalog=direct) == "in"


# -- devices that one of our campaigns has


def test_a_claimed_device_stays_in_scope_whatever_is_declared() -> None:
    """It is selected no more, the account has it no more, or it runs the target."""
    campaign = own([row(ONE), good(OTHER)])
    found = decided(spec([imei(7)]), seen([upgraded(OTHER)], [campaign]))
    assert classes(found).keys() == {ONE, OTHER}
    assert found.assessment.out == {imei(7): Out.NOT_FOUND}
    assert row_of(found, ONE).device is None
    assert row_of(found, OTHER).selected.imei == OTHER


def test_a_claimed_device_has_the_package_of_its_campaign() -> None:
    campaign = own([row(ONE)], package_name="declared-elsewhere")
    found = decided(spec([ONE, OTHER]), seen([device(ONE), device(OTHER)], [campaign]))
    assert row_of(found, ONE).package.name == "declared-elsewhere"
    assert row_of(found, ONE).cohort == row_of(found, OTHER).cohort == cohort()
    assert row_of(found, OTHER).package.name == "M1-A-B"


def test_a_claimed_device_keeps_the_cohort_that_it_had() -> None:
    what = seen([upgraded(ONE)], [own([good(ONE)])])
    assert row_of(decided(spec([ONE]), what), ONE).cohort == cohort(version="A")


def test_a_rejected_device_is_in_scope() -> None:
    what = seen([device(ONE)], [own([rejected(ONE)])])
    assert ONE in classes(decided(spec([ONE]), what))


def test_devices_that_were_busy_are_judged_anew() -> None:
    what = seen([upgraded(ONE)], [own([row(ONE, "DeviceRejected", reason="busy")])])
    assert decided(spec([ONE]), what).assessment.out == {ONE: Out.CURRENT}


# -- a target that nothing leads to


def test_a_target_that_no_package_reaches_is_an_error() -> None:
    wish = spec([ONE, OTHER], target=[target(version="B"), target("M2", "D")])
    what = seen(
        [device(ONE), device(OTHER, model="M2")],
        catalog=[package(), package("M2", "A B"), package("M2", "A C")],
    )
    with pytest.raises(PlanRefused) as caught:
        decided(wish, what)
    assert "target[1].version = 'D'" in str(caught.value)
    assert "Maker M2; needed by 1 device" in str(caught.value)
    assert caught.value.hint.startswith("published for this model: B, C;")


def test_nothing_is_published_at_all() -> None:
    what = seen([device(ONE)], catalog=[package("M9")])
    with pytest.raises(PlanRefused) as caught:
        decided(spec([ONE]), what)
    assert "published for this model: nothing" in caught.value.hint


@pytest.mark.parametrize(
    "known", [upgraded(ONE), device(ONE, "Z"), device(ONE, fota_eligible=False)]
)
def test_a_target_that_is_reached_or_that_nobody_needs_is_none(known: Device) -> None:
    """An old target without packages is fine once all run it; a published one always."""
    catalog = [package()] if known.firmware == "Z" else [package("M9")]
    found = decided(spec([ONE]), seen([known], catalog=catalog))
    assert classes(found) == {}


def test_a_target_that_campaigns_reach_is_none() -> None:
    """The package was taken from the catalog while the rollout runs."""
    what = seen([device(ONE), device(OTHER)], [own([row(ONE)])], catalog=[package("M9")])
    assert decided(spec([ONE, OTHER]), what).assessment.out == {OTHER: Out.NO_PATH}
