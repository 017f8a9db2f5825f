# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the table, seen by a client: one line each in ``EXPECTED``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults.table import TABLE
from ansible_collections.thingspace.fota.tests.contract.wire import Answer
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ClientFactory,
    imei,
)

CREATE = f"v3/campaigns/firmware/{ACCOUNT}"
LIST = f"v3/devices/{ACCOUNT}"
PENDING = f"v3/reports/{ACCOUNT}/firmware/campaigns?campaignStatus=CampaignRequestPending"


@dataclass(frozen=True)
class Seen:
    """What a client sees of a fault (status 0: no whole reply), and whether the call took effect.

    ``call`` is the operation that is spoilt; ``logged`` the status in the journal where it differs.
    """

    status: int = 200
    effect: bool = True
    shows: Callable[[Answer], bool] = lambda answer: True
    call: str = "v3ScheduleCampaign"
    rule: dict[str, Any] = field(default_factory=dict)
    logged: int | None = None


def windows(answer: Answer) -> Any:
    return answer.json["campaignTimeWindowList"]


def devices(answer: Answer) -> list[str]:
    return [row["deviceId"] for row in answer.json["deviceList"]]


ALL = [imei(number) for number in (*range(1, 31), *range(101, 111), *range(201, 211))]
SYSTEM_ERROR = "INTERNAL_SYSTEM_ERROR"

EXPECTED = {
    **{
        f"status_{code}_before": Seen(
            code, effect=False, shows=lambda answer: answer.json["errorCode"] == SYSTEM_ERROR
        )
        for code in (500, 502, 503, 504)
    },
    **{
        f"status_{code}_after": Seen(
            code, shows=lambda answer: answer.json["errorCode"] == SYSTEM_ERROR
        )
        for code in (500, 502, 503, 504)
    },
    "status_429": Seen(429, effect=False, shows=lambda answer: "retry-after" not in answer.headers),
    "reset_before": Seen(0, effect=False),
    "reset_after": Seen(0),
    "refuse": Seen(
        shows=lambda answer: answer.headers["connection"] == "close", rule={"seconds": 600}
    ),
    "stall_before": Seen(0, effect=False, rule={"seconds": 0.01}),
    "stall_after": Seen(rule={"seconds": 0.01}),
    "slow_body": Seen(
        shows=lambda answer: answer.json["status"] == "CampaignRequestPending",
        rule={"seconds": 0.1},
    ),
    "truncated_body": Seen(0, logged=200),
    "wrong_type": Seen(
        shows=lambda answer: answer.headers["content-type"] == "text/html" and answer.json["id"]
    ),
    "xml_403": Seen(
        403,
        effect=False,
        shows=lambda answer: (
            answer.headers["content-type"] == "application/xml" and b"am:fault" in answer.body
        ),
    ),
    "html_502": Seen(
        502,
        effect=False,
        shows=lambda answer: (
            answer.headers["content-type"] == "text/html" and answer.body.startswith(b"<html>")
        ),
    ),
    "empty_200": Seen(shows=lambda answer: answer.body == b""),
    "empty_object": Seen(shows=lambda answer: answer.json == {}),
    "error_200_before": Seen(
        effect=False,
        shows=lambda answer: answer.json["fault"]["code"] == 101503,
        rule={"sender": "gateway"},
    ),
    "error_200_after": Seen(
        shows=lambda answer: answer.json["errorCode"] == "REQUEST_FAILED.Unexpected"
    ),
    "redirect": Seen(
        307,
        effect=False,
        shows=lambda answer: (
            answer.headers["location"] == f"https://elsewhere.invalid/api/fota/{CREATE}"
        ),
    ),
    "clock_skew": Seen(
        shows=lambda answer: answer.headers["date"] == "Sat, 28 Feb 2026 12:00:00 GMT",
        rule={"hours": -36},
    ),
    "expired_bearer": Seen(401, effect=False),
    "expired_session": Seen(400, effect=False),
    "expired_both": Seen(401, effect=False),
    "refused_bearer": Seen(401, effect=False),
    "lockout": Seen(400, effect=False),
    "null_lists": Seen(shows=lambda answer: windows(answer) is None),
    "missing_lists": Seen(shows=lambda answer: "campaignTimeWindowList" not in answer.json),
    "repeated_rows": Seen(shows=lambda answer: len(windows(answer)) == 2),
    "unknown_status": Seen(shows=lambda answer: answer.json["status"] == "CampaignTeleported"),
    "missing_fields": Seen(
        shows=lambda answer: not {"status", "id"} & set(answer.json) and windows(answer),
        rule={"keys": ["status", "id"]},
    ),
    "added_fields": Seen(
        shows=lambda answer: all(
            row["futureField"] == {"since": [2031]} for row in (answer.json, *windows(answer))
        )
    ),
    "short_pages": Seen(
        effect=False,
        shows=lambda answer: devices(answer) == ALL[:10] and answer.json["hasMoreData"],
        call="v3ListDevices",
    ),
    "repeated_page": Seen(
        effect=False,
        shows=lambda answer: devices(answer) == ALL[:2] and answer.json["hasMoreData"],
        call="v3ListDevices",
        rule={"rows": 2},
    ),
    "overlapping_pages": Seen(
        effect=False,
        shows=lambda answer: devices(answer) == ALL[:3] and answer.json["hasMoreData"],
        call="v3ListDevices",
        rule={"rows": 3},
    ),
    "shuffled_pages": Seen(
        effect=False,
        shows=lambda answer: devices(answer) != ALL == sorted(devices(answer)),
        call="v3ListDevices",
    ),
    "endless_cursor": Seen(
        effect=False,
        shows=lambda answer: (
            devices(answer) == ALL
            and answer.json["hasMoreData"]
            and answer.json["lastSeenDeviceId"] not in ALL
        ),
        call="v3ListDevices",
    ),
    "spelled_flag": Seen(
        effect=False,
        shows=lambda answer: answer.json["hasMoreData"] == "false" and devices(answer) == ALL,
        call="v3ListDevices",
        rule={"spelling": "text"},
    ),
    "missing_flag": Seen(
        effect=False,
        shows=lambda answer: "hasMoreData" not in answer.json and devices(answer) == ALL,
        call="v3ListDevices",
        rule={"value": "absent"},
    ),
    "delayed_campaigns": Seen(
        shows=lambda answer: answer.json["campaignList"] is None, call="v3ListCampaignsByStatus"
    ),
    "vanished_campaigns": Seen(
        shows=lambda answer: answer.json["campaignList"] is None, call="v3ListCampaignsByStatus"
    ),
}


