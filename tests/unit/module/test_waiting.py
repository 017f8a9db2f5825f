# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, on a clock of its own: time passes only in ``sleep`` and in slow reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._api.v3 import LIST_FIRMWARE
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    ConfigurationError,
    FotaError,
    LoginRejected,
    ServiceRefused,
    ServiceUnavailable,
    TokenCacheError,
    UnexpectedReply,
    WriteOutcomeUnknown,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module import waiting
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import (
    Waited,
    Waiting,
    is_transient,
    wait_for,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    default_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority


class World:
    """A monotonic clock, and a service that gives one state (or error) after the other."""

    def __init__(self, *states: str | Exception, seconds_per_read: float = 0.0) -> None:
        self.states = list(states)
        self.now = 1000.0
        self.slept: list[float] = []
        self.looks = 0
        self._seconds_per_read = seconds_per_read

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def read(self) -> str:
        self.looks += 1
        self.now += self._seconds_per_read
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    def make(*states: str | Exception, seconds_per_read: float = 0.0) -> World:
        made = World(*states, seconds_per_read=seconds_per_read)
        monkeypatch.setattr(waiting, "time", made)
        return made

    return make


def is_done(state: str) -> bool:
    return state == "done"


def test_what_is_done_at_once_is_not_waited_for(world: Callable[..., World]) -> None:
    here = world("done")
    waited = wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert (waited.done, waited.last, waited.elapsed) == (True, "done", 0.0)
    assert (here.looks, here.slept) == (1, [])


def test_a_start_saves_the_first_look(world: Callable[..., World]) -> None:
    here = world("done")
    assert wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep, start="done").done
    assert here.looks == 0
    assert wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep, start="busy").done
    assert (here.looks, here.slept) == (1, [5])


def test_it_looks_again_after_each_delay(world: Callable[..., World]) -> None:
    here = world("busy", "busy", "done")
    waited = wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert (waited.done, waited.elapsed, here.slept) == (True, 10.0, [5, 5])


def test_looks_get_rarer_after_ten(world: Callable[..., World]) -> None:
    """A campaign that runs for days is not asked for twice a minute."""
    here = world("busy")
    wait_for(here.read, is_done, Waiting(7 * 24 * 3600, 30), sleep=here.sleep)
    assert here.slept[:10] == [30] * 10
    assert here.slept[10:12] == [37.5, 46.875]
    assert max(here.slept) == 300
    assert here.slept[:-1] == sorted(here.slept[:-1])
    assert here.looks < 2100
    # Who asks every hour is asked for nothing else.
    hourly = world("busy")
    wait_for(hourly.read, is_done, Waiting(24 * 3600, 3600), sleep=hourly.sleep)
    assert hourly.slept == [3600] * 24
    # Who asks every second soon asks every ten seconds.
    quick = world("busy")
    wait_for(quick.read, is_done, Waiting(600, 1), sleep=quick.sleep)
    assert max(quick.slept) == 10


@pytest.mark.parametrize(
    ("timeout", "delay", "slept"),
    [
        pytest.param(12, 5, [5, 5, 2], id="rest-is-shorter"),
        pytest.param(10, 5, [5, 5], id="even"),
        pytest.param(3, 5, [3], id="delay-is-longer"),
        pytest.param(0, 5, [], id="no-time"),
    ],
)
def test_the_last_look_is_at_the_very_end(
    world: Callable[..., World], timeout: float, delay: float, slept: Sequence[float]
) -> None:
    here = world("busy")
    waited = wait_for(here.read, is_done, Waiting(timeout, delay), sleep=here.sleep)
    assert (waited.done, waited.last, waited.elapsed) == (False, "busy", timeout)
    assert here.slept == list(slept)
    assert here.looks == len(slept) + 1


def test_what_is_done_at_the_last_look_is_done(world: Callable[..., World]) -> None:
    here = world("busy", "busy", "done")
    assert wait_for(here.read, is_done, Waiting(10, 5), sleep=here.sleep).done


def test_slow_reads_use_up_the_time(world: Callable[..., World]) -> None:
    here = world("busy", seconds_per_read=4.0)
    waited = wait_for(here.read, is_done, Waiting(10, 5), sleep=here.sleep)
    assert not waited.done
    assert (here.slept, here.looks, waited.elapsed) == ([5], 2, 13.0)


