# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has written, by the results of its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._model.text import count

Facts = Mapping[str, Any]
NOTHING: Mapping[str, Any] = {}

# What a campaign to stop is asked for with.
_NAMED_BY = ("campaign_id", "end_date")
# Names of campaigns end with the number of their devices.
_DEVICES = re.compile(r"\.n(\d+)$", re.ASCII)
# Actions that stop campaigns, in the order in which they are tried, and what they did.
_STOPS = {"cancel": "cancelled", "abort": "aborted", "shorten": "shortened"}


@dataclass(frozen=True)
class Writes:
    """The results of the tasks that carried a decision out; empty for a task that did not run.

    Only what the decision asked for is taken from them: the variable of a task may still hold the
    result of an earlier run of the same play.

    :ivar decision: what was carried out.
    :ivar refreshed: result of ``fota_device_firmware``.
    :ivar cancelled: result of a loop of ``fota_campaign``, and so are the next two.
    :ivar assigned: result of ``fota_license``.
    :ivar created: result of ``fota_campaign``.
    :ivar failed: the task that failed, with ``task`` and ``message``; empty if none did.
    """

    decision: Facts
    refreshed: Facts = field(default_factory=dict)
    cancelled: Facts = field(default_factory=dict)
    aborted: Facts = field(default_factory=dict)
    shortened: Facts = field(default_factory=dict)
    assigned: Facts = field(default_factory=dict)
    created: Facts = field(default_factory=dict)
    failed: Facts = field(default_factory=dict)

    @property
    def created_ids(self) -> list[str]:
        """The campaigns that were created or, by another run, already there."""
        return [
            campaign["campaign_id"]
            for campaign in self._due_creations()
            if campaign.get("campaign_id")
        ]

    @property
    def any(self) -> bool:
        """Whether a write was tried, so that the decision may not describe the account any more.

        A creation whose reply was lost names no campaign, and a task that failed may have written.
        """
        return bool(self.failed or self.assigned or self._due_creations()) or any(
            map(self._tried, _STOPS)
        )

    def actions(self) -> list[dict[str, Any]]:
        """Give what was asked of the service, and ``ok`` or the message of the failure."""
        asked = [
            {
                "action": action,
                **{key: item["item"][key] for key in _NAMED_BY if key in item["item"]},
                "result": "ok" if _succeeded(item) else _message(item),
            }
            for action in _STOPS
            for item in self._tried(action)
        ]
        if self.assigned:
            licensed = self.assigned.get("counts", NOTHING).get("assigned", 0)
            result = _message(self.assigned) if "failure" in self.assigned else "ok"
            asked.append({"action": "assign", "devices": licensed, "result": result})
        due = {change["name"]: change for change in self._changes("create")}
        return asked + [
            {
                "action": "create",
                "campaign_id": campaign.get("campaign_id") or "",
                "name": campaign["name"],
                "devices": due[campaign["name"]]["devices"],
                "result": "ok" if campaign.get("campaign_id") else _message(self.created),
            }
            for campaign in self._due_creations()
            if campaign["name"] in due
        ]

    def describe(self) -> list[str]:
        """Say what was done and what was refused, one sentence each."""
        lines = []
        if refreshed := self.refreshed.get("counts"):
            lines.append(f"read the versions of {count(refreshed['total'], 'device')} again")
        licensed = self.assigned.get("counts", NOTHING)
        if licensed.get("assigned"):
            lines.append(f"assigned licenses to {count(licensed['assigned'], 'device')}")
        if licensed.get("failed"):
            unlicensed = count(licensed["failed"], "device")
            lines.append(f"could not license {unlicensed}: {_message(self.assigned)}")
        if names := self._created_names():
            devices = {change["name"]: change["devices"] for change in self._changes("create")}
            lines.append(f"created {_campaigns(devices[name] for name in names)}")
        for action, word in _STOPS.items():
            done = [item for item in self._tried(action) if item.get("changed")]
            if done:
                ids = [item["item"]["campaign_id"] for item in done]
                lines.append(f"{word} {_campaigns(self._devices_of(ids))}")
        for action in _STOPS:
            refused = [item for item in self._tried(action) if not _succeeded(item)]
            if refused:
                campaigns = count(len(refused), "campaign")
                lines.append(f"could not {action} {campaigns}: {_message(refused[0])}")
        if self.failed:
            lines.append(f"FAILED: {self.failed['task']}: {self.failed['message']}")
        return lines

    def not_cancelled(self) -> list[str]:
        """Give the ids of campaigns whose cancellation was refused or has failed."""
        tried = self._tried("cancel")
        return [item["item"]["campaign_id"] for item in tried if not _succeeded(item)]

    def count_campaigns(self, ids: Iterable[str]) -> str:
        """Say how many campaigns with how many devices these are."""
        return _campaigns(self._devices_of(ids))

    def creation_hint(self) -> str:
        """Say what to do about a creation that was refused; empty if none was."""
        failure = self.created.get("failure") or NOTHING if self.failed else NOTHING
        return str(failure.get("hint") or "") if failure.get("kind") == "refused" else ""

    def _created_names(self) -> list[str]:
        due = {change["name"] for change in self._changes("create")}
        return [
            campaign["name"]
            for campaign in self.created.get("campaigns") or ()
            if campaign["name"] in due and campaign.get("done") and campaign["action"] == "create"
        ]

    def _due_creations(self) -> list[Facts]:
        """Give the results of creations, for the campaigns that the decision creates."""
        due = {campaign["name"] for campaign in self._actions("create")}
        return [each for each in self.created.get("campaigns") or () if each["name"] in due]

    def _tried(self, action: str) -> list[Facts]:
        """Give the results of a loop, for the campaigns that the decision stops."""
        result: Facts = {
            "cancel": self.cancelled,
            "abort": self.aborted,
            "shorten": self.shortened,
        }[action]
        due = {campaign["campaign_id"] for campaign in self._actions(action)}
        return [
            item
            for item in result.get("results") or ()
            if item.get("item", NOTHING).get("campaign_id") in due
        ]

    def _actions(self, action: str) -> list[Facts]:
        return list(self.decision.get("actions", NOTHING).get(action, ()))

    def _changes(self, action: str) -> list[Facts]:
        changes = self.decision.get("changes", ())
        return [change for change in changes if change["action"] == action]

    def _devices_of(self, ids: Iterable[str]) -> list[int]:
        """Give the devices of each campaign, as their names say: some are of older targets."""
        named = [*self.decision.get("campaigns", ()), *self.decision.get("changes", ())]
        names = {each["campaign_id"]: each["name"] for each in named if "campaign_id" in each}
        found = (_DEVICES.search(names.get(each, "")) for each in ids)
        return [int(match[1]) if match else 0 for match in found]


def _message(result: Facts) -> str:
    return str(result.get("msg") or "failed")


def _succeeded(item: Facts) -> bool:
    return "campaigns" in item and "failure" not in item and not item.get("failed")


def _campaigns(devices: Iterable[int]) -> str:
    numbers = list(devices)
    total = sum(numbers)
    with_devices = f" with {count(total, 'device')}" if total else ""
    return f"{count(len(numbers), 'campaign')}{with_devices}"