def test_every_fault_has_an_expectation() -> None:
    assert set(EXPECTED) == set(TABLE)


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_fault_spoils_the_second_call_of_its_operation_alone(
    start_client: ClientFactory, fault: str
) -> None:
    client, seen = start_client(), EXPECTED[fault]
    if seen.call == "v3ListCampaignsByStatus":
        client.create()
    method, path, body = {
        "v3ScheduleCampaign": ("POST", CREATE, client.v3_body()),
        "v3ListDevices": ("GET", LIST, None),
        "v3ListCampaignsByStatus": ("GET", PENDING, None),
    }[seen.call]
    rule = {"operation": seen.call, "fault": fault, "nth": 2, **seen.rule}
    client.sim.faults([rule])
    assert client.raw("GET", f"v3/subscriptions/{ACCOUNT}").status == 200
    first = client.raw(method, path, body)
    assert first.status == 200
    assert client.sim.journal()[-1]["fault"] is None
    before = len(client.sim.campaigns())
    try:
        answer = client.raw(method, path, body)
    except (OSError, HTTPException):
        assert seen.status == 0
    else:
        assert answer.status == seen.status
        assert seen.shows(answer), (answer.headers, answer.body)
        assert not seen.call.startswith("v3List") or answer.body != first.body
    writes = seen.call == "v3ScheduleCampaign"
    assert len(client.sim.campaigns()) - before == (writes and seen.effect)
    row = client.sim.journal()[-1]
    logged = seen.status if seen.logged is None else seen.logged
    assert (row["fault"], row["status"], row["operation"]) == (fault, logged, seen.call)
    (counted,) = client.sim.fault_rules()
    assert (counted["seen"], counted["struck"], counted["times"]) == (2, 1, TABLE[fault].times)
    if fault == "refuse" or TABLE[fault].times != 1:
        client.sim.faults([])
    client.sim.unlock()
    client.wire.login()
    assert client.raw(method, path, body).status == 200
    assert client.sim.journal()[-1]["fault"] is None


# -- rules ----------------------------------------------------------------------------------------


def test_nth_and_times_count_matching_calls_only(start_client: ClientFactory) -> None:
    client = start_client()
    rule = {"operation": "v3ListDevices", "nth": 2, "times": 2, "fault": "status_503_before"}
    client.sim.faults([rule])
    statuses = []
    for _call in range(5):
        statuses.append(client.raw("GET", LIST).status)
        assert client.raw("GET", f"v3/subscriptions/{ACCOUNT}").status == 200
    assert statuses == [200, 503, 503, 200, 200]


def test_a_fault_of_some_operations_does_not_count_the_others(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "short_pages", "nth": 2, "times": 1, "rows": 1}])
    sizes = []
    for _call in range(3):
        sizes.append(len(client.ok("GET", LIST)["deviceList"]))
        client.ok("GET", f"v3/subscriptions/{ACCOUNT}")
    assert sizes == [50, 1, 50]


