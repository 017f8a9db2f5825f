# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens, one jump of the clock ends where any smaller steps end."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.control import Control
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Service
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.campaign import (
    Plan,
    StateError,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.clock import (
    VirtualClock,
    day_of,
    parse_rfc3339,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import ACCOUNT, fleet, imei

START = parse_rfc3339("2026-03-02T00:00:00Z")
TODAY = day_of(START)

WINDOWS = st.sampled_from(((), ((18, 22),), ((0, 2), (23, 24)), ((5, 6), (7, 9), (8, 12))))
PLANS = st.builds(
    lambda start, days, windows, later: Plan(
        TODAY + start, TODAY + start + days, windows, None, windows, TODAY + start + later, windows
    ),
    st.integers(0, 3),
    st.integers(0, 4),
    WINDOWS,
    st.integers(0, 2),
)
ORDERS = st.lists(
    st.tuples(
        st.floats(0, 60),  # hours from the previous order
        st.sampled_from(("v3", "v2", "v1", "dates", "add", "remove", "delete", "refresh")),
        st.integers(0, 9),
        PLANS,
    ),
    min_size=1,
    max_size=8,
)
RULES = st.fixed_dictionaries(
    {
        "success_rate": st.sampled_from((0.0, 0.5, 1.0)),
        "silent_rate": st.sampled_from((0.0, 0.2)),
        "unreached_rate": st.sampled_from((0.0, 0.2)),
        "revert_rate": st.sampled_from((0.0, 0.3)),
        "retry_rate": st.sampled_from((0.0, 0.7)),
        "persistent": st.booleans(),
    }
)
SWITCHES = st.fixed_dictionaries(
    {
        "scheduled_entry": st.sampled_from(("day_before", "at_start")),
        "delete_started_v3": st.sampled_from(("refused", "aborted")),
        "stored_after_success": st.sampled_from(("at_once", "next_day", "on_refresh")),
    }
)


class Story:
    """A service that carries out orders at their hours, in steps of a given length."""

    def __init__(self, rule: dict[str, Any], switches: dict[str, str], step: float) -> None:
        self._clock = VirtualClock(START, hours_per_second=0)
        service = Service(
            parse_fleet(fleet(**rule), now=START),
            self._clock,
            switches=switches,
            latency_ms=0,
            refuse_writes=False,
        )
        self._service = service
        self._state = service.state
        self._account = self._state.accounts[ACCOUNT]
        self._control = Control(service, lambda: None)
        self._step = step

    def wait(self, hours: float) -> None:
        """Pass time in steps; the last one is what is left."""
        until = self._clock.now() + hours * 3600
        while self._step and self._clock.now() + self._step * 3600 < until:
            self._clock.set(self._clock.now() + self._step * 3600)
            self._state.catch_up()
        self._clock.set(until)
        self._state.catch_up()

    def carry_out(self, verb: str, number: int, plan: Plan) -> None:
        state, account = self._state, self._account
        devices = [imei(number + offset) for offset in range(1, 8)]
        if verb in ("v3", "v2"):
            base = 200 if verb == "v2" else 0
            package = account.packages[verb][0]
            self._service.campaigns.create(
                account,
                api=verb,
                name=None,
                package=package,
                version_from=package.version_from,
                version_to=package.version_to,
                protocol="HTTP" if verb == "v2" else "LWM2M",
                plan=plan,
                devices=[imei(base + number + offset) for offset in range(1, 5)],
            )
            return
        if verb == "v1":
            self._service.upgrades.create(
                account,
                package=account.packages["v1"][0],
                start=plan.start,
                end=plan.end,
                devices=[imei(100 + number + offset) for offset in range(1, 5)],
            )
            return
        if verb == "refresh":
            state.refresh(account.devices[imei(number + 1)])
            return
        live = list(state.campaigns_by_id.values())
        if not live:
            return
        campaign = live[number % len(live)]
        try:
            if verb == "dates":
                self._service.campaigns.change_plan(campaign, plan)
            elif verb == "delete":
                self._service.campaigns.delete(campaign)
            else:
                change = (
                    self._service.campaigns.add if verb == "add" else self._service.campaigns.remove
                )
                change(campaign, devices)
        except StateError:
            return  # a refusal is an outcome like any other, and must be the same in both

    def truth(self) -> tuple[Any, ...]:
        control = self._control
        return control.devices(), control.campaigns(), control.upgrades()


@given(ORDERS, RULES, SWITCHES, st.sampled_from((0.25, 1.0, 7.3)))
@settings(max_examples=60, deadline=None)
def test_one_jump_equals_many_steps(
    orders: list[tuple[float, str, int, Plan]],
    rule: dict[str, Any],
    switches: dict[str, str],
    step: float,
) -> None:
    jump, steps = Story(rule, switches, 0), Story(rule, switches, step)
    for hours, verb, number, plan in orders:
        for story in (jump, steps):
            story.wait(hours)
            story.carry_out(verb, number, plan)
    jump.wait(150)
    steps.wait(150)
    assert jump.truth() == steps.truth()


@given(ORDERS, RULES)
@settings(max_examples=40, deadline=None)
def test_nothing_is_held_or_open_when_all_is_over(
    orders: list[tuple[float, str, int, Plan]], rule: dict[str, Any]
) -> None:
    story = Story(rule, {}, 0)
    for hours, verb, number, plan in orders:
        story.wait(hours)
        story.carry_out(verb, number, plan)
    story.wait(24 * 60)
    devices, campaigns, upgrades = story.truth()
    assert {row["held_by"] for row in devices} == {None}
    terminal = {"CampaignRequestFailed", "CampaignEnded", "CampaignCancelled", "CampaignAborted"}
    assert {row["status"] for row in campaigns} <= terminal
    assert {row["status"] for row in upgrades} <= {"Finished", "RequestFailed"}
    for row in campaigns:
        moved = [imei for imei, entry in row["devices"].items() if entry["attempts"]]
        assert not moved or row["started"]
