# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the table, seen by a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults import TABLE
from ansible_collections.thingspace.fota.tests.unit.simulator.desk import ACCOUNT, Desk

DeskFactory = Callable[..., Desk]
CREATE = f"v3/campaigns/firmware/{ACCOUNT}"
LIST = f"v3/devices/{ACCOUNT}"

# fault: HTTP status a create gets (0: connection lost), and whether it took effect all the same.
EXPECTED = {
    **{f"status_{code}_before": (code, False) for code in (500, 502, 503, 504)},
    **{f"status_{code}_after": (code, True) for code in (500, 502, 503, 504)},
    "status_429": (429, False),
    "reset_before": (0, False),
    "reset_after": (0, True),
    "xml_403": (403, False),
    "html_502": (502, False),
    "empty_200": (200, True),
    "expired_bearer": (401, False),
    "expired_session": (400, False),
    "expired_both": (401, False),
    "refused_bearer": (401, False),
    "unknown_status": (200, True),
}


@pytest.mark.parametrize("fault", sorted(TABLE))
def test_a_fault_spoils_one_call_and_the_effect_is_as_said(desk: DeskFactory, fault: str) -> None:
    one = desk()
    one.sim.faults([{"operation": "v3ScheduleCampaign", "fault": fault}])
    assert one.raw("GET", LIST).status == 200
    status, effect = EXPECTED[fault]
    try:
        answer = one.raw("POST", CREATE, one.v3_body())
    except OSError:
        answer = None
    assert (answer.status if answer else 0) == status
    assert len(one.sim.campaigns()) == effect
    row = one.sim.journal()[-1]
    assert (row["fault"], row["status"], row["operation"]) == (fault, status, "v3ScheduleCampaign")
    one.wire.login()
    assert one.raw("POST", CREATE, one.v3_body()).status == 200


def test_bodies_of_the_gateway(desk: DeskFactory) -> None:
    one = desk()
    wanted: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "xml_403": ("application/xml", lambda body: b"am:fault" in body),
        "html_502": ("text/html", lambda body: body.startswith(b"<html>")),
        "status_503_before": ("application/json", lambda body: b"INTERNAL_SYSTEM_ERROR" in body),
    }
    for fault, (content_type, fits) in wanted.items():
        one.sim.faults([{"fault": fault}])
        answer = one.raw("GET", LIST)
        assert answer.headers["content-type"] == content_type
        assert fits(answer.body)
    one.sim.faults([{"fault": "empty_200"}])
    assert one.raw("GET", LIST).body == b""


def test_nth_and_times_count_matching_calls_only(desk: DeskFactory) -> None:
    one = desk()
    rule = {"operation": "v3ListDevices", "nth": 2, "times": 2, "fault": "status_503_before"}
    one.sim.faults([rule])
    statuses = []
    for _call in range(5):
        statuses.append(one.raw("GET", LIST).status)
        assert one.raw("GET", f"v3/subscriptions/{ACCOUNT}").status == 200
    assert statuses == [200, 503, 503, 200, 200]


def test_retry_after_is_sent_as_ordered(desk: DeskFactory) -> None:
    one = desk()
    one.sim.faults([{"fault": "status_429", "retry_after": 7}, {"fault": "status_429", "nth": 2}])
    assert one.raw("GET", LIST).headers["retry-after"] == "7"
    assert "retry-after" not in one.raw("GET", LIST).headers


def test_the_sky_clears(desk: DeskFactory) -> None:
    one = desk()
    one.sim.faults([{"fault": "status_503_before", "times": 1000}])
    assert one.raw("GET", LIST).status == 503
    one.sim.faults([])
    assert one.raw("GET", LIST).status == 200


def test_unknown_status_replaces_every_status_word(desk: DeskFactory) -> None:
    one = desk()
    campaign = one.create()
    one.sim.faults([{"operation": "v3GetCampaign", "fault": "unknown_status"}])
    assert one.status(campaign) == "CampaignTeleported"
    assert one.status(campaign) == "CampaignRequestPending"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "must be a list"),
        ([1], r"faults\[0\]: must be an object"),
        ([{"fault": "rain"}], "'rain' is none of"),
        ([{"fault": "html_502", "operation": "nothing"}], "is no operation"),
        ([{"fault": "html_502", "nth": 0}], "nth: must be 1 or more"),
        ([{"fault": "html_502", "when": 1}], "unknown key 'when'"),
    ],
)
def test_bad_rules_are_refused(desk: DeskFactory, rules: Any, message: str) -> None:
    one = desk()
    with pytest.raises(ValueError, match=message):
        one.sim.faults(rules)
