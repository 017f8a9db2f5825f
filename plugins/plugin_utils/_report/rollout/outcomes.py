# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the classes of devices, and what to do about a device of each class."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS = {
    "verified": "verified",
    "failed": "failed",
    "mismatch": "failed",
    "silent": "silent",
    "pending": "pending",
    "settling": "pending",
    "reported": "pending",
    "advanced": "pending",
    "busy": "pending",
    "unknown": "pending",
    "unreached": "unreached",
    "halted": "halted",
    "rejected": "left",
    "gone": "left",
}
"""The group of each class of a device in scope; a class that is not here is of the group other."""

LABELS = {
    "verified": "verified",
    "pending": "pending",
    "unreached": "unreached",
    "halted": "halted before its turn",
    "left": "rejected or gone",
    "other": "other",
    "excluded": "failed in a halted cohort",
    "silent": "silent",
    "failed": "failed",
}
"""What each kind of a part of a bar is called, in the order of the parts."""

NEXT_STEPS = {
    "failed": "Find the cause, then accept the failure or fix the firmware",
    "mismatch": "Read its version again; if it stays, treat it as failed",
    "silent": "Check whether the device still works",
    "rejected": "Fix the reason, or remove the device from the selection",
    "gone": "Return it to the account, or remove it from the selection",
    "unknown": "None yet: the next run reads its version again",
    "unreached": "Check its power and connection; the sweep tries it again",
    "busy": "Wait for the end of the other campaign, or cancel it",
    "reported": "None: the next run reads its version again",
    "halted": "Accept the failures of the cohort, or publish fixed firmware",
}
"""What to do about a device, by class. Of devices that are out of scope, the facts say it."""

ATTENTION = (
    *("failed", "mismatch", "silent", "rejected", "gone", "unknown", "unreached", "busy"),
    *("not_found", "not_active", "never_seen", "not_eligible", "wrong_protocol", "no_target"),
    *("version_unknown", "no_path", "no_license", "late"),
)
"""Classes of devices of which each needs attention, the most urgent first."""


def words(value: str) -> str:
    """Give a word of the facts as people read it."""
    return value.replace("_", " ")


def group(kind: str) -> str:
    """Give the group of a class."""
    return GROUPS.get(kind, "other")


def count_groups(counts: Mapping[str, int]) -> dict[str, int]:
    """Add up the counts of classes of devices in scope by group."""
    found = dict.fromkeys(LABELS, 0)
    for kind, number in counts.items():
        if kind in GROUPS:
            found[GROUPS[kind]] += number
    return found
