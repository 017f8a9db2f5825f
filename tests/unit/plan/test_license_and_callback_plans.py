# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of licenses and of callback listeners, for any state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.callback import Listener
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import Subscription
from ansible_collections.thingspace.fota.plugins.module_utils._plan.callback_plan import (
    Step,
    plan_registration,
    plan_removal,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.license_plan import (
    Seats,
    check_assignment,
    plan_licenses,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused

IMEIS = [f"{number:015d}" for number in range(8)]
some = st.lists(st.sampled_from(IMEIS), unique=True)
listeners = st.builds(
    Listener,
    url=st.sampled_from(["https://a.example/x", "https://b.example/y"]),
    username=st.sampled_from(["", "u", "v"]),
    password=st.sampled_from(["", "p", "q"]),
)


def subscription(bought: int, used: int, purchase: str = "TS-HFOTA-MRC") -> Subscription:
    return Subscription((purchase,), bought, used, "")


@given(devices=some, licensed=some, assign=st.booleans())
def test_a_plan_of_licenses_leads_to_what_is_declared(
    devices: list[str],
    licensed: list[str],
    assign: bool,  # noqa: FBT001
) -> None:
    plan = plan_licenses(devices, licensed, assign=assign)
    assert not (plan.add and plan.remove)
    after = {*licensed, *plan.add} - {*plan.remove}
    assert set(plan.after) == after
    assert after >= set(devices) if assign else after.isdisjoint(devices)
    assert {action.device_id for action in plan.actions} == set(devices)
    again = plan_licenses(devices, plan.after, assign=assign)
    assert not again


@given(devices=some, licensed=some, bought=st.integers(0, 9), known=some)
def test_an_assignment_is_allowed_only_if_all_can_have_a_license(
    devices: list[str], licensed: list[str], bought: int, known: list[str]
) -> None:
    plan = plan_licenses(devices, licensed, assign=True)
    fits = len(plan.add) <= max(0, bought - len(licensed))
    allowed = not plan.add or (fits and set(plan.add) <= set(known))
    bought_now = subscription(bought, len(licensed))
    if allowed:
        check_assignment(plan, bought_now, known)
        return
    with pytest.raises(PlanRefused):
        check_assignment(plan, bought_now, known)


def test_an_account_that_pays_per_upgrade_has_no_seats() -> None:
    plan = plan_licenses(IMEIS[:1], [], assign=True)
    with pytest.raises(PlanRefused, match="TS-HFOTA-EVNT, not TS-HFOTA-MRC"):
        check_assignment(plan, subscription(9, 0, "TS-HFOTA-EVNT"), IMEIS)


@given(bought=st.integers(0, 9), used=st.integers(0, 12), needed=st.integers(0, 12) | st.none())
def test_seats_add_up(bought: int, used: int, needed: int | None) -> None:
    seats = Seats.of(subscription(bought, used), needed=needed)
    assert seats.free == max(0, bought - used)
    assert seats.short is None if needed is None else seats.short == max(0, needed - seats.free)


@given(declared=listeners, current=listeners | st.none(), replaces=st.booleans())
def test_a_registration_never_takes_the_url_of_another_untold(
    declared: Listener,
    current: Listener | None,
    replaces: bool,  # noqa: FBT001
) -> None:
    try:
        step = plan_registration(declared, current, replace=replaces, known_as="a.example:443")
    except PlanRefused as refused:
        assert current is not None and current.url != declared.url and not replaces
        assert "a.example:443" in str(refused) and "replace: true" in refused.hint
        return
    assert (step is Step.REGISTER) is (current is None)
    assert (step is Step.NONE) is (current is not None and declared.is_kept_by(current))
    assert plan_registration(declared, declared, replace=False, known_as="") is Step.NONE


@given(declared=listeners | st.none(), current=listeners | st.none(), replaces=st.booleans())
def test_a_removal_spares_the_listener_of_another(
    declared: Listener | None,
    current: Listener | None,
    replaces: bool,  # noqa: FBT001
) -> None:
    step = plan_removal(declared, current, replace=replaces)
    ours = declared is not None and current is not None and declared.url == current.url
    assert (step is Step.DEREGISTER) is (current is not None and (replaces or ours))


def test_a_password_that_is_not_returned_is_not_compared() -> None:
    declared = Listener("https://a.example/x", "u", "p")
    assert declared.is_kept_by(replace(declared, password=""))
    assert not declared.is_kept_by(replace(declared, password="q"))
    assert replace(declared, password="").is_kept_by(declared)
    assert "https" not in repr(declared) and "'p'" not in repr(declared)
