# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, versions, reasons and notes that are templates, markup or terminal codes stay data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.failure import (
    TaskFailure,
    describe_failure,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.earlier import read_earlier
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT, PlaybookRunner
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    ONE_LOOK_ONE_TRY,
    Rollout,
    device,
    failed_cohorts,
    imei,
    package,
    write_campaigns,
)

START, LATER = "2026-03-02T08:00:00Z", "2026-03-03T09:00:00Z"
DEVICES = [imei(0, number) for number in range(6)]
STRANGER = imei(1, 0)
REPORTED = {"rollout": ".json", "status": ".html", "audit": ".json"}
PAGES = {
    "audit_html": "Decide the next step",
    "device_html": "Read the device and its campaigns",
    "overview_html": "Read the campaigns of the accounts",
    "rehearsal_html": "Copy the account and run the rollout on the copy",
}
"""Pages beside those that are written, and the task that gives their facts."""
SHOWN = ("Show devices that need attention",)


class Words:
    """Hostile texts; a template among them would leave ``trace`` behind."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "templated"
        pipe = f"{{{{ lookup('ansible.builtin.pipe', 'touch {self.trace}') }}}}"
        self.make = f"Sensors {pipe}"
        self.model = "alpha {% raw %} {{ 1 / 0 }}"
        self.old = "A: [b, c] # &anchor *alias !!python/object"
        self.new = "B <script>alert('x')</script> \u202edesrever\u200f {{ undefined_thing }}"
        self.package = f"alpha\n- hosts: all\x1b[31m {pipe} \x1b]0;owned\x07\r\x85\u2028"
        self.reason = f"no\nsuch\x1b[2Jreason {pipe} {{% endraw %}} \x9b31m" + "x" * 500
        self.note = "".join(map(chr, range(32))) + "\ud800" + pipe + "long " * 2000
        self.name = f"other's {pipe}\n\x1b[31mcampaign"

    def fleet(self) -> dict[str, Any]:
        """Six devices of this make that all fail, and one that somebody else waits for."""
        mine = {"make": self.make, "version": self.old}
        between = {"make": self.make, "before": self.old, "after": self.new}
        packages = [
            package(self.model, firmwareName=self.package, releaseNote=self.note, **between),
            package("beta", firmwareName="beta", **between),
        ]
        return {
            "seed": 7,
            "accounts": [
                {
                    "name": ACCOUNT,
                    "devices": [
                        *(device(one, self.model, **mine) for one in DEVICES),
                        device(STRANGER, "beta", **mine),
                    ],
                    "firmware": packages,
                }
            ],
            "outcomes": {"devices": {**dict.fromkeys(DEVICES, "failed"), STRANGER: "silent"}},
        }

    def spec(self) -> dict[str, Any]:
        return {
            "name": "meters",
            "target": [{"make": self.make, "model": self.model, "version": self.new}],
            "devices": [*DEVICES, STRANGER],
            **ONE_LOOK_ONE_TRY,
            "waves": [{"name": "pilot", "count": 5}, {"name": "all", "rest": True}],
        }


def untrusted(value: object) -> str:
    """Give YAML in which every text is marked as no template, as results of modules are."""
    if isinstance(value, dict):
        inner = (f"{json.dumps(key)}: {untrusted(one)}" for key, one in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(untrusted, value))}]"
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)


@pytest.fixture
def words(tmp_path: Path) -> Words:
    return Words(tmp_path)


@pytest.fixture
def account(simulator: StartSimulator, words: Words, tmp_path: Path) -> Account:
    """A rollout has begun; a stranger's campaign is there; every report has the hostile reason."""
    started = Account(simulator(words.fleet(), start=START), tmp_path / "tokens")
    stranger = {"name": words.name, "package": "beta", "devices": [STRANGER]}
    dates = {"start_date": "2026-03-03", "end_date": "2026-03-05"}
    write_campaigns(started, [{**stranger, **dates, "protocol": "LWM2M"}])
    Rollout(started, {}, **words.spec()).run_once()
    started.sim.set_now(LATER)
    started.sim.faults(
        [
            {"operation": operation, "fault": "unknown_status", "times": 99, **more}
            for operation, more in (
                (
                    "v3ListCampaignDevices",
                    {"keys": ["resultReason"], "word": words.reason},
                ),
                ("v3GetSubscription", {"keys": ["updateTime"], "word": words.note}),
            )
        ]
    )
    return started


