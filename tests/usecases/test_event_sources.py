# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``fota_campaigns`` as ansible-rulebook runs it: one event for each change."""

from __future__ import annotations

import asyncio
import json
import runpy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import LoginRejected
from ansible_collections.thingspace.fota.plugins.plugin_utils._events import (
    arguments,
    campaigns,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.records import (
    Package,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.tools.update_event_schemas import SOURCES
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ApiClient,
    fleet,
    imei,
)

START = "2026-03-02T00:00:00Z"
LONGEST = 60  # seconds
SCHEMA = Draft202012Validator(json.loads((SOURCES / "schemas/fota_event.json").read_text()))
OURS = "tsr.meters.0a1b2c.w01.0a1b2c.t01.a1.n2"
SECRETS = ("simulator-secret", "simulator-password")


class Source:
    """A source in an event loop of its own.

    :ivar events: what it has put.
    :ivar error: what has ended it.
    """

    def __init__(self, sim: SimulatorServer, folder: Path, **args: Any) -> None:
        self.sim = sim
        self.events: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self._args = {
            "account": ACCOUNT,
            "base_url": sim.url,
            "client_id": "simulator-key",
            "client_secret": "simulator-secret",
            "username": "simulator-user",
            "password": "simulator-password",
            "token_cache": str(folder / "tokens"),
            "interval": 0.02,
            "min_interval": 0,
            "max_interval": 0,
            "timeout": 10,
            **args,
        }
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        main = runpy.run_path(str(SOURCES / "fota_campaigns.py"))["main"]
        self._task = self._loop.create_task(main(self, self._args))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001
            self.error = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def put(self, event: dict[str, Any]) -> None:
        SCHEMA.validate(event)
        self.events.append(event["fota"])

    def changes(self) -> list[dict[str, Any]]:
        """What it has put but for hints that a run is due."""
        return [event for event in self.events if event["event"] != "run_due"]

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.changes()]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LONGEST
        while not condition():
            assert self.error is None, self.error
            assert time.monotonic() < end, self.events
            time.sleep(0.01)

    def poll_twice(self) -> None:
        """Wait until every list has been read twice from now on."""
        seen = len(self.sim.journal())

        def listed() -> bool:
            new = self.sim.journal()[seen:]
            return sum(entry["operation"] == "v3ListCampaignsByStatus" for entry in new) >= 30

        self.until(listed)

    def stop(self) -> Source:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
        self.join()
        return self

    def join(self) -> None:
        self._thread.join(LONGEST)
        assert not self._thread.is_alive()


@pytest.fixture
def start_source(
    simulator: StartSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Source]]:
    monkeypatch.setitem(arguments._LEAST, "interval", 0.0)
    simulator.judge_requests = False
    started: list[Source] = []

    def start(sim: SimulatorServer, **args: Any) -> Source:
        started.append(Source(sim, tmp_path, **args))
        return started[-1]

    yield start
    for source in started:
        source.stop()


def calls(sim: SimulatorServer, operation: str) -> int:
    return sum(entry["operation"] == operation for entry in sim.journal())


