# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``simulator``: it starts, connects, advances its clock, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.playbooks.leftovers import eventually, listens, lives
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRun, PlaybookRunner

FLEET = {
    "accounts": [
        {
            "name": "0000777777-00001",
            "generate": [{"count": 3, "make": "Nordic Semiconductor ASA", "model": "nRF9160"}],
        }
    ]
}


def role(entry: str, **variables: Any) -> dict[str, Any]:
    """A task that runs an entry point of the role."""
    return {
        "name": f"Role {entry}",
        "ansible.builtin.import_role": {"name": "thingspace.fota.simulator", "tasks_from": entry},
        "vars": variables,
    }


def play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks)}
    ]


READ_ACCOUNT = [
    {
        "name": f"Read {what}",
        f"thingspace.fota.fota_{what}_info": options,
        "module_defaults": {"group/thingspace.fota.fota": "{{ simulator_connection }}"},
        "register": what,
    }
    for what, options in (("device", {"gather": ["subscription"]}), ("firmware", {}))
]
ORIGINAL = {
    "now": "2026-03-02T08:00:00Z",
    "devices": "{{ device.devices }}",
    "packages": "{{ firmware.packages }}",
    "subscription": "{{ device.subscription }}",
    "qualified": [],
}
COUNT_DEVICES = {
    "name": "Count devices",
    "thingspace.fota.fota_device_info": {"return_devices": "none"},
    "module_defaults": {"group/thingspace.fota.fota": "{{ simulator_connection }}"},
}
OVERVIEW = {
    "name": "Overview",
    "ansible.builtin.uri": {"url": "{{ simulator_control }}/", "use_proxy": False},
    "check_mode": False,
}


def server(run: PlaybookRun) -> dict[str, Any]:
    """The line that the simulator printed when it started: url, control, pid, folder."""
    return dict(json.loads(run["Start the simulator"]["stdout"]))


def test_it_serves_moves_and_stops(run_playbook: PlaybookRunner) -> None:
    run = run_playbook(
        play(
            role(
                "started",
                simulator_fleet=FLEET,
                simulator_start="2026-03-02T08:00:00Z",
                simulator_seed=7,
                simulator_switches={"prescheduled": "own", "window_zone": "utc-5"},
                simulator_latency_ms=1,
            ),
            role("started"),
            COUNT_DEVICES,
            OVERVIEW,
            *READ_ACCOUNT,
            role("copied", simulator_original=ORIGINAL),
            role("advance", simulator_advance_hours=30),
            role("stopped"),
            role("stopped"),
        )
    ).succeeded()
    assert run["Count devices"]["counts"]["total"] == 3
    assert run["Count devices"]["service"]["simulated"] is True
    overview = run["Overview"]["json"]
    assert overview["now"] == "2026-03-02T08:00:00.000Z"
    assert (overview["seed"], overview["latency_ms"]) == (7, 1)
    assert overview["switches"]["prescheduled"] == "own"
    assert overview["switches"]["window_zone"] == "utc-5"
    (copy,) = run["Set the copy as a fact"]["ansible_facts"]["simulator_copy"]["accounts"]
    assert copy["name"] == "0000000000-00001", "not that of the account"
    assert [device["model"] for device in copy["devices"]] == ["nRF9160"] * 3
    assert run["Advance the virtual clock"]["json"]["now"] == "2026-03-03T14:00:00.000Z"
    assert len([task for task in run.all("Start the simulator") if task.changed]) == 1
    assert len([task for task in run.all("Stop the simulator") if task.changed]) == 1
    started = json.loads(run.all("Start the simulator")[0].result["stdout"])
    assert not listens(started["url"])
    assert eventually(lambda: not lives(started["pid"]))
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))


def test_in_check_mode_two_do_not_meet_and_one_ends_with_a_play_that_fails(
    run_playbook: PlaybookRunner,
) -> None:
    fail = {"name": "Fail", "ansible.builtin.fail": {"msg": "on purpose"}}
    both = [
        run_playbook.start(play(role("started"), COUNT_DEVICES, *more, role("stopped")), "--check")
        for more in ([], [fail])
    ]
    first, second = (running.wait() for running in both)
    first.succeeded()
    assert [failed.task for failed in second.failed] == ["Fail"]
    assert first["Count devices"]["counts"] == second["Count devices"]["counts"]
    assert server(first)["folder"] != server(second)["folder"]
    assert first["Count devices"]["service"] != second["Count devices"]["service"]
    assert eventually(lambda: not listens(server(second)["url"]))
    assert eventually(lambda: not list(run_playbook.temp.iterdir()))


@pytest.mark.soak
def test_a_bad_fleet_is_named(run_playbook: PlaybookRunner) -> None:
    run = run_playbook(play(role("started", simulator_fleet={"acounts": []})))
    assert run.status != 0
    assert "acounts" in run["Start the simulator"]["stderr"]


def test_options_are_checked(run_playbook: PlaybookRunner) -> None:
    main = {
        "name": "Role",
        "ansible.builtin.include_role": {"name": "thingspace.fota.simulator"},
        "vars": {"simulator_state": "running"},
    }
    run = run_playbook(play(main))
    assert "started, stopped" in run.failed[0].result["msg"]
