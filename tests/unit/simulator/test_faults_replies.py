# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages that go wrong, and campaigns that do not show: what a reader gets in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api import routes
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.faults import (
    backend,
    pages,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.api_client import (
    ACCOUNT,
    ApiClient,
    ClientFactory,
    imei,
)

MOST_PAGES = 60
LWM2M = [imei(number) for number in range(1, 31)]
V3_PENDING = f"v3/reports/{ACCOUNT}/firmware/campaigns?campaignStatus=CampaignRequestPending"


def read_pages(client: ApiClient, address: Callable[[str], str]) -> list[dict[str, Any]]:
    """Page after page until the service says there is no more, 60 at most."""
    pages, cursor = [], "0"
    while len(pages) < MOST_PAGES:
        page: dict[str, Any] = client.ok("GET", address(cursor))
        pages.append(page)
        if not page.get("hasMoreData", page.get("hasMoreFlag")):
            break
        cursor = str(page[next(key for key in page if key.startswith("lastSeen"))])
    return pages


def v3_devices(cursor: str) -> str:
    return f"v3/devices/{ACCOUNT}?protocol=LWM2M&lastSeenDeviceId={cursor}"


def v1_devices(cursor: str) -> str:
    return f"v1/devices/{ACCOUNT}/index/{cursor}?clientType=LWM2M"


def v1_upgrades(cursor: str) -> str:
    return f"v1/reports/{ACCOUNT}/status/RequestPending/index/{cursor}"


def v3_campaigns(cursor: str) -> str:
    return f"{V3_PENDING}&lastSeenCampaignId={cursor}"


def rows(page: dict[str, Any]) -> list[str]:
    listed = next(page[key] for key in ("deviceList", "campaignList", "reportList") if key in page)
    return [row.get("deviceId") or row["id"] for row in listed or []]


def flat(pages: list[dict[str, Any]]) -> list[str]:
    return [name for page in pages for name in rows(page)]


def populated(
    start_client: ClientFactory,
) -> tuple[ApiClient, dict[Callable[[str], str], list[str]]]:
    """Seven campaigns and five upgrades, and what each list holds."""
    client = start_client()
    campaigns = [client.create(count=1) for _n in range(7)]
    upgrades = [client.create_v1(count=1) for _n in range(5)]
    wanted = {
        v3_devices: LWM2M,
        v1_devices: LWM2M,
        v1_upgrades: upgrades,
        v3_campaigns: sorted(campaigns),
    }
    return client, wanted


def test_named_operations_exist() -> None:
    known = {route.operation for route in routes.ROUTES}
    assert known >= pages.PAGED
    assert frozenset().union(*backend.PLACES.values()) <= known


def test_short_pages_lose_nothing(start_client: ClientFactory) -> None:
    client, wanted = populated(start_client)
    client.sim.faults([{"fault": "short_pages", "rows": 3}])
    for address, names in wanted.items():
        pages = read_pages(client, address)
        assert flat(pages) == names
        assert len(pages) == -(-len(names) // 3)


def test_the_same_page_twice(start_client: ClientFactory) -> None:
    client, wanted = populated(start_client)
    for address, names in wanted.items():
        client.sim.faults([{"fault": "repeated_page", "rows": 2}])
        pages = read_pages(client, address)
        assert [rows(page) for page in pages] == [names[:2], names[:2], names[2:]]
        assert pages[0] == pages[1]


def test_pages_that_overlap(start_client: ClientFactory) -> None:
    client, wanted = populated(start_client)
    client.sim.faults([{"fault": "overlapping_pages", "rows": 2}])
    for address, names in wanted.items():
        pages = read_pages(client, address)
        assert [rows(page) for page in pages[:2]] == [names[:2], names[:4]]
        assert list(dict.fromkeys(flat(pages))) == names


def test_shuffled_pages_hold_every_row_once(start_client: ClientFactory) -> None:
    client, wanted = populated(start_client)
    for address, names in wanted.items():
        client.sim.faults([{"fault": "shuffled_pages", "rows": 2, "seed": 3}])
        found = flat(read_pages(client, address))
        assert sorted(found) == sorted(names)
        assert found != names
        client.sim.faults([{"fault": "shuffled_pages", "rows": 2, "seed": 4}])
        assert flat(read_pages(client, address)) != found


@pytest.mark.parametrize(("cursor", "different"), [("same", 1), ("new", MOST_PAGES)])
def test_a_cursor_never_ends(start_client: ClientFactory, cursor: str, different: int) -> None:
    client, wanted = populated(start_client)
    for address, names in wanted.items():
        client.sim.faults([{"fault": "endless_cursor", "cursor": cursor}])
        pages = read_pages(client, address)
        assert len(pages) == MOST_PAGES
        assert rows(pages[-1]) == names
        keys = [key for key in pages[0] if key.startswith("lastSeen")]
        assert len({page[keys[0]] for page in pages}) == different


@pytest.mark.parametrize(
    ("rule", "flags"),
    [
        ({"fault": "spelled_flag"}, [1, 0]),
        ({"fault": "spelled_flag", "spelling": "text"}, ["true", "false"]),
        ({"fault": "missing_flag"}, [None, None]),
        ({"fault": "missing_flag", "value": "absent"}, ["absent", "absent"]),
    ],
)
def test_the_flag_of_short_pages_in_other_forms(
    start_client: ClientFactory, rule: dict[str, str], flags: list[object]
) -> None:
    client, wanted = populated(start_client)
    for address, names in wanted.items():
        client.sim.faults([rule, {"fault": "short_pages", "rows": len(names) - 1}])
        first = client.ok("GET", address("0"))
        cursor = str(first[next(key for key in first if key.startswith("lastSeen"))])
        pages = [first, client.ok("GET", address(cursor))]
        found = [page.get("hasMoreData", page.get("hasMoreFlag", "absent")) for page in pages]
        assert (found, flat(pages)) == (flags, names)


def test_an_empty_list_stays_null(start_client: ClientFactory) -> None:
    client = start_client()
    for fault in ("short_pages", "repeated_page", "shuffled_pages"):
        client.sim.faults([{"fault": fault}])
        page = client.ok("GET", v3_campaigns("0"))
        assert (page["campaignList"], page["hasMoreData"]) == (None, False)


def test_whoever_may_not_read_a_list_is_told_so(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "short_pages"}])
    assert client.refused("GET", "v3/devices/0000000000-00009") == "Inactive account"


