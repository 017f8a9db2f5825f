# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approval of a plan means, as data for a later job of a workflow and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count, visible
from .text import awaited_accepts, is_judged

Facts = Mapping[str, Any]
_NAMED = 4
"""The most approvals and accepts that are named in lines; the plan has them all."""


def approval(facts: Facts) -> dict[str, Any]:
    """Give what an approval of the plan of these facts adds to the declaration.

    It is all that the rollout waits for, and nothing else: a cohort that has halted alone stays
    halted. ``lines`` says it in at most ten lines.
    """
    return {
        "rollout": facts.get("rollout", ""),
        "phase": facts.get("phase", ""),
        "digest": facts.get("digest", ""),
        "approved": _approved(facts),
        "accept": _accepted(facts),
        "lines": list(map(visible, _lines(facts))),
    }


def _approved(facts: Facts) -> list[dict[str, Any]]:
    return [dict(entry) for entry in facts["overrides"]["approved"]] if is_judged(facts) else []


def _accepted(facts: Facts) -> list[dict[str, Any]]:
    return [dict(entry) for entry in awaited_accepts(facts)] if is_judged(facts) else []


def _lines(facts: Facts) -> Iterator[str]:
    yield f"APPROVAL of plan {facts.get('digest', '')[:12]} of rollout {facts.get('rollout', '')}"
    phase, why = facts.get("phase", "").replace("_", " "), facts.get("why", "")
    yield f"stands: {why}" if phase == "planned" else f"stands: {phase}: {why}"
    means = [
        *(_approval_line(entry, facts) for entry in _approved(facts)),
        *(_accept_line(entry) for entry in _accepted(facts)),
    ]
    yield from means[:_NAMED]
    if len(means) > _NAMED:
        yield f"and {len(means) - _NAMED} more, which are in the plan above"
    creations = facts.get("actions", {}).get("create", ())
    if creations:
        devices = sum(len(each["devices"]) for each in creations)
        yield f"creates {count(len(creations), 'campaign')} with {count(devices, 'device')}"
    elif not means:
        yield "Nothing waits for an approval, and nothing is due: an approval changes nothing."
    if creations or means:
        yield "If the plan changes before the approval is used, nothing is created."


def _approval_line(entry: Facts, facts: Facts) -> str:
    names = [wave["name"] for wave in facts["waves"]]
    after = names[names.index(entry["wave"]) + 1 :]
    opens = f"; then wave {after[0]} begins" if after else ""
    return (
        f"approves leaving wave {entry['wave']} with {count(entry['failures'], 'failure')}{opens}"
    )


def _accept_line(entry: Facts) -> str:
    where = f"wave {entry['wave']}" + (f", cohort {entry['cohort']}" if entry.get("cohort") else "")
    if entry.get("missing"):
        return f"accepts in {where}: {count(entry['missing'], 'device')} missing"
    if entry.get("again"):
        return f"creates again in {where}: {count(entry['again'], 'stopped campaign')}"
    failures = count(entry.get("up_to", 0), "failure")
    return f"accepts in {where}: {failures}; then the wave goes on, with its retries"
