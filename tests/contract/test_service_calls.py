# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancellation candidates, callback listeners, logging and configuration files on the wire."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.contract.scenario import (
    HTTP_IMEIS,
    LARGE,
    LISTENER,
    MAIN,
    START,
    devices,
    file_campaign,
    file_form,
    large_fleet,
)
from ansible_collections.thingspace.fota.tests.contract.walk import Walk


@pytest.mark.parametrize(
    ("version", "tail"), [("v1", "/index/{}"), ("v2", "?startIndex={}")], ids=["v1", "v2"]
)
def test_a_list_of_candidates_is_paged_by_record_number(
    simulator: StartSimulator, version: str, tail: str
) -> None:
    walk = Walk(simulator(large_fleet(), start=START))
    imeis = [device["deviceId"] for device in walk.sim.devices() if device["licensed"]]
    path = f"/fota/{version}/licenses/{LARGE}/cancel"
    created = walk.good("POST", path, devices(*imeis))
    assert created == {"count": 2100, "deviceList": imeis}
    pages = [walk.good("GET", path + tail.format(start)) for start in (0, 1000, 2000)]
    assert [page["hasMoreData"] for page in pages] == [True, True, False]
    assert [imei for page in pages for imei in page["deviceList"]] == imeis


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_candidates_are_replaced_or_extended_and_need_a_license(walk: Walk, version: str) -> None:
    first, second, unlicensed = HTTP_IMEIS
    root = f"/fota/{version}/licenses/{MAIN}"
    walk.good("POST", f"{root}/assign", devices(first, second))
    assert walk.good("POST", f"{root}/cancel", devices(first, unlicensed))["deviceList"] == [first]
    more = devices(second) | {"type": "append"}
    assert walk.good("POST", f"{root}/cancel", more)["deviceList"] == [first, second]
    assert walk.good("POST", f"{root}/cancel", devices(second))["deviceList"] == [second]
    walk.good("POST", f"{root}/remove", devices(second))
    tail = "/index/0" if version == "v1" else ""
    assert walk.good("GET", f"{root}/cancel{tail}")["deviceList"] == []


def test_each_version_has_one_listener(walk: Walk) -> None:
    for version in ("v2", "v3"):
        path = f"/fota/{version}/callbacks/{MAIN}"
        assert walk.wire.call("GET", path).body == b""
        walk.good("POST", path, {"url": LISTENER})
        walk.good("POST", path, {"url": f"{LISTENER}/{version}"})
    for version in ("v2", "v3"):
        path = f"/fota/{version}/callbacks/{MAIN}"
        assert walk.good("GET", path) == {"url": f"{LISTENER}/{version}"}
        assert walk.good("DELETE", path) == {"success": True}
        assert walk.wire.call("GET", path).body == b""


def test_logging_ends_by_itself_and_has_a_limit(simulator: StartSimulator) -> None:
    walk = Walk(simulator(large_fleet(), start=START))
    path = f"/fota/v2/logging/{LARGE}/devices"
    imeis = [one["deviceId"] for one in walk.sim.devices() if one["protocol"] == "HTTP"][:21]
    walk.good("PUT", path, {"deviceIds": imeis[:20]})
    walk.refused("PUT", f"{path}/{imeis[20]}")
    assert walk.good("GET", path)[0] == {"deviceId": imeis[0], "expiryDate": "2026-03-09"}
    walk.sim.advance(hours=24 * 7)
    assert walk.good("GET", path) == []
    assert len(walk.good("GET", f"{path}/{imeis[0]}/logs")) == 8
    walk.sim.advance(hours=24 * 31)
    assert walk.good("GET", f"{path}/{imeis[0]}/logs") == []
    assert len(walk.good("GET", f"{path}/{imeis[0]}/checkInHistory")) == 30


def test_a_file_reaches_devices_of_its_model(walk: Walk) -> None:
    body, kind = file_form()
    path = f"/fota/v2/files/{MAIN}"
    headers = walk.wire.tokens() | {"Content-Type": kind}
    assert walk.wire.send("POST", path, body=body, headers=headers).status == 200
    (listed,) = walk.good("GET", f"{path}?distributionType=HTTP")
    assert listed["localTargetPath"] == "/etc/meter.conf"
    campaigns = f"/fota/v2/campaigns/files/{MAIN}"
    created = walk.good("POST", campaigns, file_campaign(listed["fileName"]))
    walk.until("CampaignEnded", walk.v2, created["id"])
    rows = walk.rows("v2", created["id"])
    assert {row["status"] for row in rows.values()} == {"UpgradeSuccess"}
    read = walk.good("GET", f"/fota/v2/campaigns/{MAIN}/{created['id']}")
    assert (read["softwareName"], read["softwareTo"]) == (listed["fileName"], "7")
