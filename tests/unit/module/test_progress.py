# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines on the progress of a wait, and how often they come."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import CampaignDevice
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import Upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._module.awaited import Awaited
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.progress import (
    HEARTBEAT,
    Progress,
    ProgressLines,
    describe_progress,
    measure_awaited,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import (
    Waited,
    describe_duration,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
FIRST, LAST = date(2026, 3, 4), date(2026, 3, 10)
AT_THE_LATEST = datetime(2026, 3, 11, tzinfo=timezone.utc)


def rows(*, next_attempt: str = "", **counts: int) -> list[CampaignDevice]:
    """So many devices of each status."""
    return [
        CampaignDevice(f"{number:015}", status, next_attempt=next_attempt)
        for status, count in counts.items()
        for number in range(count)
    ]


def awaited(
    *devices: CampaignDevice, status: str = "CampaignScheduled", **more: Any
) -> Awaited[Upgrade]:
    given = {"start": FIRST, "end": LAST, **more}
    return Awaited(Upgrade(id="", package="", to_version="", status=status, **given), rows=devices)


def test_the_end_is_expected_by_the_rate_of_results() -> None:
    """6 results in 12 hours, 4 devices left: 8 hours more. What was rejected is no result."""
    some = rows(UpgradeSuccess=5, UpgradeFailed=1, DeviceRejected=2, UpgradePending=4)
    progress = measure_awaited([awaited(*some)], "ended", NOON)
    assert (progress.rate, progress.finished) == (0.5, 8)
    assert progress.expected == NOON + timedelta(hours=8)
    assert progress.latest == AT_THE_LATEST
    assert progress.counts == {"failed": 1, "pending": 4, "rejected": 2, "success": 5}


@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        pytest.param("2026-03-06 10:00:00 +0000 UTC", "2026-03-06T10:00", id="later"),
        pytest.param("2026-03-04T13:00:00Z", "2026-03-04T20:00", id="sooner"),
        pytest.param("0001-01-01 00:00:00 +0000 UTC", "2026-03-04T20:00", id="never"),
        pytest.param("\x1b[2J{{ soon }}", "2026-03-04T20:00", id="no-time"),
    ],
)
def test_the_end_is_not_before_the_last_announced_attempt(announced: str, expected: str) -> None:
    some = rows(UpgradeSuccess=6, UpgradePending=4, next_attempt=announced)
    progress = measure_awaited([awaited(*some)], "ended", NOON)
    assert progress.expected == datetime.fromisoformat(f"{expected}+00:00")


def test_the_last_day_ends_every_wait() -> None:
    """What is expected later is not expected: only the latest end is told."""
    progress = measure_awaited(
        [awaited(*rows(UpgradeSuccess=1, UpgradePending=500))], "ended", NOON
    )
    assert (progress.expected, progress.latest) == (None, AT_THE_LATEST)
    over = measure_awaited([awaited(end=date(2026, 3, 3))], "ended", NOON)
    assert (over.expected, over.latest) == (None, None)


def test_of_several_campaigns_the_last_that_runs_counts() -> None:
    progress = measure_awaited(
        [
            awaited(),
            awaited(status="CampaignEnded", end=date(2026, 5, 1)),
            awaited(status="Teleported", end=date(2026, 3, 12)),
        ],
        "ended",
        NOON,
    )
    assert progress.latest == datetime(2026, 3, 13, tzinfo=timezone.utc)
    assert progress.status == "CampaignEnded 1, CampaignScheduled 1, Teleported 1"


@pytest.mark.parametrize(
    ("wait_for", "expected"),
    [("scheduled", datetime(2026, 3, 20, tzinfo=timezone.utc)), ("accepted", None)],
)
def test_what_comes_before_the_end_is_not_expected_at_the_end(
    wait_for: str, expected: datetime | None
) -> None:
    one = awaited(status="CampaignRequestQueued", start=date(2026, 3, 20), end=date(2026, 3, 27))
    progress = measure_awaited([one], wait_for, NOON)
    assert (progress.expected, progress.latest) == (expected, None)


def test_dates_that_the_service_does_not_tell_are_not_needed() -> None:
    one = awaited(*rows(UpgradeSuccess=1, UpgradePending=1), start=None, end=None)
    progress = measure_awaited([one], "ended", NOON)
    assert (progress.rate, progress.expected, progress.latest) == (None, None, None)


def test_everything_in_one_line() -> None:
    progress = Progress(
        status="CampaignScheduled 2",
        counts={"failed": 10, "pending": 130, "success": 60},
        finished=70,
        rate=12.3456,
        expected=NOON,
        latest=AT_THE_LATEST,
    )
    waited = Waited(done=False, last=None, elapsed=7500, error=FotaError("HTTP 503: away"))
    assert describe_progress("2 campaigns", progress, waited, limit=86400) == (
        "2 campaigns: [#######-------------] 35% of 200 devices, failed 10, pending 130,"
        " success 60; CampaignScheduled 2; 12.3 an hour; expected 2026-03-04 12:00 UTC; at the"
        " latest 2026-03-11 00:00 UTC; waited 2 h 5 min of 1 d; the last read failed: HTTP 503:"
        " away"
    )


def test_a_line_without_devices() -> None:
    waited = Waited(done=False, last=None, elapsed=0)
    line = describe_progress("1 campaign", Progress("Queued 1"), waited, limit=600)
    assert line == "1 campaign: Queued 1; waited 0 s of 10 min"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.7, "1 min"),
        (3599, "59 min 59 s"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (604860, "7 d 1 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text


class Heard:
    """A pace of 30 seconds, and what it has said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pace = ProgressLines(30, self.lines.append)

    def offer(self, at: float, news: str, *, last: bool = False) -> bool:
        before = len(self.lines)
        self.pace.offer(f"{news} at {at}", news=news, elapsed=at, last=last)
        return len(self.lines) > before


def test_the_first_and_the_last_line_come_at_once() -> None:
    heard = Heard()
    assert heard.offer(0, "a")
    assert not heard.offer(10, "b")
    assert heard.offer(11, "b", last=True)


def test_news_wait_for_the_interval_and_are_not_lost() -> None:
    heard = Heard()
    assert heard.offer(0, "a")
    assert not heard.offer(29, "b")
    assert heard.offer(30, "b")
    assert not heard.offer(45, "c")
    assert not heard.offer(75, "b"), "what has come and gone is no news"


def test_without_news_there_is_a_heartbeat() -> None:
    heard = Heard()
    said = [second for second in range(0, 1201, 30) if heard.offer(second, "a")]
    assert said == [0, HEARTBEAT, 2 * HEARTBEAT, 3 * HEARTBEAT, 4 * HEARTBEAT]