# -- campaigns that do not show -------------------------------------------------------------------


def shown(client: ApiClient, campaign: str) -> dict[str, bool]:
    """In which places a v3 campaign of the device 1 is seen."""
    report = client.ok("GET", V3_PENDING.replace("CampaignRequestPending", "CampaignRequestQueued"))
    history = client.ok("GET", f"v3/reports/{ACCOUNT}/devices/{imei(1)}")
    return {
        "reports": campaign in [row["id"] for row in report["campaignList"] or []],
        "histories": campaign in [row["campaignId"] for row in history],
        "details": client.raw("GET", f"v3/campaigns/{ACCOUNT}/{campaign}").status == 200,
    }


@pytest.mark.parametrize(
    "places", [["reports"], ["histories"], ["reports", "histories"], ["reports", "details"]]
)
def test_a_new_campaign_shows_after_its_delay(
    start_client: ClientFactory, places: list[str]
) -> None:
    client = start_client()
    client.sim.faults([{"fault": "delayed_campaigns", "hours": 1, "places": places}])
    campaign = client.create(startDate="2026-03-08", endDate="2026-03-09")
    client.sim.advance(hours=0.5)
    everywhere = {"reports": True, "histories": True, "details": True}
    assert shown(client, campaign) == {**everywhere, **dict.fromkeys(places, False)}
    client.sim.advance(hours=0.5)
    assert shown(client, campaign) == everywhere


