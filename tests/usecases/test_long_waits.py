# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits of a virtual week: every clock is the simulator's, and time passes only in ``sleep``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client import backoff
from ansible_collections.thingspace.fota.plugins.module_utils._module import waiting
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.usecases import test_campaigns, test_upgrades
from ansible_collections.thingspace.fota.tests.usecases.account import START, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imeis,
)

HOUR = 3600.0
WEEK = 7 * 24 * HOUR
MODELS = {"alpha": 20}
# Nothing is heard of any device, so that campaigns go on until their last day is over.
SILENT: dict[str, Any] = {"default": {"silent_rate": 1}}
READS = ("v3GetCampaign", "v1GetUpgrade", "v3ListDevices", "v3ListFirmware")
LOGINS = ("requestOAuthToken", "startM2MSession")


class Patient(Account):
    """An account whose sleeps move the simulator's clock, by which waits are measured.

    :ivar slept: every sleep so far, in seconds.
    :ivar events: what happens to the service, by the hour after the start; each happens once.
    """

    def __init__(self, sim: Any, token_cache: Path) -> None:
        super().__init__(sim, token_cache)
        self.start = sim.now
        self.slept: list[float] = []
        self.events: dict[float, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return float((self.sim.now - self.start).total_seconds())

    def _look_again(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.sim.advance(hours=seconds / HOUR)
        for hour in [hour for hour in self.events if hour * HOUR <= self.monotonic()]:
            self.events.pop(hour)()

    def expire(self) -> None:
        """The service forgets every token, as one does that was started anew."""
        self.sim.expire("both")

    def stop(self) -> None:
        """After one more answer, the service is gone from its port and knows no token any more."""
        self.expire()
        self.sim.faults([{"fault": "refuse", "seconds": HOUR}])

    def fall_ill(self) -> None:
        """503 for everything, logins included."""
        self.sim.faults([{"fault": "status_503_before", "times": 10**6}])

    def gateway(self, fault: str) -> Callable[[], None]:
        """Something else than the service answers what is asked, but not logins."""

        def answer() -> None:
            self.sim.faults([{"operation": read, "fault": fault, "times": 10**6} for read in READS])

        return answer

    def come_back(self) -> None:
        """On the same port, with the same campaigns."""
        self.sim.faults([])


@pytest.fixture
def patient(
    simulator: StartSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Patient]:
    """A factory of accounts whose tokens age by the same clock; takes what ``simulator`` takes."""

    def make(chosen: dict[str, Any] | None = None) -> Patient:
        sim = simulator(chosen, start=START, switches={"token_clock": "virtual"})
        made = Patient(sim, tmp_path / "tokens")
        monkeypatch.setattr(waiting, "time", made)
        # One attempt a call, so that looks and not calls ride out what happens.
        monkeypatch.setattr(
            backoff, "POLICY", backoff.RetryPolicy(longest_pause=600.0, first_pause=600.0)
        )
        return made

    return make


def add_faults(account: Patient) -> None:
    """All that can come between within a week, and passes.

    Two restarts, tokens that expire in between, an hour of 503, and a gateway that answers with
    nothing, with a fault of its own as 403, with a page as 502, and by sending callers elsewhere.
    """
    account.events = {
        20.0: account.stop,
        21.0: account.come_back,
        50.0: account.fall_ill,
        51.0: account.come_back,
        60.0: account.gateway("empty_200"),
        62.0: account.gateway("xml_403"),
        64.0: account.gateway("html_502"),
        66.0: account.gateway("redirect"),
        68.0: account.come_back,
        70.0: account.expire,
        100.0: account.stop,
        100.5: account.come_back,
    }


def assert_paced(account: Patient, *, delay: float) -> None:
    """No look but the last comes sooner than declared, or sooner than the one before it did."""
    *pauses, _last = account.slept
    assert all(pause >= delay for pause in pauses)
    assert pauses == sorted(pauses)


def assert_logins_accepted(account: Patient) -> None:
    """Whatever the faults, no login was refused: five of them would lock the account."""
    logins = [call for call in account.sim.journal() if call["operation"] in LOGINS]
    refused = Counter(login["status"] for login in logins if login["status"] not in (0, 200, 503))
    assert refused == Counter()


def wait_for_campaign(account: Patient, **more: Any) -> dict[str, Any]:
    return test_campaigns.ensure(
        account,
        name="meters",
        package="alpha-A-B",
        start_date="2026-03-03",
        end_date="2026-03-09",
        devices=imeis(MODELS),
        imei_check="off",
        wait=True,
        wait_for="ended",
        **more,
    )


@pytest.mark.soak
def test_a_campaign_is_waited_for_over_a_week(patient: Callable[..., Patient]) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    add_faults(account)
    result = wait_for_campaign(account, wait_timeout=2 * WEEK, wait_delay=30.0)
    assert result["campaign"]["state"] == "ended"
    assert account.monotonic() >= WEEK
    assert account.events == {}
    assert len(account.sim.campaigns()) == 1
    assert account.writes() == ["v3ScheduleCampaign"]
    assert_paced(account, delay=30)
    assert account.slept[:5] == [30.0] * 5
    assert len(account.slept) < WEEK / 30 / 5, "pauses grow"
    assert_logins_accepted(account)
    assert account.calls("startM2MSession") >= 3, "the session has expired on the way"
    assert account.calls("requestOAuthToken") > 100, "the bearer lives for an hour"


@pytest.mark.soak
def test_an_upgrade_is_waited_for_over_a_week(patient: Callable[..., Patient]) -> None:
    """With pauses that outlast the session: every look logs in anew."""
    account = patient()
    add_faults(account)
    given = test_upgrades.declared(account, end_date="2026-03-09")
    result = test_upgrades.ensure(
        account, **given, wait=True, wait_for="ended", wait_timeout=2 * WEEK, wait_delay=1800.0
    )
    assert result["upgrade"]["state"] == "ended"
    assert len(account.sim.upgrades()) == 1
    assert account.writes() == ["v1ScheduleUpgrade"]
    assert account.monotonic() > 3 * 24 * HOUR
    assert_paced(account, delay=1800)
    assert_logins_accepted(account)


def test_a_rollout_is_waited_for_until_there_is_something_to_do(
    patient: Callable[..., Patient],
) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    rollout = Rollout(account, MODELS)
    rollout.run_once()
    add_faults(account)
    decision = rollout.decide(wait=True, wait_timeout=2 * WEEK, wait_delay=3 * HOUR)
    assert decision["actions"]["refresh"], "versions are to be read again"
    assert account.monotonic() > 24 * HOUR
    assert_paced(account, delay=3 * HOUR)
    assert account.writes() == ["v3ScheduleCampaign"]
    assert_logins_accepted(account)


@pytest.mark.parametrize("away", first_in_test([True, False]))
def test_a_wait_ends_at_its_limit_with_the_id_to_resume(
    patient: Callable[..., Patient], *, away: bool
) -> None:
    """Also when the service is away at that moment."""
    account = patient(fleet(MODELS, outcomes=SILENT))
    if away:
        account.events = {23.0: account.fall_ill}
    with pytest.raises(TaskFailure) as caught:
        wait_for_campaign(account, wait_timeout=24 * HOUR, wait_delay=HOUR)
    account.come_back()
    (campaign,) = account.sim.campaigns()
    message, payload = describe_failure(caught.value)
    assert payload["kind"] == "timeout"
    assert campaign["id"] in message
    assert "run the same task again" in message
    assert caught.value.result["campaign"]["campaign_id"] == campaign["id"]
    result = wait_for_campaign(account, wait_timeout=WEEK, wait_delay=3 * HOUR)
    assert result["campaign"]["campaign_id"] == campaign["id"]
    assert len(account.sim.campaigns()) == 1


def test_a_gateway_in_trouble_at_the_limit_is_named(patient: Callable[..., Patient]) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    account.events = {2.0: account.gateway("xml_403")}
    with pytest.raises(TaskFailure) as caught:
        wait_for_campaign(account, wait_timeout=24 * HOUR, wait_delay=HOUR)
    message, payload = describe_failure(caught.value)
    (campaign,) = account.sim.campaigns()
    assert payload["kind"] == "timeout" and campaign["id"] in message
    assert "the last read failed: v3GetCampaign" in message and "HTTP 403: 404: " in message
    assert account.monotonic() == 24 * HOUR


def test_what_the_service_refuses_ends_the_wait_at_once(patient: Callable[..., Patient]) -> None:
    account = patient(fleet(MODELS, outcomes=SILENT))
    account.events = {2.0: lambda: account.sim.faults([{"fault": "lockout"}])}
    with pytest.raises(TaskFailure) as caught:
        wait_for_campaign(account, wait_timeout=WEEK, wait_delay=HOUR)
    _message, payload = describe_failure(caught.value)
    (campaign,) = account.sim.campaigns()
    assert payload["kind"] == "locked_out"
    assert caught.value.result["campaign"]["campaign_id"] == campaign["id"]
    assert account.monotonic() < 4 * HOUR


@pytest.mark.parametrize("away", [False, True])
def test_an_upgrades_wait_ends_at_its_limit_with_the_id(
    patient: Callable[..., Patient], *, away: bool
) -> None:
    account = patient()
    if away:
        account.events = {23.0: account.stop}
    with pytest.raises(TaskFailure) as caught:
        test_upgrades.ensure(
            account,
            **test_upgrades.declared(account),
            wait=True,
            wait_for="ended",
            wait_timeout=24 * HOUR,
            wait_delay=HOUR,
        )
    message, payload = describe_failure(caught.value)
    (upgrade,) = account.sim.upgrades()
    assert payload["kind"] == "timeout"
    assert upgrade["id"] in message
