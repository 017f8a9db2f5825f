# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_file and fota_file_info: a file is uploaded once, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.body import form_body
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.files.ensure import (
    FILE_OPTIONS,
    ensure_file,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.files.info import (
    FILE_INFO_OPTIONS,
    read_file_info,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api import files
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

# Bytes that a form, a mail or a text could change.
CONTENT = b"\r\n--edge--\r\n" + bytes(range(256)) + b"\n. \t\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "meter.conf"
    file.write_bytes(CONTENT)
    return file


def ensure(on: Account, path: Path, *, check: bool = False, **given: Any) -> dict[str, Any]:
    kind = {"make": "Verizon", "model": "Model-A", "target_path": "/etc/meter.conf"}
    given = {"path": str(path), "file_version": "7", **kind, **given}
    return on.run(ensure_file, FILE_OPTIONS, check=check, **given)


def info(on: Account, **given: Any) -> list[str]:
    found = on.run(read_file_info, FILE_INFO_OPTIONS, **given)["files"]
    return [file["file_version"] for file in found]


@pytest.mark.parametrize("form", ["array", "object"])
def test_check_then_real_then_again(account: Account, path: Path, form: str) -> None:
    account.sim.set_switch("file_list", form)
    account.sim.refuse_writes = True
    foreseen = ensure(account, path, check=True)
    account.sim.refuse_writes = False
    real, again = ensure(account, path), ensure(account, path)
    assert [one["changed"] for one in (foreseen, real, again)] == [True, True, False]
    assert foreseen["file"]["file_name"] == ""
    assert real["file"] == again["file"]
    assert real["file"]["file_name"] == "Verizon_Model-A_meter.conf"
    assert set(foreseen["file"]) == set(real["file"])
    assert foreseen["diff"] == real["diff"] != again["diff"]
    assert ensure(account, path, file_version="8")["changed"]
    assert ensure(account, path, target_path="/etc/other.conf")["changed"]
    assert account.writes() == ["v2UploadFile"] * 3
    assert info(account) == info(account, make="Verizon") == ["7", "8", "7"]
    assert info(account, model="Model-B") == []


def test_the_file_arrives_byte_for_byte(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[Any] = []
    usual = files._read_form
    monkeypatch.setattr(
        files, "_read_form", lambda call: arrived.append(usual(call)) or arrived[-1]
    )
    name = 'odd "name"; x=1.conf'
    ensure(account, path, file_name=name, target_path="/etc/größe €.conf")
    fields, _name, content = arrived[0]
    assert content == CONTENT
    assert fields["localTargetPath"] == "/etc/größe €.conf"
    body = form_body({}, field_name="f", file_name=name, file=CONTENT)
    assert b'filename="odd %22name%22; x=1.conf"' in body.content


def test_a_campaign_brings_a_file_to_devices(account: Account, path: Path) -> None:
    file = ensure(account, path)["file"]
    gateways = [one for one in account.sim.devices() if one["protocol"] == "HTTP"]
    given = {
        "type": "file",
        "name": "configuration",
        "package": file["file_name"],
        "to_version": file["file_version"],
        "start_date": "2026-03-05",
        "end_date": "2026-03-09",
        "devices": [one["deviceId"] for one in gateways if one["accountName"] == ACCOUNT],
        "imei_check": "off",
    }
    account.sim.clear_journal()
    account.sim.refuse_writes = True
    foreseen = account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, check=True, **given)
    account.sim.refuse_writes = False
    real = account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, **given)
    account.sim.advance(hours=2)
    again = account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, **given)
    assert [one["changed"] for one in (foreseen, real, again)] == [True, True, False]
    assert foreseen["diff"] == real["diff"]
    assert real["campaign"]["package"] == file["file_name"]
    assert account.writes() == ["v2ScheduleFileCampaign"]
    assert account.calls("v3ListFirmware") == 0
    account.sim.set_now("2026-03-10T00:00:00Z")
    (campaign,) = account.sim.campaigns()
    assert {row["status"] for row in campaign["devices"].values()} == {"UpgradeSuccess"}


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "empty_200"])
def test_a_lost_reply_is_settled_by_reading(account: Account, path: Path, fault: str) -> None:
    account.sim.faults([{"operation": "v2UploadFile", "fault": fault}])
    if fault == "reset_before":
        with pytest.raises(FotaError) as failed:
            ensure(account, path)
        assert failed.value.kind == "outcome_unknown"
    else:
        assert ensure(account, path)["changed"]
    assert account.writes() == ["v2UploadFile"]
    assert len(info(account)) == (fault != "reset_before")


def test_an_unknown_model_is_the_words_of_the_service(account: Account, path: Path) -> None:
    with pytest.raises(FotaError, match="Invalid make or model"):
        ensure(account, path, model="Model-B")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"path": "/nowhere"}, "must exist on the host"),
        ({"path": "/dev/null"}, "regular file"),
        ({"path": "/dev"}, "regular file"),
        ({"file_version": 7}, "quote it"),
        ({"make": ""}, "make: '': must be text"),
        ({"target_path": "a\nb"}, "control characters"),
    ],
)
def test_options_that_cannot_be_used_are_named_before_any_call(
    account: Account, path: Path, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValue, match=named):
        ensure(account, **{"path": path, **given})
    assert account.sim.journal() == []


def test_a_file_that_is_empty_or_a_pipe_is_refused_at_once(
    account: Account, tmp_path: Path
) -> None:
    empty, pipe = tmp_path / "empty", tmp_path / "pipe"
    empty.touch()
    os.mkfifo(pipe)
    for path, named in ((empty, "1 to"), (pipe, "regular file")):
        with pytest.raises(InvalidValue, match=named):
            ensure(account, path)
    assert account.sim.journal() == []
