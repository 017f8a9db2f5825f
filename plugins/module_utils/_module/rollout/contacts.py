# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When devices that do not answer were last heard of, where the list of devices does not say so.

Their check-ins and histories are read, one call each, for a few of them. It only informs: what
cannot be read is left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..._client.errors import ServiceRefused, ServiceUnavailable, UnexpectedReply
from ..._model.campaign import CampaignType
from ..._model.text import visible
from ..._model.times import parse_time
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.placement.rollout_device import RolloutDevice
from ..context import Context
from .report_facts import UNANSWERED, describe_age

MOST_READ = 10
_UNANSWERED_WORDS = frozenset(kind.value for kind in UNANSWERED)


def add_contacts(context: Context, decision: Decision, devices: list[dict[str, Any]]) -> None:
    """Add what histories tell of devices of a result that do not answer.

    Nothing is read where something is to be stopped: that must not wait.
    """
    assessment = decision.assessment
    listed = {
        device["deviceId"]: device for device in devices if device["class"] in _UNANSWERED_WORDS
    }
    if not listed:
        return
    lacking = [
        row
        for state in assessment.waves
        for row in state.rows
        if row.imei in listed and _lacks(row)
    ][:MOST_READ]
    if not lacking or decision.stops or assessment.seen.unread:
        return
    reader = _Reader(context, assessment.spec.type, assessment.seen.now)
    for row, text in zip(lacking, context.client.map(reader.read, lacking), strict=True):
        device = listed[row.imei]
        device["contact"] = "; ".join(filter(None, (text, device["contact"])))


def _lacks(row: RolloutDevice) -> bool:
    """It does not answer, and the list of devices does not say when it was last seen."""
    connected = row.device.connected if row.device else ""
    return row.outcome.kind in UNANSWERED and parse_time(connected) is None


class _Reader:
    """Reads what the service has kept of one device."""

    def __init__(self, context: Context, type_: CampaignType, now: datetime) -> None:
        self._context = context
        self._type = type_
        self._now = now

    def read(self, row: RolloutDevice) -> str:
        """Say when a device was last heard of; empty where that is not known."""
        try:
            return self._read_check_ins(row.imei) or self._read_history(row)
        except (ServiceRefused, ServiceUnavailable, UnexpectedReply):
            return ""

    def _read_check_ins(self, imei: str) -> str:
        """Say when it last checked in: v2 records that while its logging is on."""
        if self._type is not CampaignType.SOFTWARE:
            return ""
        found = self._context.v2.get_check_ins(imei)
        known = [(at, each) for each in found if (at := parse_time(each.time)) is not None]
        if not known:
            return ""
        at, last = max(known, key=lambda entry: entry[0])
        why = visible(last.failure_type or last.result)
        return f"last check-in {describe_age(at, self._now)}{f': {why}' if why else ''}"

    def _read_history(self, row: RolloutDevice) -> str:
        """Say what became of its campaigns before this one."""
        history = self._context.campaigns(self._type).get_device_history(row.imei)
        before = [item for item in history if item.campaign_id != row.outcome.campaign_id]
        known = [(at, item) for item in before if (at := parse_time(item.updated)) is not None]
        if not known:
            return "in no campaign before"
        at, last = max(known, key=lambda entry: entry[0])
        return f"last campaign before {describe_age(at, self._now)}: {visible(last.status)}"
