# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module as real playbook runs: check with writes refused, real, and again unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    generate_fleet,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.parts import run_parts
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    ROOT,
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.tools import update_return_blocks

START = "2026-03-02T00:00:00Z"
GM01Q = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
MODULES = [path.stem for path in update_return_blocks.MODULES]
LISTENER = "https://hooks.example.com/fota"
FILE = {
    "path": str(ROOT / "galaxy.yml"),
    "file_version": "7",
    "make": "Verizon",
    "model": "Model-A",
    "target_path": "/etc/meter.conf",
}
FORESEEN = {
    "fota_campaign": "v3ScheduleCampaign",
    "fota_upgrade": "v1ScheduleUpgrade",
    "fota_license": "v3AssignLicenses",
    "fota_callback": "v3RegisterCallback",
    "fota_logging": "v2EnableDeviceLogging",
    "fota_file": "v2UploadFile",
}
"""The modules that say in check mode that they would change something, and what they call."""

CHANGING = {**FORESEEN, "fota_device_firmware": "v3SyncDeviceFirmware"}


def play(*tasks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [
        {"hosts": "localhost", "connection": "local", "gather_facts": False, **more}
        | {"tasks": list(tasks)}
    ]


def task(module: str, *, named: str | None = None, **options: Any) -> dict[str, Any]:
    return {"name": named or module, f"thingspace.fota.{module}": options}


def fleet() -> dict[str, Any]:
    """Three meters, of which one has moved to the new version unnoticed, and two v1 devices."""
    made = generate_fleet(devices=30)
    account = made["accounts"][0]
    account["subscription"]["licenseCount"] += 2
    account["v1_firmware"] = [
        {
            "firmwareName": "FOTA_Verizon_Model-A_01To02_HF",
            "participantName": account["name"],
            "launchDate": "2018-04-01T16:03:00.000Z",
            "releaseNote": "",
            "model": "Model-A",
            "make": "Verizon",
            "fromVersion": "VerizonFirmwareVersion-01",
            "toVersion": "VerizonFirmwareVersion-02",
        }
    ]
    meter = {"make": "SEQUANS Communications", "model": "GM01Q", "protocol": "LWM2M"}
    tracker = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM"}
    account["devices"] = [
        {**meter, "deviceId": "358000000000016", "firmware": OLD},
        {**meter, "deviceId": "358000000000024", "firmware": OLD},
        {**meter, "deviceId": "358000000000032", "firmware": NEW, "reported_firmware": OLD},
        {**tracker, "deviceId": "358000000000040", "firmware": "VerizonFirmwareVersion-01"},
        {**tracker, "deviceId": "358000000000057", "firmware": "VerizonFirmwareVersion-01"},
        {**tracker, "deviceId": "358000000000065", "protocol": "HTTP"},
    ]
    return made


METERS = {
    "name": "meters",
    "target": [{"make": "SEQUANS Communications", "model": "GM01Q", "version": NEW}],
}
ONE_TASK_A_MODULE = play(
    task("fota_firmware_info", model="GM01Q"),
    task(
        "fota_campaign",
        name="meters",
        package=GM01Q,
        start_date="2026-03-05",
        end_date="2026-03-12",
        windows=[{"start": 18, "end": 22}],
        devices=["358000000000016", "358000000000024"],
    ),
    task("fota_campaign_info", name="meters", return_devices="all"),
    task(
        "fota_upgrade",
        package="FOTA_Verizon_Model-A_01To02_HF",
        start_date="2026-03-05",
        end_date="2026-03-10",
        devices=["358000000000040", "358000000000057"],
    ),
    task("fota_license", devices=["358000000000016", "358000000000024"]),
    task("fota_callback", url=LISTENER),
    task("fota_callback_info", url=LISTENER),
    task("fota_logging", devices=["358000000000065"]),
    task("fota_logging_info", devices=["358000000000065"], gather=["check_ins"]),
    task("fota_file", **FILE),
    task("fota_file_info", model="Model-A"),
    task("fota_license_info", devices=["358000000000024"], gather=["models"]),
    task("fota_overview_info"),
    task("fota_upgrade_info", states=["pending", "queued"]),
    task("fota_device_firmware", devices=["358000000000032"], expect_version=NEW),
    task("fota_device_info", devices=["358000000000016"], gather=["history", "subscription"]),
    *(
        task(module, rollout={**METERS, "devices": ["358000000000016", "358000000000024"]})
        for module in ("fota_rollout_info", "fota_rehearsal")
    ),
    task("fota_wait", rollout={**METERS, "name": "done", "devices": ["358000000000032"]}),
)


def connected(connection: str) -> dict[str, Any]:
    """As a variable, because that of the implied localhost is above the keyword of a play."""
    return {"vars": {"ansible_connection": connection}}


def test_a_task_says_the_same_wherever_it_runs(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    """Its options in the result, secrets but for their names, and the first mistake in them."""
    sim = simulator(fleet(), start=START)
    proxy = "https=http://user:planted-secret@127.0.0.1:9/"
    tasks: list[dict[str, Any]] = [
        {"name": "fine", "thingspace.fota.fota_firmware_info": {"proxies": proxy}},
        {
            "name": "misspelled",
            "thingspace.fota.fota_firmware_info": {"mak": "x"},
            "ignore_errors": True,
        },
        {
            "name": "long",
            "thingspace.fota.fota_firmware_info": {"api_version": "x" * 40_000},
            "ignore_errors": True,
        },
        {
            "name": "background",
            "thingspace.fota.fota_firmware_info": {},
            "async": 60,
            "poll": 0,
        },
    ]
    # What runs in the background is sent wherever it runs.
    sent = {"local": 1, "elsewhere": 4}
    parts = [play(*tasks, **connected(connection)) for connection in sent]
    runs = run_parts(run_playbook, parts, "-vvvv", simulator=sim)
    for run, count in zip(runs, sent.values(), strict=True):
        assert run.status == 0, run.output
        assert run.output.count("Using module file ") == count
        options = run["fine"]["invocation"]["module_args"]
        assert options["proxies"] == options["password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
        assert "planted-secret" not in json.dumps(run["fine"])
        name = "thingspace.fota.fota_firmware_info"
        assert f"Unsupported parameters for ({name}) module: mak." in run["misspelled"]["msg"]
        message = run["long"]["msg"]
        assert message.startswith("value of api_version must be one of: v1, v2, v3, got: x")
        assert len(message) < 2_100
        assert run["background"]["ansible_job_id"]


WAITING = {"wait": False, "wait_timeout": 600, "wait_delay": 30}
DEFAULTS = {"module_defaults": {"group/thingspace.fota.fota": {"imei_check": "warn", **WAITING}}}


@pytest.mark.soak
def test_every_module_can_be_sent_to_a_host(
    run_unpiped: PlaybookRunner, simulator: StartSimulator
) -> None:
    """All but ``fota_rehearsal`` and ``fota_wait``, which always run on the controller."""
    sim = simulator(fleet(), start=START)
    sim.refuse_writes = True
    plays = [{**each, **connected("elsewhere"), **DEFAULTS} for each in ONE_TASK_A_MODULE]
    check = run_unpiped(plays, "--check", "--diff", "-vvv", simulator=sim).succeeded()
    assert check.output.count("Using module file ") == len(plays[0]["tasks"]) - 2
    assert check.changed == list(FORESEEN)
    assert [entry for entry in sim.journal() if entry["kind"] == "write"] == []
    assert all(each.result["service"]["simulated"] for each in check.results)


@pytest.mark.matrix
def test_check_with_writes_refused_then_real_then_again(
    run_unpiped: PlaybookRunner, simulator: StartSimulator
) -> None:
    assert {each["name"] for each in ONE_TASK_A_MODULE[0]["tasks"]} == {*MODULES} - {"fota_logout"}
    plays = [{**each, **DEFAULTS} for each in ONE_TASK_A_MODULE]
    sim = simulator(fleet(), start=START)

    sim.refuse_writes = True
    check = run_unpiped(plays, "--check", "--diff", simulator=sim).succeeded()
    assert [entry for entry in sim.journal() if entry["kind"] == "write"] == []
    assert sim.campaigns() == sim.upgrades() == []

    sim.refuse_writes = False
    runs = run_parts(run_unpiped, [plays, plays], "--diff", simulator=sim)
    real = next(runs).succeeded()
    assert real.changed == list(CHANGING)
    writes = [entry["operation"] for entry in sim.journal() if entry["kind"] == "write"]
    assert writes == list(CHANGING.values())
    sim.advance(hours=1)

    again = next(runs).succeeded()
    assert again.changed == []
    assert (len(sim.campaigns()), len(sim.upgrades())) == (1, 1)
    assert sum(entry["operation"] == "startM2MSession" for entry in sim.journal()) == 1

    for module in FORESEEN:
        assert check[module]["changed"], module
        assert check[module]["diff"] == real[module]["diff"] != again[module]["diff"], module
    for module in set(MODULES) - {"fota_logout"}:
        assert set(check[module]) == set(real[module]), module
        assert real[module]["service"]["simulated"] is True
        assert real[module]["msg"].startswith("SIMULATED")
    assert again["fota_campaign_info"]["campaigns"][0]["counts"] == {"pending": 2}
    assert real["fota_device_firmware"]["compliance"]["at_target"] == 1


def test_a_logout_in_check_then_real_then_again(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    """A module by itself, since a task after it would log in again."""
    sim = simulator(fleet(), start=START)
    run = run_playbook(
        play(
            {**task("fota_logout", named="before"), "check_mode": True},
            task("fota_firmware_info"),
            {**task("fota_logout", named="check"), "check_mode": True},
            task("fota_logout", named="real"),
            task("fota_logout", named="again"),
            task("fota_firmware_info"),
            {**task("fota_logout", revoke=True, named="check_all"), "check_mode": True},
            task("fota_logout", revoke=True, named="real_all"),
            task("fota_logout", revoke=True, named="again_all"),
        ),
        simulator=sim,
    ).succeeded()
    assert run.changed == ["check", "real", "check_all", "real_all"]
    assert run["check_all"]["msg"].endswith("and the bearer token would be revoked")
    assert run["real_all"]["msg"].endswith("and the bearer token is revoked")
    assert run["again_all"]["msg"].endswith("and there was no bearer token to revoke")
    assert run["before"]["msg"] == "there is no session to end"
    assert run["check"]["msg"] == "the session would be ended"
    assert run["real"]["msg"].endswith("the session is ended")
    assert run["real"]["msg"].startswith("SIMULATED") and run["real"]["service"]["simulated"]
    assert run["again"]["msg"] == "there was no session to end"
    assert set(run["check"]) == set(run["real"]) == set(run["again"])
    operations = [entry["operation"] for entry in sim.journal()]
    assert operations == [
        *("requestOAuthToken", "startM2MSession", "v3ListFirmware", "endM2MSession"),
        *("requestOAuthToken", "startM2MSession", "v3ListFirmware", "endM2MSession"),
        "revokeOAuthToken",
    ]
    assert not list((run_playbook.folder / "tokens").glob("*.json"))


SECRETS = ("simulator-secret", "simulator-password")


def test_failures_have_one_shape_and_show_no_secret(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    sim.faults([{"operation": "v3ListFirmware", "fault": "xml_403"}])
    tasks = [
        task("fota_firmware_info", named="gateway"),
        task("fota_device_info", named="imei", devices=["12345"]),
        task("fota_campaign", named="plan", name="x", end_date="2026-03-09"),
        task("fota_campaign", named="choice", name="x", protocol="SMS"),
        task("fota_device_info", named="account", account=""),
    ]
    run = run_playbook(
        play(*({**one, "ignore_errors": True} for one in tasks)), "-vvvv", simulator=sim
    )
    kinds = {name: run[name]["failure"]["kind"] for name in ("gateway", "imei", "plan", "account")}
    assert kinds == {
        "gateway": "refused",
        "imei": "invalid_value",
        "plan": "refused_by_plan",
        "account": "invalid_value",
    }
    for name in kinds:
        assert sorted(run[name]["failure"]) == [
            "error_code",
            "error_message",
            "hint",
            "http_status",
            "kind",
            "operation",
        ]
    assert run["gateway"]["failure"]["http_status"] == 403
    assert "devices[0]: '12345'" in run["imei"]["msg"]
    assert "package, start_date, devices" in run["plan"]["msg"]
    assert "SMS" in run["choice"]["msg"]
    assert "THINGSPACE_ACCOUNT" in run["account"]["msg"]
    for secret in SECRETS:
        assert secret not in run.output
        assert secret not in json.dumps([one.result for one in run.results])


def hosts_play(module: str, **options: Any) -> list[dict[str, Any]]:
    return play(
        task(module, **options),
        hosts="all",
        vars={"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )


def run_on_hosts(
    run_playbook: PlaybookRunner, hosts: int, plays: list[dict[str, Any]], **options: Any
) -> PlaybookRun:
    inventory = ",".join(f"host{number}" for number in range(hosts)) + ","
    return run_playbook(plays, "--inventory", inventory, "--forks", "10", **options)


@pytest.mark.soak
def test_a_wrong_password_on_twenty_hosts_costs_one_attempt_and_the_right_one_a_login(
    run_playbook: PlaybookRunner, simulator: StartSimulator
) -> None:
    sim = simulator(fleet(), start=START)
    run = run_on_hosts(
        run_playbook,
        20,
        hosts_play("fota_firmware_info"),
        simulator=sim,
        environment={"THINGSPACE_PASSWORD": "planted-wrong-password"},
    )
    assert len(run.failed) == 20
    assert {one.result["failure"]["kind"] for one in run.failed} == {"login_rejected"}
    operations = [entry["operation"] for entry in sim.journal()]
    assert operations.count("startM2MSession") == 1
    assert "planted-wrong-password" not in run.output

    sim.clear_journal()
    run_on_hosts(run_playbook, 8, hosts_play("fota_firmware_info"), simulator=sim).succeeded()
    operations = [entry["operation"] for entry in sim.journal()]
    assert operations.count("requestOAuthToken") <= 1, "the bearer of the first run still holds"
    assert operations.count("startM2MSession") == 1
    assert operations.count("v3ListFirmware") == 8
