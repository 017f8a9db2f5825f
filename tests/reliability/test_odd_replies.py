# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that are odd and hold all the same what they should, and replies that hold nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.firmware.info import (
    FIRMWARE_INFO_OPTIONS,
    read_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.info import (
    LICENSE_INFO_OPTIONS,
    read_license_info,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_outcome import (
    Outcome,
    attempt,
    make_stage,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    FIRMWARE_IMEIS,
    Stage,
    quick_retries,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_writes import WRITES, Write

ODD: dict[str, dict[str, Any]] = {
    "repeated_rows": {},
    "added_fields": {},
    "wrong_type": {},
    "short_pages": {"rows": 1},
    "overlapping_pages": {"rows": 1},
    "shuffled_pages": {},
    "truncated_body": {"times": 1},
    "html_502": {"times": 1},
}
READS: dict[str, tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = {
    "firmware campaigns": (read_campaigns, CAMPAIGN_INFO_OPTIONS, {"return_devices": "all"}),
    "software campaigns": (
        read_campaigns,
        CAMPAIGN_INFO_OPTIONS,
        {"return_devices": "all", "type": "software"},
    ),
    "upgrades": (read_upgrades, UPGRADE_INFO_OPTIONS, {"return_devices": "all"}),
    "devices": (inform_on_devices, DEVICE_INFO_OPTIONS, {}),
    "named devices": (
        inform_on_devices,
        DEVICE_INFO_OPTIONS,
        {"devices": list(FIRMWARE_IMEIS), "gather": ["history"]},
    ),
    "licenses": (read_license_info, LICENSE_INFO_OPTIONS, {"gather": ["models"]}),
    "packages": (read_firmware, FIRMWARE_INFO_OPTIONS, {}),
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A campaign of each type and an upgrade are there."""
    prepared = {str(one): one for one in WRITES}
    made = make_stage(prepared["fota_campaign-v3-cancel"])
    with made, quick_retries():
        for name in (
            *("fota_campaign-v3-cancel", "fota_campaign-v2-cancel", "fota_upgrade-cancel"),
            "fota_license-remove",
        ):
            prepared[name].prepare(made)
        yield made


DETAILS = "v3GetCampaign"
# The second is that of the writes that can be repeated.
MAY_BE_DONE = ("outcome_unknown", "unexpected_reply")

# Rows of a page are told apart by their ids; a list that comes whole is shown as it comes.
PAGES_ALONE = ("firmware campaigns", "software campaigns")


@pytest.mark.parametrize(
    ("fault", "read"),
    [
        (fault, read)
        for fault in ODD
        for read in (PAGES_ALONE if fault == "repeated_rows" else READS)
    ],
)
def test_what_is_read_is_the_same(stage: Stage, fault: str, read: str) -> None:
    use_case, options, given = READS[read]
    stage.order([])
    expected = stage.operator.run(use_case, options, **given)
    stage.order([{"operation": "*", "fault": fault, "times": 1000, **ODD[fault]}])
    told = stage.operator.run(use_case, options, **given)
    stage.order([])
    assert in_order(told) == in_order(expected)


@pytest.mark.parametrize("write", WRITES, ids=str)
def test_a_write_that_got_an_empty_reply_is_read_back_or_not_called_undone(write: Write) -> None:
    """It took effect; no failure may say that it did not."""
    outcome = Outcome(str(write))
    with make_stage(write) as stage, quick_retries():
        write.prepare(stage)
        stage.order([{"operation": write.operation, "fault": "empty_200"}])
        failure = attempt(write, stage.controller(), outcome)
        assert [one["struck"] for one in stage.sim.fault_rules()] == [1]
    assert outcome.findings == []
    assert failure is None or failure.kind in MAY_BE_DONE, failure


def test_a_campaign_that_only_histories_remember_does_not_stop_another() -> None:
    """The service has dropped it, and says so in a way that nobody has published."""
    before = next(one for one in WRITES if str(one) == "fota_campaign-v3-cancel")
    with make_stage(before) as stage, quick_retries():
        before.prepare(stage)
        stage.sim.advance(hours=30 * 24)
        gone = [{"operation": "*", "fault": "vanished_campaigns", "places": ["reports", "details"]}]
        stage.order(gone)
        stage.sim.clear_journal()
        given = {"name": "again", "package": "beta-A-B", "devices": list(FIRMWARE_IMEIS[:1])}
        dates = {"start_date": "2026-04-10", "end_date": "2026-04-20"}
        told = stage.operator.run(ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, **given, **dates)
        asked = [one["status"] for one in stage.sim.journal() if one["operation"] == DETAILS]
    assert told["campaign"]["action"] == "create"
    assert 400 in asked, "the history named it, and the service did not know it"


def in_order(value: Any) -> Any:
    """The value with its lists sorted: the order of rows is the service's."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(in_order, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value