def test_each_change_is_one_event_and_a_restart_repeats_none(
    simulator: StartSimulator, start_source: Callable[..., Source], tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    sim = simulator(fleet(), start=START)
    client = ApiClient(sim)
    old = client.create(1, campaignName="from before")
    sim.clear_journal()
    state = tmp_path / "state.json"
    source = start_source(sim, state_file=str(state))
    source.poll_twice()
    assert source.changes() == []
    assert source.events == [{"event": "run_due", "account": ACCOUNT, "reasons": {"start": 1}}]

    new = client.create(2, campaignName="night", deviceList=[imei(8), imei(9)])
    source.until(lambda: len(source.changes()) == 1)
    sim.advance(hours=1)
    source.until(lambda: len(source.changes()) == 3)
    source.poll_twice()
    found = source.stop().changes()
    assert [(one["event"], one["campaign"]["campaign_id"], one["before"]) for one in found] == [
        ("campaign_found", new, None),
        ("campaign_changed", old, "CampaignRequestPending"),
        ("campaign_changed", new, "CampaignRequestPending"),
    ]
    # Each change is also the reason of a run.
    due = [one["reasons"] for one in source.events if one["event"] == "run_due"]
    assert sum(reasons.get("change", 0) for reasons in due) == 3

    # Nothing runs while the campaigns end; a campaign in no report is known all the same.
    sim.advance(hours=2)
    source = start_source(sim, state_file=str(state))
    source.until(lambda: len(source.changes()) == 2)
    sim.advance(hours=100)
    source.until(lambda: len(source.changes()) == 6)
    source.poll_twice()
    found = source.stop().changes()
    assert [(one["event"], one["campaign"]["status"]) for one in found] == [
        *[("campaign_changed", "CampaignPreScheduled")] * 2,
        *[("devices_changed", "CampaignEnded"), ("campaign_ended", "CampaignEnded")] * 2,
    ]
    assert [one["results"] for one in found if "results" in one] == [{"success": 1}, {"success": 2}]
    source = start_source(sim, state_file=str(state))
    source.poll_twice()
    assert source.stop().changes() == []

    # Three processes have shared one login, and have written nothing.
    assert (calls(sim, "startM2MSession"), calls(sim, "requestOAuthToken")) == (1, 1)
    creates = [entry for entry in sim.journal() if entry["kind"] == "write"]
    assert [entry["operation"] for entry in creates] == ["v3ScheduleCampaign"]
    seen = "\n".join([caplog.text, state.read_text(), json.dumps(found)])
    assert not [secret for secret in SECRETS if secret in seen]


def test_only_the_campaigns_of_a_rollout(
    simulator: StartSimulator, start_source: Callable[..., Source]
) -> None:
    sim = simulator(fleet(), start=START)
    client = ApiClient(sim)
    source = start_source(sim, rollout="meters", devices=False)
    source.poll_twice()
    client.create(1, campaignName="night")
    client.create(1, campaignName=OURS.replace("meters", "trackers"))
    client.create(2, campaignName=OURS)
    sim.advance(hours=200)
    source.until(lambda: source.kinds()[-1:] == ["campaign_ended"])
    source.poll_twice()
    found = source.stop().changes()
    seen = {(one["rollout"], one["wave"], one["campaign"]["name"]) for one in found}
    assert seen == {("meters", 1, OURS)}


def test_software(simulator: StartSimulator, start_source: Callable[..., Source]) -> None:
    sim = simulator(fleet(), start=START)
    client = ApiClient(sim)
    source = start_source(sim, type="software", packages=True)
    source.until(lambda: calls(sim, "v2ListSoftware") >= 2)
    client.create_v2()
    source.until(lambda: source.kinds() == ["campaign_found"])
    sim.advance(hours=72)
    source.until(lambda: len(source.changes()) == 3)
    seen = calls(sim, "v2ListSoftware")
    source.until(lambda: calls(sim, "v2ListSoftware") > seen + 2)
    assert source.stop().kinds() == ["campaign_found", "devices_changed", "campaign_ended"]
    assert {event["type"] for event in source.changes()} == {"software"}


def test_failures_and_publications(
    simulator: StartSimulator, start_source: Callable[..., Source]
) -> None:
    sim = simulator(fleet(), start=START)
    client = ApiClient(sim)
    source = start_source(sim, packages=True)
    source.poll_twice()
    assert source.changes() == []
    # More than 20 devices without a pilot: the request fails later.
    client.create(25)
    source.until(lambda: source.kinds() == ["campaign_found"])
    sim.advance(hours=1)
    source.until(lambda: source.kinds() == ["campaign_found", "campaign_failed"])
    package = Package("Maker_M1_B_C", "Maker", "M1", "B", "{{ 7 * 7 }}\x1b[1m", "LWM2M")
    sim._service.state.accounts[ACCOUNT].packages["v3"].append(package)
    source.until(lambda: len(source.changes()) == 3)
    source.poll_twice()
    event = source.stop().changes()[2]
    assert (event["event"], event["package"]["name"]) == ("firmware_published", "Maker_M1_B_C")
    assert event["package"]["to_version"] == "(( 7 * 7 )) [1m"


def test_while_the_service_does_not_answer_it_backs_off(
    simulator: StartSimulator,
    start_source: Callable[..., Source],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[int] = []

    def pause(attempt: int, **_more: Any) -> float:
        pauses.append(attempt)
        return 0.02

    monkeypatch.setattr(campaigns, "pause", pause)
    sim = simulator(fleet(), start=START)
    client = ApiClient(sim)
    source = start_source(sim)
    source.poll_twice()
    assert set(pauses) == {1}
    sim.faults([{"fault": "error_200_before", "times": 1000}])
    source.until(lambda: 4 in pauses)
    sim.faults([])
    client.create(1)
    source.until(lambda: source.kinds() == ["campaign_found"])
    source.poll_twice()
    source.stop()
    # The pause of each failure in a row is that of a later attempt, and then the first again.
    assert [*dict.fromkeys(pauses)][:4] == [1, 2, 3, 4]
    assert pauses[-1] == 1
    assert (caplog.text.count("in a row failed"), caplog.text.count("answers again")) == (1, 1)


def test_a_rejected_login_ends_it_after_one_attempt(
    simulator: StartSimulator, start_source: Callable[..., Source]
) -> None:
    sim = simulator(fleet(), start=START)
    source = start_source(sim, password="planted-5ecret")
    source.join()
    assert isinstance(source.error, LoginRejected)
    assert "planted-5ecret" not in str(source.error)
    assert calls(sim, "startM2MSession") == 1