def test_a_hidden_upgrade_and_its_message(start_client: ClientFactory) -> None:
    client = start_client()
    upgrade = client.create_v1()
    client.sim.faults([{"fault": "delayed_campaigns", "places": ["reports", "details"]}])
    path = f"v1/upgrades/{ACCOUNT}/upgrade/{upgrade}"
    assert client.refused("GET", path) == "Invalid upgradeId"
    assert client.ok("GET", v1_upgrades("0"))["reportList"] is None
    client.sim.advance(hours=24)
    assert client.ok("GET", path)["id"] == upgrade


def test_named_campaigns_vanish_and_come_back(start_client: ClientFactory) -> None:
    client = start_client()
    gone, kept = client.create(count=1), client.create(count=1)
    rule = {"fault": "vanished_campaigns", "campaigns": [gone], "nth": 2, "times": 1}
    client.sim.faults([rule])
    lists = [client.reported("CampaignRequestPending") for _call in range(3)]
    assert lists == [sorted((gone, kept)), [kept], sorted((gone, kept))]


def test_delay_and_short_pages_together(start_client: ClientFactory) -> None:
    client = start_client()
    old = [client.create(count=1) for _n in range(3)]
    client.sim.advance(hours=0.1)
    client.create(count=1)
    client.sim.faults([{"fault": "delayed_campaigns", "hours": 0.05}, {"fault": "short_pages"}])
    assert sorted(flat(read_pages(client, v3_campaigns))) == sorted(old)


# -- tokens and users -----------------------------------------------------------------------------


def test_a_lockout_ends_the_session_and_holds_until_unlocked(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"operation": "v3ListDevices", "fault": "lockout"}])
    answer = client.raw("GET", f"v3/devices/{ACCOUNT}")
    assert answer.json["errorCode"] == "REQUEST_FAILED.SessionToken.Expired"
    refusal = client.wire.start_session()
    assert (refusal.status, refusal.json["errorCode"]) == (401, "REQUEST_FAILED.Login.Locked")
    client.sim.unlock()
    assert client.wire.start_session().status == 200


def test_a_lockout_during_the_login(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"operation": "startM2MSession", "fault": "lockout"}])
    assert client.wire.start_session().json["errorCode"] == "REQUEST_FAILED.Login.Locked"


# -- replies --------------------------------------------------------------------------------------


def test_a_list_that_is_the_whole_reply(start_client: ClientFactory) -> None:
    client = start_client()
    path = f"v3/firmware/{ACCOUNT}?protocol=all"
    wanted = {"null_lists": None, "missing_lists": {}}
    for fault, body in wanted.items():
        client.sim.faults([{"fault": fault}])
        assert client.ok("GET", path) == body
    client.sim.faults([{"fault": "repeated_rows"}])
    first, second = client.ok("GET", path)
    assert first == second


def test_words_are_planted_under_the_keys_named(start_client: ClientFactory) -> None:
    client = start_client()
    campaign = client.create()
    word = "{{ 7 * 7 }}\n\x1b[31m<b>"
    rule = {"operation": "v3GetCampaign", "fault": "unknown_status", "word": word}
    client.sim.faults([{**rule, "keys": ["campaignName", "status"]}])
    row = client.ok("GET", f"v3/campaigns/{ACCOUNT}/{campaign}")
    assert (row["campaignName"], row["status"]) == (word, word)
    assert client.status(campaign) == "CampaignRequestPending"


def test_a_refusal_is_not_reshaped(start_client: ClientFactory) -> None:
    client = start_client()
    client.sim.faults([{"fault": "missing_fields", "keys": ["errorCode"]}])
    assert client.refused("GET", f"v3/campaigns/{ACCOUNT}/nonsense") == "Invalid uuid"
