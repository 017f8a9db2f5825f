# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that take devices from a file, and keep every device of their result in one."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (
    is_at_version,
    list_imeis,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.wave_preview import (
    cut_into_waves,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.option_types import (
    InvalidSpec,
)
from ansible_collections.thingspace.fota.tests.usecases import test_campaigns, test_upgrades
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    imeis,
)

OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
MODELS = {"alpha": 40, "beta": 12}


@pytest.fixture
def meters(account: Account, tmp_path: Path) -> dict[str, Any]:
    """Six meters of the account, in a file."""
    ids = account.devices("GM01Q", OLD, 6)
    file = tmp_path / "meters.csv"
    file.write_text("Device ID;site\n" + "".join(f"{id_};x\n" for id_ in ids), encoding="utf-8")
    return {"ids": ids, "file": str(file)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# -- devices from a file


def test_every_module_that_takes_devices_takes_a_file(
    account: Account, meters: dict[str, Any], tmp_path: Path
) -> None:
    given: dict[str, Any] = {"devices_file": meters["file"]}
    info = account.run(inform_on_devices, DEVICE_INFO_OPTIONS, gather=["history"], **given)
    assert sorted(list_imeis(info)) == sorted(meters["ids"])
    assert info["not_found"] == []
    proof = account.run(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, **given)
    assert proof["counts"]["total"] == 6
    declared = test_campaigns.declared(account, devices=None, **given)
    assert test_campaigns.ensure(account, **declared)["campaign"]["counts"]["added"] == 6
    (campaign,) = account.sim.campaigns()
    assert sorted(campaign["devices"]) == sorted(meters["ids"])
    assert test_campaigns.ensure(account, **declared)["changed"] is False
    trackers = tmp_path / "trackers.json"
    trackers.write_text(json.dumps(account.devices("Model-A", "VerizonFirmwareVersion-01", 4)))
    upgrade = test_upgrades.declared(account, devices=None, devices_file=str(trackers))
    assert test_upgrades.ensure(account, **upgrade)["upgrade"]["counts"]["added"] == 4


def test_a_column_that_no_rule_finds_can_be_named_everywhere(
    account: Account, meters: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "export.csv"
    text = Path(meters["file"]).read_text(encoding="utf-8").replace("Device ID", "Gerät")
    file.write_text(text, encoding="utf-16")
    given: dict[str, Any] = {"devices_file": str(file), "imei_column": "gerät"}
    info = account.run(inform_on_devices, DEVICE_INFO_OPTIONS, **given)
    assert sorted(list_imeis(info)) == sorted(meters["ids"])
    assert account.run(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, **given)["counts"][
        "total"
    ] == len(meters["ids"])
    alone = test_campaigns.declared(account, devices=None, **given)
    entry = {name: option.get("default") for name, option in CAMPAIGN_OPTIONS.items()} | alone
    for declared in (alone, {"campaigns": [entry]}):
        result = test_campaigns.ensure(account, check=True, **declared)
        assert result["campaigns"][0]["counts"]["added"] == len(meters["ids"])
    upgrade = test_upgrades.declared(account, devices=None, **given)
    assert test_upgrades.ensure(account, check=True, **upgrade)["changed"]


def test_a_bad_file_is_refused_before_any_call(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "meters.txt"
    file.write_text("358000000000016\n3.58E+14\n\nmeter-3\n", encoding="utf-8")
    given: dict[str, Any] = {"devices_file": str(file)}
    tasks: list[Callable[[], object]] = [
        lambda: account.run(inform_on_devices, DEVICE_INFO_OPTIONS, **given),
        lambda: account.run(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, **given),
        lambda: test_campaigns.ensure(
            account, **test_campaigns.declared(account, devices=None, **given)
        ),
        lambda: test_upgrades.ensure(
            account, **test_upgrades.declared(account, devices=None, **given)
        ),
        lambda: Rollout(account, MODELS, devices=None, **given).decide(),
    ]
    for task in tasks:
        with pytest.raises(InvalidValue) as error:
            task()
        message = str(error.value)
        assert "devices_file" in message
        assert (
            f"'{file}': line 2: '3.58E+14' is an IMEI that a spreadsheet has converted" in message
        )
        assert "line 4: 'meter-3' must be an IMEI" in message
    assert account.sim.journal() == []


def test_a_rollout_from_a_file_is_that_from_a_list(
    account_with: Callable[..., Account], tmp_path: Path
) -> None:
    account = account_with(fleet=fleet(MODELS))
    records = [
        {
            "imei": id_,
            "host": f"h-{place}",
            "groups": ["lab"] * (place < 3),
            "region": "ns"[place % 2],
        }
        for place, id_ in enumerate(imeis(MODELS))
    ]
    waves = [
        {"name": "lab", "group": "lab"},
        {"name": "pilot", "per_package": 3, "at_least": 8, "diversity": ["region"]},
        {"name": "all", "rest": True},
    ]
    expected = Rollout(account, MODELS, devices=records, waves=waves).decide()
    table = tmp_path / "table.csv"
    table.write_text(
        "region,IMEI,Host,GROUPS\n"
        + "".join(
            f"{record['region']},{record['imei']},{record['host']},{';'.join(record['groups'])}\n"
            for record in records
        ),
        encoding="utf-8",
    )
    lines = tmp_path / "records.jsonl"
    lines.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    odd = tmp_path / "odd.csv"
    odd.write_text(table.read_text(encoding="utf-8").replace("IMEI", "SN"), encoding="utf-16")
    for file, named in ((table, {}), (lines, {}), (odd, {"imei_column": "SN"})):
        rollout = Rollout(account, MODELS, waves=waves, devices_file=str(file), **named)
        del rollout.spec["devices"]
        found = rollout.decide()
        assert found["digest"] == expected["digest"]
        assert found["devices"] == expected["devices"]


def test_mistakes_in_a_file_are_told_with_those_beside_it(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text(f"imei,region\n{imei(0, 0)},north\n1,x\n", encoding="utf-8")
    with pytest.raises(InvalidSpec) as error:
        Rollout(account, MODELS, devices=None, devices_file=str(file), late_joiners="x").decide()
    second, first = error.value.problems
    assert (
        first
        == f"rollout.devices_file = '{file}': line 3: '1' must be an IMEI with exactly 15 digits"
    )
    assert second.startswith("rollout.late_joiners = 'x'")
    with pytest.raises(InvalidSpec, match=r"devices are given, too: give one of the two"):
        Rollout(account, MODELS, devices_file=str(file)).decide()
    file.write_text(f"imei,region\n{imei(0, 0)},north\n{imei(0, 0)},south\n", encoding="utf-8")
    with pytest.raises(InvalidSpec, match=r"devices_file line 3 = '\d{15}': is given twice"):
        Rollout(account, MODELS, devices=None, devices_file=str(file)).decide()


# -- every device of the result in a file


def test_every_module_that_returns_devices_keeps_them(
    account: Account, meters: dict[str, Any], tmp_path: Path
) -> None:
    given: dict[str, Any] = {"return_devices": "none"}

    def out(name: str) -> dict[str, Any]:
        return {**given, "results_file": str(tmp_path / name)}

    created = test_campaigns.ensure(account, **test_campaigns.declared(account), **out("c.csv"))
    assert created["results_file"] == {"path": str(tmp_path / "c.csv"), "devices": 6}
    assert created["campaign"]["devices"] == []
    campaign_id = created["campaign"]["campaign_id"]
    found = rows(tmp_path / "c.csv")
    assert sorted(device["deviceId"] for device in found) == sorted(meters["ids"])
    assert {(row["action"], row["campaign_id"], row["campaign"]) for row in found} == {
        ("add", campaign_id, "pilot")
    }
    account.sim.advance(hours=2)
    campaigns = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, **out("ci.jsonl"))
    assert (campaigns["results_file"]["devices"], campaigns["campaigns"][0]["devices"]) == (6, [])
    full = account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, return_devices="all")
    beside = {"campaign_id": campaign_id, "campaign": "pilot"}
    assert json_rows(tmp_path / "ci.jsonl") == [
        {**campaign, **beside} for campaign in full["campaigns"][0]["devices"]
    ]

    upgrade = test_upgrades.ensure(account, **test_upgrades.declared(account), **out("u.ndjson"))
    ids = {row["upgrade_id"] for row in json_rows(tmp_path / "u.ndjson")}
    assert ids == {upgrade["upgrade"]["upgrade_id"]} and upgrade["results_file"]["devices"] == 4
    account.run(read_upgrades, UPGRADE_INFO_OPTIONS, **out("ui.csv"))
    assert {row["upgrade_id"] for row in rows(tmp_path / "ui.csv")} == ids

    proof = {"devices": meters["ids"], "expect_version": OLD}
    account.run(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS, **proof, **out("f.csv"))
    assert {row["compliance"] for row in rows(tmp_path / "f.csv")} == {"at_target"}
    info = account.run(inform_on_devices, DEVICE_INFO_OPTIONS, model="GM01Q", **out("i.csv"))
    assert info["devices"] == []
    assert (
        len(rows(tmp_path / "i.csv")) == info["counts"]["total"] == info["results_file"]["devices"]
    )


def test_what_was_kept_is_what_can_be_taken(
    account: Account, meters: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("kept.csv", "kept.jsonl"):
        kept = str(tmp_path / name)
        account.run(inform_on_devices, DEVICE_INFO_OPTIONS, model="GM01Q", results_file=kept)
        again = account.run(inform_on_devices, DEVICE_INFO_OPTIONS, devices_file=kept)
        assert set(meters["ids"]) <= set(list_imeis(again))
        assert {device["model"] for device in again["devices"]} == {"GM01Q"}


def test_a_rollout_keeps_its_devices(account_with: Callable[..., Account], tmp_path: Path) -> None:
    account = account_with(fleet=fleet(MODELS))
    rollout = Rollout(account, MODELS)
    file = tmp_path / "rollout.jsonl"
    small = rollout.decide(return_devices="none", results_file=str(file))
    assert (small["devices"], small["results_file"]["devices"]) == ([], 52)
    assert json_rows(file) == rollout.decide()["devices"]
    table = tmp_path / "rollout.csv"
    rollout.decide(results_file=str(table))
    assert {row["path"] for row in rows(table)} == {"B"}


def test_waves_are_those_of_the_rollout(account_with: Callable[..., Account]) -> None:
    account = account_with(fleet=fleet(MODELS))
    rollout = Rollout(account, MODELS)
    devices = rollout.decide()["devices"]
    info = account.run(
        inform_on_devices, DEVICE_INFO_OPTIONS, devices=imeis(MODELS), imei_check="off"
    )
    waves = cut_into_waves(info, rollout.spec["waves"], rollout=rollout.spec["name"])
    assert [(campaign["name"], sorted(campaign["devices"])) for campaign in waves] == [
        (name, sorted(device["deviceId"] for device in devices if device["wave"] == name))
        for name in ("pilot", "broad", "all")
    ]
    assert not any(is_at_version(id_, "B") for id_ in info["devices"])
    assert all(is_at_version(id_, "A") for id_ in info["devices"])


def test_check_mode_keeps_nothing(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    account.sim.refuse_writes = True
    result = test_campaigns.ensure(
        account, check=True, **test_campaigns.declared(account), results_file=str(file)
    )
    assert result["results_file"] == {"path": str(file), "devices": 6}
    assert not file.exists()


def test_a_bad_place_is_refused_before_any_call(account: Account, tmp_path: Path) -> None:
    for name in ("c.xlsx", "missing/c.csv"):
        with pytest.raises(InvalidValue, match="results_file"):
            test_campaigns.ensure(
                account,
                **test_campaigns.declared(account),
                results_file=str(tmp_path / name),
            )
    assert account.sim.journal() == []


def test_a_file_that_cannot_be_written_does_not_hide_the_result(
    account: Account, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    declared = test_campaigns.declared(account)
    begun = 0

    def lose_the_folder() -> None:
        nonlocal begun
        begun += 1
        if folder.exists():
            os.rmdir(folder)

    account.before_each_look = lose_the_folder
    waits = {"wait": True, "wait_for": "scheduled", "wait_timeout": 0.2, "wait_delay": 0.1}
    where = {"results_file": str(folder / "c.csv")}
    with pytest.raises(TaskFailure) as late:
        test_campaigns.ensure(account, **declared, **waits, **where)
    assert begun and describe_failure(late.value)[1]["kind"] == "timeout"
    assert any("could not be written: No such file" in line for line in account.warnings)
    folder.mkdir()
    waits["wait_for"] = "accepted"
    account.before_each_look = lambda: (lose_the_folder(), account.sim.advance(hours=2))[0]
    declared["name"] = "second"
    declared["devices"] = account.devices("GM01Q", OLD, 12)[6:]
    with pytest.raises(TaskFailure) as unwritten:
        test_campaigns.ensure(account, **declared, **waits, **where)
    message, failure = describe_failure(unwritten.value)
    assert failure["kind"] == "results_file"
    assert "the task did its work" in message
    assert unwritten.value.result["changed"] is True
    assert "results_file" not in unwritten.value.result
