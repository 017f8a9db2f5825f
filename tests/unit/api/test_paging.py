# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursor paging: every row once, to the end, or an error (contract section 9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._api.paging import (
    ACCOUNT_DEVICE_PAGES,
    CAMPAIGN_PAGES,
    DEVICE_PAGES,
    FULL_PAGE,
    LICENSE_PAGES,
    UPGRADE_PAGES,
    Page,
    PageShape,
    Row,
    read_all_pages,
    read_page,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import UnexpectedReply
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import MalformedReply


def row(imei: str) -> dict[str, object]:
    return {"deviceId": imei}


def page(*imeis: str, cursor: object = None, more: object = None) -> dict[str, object]:
    members = {"lastSeenDeviceId": cursor, "hasMoreData": more}
    return {
        "deviceList": [row(imei) for imei in imeis],
        **{name: value for name, value in members.items() if value is not None},
    }


class Pages:
    """Serves each page once, by its cursor, and notes which were asked for."""

    def __init__(self, pages: dict[str | None, object]) -> None:
        self._pages = pages
        self.asked: list[str | None] = []

    def __call__(self, cursor: str | None) -> object:
        self.asked.append(cursor)
        assert len(self.asked) <= len(self._pages), "a page is asked for twice"
        return self._pages[cursor]


def read(pages: Callable[[str | None], object], shape: PageShape = DEVICE_PAGES) -> list[Row]:
    def fetch(cursor: str | None) -> Page[Row]:
        return read_page(pages(cursor), shape, "v3ListDevices", list)

    return read_all_pages(fetch, "v3ListDevices").items


def test_pages_are_followed_by_their_cursor() -> None:
    pages = Pages(
        {
            None: page("1", "2", cursor="2", more=True),
            "2": page("3", cursor="3", more=True),
            "3": page("4", cursor="4", more=False),
        }
    )
    assert read(pages) == [row("1"), row("2"), row("3"), row("4")]
    assert pages.asked == [None, "2", "3"]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(page("1", more=False), id="no-more"),
        pytest.param(page("1", cursor="1", more=False), id="cursor-without-more"),
        pytest.param(page("1", more=0), id="flag-number"),
        pytest.param(page("1", more="false"), id="flag-text"),
        pytest.param(page("1", cursor=0), id="flag-missing-cursor-0"),
        pytest.param({**page("1", cursor=0), "hasMoreData": None}, id="flag-null-cursor-0"),
    ],
)
def test_a_page_without_more_is_the_last(last: dict[str, object]) -> None:
    pages = Pages({None: last})
    assert read(pages) == [row("1")]
    assert pages.asked == [None]


@pytest.mark.parametrize("rows", [pytest.param(None, id="null"), pytest.param([], id="empty")])
def test_a_list_without_rows(rows: object) -> None:
    assert read(Pages({None: {"deviceList": rows, "hasMoreData": False}})) == []


@pytest.mark.parametrize("more", [1, 1.0, "1", "true", "True"])
def test_every_spelling_of_the_flag_is_followed(more: object) -> None:
    pages = Pages({None: page("1", cursor="1", more=more), "1": page("2", more=False)})
    assert read(pages) == [row("1"), row("2")]


def test_one_of_two_flags_is_enough_for_another_page() -> None:
    first = {**page("1", cursor="1", more=False), "hasMoreFlag": True}
    assert read(Pages({None: first, "1": page("2", more=False)})) == [row("1"), row("2")]


FULL = [str(number) for number in range(FULL_PAGE)]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(page(*FULL, cursor="999"), id="full-page"),
        pytest.param(page(*FULL, cursor=0), id="full-page-cursor-0"),
        pytest.param({**page("1", "2", cursor=0), "maxPageSize": 2}, id="full-small-page"),
        pytest.param(page("1", "2", cursor="2"), id="cursor"),
        pytest.param(page("1"), id="no-cursor"),
        pytest.param({**page("1"), "hasMoreData": None}, id="null"),
        pytest.param(page("1", cursor="0", more="more"), id="word"),
        pytest.param(page("1", cursor="0", more=2), id="number"),
        pytest.param({**page("1", more=False), "hasMoreFlag": []}, id="other-flag-unreadable"),
        pytest.param(page(), id="empty"),
        pytest.param({"deviceList": None}, id="null-list"),
    ],
)
def test_a_page_that_does_not_say_whether_more_follow_is_not_the_last(
    last: dict[str, object],
) -> None:
    """Without the flag, a short list cannot be told from the beginning of a longer one."""
    with pytest.raises(MalformedReply, match="v3ListDevices: expected a JSON boolean"):
        read(Pages({None: last}))


def test_only_a_license_report_of_no_licenses_has_no_rows_member() -> None:
    """The one page whose rows member the contract does not require."""
    nothing = {"assignedLicenses": 0, "hasMoreData": False}
    assert read(Pages({None: nothing}), LICENSE_PAGES) == []
    for page_, shape in (
        ({**nothing, "assignedLicenses": 3}, LICENSE_PAGES),
        ({"hasMoreData": False}, LICENSE_PAGES),
        (nothing, DEVICE_PAGES),
    ):
        with pytest.raises(MalformedReply, match="expected a JSON object with deviceList"):
            read(Pages({None: page_}), shape)


