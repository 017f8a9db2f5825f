# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages under every way with cursors that the simulator has, and compressed replies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.compression import (
    MIN_BYTES,
    accepts_gzip,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.sorted_imeis import (
    SortedImeis,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    PACKAGE,
    ApiClient,
    ClientFactory,
)

COUNT = 2300
FIRST, FIRST_HTTP = 990000000000000, 990000000500000
MIDDLE = f"{FIRST + 1500:015}"
V3 = f"v3/devices/{ACCOUNT}"
V2 = f"v2/devices/{ACCOUNT}"
WAYS = ("larger_than", "known_only", "opaque", "ignored", "unordered")


def _fleet() -> dict[str, Any]:
    return {
        "accounts": [
            {
                "name": ACCOUNT,
                "subscription": {"purchaseType": "TS-HFOTA-MRC", "licenseCount": 2 * COUNT},
                "generate": [
                    {
                        "count": COUNT,
                        "first": f"{first:015}",
                        "make": "Maker",
                        "model": model,
                        "protocol": protocol,
                        "licensed": 1.0,
                        **more,
                    }
                    for first, model, protocol, more in (
                        (FIRST, "M1", "LWM2M", {"versions": {"A": 1.0}}),
                        (FIRST_HTTP, "H1", "HTTP", {"software": {"App_01": 1.0}}),
                    )
                ],
                "firmware": [PACKAGE],
            }
        ],
        "switches": {"pilot_rule": "off"},
    }


@pytest.fixture
def big(start_client: ClientFactory) -> Callable[[str], ApiClient]:
    """Start a client with lists of several pages, by value of the switch device_cursor."""
    return lambda cursor: start_client(_fleet(), switches={"device_cursor": cursor})


def _page(client: ApiClient, path: str, cursor: str) -> tuple[list[str], bool, str]:
    sign = "&" if "?" in path else "?"
    page = client.ok("GET", f"{path}{sign}lastSeenDeviceId={cursor}")
    imeis = [row["deviceId"] for row in page["deviceList"]]
    return imeis, page["hasMoreData"], page["lastSeenDeviceId"]


def _walk(client: ApiClient, path: str) -> list[str]:
    """The list as a client reads it that feeds back what it got."""
    found, more, cursor = _page(client, path, "0")
    while more:
        imeis, more, cursor = _page(client, path, cursor)
        found += imeis
    return found


def _numbers(first: int) -> list[str]:
    return [f"{first + number:015}" for number in range(COUNT)]


def _campaign(client: ApiClient) -> str:
    return client.create(deviceList=_numbers(FIRST))


def _report(client: ApiClient) -> str:
    campaign = _campaign(client)
    client.sim.advance(hours=1)
    return f"v3/reports/{ACCOUNT}/campaigns/{campaign}/devices"


@pytest.mark.parametrize("way", WAYS)
def test_feeding_back_the_cursor_gives_every_device_once(
    big: Callable[[str], ApiClient], way: str
) -> None:
    client = big(way)
    lists = {
        V3: _numbers(FIRST) + _numbers(FIRST_HTTP),
        f"{V3}?protocol=LWM2M": _numbers(FIRST),
        V2: _numbers(FIRST_HTTP),
        _report(client): _numbers(FIRST),
        f"v3/licenses/{ACCOUNT}": _numbers(FIRST) + _numbers(FIRST_HTTP),
    }
    for path, wanted in lists.items():
        found = _walk(client, path)
        assert sorted(found) == wanted, path
        assert (found == wanted) is (way != "unordered"), path


@pytest.mark.parametrize("way", WAYS)
def test_the_cursor_of_the_last_page_leads_to_an_empty_one(
    big: Callable[[str], ApiClient], way: str
) -> None:
    client = big(way)
    more, cursor = True, "0"
    while more:
        _imeis, more, cursor = _page(client, V2, cursor)
    assert _page(client, V2, cursor) == ([], False, "")


def test_any_imei_begins_a_range_as_documented(big: Callable[[str], ApiClient]) -> None:
    client = big("larger_than")
    for path in (V3, _report(client), f"v3/licenses/{ACCOUNT}"):
        imeis, _more, _cursor = _page(client, path, MIDDLE)
        assert imeis[0] == f"{int(MIDDLE) + 1:015}"
    assert _page(client, V3, "100000000000000")[0] == _numbers(FIRST)[:1000]
    assert _page(client, V3, "999999999999999") == ([], False, "")


@pytest.mark.parametrize("way", ["known_only", "opaque"])
def test_a_cursor_of_ones_own_is_refused(big: Callable[[str], ApiClient], way: str) -> None:
    client = big(way)
    report = _report(client)
    _imeis, _more, cursor = _page(client, V3, "0")
    assert _page(client, V3, cursor)[0]
    for path in (V3, report, f"v3/licenses/{ACCOUNT}"):
        refusal = client.refused("GET", f"{path}?lastSeenDeviceId={MIDDLE}")
        assert refusal == "LastSeenDeviceId Not Valid"
    # The cursor of another list.
    assert client.refused("GET", f"{report}?lastSeenDeviceId={cursor}")


