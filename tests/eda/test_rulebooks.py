# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks of the collection in ``ansible-rulebook``, driven by what the simulator does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.callbacks import send
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.records import (
    Listener,
    Package,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.eda.conftest import (
    LONGEST,
    SECRETS,
    Rulebook,
    RunRulebook,
    free_port,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import ACCOUNT, ApiClient
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    fleet,
    imei,
    imeis,
)

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 4, "beta": 2}
PATH = "/callback/Zk3vQ8tB5yXw1LmNcRfHjPsD7uGa9e0T"
INVENTORY = {"meters": {"hosts": {imei: {} for imei in imeis(MODELS)}}}


def declare(folder: Path, deadline: str | None = None, **more: Any) -> dict[str, Any]:
    """Write the declaration of a rollout; variables of a rulebook that name it."""
    spec: dict[str, Any] = {
        "name": "meters",
        "target": [{"make": MAKER, "model": model, "version": "B"} for model in MODELS],
        **ONE_LOOK_ONE_TRY,
        "waves": [{"name": "canary", "count": 2}, {"name": "all", "rest": True}],
    }
    if deadline:
        spec["deadline"] = deadline
    file = folder / "meters.yml"
    data = {
        "rollout_spec": spec,
        "rollout_hosts": "meters",
        "rollout_imei_check": "off",
        "rollout_journal": str(folder / "journal.jsonl"),
        **more,
    }
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return {"rollout_file": str(file)}


def phases(folder: Path) -> list[str]:
    """The phases in the journal of the rollout."""
    journal = folder / "journal.jsonl"
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [json.loads(line)["phase"] for line in lines]


def hints(rulebook: Rulebook, reason: str) -> int:
    """For how many hints of a reason a run has begun."""
    return sum(event["reasons"].get(reason, 0) for event in rulebook.begun())


def hold_runs(folder: Path) -> tuple[dict[str, str], Path]:
    """A hook that lets a run wait for a file after its writes, and that file."""
    hook, file = folder / "hook.yml", folder / "go"
    task = {"name": "Wait", "ansible.builtin.wait_for": {"path": str(file), "timeout": LONGEST}}
    hook.write_text(yaml.safe_dump([task]))
    return {"phase_change": str(hook)}, file