PAGE = "<html>maintenance</html>"
TRANSIENT = [
    pytest.param(ServiceUnavailable("down", http_status=503), id="503"),
    pytest.param(ServiceUnavailable("refused", hint="Nothing was written. Try later."), id="away"),
    pytest.param(UnexpectedReply("page", http_status=200, error_message=PAGE), id="page"),
    pytest.param(ServiceRefused("fault", http_status=403, error_code="404"), id="gateway"),
    pytest.param(ServiceRefused("page", http_status=403, error_message=PAGE), id="firewall"),
]
FINAL = [
    pytest.param(ServiceRefused("no", http_status=400, error_code="INVALID_PARAMETER"), id="400"),
    pytest.param(ServiceRefused("no", http_status=400), id="400-without-a-code"),
    pytest.param(ServiceRefused("no", http_status=403, error_code="FORBIDDEN"), id="403"),
    pytest.param(ServiceRefused("no", http_status=403, error_code="900908"), id="key"),
    pytest.param(ServiceRefused("no", http_status=401, error_code="900901"), id="bearer"),
    pytest.param(ServiceRefused("no", http_status=404), id="404"),
    pytest.param(LoginRejected("no", http_status=403), id="login"),
    pytest.param(LoginRejected("no", kind="locked_out"), id="lockout"),
    pytest.param(ConfigurationError("no"), id="options"),
    pytest.param(TokenCacheError("no"), id="cache"),
    pytest.param(WriteOutcomeUnknown("what"), id="a-write"),
]


@pytest.mark.parametrize("error", TRANSIENT)
def test_a_transient_error_is_waited_out_and_reported(
    world: Callable[..., World], error: FotaError
) -> None:
    here = world("busy", error, error, "done")
    reported: list[Waited[str]] = []
    wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep, report=reported.append)
    assert [(state.elapsed, state.last, state.error) for state in reported] == [
        (0, "busy", None),
        (5, "busy", error),
        (10, "busy", error),
        (15, "done", None),
    ]
    assert [state.done for state in reported] == [False, False, False, True]


@pytest.mark.parametrize("error", FINAL)
def test_a_final_error_ends_the_wait(world: Callable[..., World], error: FotaError) -> None:
    here = world("busy", error, "done")
    with pytest.raises(type(error)) as caught:
        wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert caught.value is error and here.looks == 2


@pytest.mark.parametrize("error", TRANSIENT)
def test_the_first_look_waits_for_nothing(world: Callable[..., World], error: FotaError) -> None:
    """It would hide a wrong address for as long as the wait may last."""
    here = world(error, "done")
    with pytest.raises(type(error)):
        wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert here.slept == []


def test_the_last_error_is_named_at_the_end(world: Callable[..., World]) -> None:
    here = world("busy", UnexpectedReply("a page"), ServiceUnavailable("down"))
    waited = wait_for(here.read, is_done, Waiting(12, 5), sleep=here.sleep)
    assert (waited.done, waited.last) == (False, "busy")
    assert waited.error_clause == "; the last read failed: down"
    good = wait_for(here.read, is_done, Waiting(5, 5), sleep=here.sleep, start="done")
    assert good.error_clause == ""


@pytest.mark.parametrize("expired", [False, True])
def test_a_certificate_is_not_transient(tmp_path: Path, *, expired: bool) -> None:
    """By what the client really says of one: it will not get better by itself."""
    authority = Authority(tmp_path)
    with SimulatorServer(default_fleet(), tls=authority.context(expired=expired)) as sim:
        settings = ConnectionSettings(
            base_url=sim.url,
            bearer_token="given",
            session_token="given",
            token_cache=str(tmp_path / "tokens"),
            ca_path=str(authority.bundle) if expired else None,
            timeout=5.0,
        )
        with Client(settings) as client, pytest.raises(ServiceUnavailable) as caught:
            client.call(LIST_FIRMWARE, params={"account": "0000123456-00001"})
    assert "certificate is not trusted" in str(caught.value)
    assert not is_transient(caught.value)


def test_a_service_that_cannot_be_read_even_once_is_an_error(world: Callable[..., World]) -> None:
    here = world(ServiceUnavailable("down"), "done")
    with pytest.raises(ServiceUnavailable):
        wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert here.slept == []


def test_a_service_that_goes_away_later_is_looked_for_again(world: Callable[..., World]) -> None:
    here = world("busy", ServiceUnavailable("down"), ServiceUnavailable("down"), "done")
    waited = wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)
    assert (waited.done, waited.elapsed, here.looks) == (True, 15.0, 4)


def test_a_service_that_stays_away_ends_with_the_last_state(world: Callable[..., World]) -> None:
    here = world("busy", ServiceUnavailable("down"))
    waited = wait_for(here.read, is_done, Waiting(12, 5), sleep=here.sleep)
    assert (waited.done, waited.last, waited.elapsed) == (False, "busy", 12.0)


def test_a_refusal_is_not_waited_out(world: Callable[..., World]) -> None:
    here = world("busy", ServiceRefused("no"))
    with pytest.raises(ServiceRefused):
        wait_for(here.read, is_done, Waiting(60, 5), sleep=here.sleep)


def test_waiting_as_declared() -> None:
    assert Waiting.declared({"wait_timeout": 600.0, "wait_delay": 30.0}) == Waiting(600.0, 30.0)
