# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a rollout as the JSON report file, which keeps every key that it once had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .audit import audit_lines
from .tables import wave_rows
from .text import is_judged, plan_lines, report_lines

# What Ansible adds to every result, and the actions, which repeat every device.
_LEFT_OUT = frozenset({"actions", "changed", "failed", "invocation", "warnings", "deprecations"})
OLD_NAMES = {
    "armed": "unstoppable",
    "lanes": "cohorts",
    "versions": "standings",
    "ways": "upgrade_paths",
    "ways_back": "rollback_paths",
}
OLD_WAVE_NAMES = {"in_failed_lanes": "in_failed_cohorts"}


def report_document(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the facts with their texts, and beside the names of today those of version 0.4.2."""
    document = {name: value for name, value in facts.items() if name not in _LEFT_OUT}
    if "phase" not in facts:
        # Of another module, such as fota_overview_info.
        return document
    document |= {"plan": plan_lines(facts), "report": report_lines(facts)}
    if not is_judged(facts):
        return document
    return {
        **document,
        **_old_names(facts),
        "waves": [
            {**wave, **{old: wave[new] for old, new in OLD_WAVE_NAMES.items()}}
            for wave in facts["waves"]
        ],
        "table": wave_rows(facts),
        "audit": audit_lines(facts),
    }


def derived_texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a document of a judged rollout must have besides its facts, but for the plan."""
    return {
        "report": report_lines(document),
        "table": wave_rows(document),
        "audit": audit_lines(document),
        **_old_names(document),
    }


def _old_names(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{old: facts[new] for old, new in OLD_NAMES.items()},
        "halted_lanes": [cohort for cohort in facts["cohorts"] if cohort["state"] == "failed"],
    }
