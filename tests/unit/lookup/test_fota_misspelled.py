# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names of variables count as misspelled, and which names the roles and playbooks know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.lookup.fota_misspelled import find_misspelled

ROOT = Path(__file__).resolve().parents[3]


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


KNOWN = load("roles/rollout/vars/main.yml")["rollout__known"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("rollout_sate", "state"),
        ("rollout_status", "state"),
        ("rollout_State", "state"),
        ("rollout_host", "hosts"),
        ("rollout_jounal", "journal"),
        ("rollout_hook", "hooks"),
        ("rollout_fails_on", "fail_on"),
        ("rollout_wait_time", "wait_timeout"),
        ("rollout_approve", "approved"),
        ("rollout_accepted", "accept"),
    ],
)
def test_a_misspelled_name_is_found_with_the_known_one(name: str, meant: str) -> None:
    assert list(find_misspelled([name], "rollout_", KNOWN)) == [(name, f"rollout_{meant}")]


@pytest.mark.parametrize(
    "name",
    [
        *("rollout_name", "rollout_target", "rollout_ticket", "rollout_date", "rollout_"),
        *("rollout_hosts_north", "rollout_spec_base", "rollout_hooks_dir", "rollout__stat"),
        *("my_rollout_sate", "fota_rollout", *KNOWN),
    ],
)
def test_other_names_are_free(name: str) -> None:
    assert list(find_misspelled([name], "rollout_", KNOWN)) == []


def test_the_role_knows_its_variables() -> None:
    (role,) = load("roles/rollout/meta/argument_specs.yml")["argument_specs"].values()
    facts = {"rollout_decision", "rollout_event", "rollout_result"}
    assert sorted(KNOWN) == KNOWN == sorted({*role["options"], *facts})


def test_a_rollback_takes_over_every_variable_that_is_not_of_the_original_rollout() -> None:
    kept = load("playbooks/vars/reverse.yml")["reverse__names"]
    words = "accept approved decision event host_vars hosts imei_var metrics_mode metrics_path"
    words += " result spec state"
    assert sorted([*kept, *(f"rollout_{word}" for word in words.split())]) == KNOWN


@pytest.mark.parametrize(
    "playbook", ["audit", "campaign", "device", "overview", "rehearse", "reverse", "upgrade"]
)
def test_a_playbook_checks_the_names_of_its_variables_first(playbook: str) -> None:
    """The names are those that its first lines explain."""
    explained = (ROOT / "playbooks" / f"{playbook}.yml").read_text().split("- name: ")[0]
    names = set(re.findall(rf"^# .*?\b({playbook}_\w+)", explained, re.MULTILINE))
    names |= set(re.findall(rf"; ({playbook}_\w+) its last", explained))
    first_task = load(f"playbooks/{playbook}.yml")[1]["tasks"][0]
    assert first_task["ansible.builtin.import_tasks"] == "tasks/names.yml"
    prefix, known = first_task["vars"].values()
    assert (prefix, set(known)) == (f"{playbook}_", names)