def test_opaque_cursors_are_no_imeis_in_paths_either(big: Callable[[str], ApiClient]) -> None:
    client = big("opaque")
    page = client.ok("GET", f"v3/licenses/{ACCOUNT}/index/0")
    cursor = page["lastSeenDeviceId"]
    assert len(cursor) != 15
    following = client.ok("GET", f"v3/licenses/{ACCOUNT}/index/{cursor}")
    assert following["deviceList"][0]["deviceId"] == f"{FIRST + 1000:015}"


def test_ignored_cursors_begin_at_the_beginning(big: Callable[[str], ApiClient]) -> None:
    client = big("ignored")
    first, _more, cursor = _page(client, V3, "0")
    assert _page(client, V3, MIDDLE)[0] == first
    assert _page(client, V3, cursor)[0][0] > first[-1]


def test_unordered_lists_take_any_imei_and_mean_nothing_by_it(
    big: Callable[[str], ApiClient],
) -> None:
    client = big("unordered")
    imeis, _more, _cursor = _page(client, V3, MIDDLE)
    assert min(imeis) < MIDDLE < max(imeis)
    assert imeis != sorted(imeis)
    assert _page(client, V3, MIDDLE)[0] == imeis


def test_v1_cursors_are_numbers_whatever_the_switch(big: Callable[[str], ApiClient]) -> None:
    for way in WAYS:
        page = big(way).ok("GET", f"v1/devices/{ACCOUNT}/index/{MIDDLE}")
        assert page["deviceList"][0]["deviceId"] == f"{int(MIDDLE) + 1:015}"


def test_removed_devices_stay_in_the_order_for_a_day(start_client: ClientFactory) -> None:
    client = start_client(_fleet(), switches={"removed_devices": "kept"})
    campaign = _campaign(client)
    client.sim.advance(hours=1)
    path = f"v3/reports/{ACCOUNT}/campaigns/{campaign}/devices"
    every = _walk(client, path)
    change = f"v3/campaigns/firmware/{ACCOUNT}/{campaign}"
    gone = every[5:1205]
    client.ok("PUT", change, {"Type": "remove", "deviceList": gone})
    client.sim.advance(hours=1)
    client.ok("PUT", change, {"Type": "append", "deviceList": gone[:10]})
    assert _walk(client, path) == every
    client.sim.set_switch("removed_devices", "gone")
    assert _walk(client, path) == [*every[:15], *every[1205:]]
    client.sim.set_switch("removed_devices", "kept")
    client.sim.advance(hours=25)
    assert _walk(client, path) == [*every[:15], *every[1205:]]


@pytest.mark.parametrize("changes", [1, 5, 900])
def test_changed_imeis_are_sorted_as_if_they_were_new(changes: int) -> None:
    held = {f"{number:015}" for number in range(0, 10_000, 2)}
    imeis = SortedImeis(held)
    scattered = imeis.scattered()
    for number in range(changes):
        for imei in (f"{number * 7:015}", f"{9_999 - number:015}"):
            imeis.discard(imei) if imei in held else imeis.add(imei)
            held ^= {imei}
        imeis.add(f"{number * 7:015}")
        held.add(f"{number * 7:015}")
    assert imeis.ascending() == sorted(held)
    assert len(imeis) == len(held)
    assert imeis.scattered() != scattered
    assert sorted(imeis.scattered()) == imeis.ascending()


# -- gzip -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("br, GZIP ; q=0.5, identity", True),
        ("gzip;q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.00", False),
        ("deflate", False),
        ("", False),
    ],
)
def test_who_accepts_gzip(header: str, *, accepted: bool) -> None:
    assert accepts_gzip({"accept-encoding": header}) is accepted


def test_long_json_is_compressed_for_those_who_accept_it(start_client: ClientFactory) -> None:
    client = start_client(_fleet(), switches={"gzip": "on"})
    plain = client.wire.send("GET", f"/fota/{V3}", headers=client.wire.tokens())
    accepting = {**client.wire.tokens(), "Accept-Encoding": "gzip, deflate"}
    packed = client.wire.send("GET", f"/fota/{V3}", headers=accepting)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) / 5
    assert gzip.decompress(packed.body) == plain.body
    short = client.wire.send("GET", f"/fota/v3/subscriptions/{ACCOUNT}", headers=accepting)
    assert "content-encoding" not in short.headers
    assert len(short.body) < MIN_BYTES
    assert json.loads(short.body)


def test_faults_apply_to_what_is_compressed_already(start_client: ClientFactory) -> None:
    client = start_client(_fleet(), switches={"gzip": "on"})
    client.sim.faults([{"operation": "v3ListDevices", "fault": "unknown_status"}])
    headers = {**client.wire.tokens(), "Accept-Encoding": "gzip"}
    answer = client.wire.send("GET", f"/fota/{V3}", headers=headers)
    rows = json.loads(gzip.decompress(answer.body))["deviceList"]
    assert {row["status"] for row in rows} == {"CampaignTeleported"}
