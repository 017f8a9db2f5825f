# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status words of campaigns, upgrades, devices and calls (contract section 5)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import DeviceChange
from ansible_collections.thingspace.fota.plugins.module_utils._model.status import (
    CAMPAIGN_REPORT_STATUSES,
    STAGES,
    UNPUBLISHED_REPORT_STATUS,
    UPGRADE_REPORT_STATUSES,
    CampaignState,
    DeviceState,
    call_succeeded,
    campaign_state,
    device_state,
)

CAMPAIGN_WORDS = {
    "CampaignRequestPending": CampaignState.PENDING,
    "CampaignRequestFailed": CampaignState.REQUEST_FAILED,
    "CampaignRequestQueued": CampaignState.QUEUED,
    "CampaignQueued": CampaignState.QUEUED,
    "CampaignPreScheduled": CampaignState.PRESCHEDULED,
    "CampaignScheduled": CampaignState.SCHEDULED,
    "In Progress": CampaignState.SCHEDULED,
    "CampaignEnded": CampaignState.ENDED,
    "CampaignCancelled": CampaignState.CANCELLED,
    "CampaignAborted": CampaignState.ABORTED,
    "CampaignFailed": CampaignState.FAILED,
    "RequestPending": CampaignState.PENDING,
    "Queued": CampaignState.QUEUED,
    "InProgress": CampaignState.SCHEDULED,
    "Finished": CampaignState.ENDED,
    "RequestFailed": CampaignState.REQUEST_FAILED,
    "UpgradeFailed": CampaignState.FAILED,
}
OVER = {
    CampaignState.ENDED,
    CampaignState.CANCELLED,
    CampaignState.ABORTED,
    CampaignState.REQUEST_FAILED,
    CampaignState.FAILED,
}
DEVICE_WORDS = {
    "RequestPending": DeviceState.PENDING,
    "Device Accepted": DeviceState.PENDING,
    "Device Rejected": DeviceState.REJECTED,
    "Accepted": DeviceState.PENDING,
    "DeviceRejected": DeviceState.REJECTED,
    "UpgradePending": DeviceState.PENDING,
    "UpgradeScheduled": DeviceState.PENDING,
    "UpgradeSuccess": DeviceState.SUCCESS,
    "UpgradeFailed": DeviceState.FAILED,
    "UpgradedFailed": DeviceState.FAILED,
    "CampaignCancelled": DeviceState.STOPPED,
    "CampaignAborted": DeviceState.STOPPED,
    "NoDeviceDataFromNetwork": DeviceState.PENDING,
    "ReceivedDeviceDataFromNetwork": DeviceState.PENDING,
    "RequestToFotaServerFailed": DeviceState.PENDING,
}
UNKNOWN_WORDS = ["", "Campaign", "CampaignPaused", "Success", "success", "Upgraded", "Done", "4"]


@pytest.mark.parametrize(("word", "state"), CAMPAIGN_WORDS.items())
def test_published_campaign_words(word: str, state: CampaignState) -> None:
    assert campaign_state(word) is state
    assert state.over is (state in OVER)


@pytest.mark.parametrize(
    "word", ["campaignscheduled", "CAMPAIGN SCHEDULED", " Campaign Scheduled ", "Scheduled"]
)
def test_case_blanks_and_prefix_make_no_difference(word: str) -> None:
    assert campaign_state(word) is CampaignState.SCHEDULED


@pytest.mark.parametrize("word", UNKNOWN_WORDS)
def test_unknown_words_are_never_over_and_never_far_enough(word: str) -> None:
    state = campaign_state(word)
    assert state is CampaignState.UNKNOWN
    assert not state.over
    assert all(state not in enough for enough in STAGES.values())


@pytest.mark.parametrize(("word", "state"), DEVICE_WORDS.items())
def test_published_device_words(word: str, state: DeviceState) -> None:
    assert device_state(word) is state


@pytest.mark.parametrize("word", UNKNOWN_WORDS)
def test_unknown_device_words_are_no_success(word: str) -> None:
    assert device_state(word) is DeviceState.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("Waiting for device data from network", DeviceState.PENDING),
        ("", DeviceState.PENDING),
        ("Campaign ended, No Retry is available", DeviceState.FAILED),
    ],
)
def test_no_data_from_the_network_is_a_failure_only_without_retry(
    reason: str, state: DeviceState
) -> None:
    assert device_state("NoDeviceDataFromNetwork", reason) is state


def test_no_retry_makes_no_other_word_a_failure() -> None:
    assert device_state("UpgradeSuccess", "no retry") is DeviceState.SUCCESS


@pytest.mark.parametrize(
    ("word", "succeeded"),
    [
        ("AddDeviceSucceed", True),
        ("RemoveDeviceSucceed", True),
        ("LicenseAssignSuccess", True),
        ("FirmwareVersionUpdateSuccess", True),
        ("Success", True),
        ("AddDeviceFailed", False),
        ("Failure", False),
        ("", False),
        ("SuccessPending", False),
    ],
)
def test_a_call_succeeded_only_by_the_end_of_its_word(word: str, succeeded: bool) -> None:  # noqa: FBT001
    assert call_succeeded(word) is succeeded
    assert DeviceChange("990013907835573", word).succeeded is succeeded


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        pytest.param(
            "accepted",
            {
                CampaignState.QUEUED,
                CampaignState.PRESCHEDULED,
                CampaignState.SCHEDULED,
                CampaignState.ENDED,
            },
            id="accepted",
        ),
        pytest.param("scheduled", {CampaignState.SCHEDULED, CampaignState.ENDED}, id="scheduled"),
        pytest.param("ended", {CampaignState.ENDED}, id="ended"),
    ],
)
def test_what_is_far_enough(wanted: str, reached: set[CampaignState]) -> None:
    assert STAGES[wanted] == reached


def test_every_status_that_a_report_can_filter_is_known() -> None:
    asked = {*CAMPAIGN_REPORT_STATUSES, UNPUBLISHED_REPORT_STATUS, *UPGRADE_REPORT_STATUSES}
    assert CampaignState.UNKNOWN not in {campaign_state(word) for word in asked}
    assert len(CAMPAIGN_REPORT_STATUSES) == len(set(CAMPAIGN_REPORT_STATUSES)) == 8
    assert {campaign_state(word) for word in CAMPAIGN_REPORT_STATUSES} == (
        set(CampaignState) - {CampaignState.UNKNOWN, CampaignState.PRESCHEDULED}
    )


@settings(max_examples=100)
@given(st.text(), st.text())
def test_any_word_means_something(word: str, reason: str) -> None:
    assert isinstance(campaign_state(word), CampaignState)
    state = device_state(word, reason)
    success = "".join(word.split()).lower().removeprefix("campaign") == "upgradesuccess"
    assert (state is DeviceState.SUCCESS) == success
