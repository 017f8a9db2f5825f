# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``fota_overview_info`` and the campaigns of ``fota_device_info``: what accounts show of rollouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import TaskFailure
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.overview import (
    OVERVIEW_OPTIONS,
    connect_first,
    inform_on_rollouts,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import append
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.device import device_lines
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.overview import (
    overview_lines,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page.views_page import (
    overview_page,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    Rollout,
    fleet,
    imei,
    write_campaigns,
)

AccountWith = Callable[..., Account]
WAVES = [{"name": "pilot", "count": 4}, {"name": "all", "rest": True}]
BAD = {"packages": {"beta-A-B": {"success_rate": 0}}}


@pytest.fixture
def account(account_with: AccountWith) -> Account:
    return account_with(fleet=fleet({"alpha": 10, "beta": 6}, outcomes=BAD))


def rollout(account: Account, model: str, place: int, count: int) -> Rollout:
    devices = [imei(place, number) for number in range(count)]
    return Rollout(account, {model: count}, name=model, devices=devices, waves=WAVES)


def overview(account: Account, **given: Any) -> dict[str, Any]:
    return account.run(inform_on_rollouts, OVERVIEW_OPTIONS, **given)


def partial(account: Account, **given: Any) -> tuple[dict[str, Any], str]:
    """What is left where something could not be read, and the message."""
    with pytest.raises(TaskFailure) as failure:
        overview(account, **given)
    return failure.value.result, str(failure.value)


def here(known: Account, name: str, **more: Any) -> dict[str, Any]:
    """An entry of ``accounts``, with the options that it leaves out as Ansible gives them."""
    empty = dict.fromkeys(OVERVIEW_OPTIONS["accounts"]["options"]["connection"]["options"])
    return {"name": name, "connection": {**empty, "base_url": known.sim.url, **more}}


def foreign(account: Account, *names: str) -> None:
    """Campaigns of others, each with a device of its own."""
    campaign = {"package": "alpha-A-B", "from_version": "A", "to_version": "B"}
    days = {"start_date": "2026-03-20", "end_date": "2026-03-22"}
    write_campaigns(
        account,
        [
            {"name": name, **campaign, **days, "devices": [imei(0, 9 - number)]}
            for number, name in enumerate(names)
        ],
    )


def test_an_account_without_rollouts(account: Account) -> None:
    foreign(account, "tsr.meters", "tsr.X.000000.w01.000000.t01.a1.n1", "a\x1b[31m\u202eb")
    result = overview(account)
    (found,) = result["accounts"]
    assert (found["name"], found["rollouts"], found["other_campaigns"]) == (ACCOUNT, [], 3)
    assert result["msg"].endswith("0 rollouts in 1 account")
    assert overview_lines(result) == [
        f"SIMULATED on {found['host']}: {ACCOUNT}: 0 rollouts, 3 other campaigns,"
        " at 2026-03-02 00:00 UTC"
    ]
    assert account.calls("v3ListCampaignDevices") == 0, "their reports are nothing to an overview"


def test_a_rollout_from_its_first_campaign_to_its_last(account: Account) -> None:
    alpha, beta = rollout(account, "alpha", 0, 10), rollout(account, "beta", 1, 6)
    decision = alpha.run_once()
    (queued,) = overview(account)["accounts"][0]["rollouts"]
    assert (queued["activity"], queued["since"], queued["starts"]) == (
        *("queued", None, "2026-03-03"),
    )
    assert queued["targets"] == [{"make": MAKER, "model": "alpha", "version": "B"}]
    assert (queued["devices"], queued["wave"]) == (4, 1)

    account.sim.advance(hours=6)
    assert overview(account)["accounts"][0]["rollouts"][0]["activity"] == "scheduled"
    account.sim.set_now("2026-03-03T00:10:00Z")
    (running,) = overview(account)["accounts"][0]["rollouts"]
    assert (running["activity"], running["since"], running["starts"]) == (
        *("running", "2026-03-03", None),
    )

    beta.run_once()
    alpha.wait(decision, hours=96)
    alpha.run_until("running")
    result = overview(account)
    going, over = result["accounts"][0]["rollouts"]
    assert (going["rollout"], over["rollout"]) == ("alpha", "beta"), "those under way come first"
    assert (over["activity"], over["counts"]) == ("idle", {"failed": 4})
    assert (going["wave"], going["devices"], going["counts"]["success"]) == (2, 10, 4)
    assert over["targets"] == [{"make": MAKER, "model": "beta", "version": "B"}]
    assert sum(going["campaigns"].values()) == 2
    lines = overview_lines(result)
    assert len(lines) == 1 + 4
    assert lines[3].split()[:8] == ["beta", "1", "4", "0", "4", "0", "0", "[xxxxxxxxxx]"]


def test_without_device_reports_the_names_say_how_many(account: Account) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    account.sim.clear_journal()
    (found,) = overview(account, device_reports=False)["accounts"][0]["rollouts"]
    assert (found["devices"], found["counts"]) == (4, {})
    assert account.calls("v3ListCampaignDevices") == 0
    assert account.writes() == []


def test_a_rollout_whose_last_campaign_was_cancelled_says_so(account: Account) -> None:
    alpha = rollout(account, "alpha", 0, 10)
    alpha.run_once()
    alpha.run_once(state="halted")
    (found,) = overview(account)["accounts"][0]["rollouts"]
    assert (found["activity"], found["since"], found["counts"]) == (
        *("cancelled", "2026-03-02", {"stopped": 4}),
    )


def test_one_account_that_fails_does_not_hide_the_others(
    account: Account, account_with: AccountWith
) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    other = account_with(fleet=fleet({"alpha": 10}))
    other.sim.faults([{"operation": "*", "fault": "xml_403", "times": 999}])
    accounts = [
        here(account, "north"),
        here(account, "south", password="wrong"),
        here(other, "east"),
        here(account, "west"),
    ]
    result, message = partial(account, accounts=accounts)
    north, south, east, west = result["accounts"]
    assert [each["name"] for each in (north, south, east, west)] == [
        *("north", "south", "east", "west"),
    ]
    assert north["rollouts"] == west["rollouts"] != []
    assert (south["rollouts"], south["failure"]["kind"]) == ([], "login_rejected")
    assert (east["rollouts"], east["now"]) == ([], None)
    assert "south: " in message and "east: " in message and "north: " not in message
    assert "wrong" not in json.dumps(result)
    lines = overview_lines(result)
    assert sum(line.startswith("NOT READ: ") for line in lines) == 2


def test_a_status_or_a_report_that_cannot_be_read_is_named(account: Account) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    account.sim.advance(hours=1)
    account.sim.faults(
        [
            {"operation": "v3ListCampaignsByStatus", "fault": "xml_403", "times": 2},
            {"operation": "v3ListCampaignDevices", "fault": "xml_403", "times": 99},
        ]
    )
    result, message = partial(account, max_connections=1)
    (found,) = result["accounts"]
    status, report = found["unread"]
    assert status.startswith("campaigns CampaignRequestPending could not be read: ")
    assert report.startswith("the report of campaign tsr.alpha.")
    assert (found["rollouts"][0]["devices"], found["rollouts"][0]["counts"]) == (4, {})
    assert status in message


@pytest.mark.soak
def test_three_hundred_rollouts_are_a_line_each(account_with: AccountWith) -> None:
    account = account_with(fleet=fleet({"alpha": 300}))
    write_campaigns(
        account,
        [
            {
                "name": f"tsr.meters-{number}.000000.w01.000000.t01.a1.n1",
                "package": "alpha-A-B",
                "from_version": "A",
                "to_version": "B",
                "start_date": "2026-03-20",
                "end_date": "2026-03-22",
                "devices": [imei(0, number)],
            }
            for number in range(300)
        ],
    )
    lines = overview_lines(overview(account))
    assert len(lines) == 1 + 1 + 300 + 1
    assert f": {ACCOUNT}: 300 rollouts, at " in lines[0]
    assert lines[-1].split()[:2] == ["all", "300"]


def journal_of(folder: Path, *runs: dict[str, Any] | str) -> str:
    file = folder / f"journal-{len(list(folder.iterdir()))}.jsonl"
    for run in runs:
        if isinstance(run, str):
            with file.open("a") as journal:
                journal.write(f"{run}\n")
        else:
            append(str(file), run)
    return str(file)


def run(day: int, phase: str, name: str = "alpha", **more: Any) -> dict[str, Any]:
    return {"rollout": name, "phase": phase, "time": f"2026-03-0{day}T08:00:00Z", **more}


def test_a_journal_says_the_phase_and_since_when(account: Account, tmp_path: Path) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    folder = tmp_path / "journals"
    folder.mkdir()
    waits = "awaiting_approval"
    path = journal_of(
        folder, run(1, waits), run(2, "running"), "{", run(3, waits), "", run(4, waits)
    )
    other = journal_of(folder, run(1, "halted", "never-seen"))
    result = overview(account, journals=[path, other])
    (found,) = result["accounts"][0]["rollouts"]
    assert found["journal"] == {
        "phase": waits,
        "at": "2026-03-04T08:00:00Z",
        "since": "2026-03-03T08:00:00Z",
    }
    assert overview_lines(result)[2].endswith("queued     2026-03-03T08:00:00Z  awaiting approval")


def test_of_two_rollouts_with_one_name_a_journal_is_of_the_one_whose_campaigns_it_names(
    account: Account, account_with: AccountWith, tmp_path: Path
) -> None:
    other = account_with(fleet=fleet({"alpha": 10}), seed=9)
    for each in (account, other):
        rollout(each, "alpha", 0, 10).run_once()
    folder = tmp_path / "journals"
    folder.mkdir()
    created = [campaign["id"] for campaign in other.sim.campaigns()]
    path = journal_of(folder, run(1, "running", created=created))
    accounts = [here(account, "north"), here(other, "south")]
    result = overview(account, accounts=accounts, journals=[path])
    north, south = (each["rollouts"][0]["journal"] for each in result["accounts"])
    assert north is None and south["phase"] == "running"


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"rollout": "x"}', "\0"])
def test_what_is_no_journal_is_shown_and_does_not_hide_the_rollouts(
    account: Account, tmp_path: Path, text: str
) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    file = tmp_path / "journal"
    file.write_text(text)
    for path in (str(file), str(tmp_path), str(tmp_path / "no"), "\0"):
        with pytest.raises(TaskFailure) as failed:
            overview(account, journals=[path])
        why = "must be a journal" if path == str(file) else "cannot be read"
        result = failed.value.result
        assert why in result["msg"]
        (problem,) = result["unread_journals"]
        assert overview_lines(result)[-1] == f"NOT READ: {problem}"
        (found,) = result["accounts"][0]["rollouts"]
        assert (found["journal"], found["journal_problem"]) == (None, "")


def test_a_line_that_anybody_could_have_written_tells_no_phase(
    account: Account, tmp_path: Path
) -> None:
    rollout(account, "alpha", 0, 10).run_once()
    path = journal_of(tmp_path, run(1, "running"), json.dumps(run(2, "completed")))
    with pytest.raises(TaskFailure) as failed:
        overview(account, journals=[path])
    result = failed.value.result
    (found,) = result["accounts"][0]["rollouts"]
    assert found["journal"] is None
    assert found["journal_problem"] == f"journal {path}: line 2: has no hash"
    assert overview_lines(result)[2].endswith("journal does not hold")
    assert "journal does not hold" in overview_page(result)


def test_accounts_that_cannot_be_used_are_refused_before_any_call(account: Account) -> None:
    north = here(account, "north")
    for accounts, said in (
        ([north, north], r"accounts\[1\].name"),
        ([here(account, " ")], r"accounts\[0\].name"),
        ([north, here(account, "x", account="../y")], r"accounts\[1\].connection: 'x': account"),
        ([north, here(account, "x", timeout=0.0)], r"accounts\[1\].connection: 'x': timeout"),
        (
            [north, here(account, "x", base_url="http://example.com/api")],
            r"accounts\[1\].connection: 'x'",
        ),
    ):
        with pytest.raises(InvalidValue, match=said):
            overview(account, accounts=accounts)
    assert account.sim.journal() == []


def test_the_task_is_opened_with_the_first_account(account: Account) -> None:
    given = {"account": None, "timeout": 5.0, "accounts": [here(account, "x", account="1")]}
    assert connect_first(given) == {**given, "account": "1", "base_url": account.sim.url}
    assert connect_first({"account": "2", "accounts": []})["account"] == "2"


# -- one device


def story(account: Account, *ids: str, **given: Any) -> dict[str, Any]:
    given = {"devices": list(ids), "gather": ["history", "campaigns"], "imei_check": "off", **given}
    return account.run(inform_on_devices, DEVICE_INFO_OPTIONS, **given)


def test_a_device_tells_its_whole_story(account: Account) -> None:
    beta = rollout(account, "beta", 1, 6)
    beta.spec |= {"retry": 1, "gate": {"max_failures": 5, "max_failure_rate": 0.9}}
    beta.run(hours=12)
    failed = next(device for campaign in account.sim.campaigns() for device in campaign["devices"])
    result = story(account, failed)
    assert [campaign["attempt"] for campaign in result["campaigns"]] == [1, 2]
    assert {campaign["rollout"] for campaign in result["campaigns"]} == {"beta"}
    assert [len(campaign["devices"]) for campaign in result["campaigns"]] == [1, 1]
    lines = device_lines(result)
    assert lines[0].startswith(f"device {failed}: {MAKER} beta, version A, read 2026-03-")
    assert lines[1] == "2 campaigns:"
    assert lines[2].startswith("  2026-03-03 to 2026-03-")
    assert ": rollout beta, wave 1, attempt 1: A -> B: UpgradeFailed; " in lines[2]
    assert "; attempted 2026-03-0" in lines[2] and lines[2].endswith(" CampaignEnded")
    assert ": rollout beta, wave 1, attempt 2: A -> B: " in lines[3]
    assert len(lines) == 4


def test_a_campaign_of_others_and_a_device_without_any(account: Account) -> None:
    foreign(account, "spring\x1b[31m\u202e")
    account.sim.set_switch("device_history", "finished")
    account.sim.set_now("2026-03-19T12:00:00Z")
    result = story(account, imei(0, 9), imei(0, 0))
    assert result["history"] == [], "only the report has it"
    lines = device_lines(result)
    assert (lines[1], lines[3]) == ("0 campaigns", "1 campaign:")
    assert ": no rollout: A -> B: UpgradePending; " in lines[4] and "; spring" in lines[4]
    assert [line for line in lines if not line.isprintable()] == []


def test_a_device_that_the_account_does_not_have_has_no_story(account: Account) -> None:
    result = story(account, "900000000000009")
    assert (result["devices"], result["not_found"], result["campaigns"]) == (
        *([], ["900000000000009"], []),
    )
    assert device_lines(result) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"devices": None}, "needs devices"),
        ({"api_version": "v1"}, "must not be used with v1"),
        ({"devices": ["350000000000001"], "imei_check": "strict"}, "wrong check digit"),
        ({"devices": ["meter-1"]}, r"devices\[0\]"),
    ],
)
def test_what_tells_no_story_is_refused_before_any_call(
    account: Account, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidValue, match=said):
        story(account, **{"devices": [imei(0, 0)], **given})
    assert account.sim.journal() == []