def test_a_row_seen_twice_is_taken_once_as_it_was_first() -> None:
    pages = Pages(
        {
            None: {**page(cursor="2", more=True), "deviceList": [{"deviceId": "1", "n": 1}]},
            "2": {**page(more=False), "deviceList": [{"deviceId": "1", "n": 2}, row("3")]},
        }
    )
    assert read(pages) == [{"deviceId": "1", "n": 1}, row("3")]


def test_an_empty_page_in_between_is_no_end() -> None:
    pages = Pages({None: page(cursor="9", more=True), "9": page("1", more=False)})
    assert read(pages) == [row("1")]


def test_a_cursor_sent_as_a_number_is_fed_back_as_text() -> None:
    pages = Pages(
        {
            None: page("1", cursor=990013907835573, more=True),
            "990013907835573": page("2", more=False),
        }
    )
    assert read(pages) == [row("1"), row("2")]


def test_upgrades_page_by_a_record_number_and_another_flag() -> None:
    pages = Pages(
        {
            None: {"reportList": [{"id": "u-1"}], "lastSeenUpgradeId": 1, "hasMoreFlag": True},
            "1": {"reportList": [{"id": "u-2"}], "lastSeenUpgradeId": 2, "hasMoreFlag": False},
        }
    )
    assert read(pages, UPGRADE_PAGES) == [{"id": "u-1"}, {"id": "u-2"}]


def test_both_keys_of_a_campaign_id_are_one_row() -> None:
    rows = [{"id": "c-1"}, {"campaignId": "c-1"}, {"id": "", "campaignId": "c-2"}]
    found = read(Pages({None: {"campaignList": rows, "hasMoreData": False}}), CAMPAIGN_PAGES)
    assert found == [rows[0], rows[2]]


def test_lines_without_an_imei_do_not_hide_the_others() -> None:
    rows = [row("1"), {"mdn": "5550000001"}, {"deviceId": "", "mdn": "5550000002"}]
    listed = {"deviceList": [*rows, rows[1]], "hasMoreData": False}
    assert read(Pages({None: listed}), ACCOUNT_DEVICE_PAGES) == rows
    with pytest.raises(MalformedReply, match="a row has no deviceId or mdn"):
        read(Pages({None: {"deviceList": [{"make": "a"}]}}), ACCOUNT_DEVICE_PAGES)


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        pytest.param({None: page("1", more=True)}, "is missing", id="missing"),
        pytest.param({None: page("1", cursor="", more=True)}, "is missing", id="empty"),
        pytest.param(
            {None: page("1", cursor="1", more=True), "1": page("2", cursor="1", more=True)},
            "returns no new rows",
            id="repeated",
        ),
        pytest.param(
            {
                None: page("1", cursor="1", more=True),
                "1": page("2", cursor="2", more=True),
                "2": page("3", cursor="1", more=True),
            },
            "returns no new rows",
            id="in-a-circle",
        ),
    ],
)
def test_a_list_that_cannot_be_complete_is_an_error(
    pages: dict[str | None, object], said: str
) -> None:
    with pytest.raises(UnexpectedReply, match=said) as caught:
        read(Pages(pages))
    assert caught.value.operation == "v3ListDevices"
    assert caught.value.hint


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param("text", id="text"),
        pytest.param({}, id="empty-object"),
        pytest.param({"errorCode": "X", "errorMessage": "try later"}, id="error"),
        pytest.param({"campaignList": [], "hasMoreData": False}, id="another-list"),
        pytest.param({"deviceList": {}}, id="rows-no-list"),
        pytest.param({"deviceList": ["1"]}, id="row-no-object"),
        pytest.param({"deviceList": [{"status": "x"}]}, id="row-without-id"),
        pytest.param({"deviceList": [row("1"), {"deviceId": ""}]}, id="row-with-empty-id"),
    ],
)
def test_what_is_no_page_is_malformed(first: object) -> None:
    with pytest.raises(MalformedReply, match="v3ListDevices"):
        read(Pages({None: first}))


imeis = st.lists(st.integers(0, 30).map(str), max_size=25)


@settings(max_examples=100)
@given(imeis, st.integers(1, 6))
def test_any_list_is_read_whole_in_order_each_once(listed: list[str], size: int) -> None:
    def fetch(cursor: str | None) -> object:
        start = int(cursor or "0")
        end = start + size
        return page(*listed[start:end], cursor=str(end), more=end < len(listed))

    assert read(fetch) == [row(imei) for imei in dict.fromkeys(listed)]


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.none() | st.sampled_from("abc"),
        st.fixed_dictionaries(
            {},
            optional={
                "deviceList": st.none()
                | st.lists(st.builds(row, st.sampled_from("123")), max_size=2),
                "lastSeenDeviceId": st.none() | st.sampled_from(["a", "b", "c", ""]),
                "hasMoreData": st.none() | st.booleans(),
            },
        ),
    )
)
def test_any_set_of_pages_ends(pages: dict[str | None, object]) -> None:
    asked: list[str | None] = []

    def fetch(cursor: str | None) -> object:
        assert cursor not in asked, "no page is asked for twice"
        asked.append(cursor)
        return pages.get(cursor, {})

    try:
        found = read(fetch)
    except (MalformedReply, UnexpectedReply):
        return
    assert len(found) == len({str(one) for one in found})
