# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licenses of a rollout as lines: how many it needs, who gets one, and who keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.text import count

Facts = Mapping[str, Any]

_NAMED = 5
_NONE = {"devices": 0}
# Groups of devices by their licenses.
_GROUPS = {
    "assign_now": "to get a license in this run",
    "waiting": "without a license",
    "kept": "upgraded, which keep their licenses for good",
    "unused": "with an unused license, which fota_license can remove",
}


def license_lines(facts: Facts) -> Iterator[str]:
    """Say how many licenses are needed, in all and by wave, who gets one and who keeps it.

    Facts of versions before 0.9.0 have only the numbers. There are no lines if none are needed.
    """
    licenses = facts["licenses"]
    if not licenses["required"]:
        return
    short = f", {licenses['short']} short" if licenses.get("short") else ""
    yield (
        f"licenses: {licenses['needed']} needed, {licenses['free']} of {licenses['total']} free"
        f"{short}"
    )
    waves = [f"{wave['name']} {wave['needed']}" for wave in licenses.get("waves", ())]
    if waves:
        yield f"  needed by wave: {', '.join(waves)}"
    for name, what in _GROUPS.items():
        group = licenses.get(name, _NONE)
        if group["devices"]:
            named = group["examples"][:_NAMED]
            more = group["devices"] - len(named)
            examples = ", ".join(named) + (f" and {more} more" if more else "")
            yield f"  {count(group['devices'], 'device')} {what}: {examples}"


def kept_licenses(facts: Facts) -> str:
    """Say after the rollout how many licenses stay with their devices; empty if none do."""
    licenses = facts["licenses"]
    kept = licenses.get("kept", _NONE)["devices"]
    if not kept or not is_complete(facts):
        return ""
    unused = licenses["unused"]["devices"]
    more = f"; {unused} unused can be removed with fota_license" if unused else ""
    return f"licenses: {count(kept, 'upgraded device')} keep theirs for good{more}"


def is_complete(facts: Facts) -> bool:
    """Tell whether every device that could be upgraded has been."""
    return facts["phase"] in ("completed", "completed_with_exceptions")
