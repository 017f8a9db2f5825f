# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every spelling of a date or time that the service uses, and the one that people use."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.times import (
    check_date,
    parse_date,
    parse_time,
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2012-04-23T18:25:43.511Z", utc(2012, 4, 23, 18, 25, 43, 511000), id="rfc"),
        pytest.param("2018-04-01T16:03:00Z", utc(2018, 4, 1, 16, 3), id="rfc-whole-seconds"),
        pytest.param("2018-04-01T23:30:00-05:00", utc(2018, 4, 2, 4, 30), id="rfc-offset"),
        pytest.param("2018-04-01T16:03:00", utc(2018, 4, 1, 16, 3), id="no-zone-is-utc"),
        pytest.param("2018-04-01", utc(2018, 4, 1), id="date"),
        pytest.param(
            "2021-06-03 00:03:56.079 +0000 UTC", utc(2021, 6, 3, 0, 3, 56, 79000), id="go"
        ),
        pytest.param(
            "2021-06-03 00:03:56.079123456 +0000 UTC",
            utc(2021, 6, 3, 0, 3, 56, 79123),
            id="go-nanoseconds",
        ),
        pytest.param("2021-06-03 00:03:56 -0400 EDT", utc(2021, 6, 3, 4, 3, 56), id="go-zone"),
        pytest.param("0001-01-01 00:00:00 +0000 UTC", None, id="go-unset"),
        pytest.param("0001-01-01T00:00:00Z", None, id="rfc-unset"),
        pytest.param("01/01/1900 0:0:0", None, id="never"),
        pytest.param("1900-01-01T00:00:00Z", None, id="rfc-never"),
        pytest.param("9999-12-31T23:59:59-14:00", None, id="past-the-last-year"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="no-time"),
        pytest.param("2021-02-30", None, id="no-such-day"),
    ],
)
def test_times_of_the_service(text: str, expected: datetime | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("2020-08-21", date(2020, 8, 21), id="date"),
        pytest.param("2018-04-01T16:03:00Z", date(2018, 4, 1), id="date-time"),
        pytest.param("2018-04-01T23:59:59Z", date(2018, 4, 1), id="last-second"),
        pytest.param("2018-04-01T23:30:00-05:00", date(2018, 4, 2), id="utc-day"),
        pytest.param("0001-01-01 00:00:00 +0000 UTC", None, id="unset"),
    ],
)
def test_a_day_of_the_service_is_a_utc_day(text: str, day: date | None) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("value", "day"),
    [
        pytest.param("2026-04-01", date(2026, 4, 1), id="date"),
        pytest.param(" 2026-04-01 ", date(2026, 4, 1), id="blanks"),
        pytest.param(date(2026, 4, 1), date(2026, 4, 1), id="yaml-date"),
        pytest.param("2026-04-01T16:03:00Z", date(2026, 4, 1), id="date-time"),
        pytest.param("2026-04-01T20:00:00-05:00", date(2026, 4, 2), id="utc-day"),
    ],
)
def test_days_that_people_give(value: object, day: date) -> None:
    assert check_date(value, field="start_date") == day


@pytest.mark.parametrize(
    "value",
    [
        "",
        "tomorrow",
        "2026",
        "20260401",
        "2026-W14",
        "2026-4-1",
        "04/01/2026",
        "01/04/2026",
        "2026-02-29",
        "2026-04-011",
        "2026-04-01112",
        "2026-04-01x12",
        "2026-04-01T",
        "0001-01-01",
        None,
        20260401,
        True,
    ],
)
def test_other_days_are_refused_with_option_and_value(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_date(value, field="campaigns[2].end_date")
    assert caught.value.field == "campaigns[2].end_date"
    assert caught.value.value == value


real_times = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@settings(max_examples=100)
@given(real_times)
def test_rfc_and_go_spellings_of_one_moment_are_equal(moment: datetime) -> None:
    rfc = moment.isoformat(timespec="microseconds")
    go = moment.strftime("%Y-%m-%d %H:%M:%S.%f %z UTC")
    assert parse_time(rfc) == moment
    assert parse_time(go) == moment


@settings(max_examples=100)
@given(st.text() | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.+\-Z ]*\Z"))
def test_any_text_is_a_time_or_none(text: str) -> None:
    moment = parse_time(text)
    assert moment is None or (moment.utcoffset() == timedelta(0) and moment.year >= 1970)


@settings(max_examples=100)
@given(st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary())
def test_any_value_is_a_day_or_invalid(value: object) -> None:
    try:
        day = check_date(value, field="start_date")
    except InvalidValue as error:
        assert "start_date" in str(error)
    else:
        assert isinstance(day, date)