def test_callbacks_drive_a_rollout_to_its_end_without_a_schedule(
    simulator: StartSimulator, run_rulebook: RunRulebook, tmp_path: Path
) -> None:
    sim = simulator(fleet(MODELS), start=START)
    port = free_port()
    ApiClient(sim).ok("POST", f"v3/callbacks/{ACCOUNT}", {"url": f"https://127.0.0.1:{port}{PATH}"})
    hooks, go = hold_runs(tmp_path)
    variables = {
        **declare(tmp_path, rollout_hooks=hooks),
        "callback_port": port,
        "callback_path": PATH,
        "callback_certfile": str(Authority(tmp_path).server()),
        "callback_senders": ["127.0.0.1"],
        "callback_min_interval": 1,
        "callback_max_interval": 0,
    }
    rulebook = run_rulebook(["rollout_by_callback"], variables, INVENTORY, sim)
    rulebook.until(lambda: len(sim.campaigns()) > 0)

    # While the first run goes on, callbacks are accepted, and no second run begins.
    sim.advance(hours=3)
    rulebook.until(lambda: sim.callbacks_are_sent() and bool(sim.callbacks()))
    strange = Listener(f"https://127.0.0.1:{port}/planted-5ecret")
    assert [send(strange, {"password": "planted-5ecret"}) for _number in range(3)] == [404] * 3
    assert (rulebook.running(), len(rulebook.begun())) == (1, 1)
    go.touch()

    # Time passes only while no run is under way, and callbacks alone lead to runs.
    for _day in range(30):
        rulebook.until(lambda: hints(rulebook, "callback") == len(sim.callbacks()))
        rulebook.until_idle()
        if phases(tmp_path)[-1:] == ["completed"]:
            break
        sim.advance(hours=24)
        rulebook.until(sim.callbacks_are_sent)
    rulebook.stop()
    assert phases(tmp_path)[-1:] == ["completed"]
    assert {device["firmware"] for device in sim.devices()} == {"B"}

    # No callback is lost: each is the reason of a run that has begun after it.
    sent = sim.callbacks()
    assert {status for _body, status in sent} == {200}
    assert (hints(rulebook, "callback"), hints(rulebook, "timer")) == (len(sent), 0)
    # One run at a time, and fewer runs than callbacks.
    lines = rulebook.lines()
    assert [line["what"] for line in lines] == ["begin", "end"] * (len(lines) // 2)
    assert [line["failures"] for line in lines if line["what"] == "end"] == [{}] * (len(lines) // 2)
    assert len(lines) // 2 < len(sent)
    assert rulebook.output.count("refused a request for another path") == 1
    shown = rulebook.output
    assert not [secret for secret in (*SECRETS, PATH, "planted-5ecret") if secret in shown]


@pytest.mark.soak
def test_changes_drive_a_rollout_to_its_end_without_a_schedule(
    simulator: StartSimulator, run_rulebook: RunRulebook, tmp_path: Path
) -> None:
    sim = simulator(fleet(MODELS), start=START)
    variables = {
        **declare(tmp_path),
        "rollout_name": "meters",
        "poll_interval": 1,
        "poll_min_interval": 3,
        "poll_max_interval": 0,
        "poll_state_file": str(tmp_path / "state.json"),
    }
    rulebook = run_rulebook(["rollout_by_poll"], variables, INVENTORY, sim)
    rulebook.until(lambda: len(rulebook.begun()) == 1)
    for _half_day in range(60):
        rulebook.until_idle()
        if phases(tmp_path)[-1:] == ["completed"]:
            break
        before = hints(rulebook, "change")
        known = [(one["status"], one["devices"]) for one in sim.campaigns()]
        sim.advance(hours=12)
        if known != [(one["status"], one["devices"]) for one in sim.campaigns()]:
            rulebook.until(lambda before=before: hints(rulebook, "change") > before)
    rulebook.until_idle()
    rulebook.stop()
    lines = rulebook.lines()
    assert [line["what"] for line in lines] == ["begin", "end"] * (len(lines) // 2)
    logins = [entry for entry in sim.journal() if entry["operation"] == "startM2MSession"]
    assert len(logins) == 1  # the source and all runs share it
    assert not [secret for secret in SECRETS if secret in rulebook.output]


class Chat(ThreadingHTTPServer):
    """Takes messages, as a chat does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts: list[str] = []
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/planted-5ecret"


class _Handler(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.texts.append(json.loads(body)["text"])
        self.send_response_only(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as server:
        yield server
        server.shutdown()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[int]:
    """A relay to the port that this gives, with the secret ``planted-5ecret-relay``."""
    port = free_port()
    file = tmp_path / "relay.yml"
    collection = tmp_path / "relay/ansible_collections/thingspace/fota"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(Path(__file__).parents[2])
    args = {"port": free_port(), "forward_url": f"http://127.0.0.1:{port}/", "max_interval": 0}
    file.write_text(yaml.safe_dump(args))
    process = subprocess.Popen(
        [sys.executable, str(collection / "plugins/plugin_utils/_events"), str(file)],
        env={**os.environ, "FOTA_RELAY_PATH": PATH, "FOTA_RELAY_SECRET": "planted-5ecret-relay"},
        stderr=subprocess.DEVNULL,
    )
    yield port
    process.terminate()
    process.wait()


def test_events_make_runs_messages_plans_and_warnings(
    simulator: StartSimulator,
    run_rulebook: RunRulebook,
    tmp_path: Path,
    chat: Chat,
    relay: int,
) -> None:
    sim = simulator(fleet(MODELS), start=START)
    client = ApiClient(sim)
    variables = {
        **declare(tmp_path, "2026-03-03", rollout_state="planned"),
        "relay_port": relay,
        "relay_secret": "planted-5ecret-relay",
        "notify_url": chat.url,
        "plan_report": str(tmp_path / "plan.json"),
        "poll_interval": 1,
        "rollout_name": "meters",
    }
    names = ["rollout_by_relay", "watch_account", "warn_of_deadline"]
    rulebook = run_rulebook(names, variables, INVENTORY, sim)
    # The relay retries until the webhook listens; its signature is right, so a run begins.
    rulebook.until(lambda: len(rulebook.begun("Make runs of a rollout when the relay")) == 1)
    (event,) = rulebook.begun("Make runs of a rollout when the relay")
    assert (event["event"], event["reasons"]) == ("run_due", {"start": 1})

    body = client.v3_body(
        campaignName="night {{ 7 * 7 }}",
        firmwareName="alpha-A-B",
        deviceList=[imei(5, 1)],
    )
    client.ok("POST", f"v3/campaigns/firmware/{ACCOUNT}", body)
    sim.advance(hours=1)  # the device is not one of the account, so the request fails
    package = Package("alpha-A-1.10", MAKER, "alpha", "A", "1.10", "LWM2M")
    sim._service.state.accounts[ACCOUNT].packages["v3"].append(package)
    rulebook.until(lambda: len(chat.texts) == 3)
    rulebook.until_idle()
    rulebook.stop()
    *texts, warning = sorted(chat.texts)
    assert texts == [
        "Campaign night (( 7 * 7 )) has failed with status CampaignRequestFailed.",
        f"Package alpha-A-1.10 is published for {MAKER} alpha.",
    ]
    assert warning.startswith("Rollout meters: deadline 2026-03-03 23:59 UTC: P50 of the end is 2")
    plan = json.loads((tmp_path / "plan.json").read_text())
    (cohort,) = plan["cohorts"]
    assert (cohort["model"], cohort["to_version"]) == ("alpha", "1.10")
    # Nothing but the campaign above was written, and no secret was printed.
    writes = [entry["operation"] for entry in sim.journal() if entry["kind"] == "write"]
    assert writes == ["v3ScheduleCampaign"]
    assert not [
        secret for secret in (*SECRETS, PATH, "planted-5ecret") if secret in rulebook.output
    ]