INFO = (
    ("fota_campaign_info", {"return_devices": "all"}),
    (
        "fota_device_info",
        {"gather": ["history", "subscription"], "devices": DEVICES[:1], "imei_check": "off"},
    ),
    ("fota_firmware_info", {}),
)


def test_hostile_words_stay_words(
    account: Account, words: Words, run_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    """One process: a run that halts, status, audit and info modules, all told and all written."""
    spec = tmp_path / "spec.yml"
    spec.write_text(f"rollout_spec: {untrusted(words.spec())}\n", encoding="utf-8")
    journal, reports = tmp_path / "journal.jsonl", tmp_path / "reports"
    reports.mkdir()
    plays: list[dict[str, Any]] = [
        {
            "ansible.builtin.import_playbook": f"thingspace.fota.{name}",
            "vars": {"report_path": str(reports / f"{name}{suffix}")},
        }
        for name, suffix in REPORTED.items()
    ]
    earlier = str(reports / "audit.json")
    plays += [
        {
            "ansible.builtin.import_playbook": f"thingspace.fota.{name}",
            "vars": more,
        }
        for name, more in (
            ("audit", {"audit_since": earlier}),
            ("device", {"imei": DEVICES[0], "device_imei_check": "off"}),
            ("overview", {}),
            ("rehearse", {"rehearse_ticks": 2}),
        )
    ]
    mine = next(one["id"] for one in account.sim.campaigns() if one["package"] == words.package)
    plays.append(
        {
            "ansible.builtin.import_playbook": "thingspace.fota.campaign",
            "vars": {"campaign": {"campaign_id": mine}},
        }
    )
    tasks = [{f"thingspace.fota.{name}": options, "name": name} for name, options in INFO]
    shown = {"ansible.builtin.debug": {"msg": "{{ told.campaigns }}"}, "name": "show"}
    tasks[0]["register"] = "told"
    plays.append({"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, shown]})
    run = run_playbook(
        plays,
        *("--extra-vars", f"@{spec}"),
        variables={
            "rollout_imei_check": "off",
            "rollout_return_devices": "all",
            "rollout_show_plan": True,
            "rollout_journal": str(journal),
            "rollout_fail_on": [],
        },
        simulator=account.sim,
    ).succeeded()
    assert not words.trace.exists()
    assert [char for char in run.output if ord(char) < 32 or ord(char) == 127] == ["\n"] * (
        run.output.count("\n")
    ), "what reaches a terminal is escaped"

    shown = {task: [one["msg"] for one in run[task]["results"]] for task in SHOWN}
    shown |= {task: run[task]["lines"] for task in ("Print the status", "Show the audit")}
    for task, lines in shown.items():
        assert any("reason {{ lookup(" in line for line in lines), task
        assert [line for line in lines if not line.isprintable()] == []

    for task in ("Show the device", "Show the rollouts", "Show the rehearsal"):
        lines = run[task]["lines"]
        assert lines and [line for line in lines if not line.isprintable()] == [], task
    written = {name: (reports / f"{name}{suffix}").read_text() for name, suffix in REPORTED.items()}
    audited = run[PAGES["audit_html"]]
    audited["since"] = fota_report(audited, "changes", read_earlier(written["audit"]))
    pages = {form: fota_report(run[task], form) for form, task in PAGES.items()}
    for name, page in {**pages, "status": written["status"]}.items():
        assert "<script>alert" not in page and "</html>" in page, name

    decision = run.all("Decide the next step")[0].result
    assert decision["phase"] == "halted"
    assert [cohort["package"] for cohort in failed_cohorts(decision)] == [words.package]
    assert words.reason in {one["reason"] for one in decision["devices"]}
    told = run["fota_campaign_info"]["campaigns"]
    assert words.name in {one["name"] for one in told}
    assert run["show"]["msg"] == told
    assert run["fota_firmware_info"]["packages"][0]["release_note"] == words.note.replace(
        "\ud800", "?"
    )

    (line,) = journal.read_text(encoding="utf-8").split("\n")[:-1]
    assert json.loads(line)["phase"] == "halted"
    for name in ("rollout", "audit"):
        assert words.make in json.dumps(json.loads(written[name]), ensure_ascii=False)


TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def test_every_reason_that_is_shown_is_made_visible() -> None:
    """In playbooks and roles alike: as part of a line that is, or by itself."""
    shown = 0
    for file in (*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/**/*.yml")):
        for task in re.split(r"\n\s*- name:", file.read_text(encoding="utf-8")):
            if "ansible.builtin.debug" not in task or "item.reason" not in task:
                continue
            shown += 1
            (message,) = re.findall(r"\bmsg: (.*)", task)
            assert TEMPLATE.findall(message) == ["{{ line | thingspace.fota.visible }}"], file
    assert shown == len(SHOWN) + 1, "and in the playbook upgrade"


def test_lines_for_people_are_one_line_each(account: Account, words: Words) -> None:
    """Plans, reports and audits are shown as they are by callbacks that print no JSON."""
    decision = Rollout(account, {}, **words.spec()).decide()
    for form in ("plan", "report", "audit"):
        lines = fota_report(decision, form)
        assert [line for line in lines if not line.isprintable()] == []
    assert decision["msg"].isprintable()
    assert decision["why"].isprintable()


def test_failures_are_one_line_each(account: Account, words: Words) -> None:
    """They are printed as they are; this one names a campaign of the service."""
    declared = {"name": words.name, "package": "beta", "devices": [STRANGER], "imei_check": "off"}
    waits = {"wait": True, "wait_for": "ended", "wait_timeout": 0.1, "wait_delay": 0.1}
    with pytest.raises(TaskFailure) as caught:
        account.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, **declared, **waits)
    message, _payload = describe_failure(caught.value)
    assert "{{ lookup(" in message
    assert message.isprintable()


@pytest.mark.parametrize("id_", ["a/b", "a?b=c", "a#b", "%2e%2e", "a%2fb", "a b", "a;b", "é", "\n"])
def test_an_id_is_one_segment_of_a_path(account: Account, id_: str) -> None:
    account.sim.clear_journal()
    for use_case, options, given in (
        (read_campaigns, CAMPAIGN_INFO_OPTIONS, {"campaign_id": id_}),
        (read_upgrades, UPGRADE_INFO_OPTIONS, {"upgrade_id": id_}),
    ):
        with pytest.raises((FotaError, TaskFailure)):
            account.run(use_case, options, **given)
    asked = [one for one in account.sim.journal() if one["kind"] != "auth"]
    # The report is asked for beside the campaign, unless the refusal of that was quicker.
    operations = {one["operation"] for one in asked} - {"v3ListCampaignDevices"}
    assert operations == {"v3GetCampaign", "v1GetUpgrade"}
    paths = [one["path"].removesuffix("/devices") for one in asked]
    assert {unquote(path.rpartition("/")[2]) for path in paths} == {id_}


@pytest.mark.parametrize("id_", [".", "..", "\ud800"])
def test_an_id_that_can_be_no_segment_is_never_sent(account: Account, id_: str) -> None:
    account.sim.clear_journal()
    with pytest.raises(FotaError, match="campaign_id"):
        account.run(read_campaigns, CAMPAIGN_INFO_OPTIONS, campaign_id=id_)
    assert [one for one in account.sim.journal() if one["operation"] == "v3GetCampaign"] == []
