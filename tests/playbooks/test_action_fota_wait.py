# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``fota_wait`` as real playbook runs: lines in the output, failures, options, an interrupt."""

from __future__ import annotations

import os
import signal
from datetime import date
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import (
    GM01Q,
    NEW,
    START,
    fleet,
    play,
    task,
)

DEVICES = ["358000000000016", "358000000000024"]
SECRETS = ("simulator-secret", "simulator-password")
SECRET = "{{ lookup('ansible.builtin.env', 'THINGSPACE_CLIENT_SECRET') }}"
ACCOUNT = "THINGSPACE_ACCOUNT"
INTERRUPTED_BY_USER = 99  # exit status of Ansible's command
DECLARED = "{{ declared.campaign.campaign_id }}"
CAMPAIGN = task(
    "fota_campaign",
    named="declare",
    name="meters",
    package=GM01Q,
    start_date="2026-03-05",
    end_date="2026-03-12",
    devices=DEVICES,
)
ROLLOUT = {
    "name": "spring",
    "target": [{"make": "SEQUANS Communications", "model": "GM01Q", "version": NEW}],
    "devices": ["358000000000032"],
    # YAML reads it as a date, which no module ever gets to see.
    "calendar": {"freeze": [{"from": date(2026, 12, 20), "to": date(2027, 1, 6), "why": "rest"}]},
}


def wait(named: str, **options: Any) -> dict[str, Any]:
    return task("fota_wait", named=named, **{"wait_delay": 0.2, **options})


def lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("fota_wait: ")]


def test_check_mode_looks_once_and_says_nothing(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    sim.refuse_writes = True
    run = run_playbook(
        play(
            {**CAMPAIGN, "register": "declared"},
            wait("ids", campaign_ids=[DECLARED]),
            wait("rollout", rollout=ROLLOUT),
        ),
        "--check",
        "--diff",
        simulator=sim,
    ).succeeded()
    assert lines(run.output) == []
    assert (run["ids"]["campaigns"], run["ids"]["elapsed"]) == ([], 0.0)
    assert run["rollout"]["would_change"]
    assert [one for one in sim.journal() if one["kind"] == "write"] == []


@pytest.mark.matrix
def test_a_wait_shows_progress_and_fails_at_its_limit_with_the_id(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    days_pass = {
        "name": "clock",
        "ansible.builtin.uri": {
            "url": "{{ control }}/clock",
            "method": "POST",
            "body_format": "json",
            "body": {"hours_per_second": 48},
        },
    }
    given = {
        "environment": {ACCOUNT: "{{ '0000123456' }}-00001"},
        "module_defaults": {
            "thingspace.fota.fota_wait": {"password": "{{ 'simulator-' }}password"},
            "group/thingspace.fota.fota": {"username": "simulator-user"},
        },
    }
    tried = {"ignore_errors": True}
    run = run_playbook(
        play(
            {**CAMPAIGN, "register": "declared"},
            {**wait("late", names=["meters"], wait_timeout=1), **tried},
            {**wait("bad", campaign_ids=["x"], client_secret=SECRET, wait_for=SECRET), **tried},
            {**wait("two", campaign_ids=["x"], rollout=ROLLOUT), **tried},
            {**wait("gone", names=["nowhere"]), **tried},
            {**wait("account", names=["meters"]), **tried, "environment": {ACCOUNT: ""}},
            days_pass,
            {
                **wait(
                    "wait", campaign_ids=[DECLARED], progress_interval=0.4, return_devices="all"
                ),
                **given,
            },
            {**wait("quiet", names=["meters"]), "no_log": True},
            wait("rollout", rollout=ROLLOUT),
        ),
        "-vvvv",
        simulator=sim,
    )
    assert [one.task for one in run.results if one.status == "ignored"] == [
        *("late", "bad", "two", "gone", "account")
    ], run.output
    (campaign,) = sim.campaigns()

    late = run["late"]
    assert late["failure"]["kind"] == "timeout"
    assert campaign["id"] in late["msg"] and "fota_wait with campaign_ids: [" in late["msg"]
    assert late["campaigns"][0]["campaign_id"] == campaign["id"] and late["elapsed"] >= 1
    assert "mutually exclusive" in run["two"]["msg"]
    assert "wait_for must be one of: accepted, scheduled, ended, got: ***" in run["bad"]["msg"]
    assert run["gone"]["failure"]["kind"] == "refused"
    assert run["account"]["failure"]["kind"] == "invalid_value"
    assert not [secret for secret in SECRETS if secret in run.output]

    done = run["wait"]
    assert done["campaigns"][0]["state"] == "ended"
    assert done["campaigns"][0]["counts"] == {"success": 2}
    assert len(done["campaigns"][0]["devices"]) == 2
    assert done["msg"].startswith("SIMULATED") and done["elapsed"] > 0 and not done["changed"]
    assert run["rollout"]["would_change"] and "diff" not in run["rollout"]

    said = lines(run.output)
    assert all(f"[localhost] SIMULATED on 127.0.0.1:{sim.port}: " in line for line in said)
    assert not any("\r" in line or "\x1b" in line for line in said)
    opened = [line for line in said if "for 10 min at most. Ctrl-C stops only" in line]
    assert len(opened) == 1 and campaign["id"] in opened[0]
    told = said[said.index(opened[0]) + 1 :]
    assert "[--------------------] 0% of 2 devices, pending 2; Campaign" in told[0]
    assert "at the latest 2026-03-13 00:00 UTC" in told[0]
    assert "[####################] 100% of 2 devices, success 2; CampaignEnded 1" in told[-2]
    assert "rollout spring: " in told[-1]
    assert 3 <= len(told) <= 3 + done["elapsed"] / 0.4


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_wait_only(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    running = run_playbook.start(
        play(CAMPAIGN, wait("wait", names=["meters"], wait_timeout=600)), simulator=sim
    )
    assert eventually(lambda: "Ctrl-C" in running.output_file.read_text(encoding="utf-8"))
    os.killpg(running.process.pid, signal.SIGINT)
    run = running.wait()
    assert run.status == INTERRUPTED_BY_USER, run.output
    assert "Traceback" not in run.output
    assert "what it waits for continues at the service" in run.output
    (campaign,) = sim.campaigns()
    assert campaign["status"] != "CampaignCancelled"
    sessions = [one["operation"] for one in sim.journal() if one["kind"] == "write"]
    assert sessions == ["v3ScheduleCampaign"]
