# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status words of campaigns, upgrades and devices (contract section 5).

A status is always kept verbatim in addition to its meaning. An unknown status is shown verbatim,
and counts as not over and not successful.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class CampaignState(Enum):
    """The meaning of a status of a campaign (v2, v3) or an upgrade (v1)."""

    PENDING = "pending"
    QUEUED = "queued"
    PRESCHEDULED = "prescheduled"
    SCHEDULED = "scheduled"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ABORTED = "aborted"
    REQUEST_FAILED = "request_failed"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def over(self) -> bool:
        """Whether the service has finished with it."""
        return self in _OVER


_OVER = frozenset(
    {
        CampaignState.ENDED,
        CampaignState.CANCELLED,
        CampaignState.ABORTED,
        CampaignState.REQUEST_FAILED,
        CampaignState.FAILED,
    }
)
# The stages that can be waited for, and the states that have reached each.
STAGES = {
    "accepted": frozenset(
        {
            CampaignState.QUEUED,
            CampaignState.PRESCHEDULED,
            CampaignState.SCHEDULED,
            CampaignState.ENDED,
        }
    ),
    "scheduled": frozenset({CampaignState.SCHEDULED, CampaignState.ENDED}),
    "ended": frozenset({CampaignState.ENDED}),
}


def has_reached(state: CampaignState, stage: str) -> bool:
    """Tell whether a state has reached a stage."""
    return state in STAGES[stage]


def is_settled(state: CampaignState, stage: str) -> bool:
    """Tell whether a state has reached a stage, or never will."""
    return state.over or has_reached(state, stage)


_CAMPAIGN_WORDS = {
    "requestpending": CampaignState.PENDING,
    "requestqueued": CampaignState.QUEUED,
    "queued": CampaignState.QUEUED,
    "prescheduled": CampaignState.PRESCHEDULED,
    "scheduled": CampaignState.SCHEDULED,
    "inprogress": CampaignState.SCHEDULED,
    "ended": CampaignState.ENDED,
    "finished": CampaignState.ENDED,
    "cancelled": CampaignState.CANCELLED,
    "aborted": CampaignState.ABORTED,
    "requestfailed": CampaignState.REQUEST_FAILED,
    "failed": CampaignState.FAILED,
    "upgradefailed": CampaignState.FAILED,
}

# The filter values of the campaign reports, one per call (OpenAPI parameter CampaignStatusQuery).
CAMPAIGN_REPORT_STATUSES = (
    "CampaignRequestPending",
    "CampaignRequestFailed",
    "CampaignRequestQueued",
    "CampaignCancelled",
    "CampaignAborted",
    "CampaignFailed",
    "CampaignScheduled",
    "CampaignEnded",
)
# A v3 status that is missing from the published filter (contract section 14, question 2).
UNPUBLISHED_REPORT_STATUS = "CampaignPreScheduled"
# Filter values for live campaigns, in the order of the lifecycle.
LIVE_REPORT_STATUSES = ("CampaignRequestPending", "CampaignRequestQueued", "CampaignScheduled")
# Filter values for upgrades, in the order of the lifecycle.
UPGRADE_REPORT_STATUSES = (
    "RequestPending",
    "Queued",
    "RequestFailed",
    "InProgress",
    "Finished",
    "UpgradeFailed",
)


class DeviceState(Enum):
    """The meaning of a status of a device in a campaign or upgrade.

    No status of the service means ``CURRENT``: the device ran the target version before.
    """

    CURRENT = "current"
    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    REJECTED = "rejected"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


_DEVICE_WORDS = {
    "requestpending": DeviceState.PENDING,
    "deviceaccepted": DeviceState.PENDING,
    "accepted": DeviceState.PENDING,
    "upgradepending": DeviceState.PENDING,
    "upgradescheduled": DeviceState.PENDING,
    "nodevicedatafromnetwork": DeviceState.PENDING,
    "receiveddevicedatafromnetwork": DeviceState.PENDING,
    "requesttofotaserverfailed": DeviceState.PENDING,
    "upgradesuccess": DeviceState.SUCCESS,
    "upgradefailed": DeviceState.FAILED,
    "upgradedfailed": DeviceState.FAILED,
    "devicerejected": DeviceState.REJECTED,
    "cancelled": DeviceState.STOPPED,
    "aborted": DeviceState.STOPPED,
}


def _bare(word: str) -> str:
    """Apply the normalization rule of contract section 5."""
    return "".join(word.split()).lower().removeprefix("campaign")


@lru_cache(maxsize=1024)
def campaign_state(word: str) -> CampaignState:
    """Return the meaning of a status of a campaign or upgrade."""
    return _CAMPAIGN_WORDS.get(_bare(word), CampaignState.UNKNOWN)


@lru_cache(maxsize=1024)
def device_state(word: str, reason: str = "") -> DeviceState:
    """Return the meaning of a status of a device; ``reason`` can make it a failure."""
    if not_reached(word) and "no retry" in reason.lower():
        return DeviceState.FAILED
    return _DEVICE_WORDS.get(_bare(word), DeviceState.UNKNOWN)


@lru_cache(maxsize=1024)
def not_reached(word: str) -> bool:
    """Return whether the network has not reached the device, so nothing was attempted."""
    return _bare(word) == "nodevicedatafromnetwork"


def call_succeeded(word: str) -> bool:
    """Return whether the result of a per-device call is a success (section 14, 14)."""
    return word.lower().endswith(("success", "succeed"))