def test_rules_for_one_call_go_one_around_the_other(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "missing_lists"}, {"fault": "unknown_status"}])
    reply = client.ok("POST", CREATE, client.v3_body())
    assert reply["status"] == "CampaignTeleported"
    assert "campaignTimeWindowList" not in reply
    assert client.sim.journal()[-1]["fault"] == "missing_lists+unknown_status"
    client.sim.faults([{"fault": "status_500_before"}, {"fault": "expired_session"}])
    assert client.raw("GET", LIST).status == 500
    assert client.sim.journal()[-1]["fault"] == "status_500_before"
    assert client.raw("GET", LIST).status == 200, "both rules counted the call, one affected it"


def test_random_faults_are_the_same_for_the_same_seed(start_client: ClientFactory) -> None:
    def statuses(seed: int) -> list[int]:
        client = start_client()
        names = ["status_503_before", "status_429", "xml_403"]
        client.sim.faults([{"chance": 0.3, "seed": seed, "faults": names}])
        return [client.raw("GET", LIST).status for _call in range(60)]

    first = statuses(7)
    assert statuses(7) == first
    assert statuses(8) != first
    assert set(first) == {200, 503, 429, 403}
    assert 30 < first.count(200) < 55


def test_chance_begins_and_ends_when_told(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"chance": 1, "fault": "status_503_before", "nth": 2, "times": 2}])
    assert [client.raw("GET", LIST).status for _call in range(4)] == [200, 503, 503, 200]
    client.sim.faults([{"chance": 0, "fault": "status_503_before"}])
    assert [client.raw("GET", LIST).status for _call in range(4)] == [200] * 4
    assert client.sim.fault_rules()[0]["struck"] == 0


def test_the_sky_clears(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "status_503_before", "times": 1000}])
    assert client.raw("GET", LIST).status == 503
    client.sim.faults([])
    assert client.raw("GET", LIST).status == 200


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "must be a list"),
        ([1], r"faults\[0\]: must be an object"),
        ([{"fault": "rain"}], r"faults\[0\].fault: must be one of .*, not 'rain'"),
        ([{"fault": ["rain"]}], r"must be one of .*, not \['rain'\]"),
        ([{}], "must have either fault or faults"),
        ([{"fault": "html_502", "faults": ["xml_403"]}], "must have either fault or faults"),
        ([{"faults": []}], r"faults\[0\].faults: must be a list of faults"),
        (
            [{"faults": ["xml_403", "rain"]}],
            r"faults\[0\].faults\[1\]: must be one of .*, not 'rain'",
        ),
        ([{"fault": "html_502"}, {"fault": "html_502", "operation": "nothing"}], r"faults\[1\].op"),
        ([{"fault": "html_502", "operation": ["v3ListDevices"]}], "is not an operation"),
        ([{"fault": "short_pages", "operation": "v3GetCampaign"}], "only v1GetLicenseStatus"),
        ([{"fault": "html_502", "nth": 0}], "nth: must be an integer of 1 or more"),
        ([{"fault": "html_502", "times": True}], "times: must be an integer of 1 or more"),
        ([{"fault": "html_502", "chance": 1.5}], "chance: must be a number from 0 to 1"),
        ([{"fault": "html_502", "chance": float("nan")}], "chance: must be a number from 0 to 1"),
        ([{"fault": "html_502", "seed": "x"}], "seed: must be an integer of 0 or more"),
        ([{"fault": "html_502", "when": 1}], "unknown key 'when'"),
        ([{"fault": "html_502", "seconds": 1}], "unknown key 'seconds'"),
        ([{"fault": "stall_after", "seconds": 0}], "seconds: must be a number from 0.01"),
        (
            [{"fault": "status_429", "retry_after": -1}],
            "retry_after: must be an integer of 0 or more",
        ),
        ([{"fault": "status_429", "as_date": 1}], "as_date: must be true or false"),
        ([{"fault": "redirect", "status": 200}], "status: must be one of 301, .*, not 200"),
        ([{"fault": "redirect", "to": 1}], "to: must be a string"),
        ([{"fault": "missing_fields", "keys": "id"}], "keys: must be a list of strings"),
        ([{"fault": "added_fields", "fields": {}}], "fields: must be an object with members"),
        (
            [{"fault": "endless_cursor", "cursor": "odd"}],
            "cursor: must be one of same, new, not 'odd'",
        ),
        (
            [{"fault": "delayed_campaigns", "places": ["x"]}],
            "places: must be a list of some of reports",
        ),
        (
            [{"fault": "delayed_campaigns", "places": []}],
            "places: must be a list of some of reports",
        ),
    ],
)
def test_bad_rules_are_refused(start_client: ClientFactory, rules: Any, message: str) -> None:
    client = start_client()
    client.sim.faults([{"fault": "html_502"}])
    with pytest.raises(ValueError, match=message):
        client.sim.faults(rules)
    assert len(client.sim.fault_rules()) == 1, "what was ordered before still holds"
