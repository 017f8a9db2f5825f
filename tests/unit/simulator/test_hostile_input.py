# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is sent: an answer below 500, in one of the published shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.routes import (
    ROUTES,
    Route,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.fleet_file import (
    parse_fleet,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Service
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.clock import (
    VirtualClock,
    parse_rfc3339,
)
from ansible_collections.thingspace.fota.tests.contract.wire import basic
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ApiClient,
    fleet,
    imei,
)

START = parse_rfc3339("2026-03-02T00:00:00Z")
ODD_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ("", "0", "-1", "2026-02-30", "9999-12-31", "0001-01-01", "2026-03-03T99:00:00Z", "\x00")
    ),
    st.sampled_from((ACCOUNT, imei(1), "append", "HTTP", "OMA", "all", "9" * 5000)),
)
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD_TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("startTime", "endTime", "deviceList")), inner, max_size=3),
    ),
    max_leaves=6,
)
BODIES = [
    ApiClient.v3_body(2, autoAssignLicenseFlag=True, autoAddDevicesFlag=False),
    ApiClient.v2_body(2),
    ApiClient.v1_body(2, endDate="2026-03-09"),
    {"Type": "append", "deviceList": [imei(3)]},
    {"addOrRemoveDevice": [{"type": "remove", "deviceList": [imei(3)]}]},
    {"username": "simulator-user", "password": "x"},
    {"name": "Fota", "url": "https://hooks.example.com/fota", "username": "x", "password": "y"},
    {"deviceIds": [imei(201)], "deviceList": [imei(1)], "type": "append"},
    {"fileName": "x", "fileVersion": "7", "distributionType": "HTTP", "deviceList": [imei(201)]},
]


def _service() -> tuple[Service, dict[str, str], dict[str, str]]:
    """A logged-in service with one piece of work of each kind, and ids to use in paths."""
    data = parse_fleet(fleet(), now=START)
    clock = VirtualClock(START, hours_per_second=0)
    service = Service(data, clock, switches={}, latency_ms=0, refuse_writes=False)
    key = {"authorization": basic()}
    token = service.auth.token(key, b"grant_type=client_credentials")["access_token"]
    session = service.auth.login("simulator-user", "simulator-password")
    headers = {"authorization": f"Bearer {token}", "vz-m2m-token": session}
    ids = {"accountName": ACCOUNT, "deviceId": imei(1), "startIndex": "0"}
    for name, path, body in (
        ("v3", f"v3/campaigns/firmware/{ACCOUNT}", BODIES[0]),
        ("v2", f"v2/campaigns/{ACCOUNT}", BODIES[1]),
        ("upgradeId", "v1/upgrades", BODIES[2]),
    ):
        raw = json.dumps(body).encode()
        handled = service.handle(Request("POST", f"/api/fota/{path}", "", headers, raw))
        ids[name] = json.loads(handled.reply.body)["id"]
    return service, headers, ids


SERVICE, HEADERS, IDS = _service()
DESERVED = {200, 400, 401}


@given(st.data())
@settings(max_examples=examples(600), deadline=None)
def test_no_input_breaks_the_service(data: st.DataObject) -> None:
    route: Route = data.draw(st.sampled_from(ROUTES))
    if route.operation in ("revokeOAuthToken", "endM2MSession"):
        return  # they would end the tokens of the other examples
    api = route.template.split("/")[3]
    parts = []
    for part in route.parts:
        name = part[1:-1]
        if not part.startswith("{"):
            parts.append(part)
        elif data.draw(st.integers(0, 4)):
            parts.append(IDS.get(name) or IDS.get(api, "0"))
        else:
            parts.append("".join(f"%{byte:02x}" for byte in data.draw(st.binary(max_size=8))))
    body: Any = dict(data.draw(st.sampled_from(BODIES)))
    for key in data.draw(st.lists(st.sampled_from(sorted(body)), max_size=3)):
        body[key] = data.draw(ODD)
    raw = json.dumps(body, allow_nan=True).encode()
    if not data.draw(st.integers(0, 5)):
        raw = data.draw(st.one_of(st.binary(max_size=30), st.just(raw[:-1]), st.just(raw * 2)))
    query = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(
                    (
                        *("protocol", "campaignStatus", "lastSeenDeviceId", "lastSeenCampaignId"),
                        *("startIndex", "deviceIds", "distributionType", "x"),
                    )
                ),
                ODD_TEXT,
            ),
            max_size=3,
        )
    )
    text = "&".join(f"{name}={value}" for name, value in query)
    SERVICE.state.clock.advance(data.draw(st.sampled_from((0.0, 0.0, 1.0, 30.0))))
    SERVICE.auth.unlock()
    handled = SERVICE.handle(Request(route.method, "/" + "/".join(parts), text, HEADERS, raw))
    assert handled.reply.status in DESERVED
    if handled.reply.status != 200:
        answer = json.loads(handled.reply.body)
        assert set(answer) & {"errorCode", "fault", "error"}
    elif handled.reply.body:
        json.loads(handled.reply.body)


@pytest.mark.parametrize("day", ["9999-12-31", "9998-01-01"])
def test_the_end_of_the_calendar_is_survived(day: str) -> None:
    service, headers, _ids = _service()
    body = json.dumps(ApiClient.v3_body(2, endDate=day, deviceList=[imei(9)])).encode()
    path = f"/api/fota/v3/campaigns/firmware/{ACCOUNT}"
    handled = service.handle(Request("POST", path, "", headers, body))
    assert handled.reply.status == 200
    service.state.clock.advance(24 * 365 * 100)
    service.state.catch_up()
    status = {entry["status"] for entry in map(_facts, service.state.campaigns_by_id.values())}
    assert status == {"CampaignEnded"}


def _facts(campaign: Any) -> dict[str, Any]:
    return {"status": campaign.status}
