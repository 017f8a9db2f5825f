# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a report, each with its reason and next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ....module_utils._model.text import visible
from .outcomes import ATTENTION, GROUPS, NEXT_STEPS, group, words

Facts = Mapping[str, Any]

LABELS = {
    "deviceId": "Device",
    "host": "Name",
    "wave": "Wave",
    "class": "Outcome",
    "reason": "Reason",
    "next": "Next step",
    "model": "Model",
    "from_version": "Version before",
    "version": "Version now",
    "target": "Target",
    "attempts": "Attempts",
    "result_at": "Result (UTC)",
    "campaign_id": "Campaign",
}
"""The columns of a table of devices."""


def device_rows(facts: Facts) -> list[dict[str, Any]]:
    """Give a row for each device that the facts list, by IMEI; texts are printable.

    A row has the keys of :data:`LABELS`, ``kind``, the class as the facts have it, and ``group``.
    """
    clean = _Clean()
    listed = sorted(facts["devices"], key=lambda device: str(device["deviceId"]))
    return [_row(device, clean) for device in listed]


class _Clean(dict[str, str]):
    """Printable texts, each made once: most texts of devices are those of many."""

    def __missing__(self, text: str) -> str:
        found = self[text] = text if text.isprintable() else visible(text)
        return found


def _row(device: Facts, clean: _Clean) -> dict[str, Any]:
    row: dict[str, Any] = {key: clean[str(device.get(key) or "")] for key in LABELS}
    kind = row["class"]
    row["kind"], row["group"] = kind, group(kind)
    row["class"] = clean[words(kind)]
    row["next"] = NEXT_STEPS.get(kind, "")
    if kind not in GROUPS and not row["next"]:  # it is out of scope, and the reason says what to do
        row["reason"], row["next"] = "out of scope", row["reason"]
    if device.get("contact"):
        row["reason"] = clean[f"{row['reason']}; {device['contact']}"]
    row["attempts"] = device.get("attempts")
    return row


def needs_attention(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows of devices that need attention, the most urgent first."""
    urgency = {kind: place for place, kind in enumerate(ATTENTION)}
    found = [row for row in rows if row["kind"] in urgency]
    return sorted(found, key=lambda row: (urgency[row["kind"]], row["deviceId"]))


def classes_of(rows: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Give the class and the group of each outcome, by what the table calls it."""
    return {row["class"]: (row["kind"], row["group"]) for row in rows}


def quiet_groups(facts: Facts) -> Iterator[tuple[int, str, str]]:
    """Give what concerns many devices in the same way: their number, why, and the next step."""
    counts = facts["counts"]
    for kind in ("halted", "reported"):
        if counts.get(kind):
            why = {
                "halted": "not touched: their cohort halted before their turn",
                "reported": "report success, and their version is not read yet",
            }[kind]
            yield counts[kind], why, NEXT_STEPS[kind]
    for out in facts["out_of_scope"]:
        yield (
            out["devices"],
            f"out of scope: {words(visible(out['reason']))}",
            visible(out["what_to_do"]),
        )
