# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that report the progress of a wait. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from ..._model.campaign import Campaign
from ..._model.status import DeviceState
from ..._model.text import count
from ..._model.times import parse_time
from ..._model.upgrade import Upgrade
from ..._model.wire import count_by
from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.placement.rollout_device import DeviceClass
from ..awaited import Awaited
from ..waiting import Waited, describe_duration

BAR_WIDTH = 20
# Seconds between two lines when nothing has changed: they show that the wait is alive.
HEARTBEAT = 300.0
# A century: calendars end.
MOST_HOURS = 24.0 * 365 * 100

_OPEN = frozenset({DeviceState.PENDING, DeviceState.UNKNOWN})
_RESULTS = frozenset({DeviceState.SUCCESS, DeviceState.FAILED})
_FINISHED = frozenset(
    {DeviceClass.VERIFIED, DeviceClass.FAILED, DeviceClass.MISMATCH, DeviceClass.REJECTED}
)


@dataclass(frozen=True)
class Progress:
    """The progress of what is waited for.

    :ivar status: in words of the service or, for a rollout, its phase and wave.
    :ivar counts: devices by class.
    :ivar finished: devices that will not change any more.
    :ivar rate: successes and failures in an hour.
    :ivar expected: when the end of the wait is expected.
    :ivar latest: when it comes at the latest.
    """

    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    finished: int = 0
    rate: float | None = None
    expected: datetime | None = None
    latest: datetime | None = None

    @property
    def news(self) -> tuple[object, ...]:
        """What counts as a change; rate and times move by themselves."""
        return (self.status, tuple(sorted(self.counts.items())))


def measure_awaited(
    awaited: Sequence[Awaited[Campaign]] | Sequence[Awaited[Upgrade]], stage: str, now: datetime
) -> Progress:
    """Measure campaigns or upgrades by their own reports and days.

    The rate is that of all results since the first day, while something runs. The end is expected
    by that rate, but not before the last attempt that is announced, and not after the last day.

    :param now: the service's time.
    """
    rows = [row for item in awaited for row in item.rows or ()]
    waiting = [row for row in rows if row.state in _OPEN]
    running = [item for item in awaited if not item.target.state.over]
    begun = _first_moment(item.days[0] for item in awaited if item.rows)
    results = sum(row.state in _RESULTS for row in rows)
    hours = (now - begun) / timedelta(hours=1) if begun else 0.0
    rate = results / hours if running and hours > 0 and results else None
    latest = _last_moment(item.days[1] for item in running)
    expected = None
    if stage == "scheduled":
        latest, expected = None, _first_moment(item.days[0] for item in running)
    elif stage != "ended":
        latest = None
    elif rate and waiting:
        announced = (parse_time(text) for text in {row.next_attempt for row in waiting})
        by_rate = now + timedelta(hours=min(len(waiting) / rate, MOST_HOURS))
        expected = max([by_rate, *(moment for moment in announced if moment)])
    return Progress(
        status=_list_counts(count_by(item.target.status for item in awaited)),
        counts=count_by(row.state.value for row in rows),
        finished=len(rows) - len(waiting),
        rate=rate,
        expected=_between(now, expected, latest),
        latest=latest if latest and latest > now else None,
    )


def measure_rollout(decision: Decision) -> Progress:
    """Measure a rollout by the classes of its devices and the wave it is in."""
    assessment = decision.assessment
    outcomes = [row.outcome.kind for row in assessment.rows]
    status = decision.phase.value
    begun = [state for state in assessment.waves if state.begun]
    if begun:
        wave, judged = begun[-1].wave, begun[-1].judgement
        status += f", wave {wave.name}: {judged.attempted} of {judged.members} attempted"
    return Progress(
        status=status,
        counts=count_by(kind.value for kind in outcomes),
        finished=sum(kind in _FINISHED for kind in outcomes),
        expected=_between(assessment.seen.now, decision.next_check, None),
    )


def describe_progress(
    subject: str, progress: Progress, waited: Waited[Any], *, limit: float
) -> str:
    """Describe a progress in one line.

    :param limit: seconds after which the wait ends.
    """
    total = sum(progress.counts.values())
    parts = []
    if total:
        percent = 100 * progress.finished // total
        parts.append(
            f"{_bar(progress.finished, total)} {percent}% of {count(total, 'device')},"
            f" {_list_counts(progress.counts)}"
        )
    parts.append(progress.status)
    if progress.rate:
        parts.append(f"{progress.rate:.3g} an hour")
    if progress.expected:
        parts.append(f"expected {_moment(progress.expected)}")
    if progress.latest:
        parts.append(f"at the latest {_moment(progress.latest)}")
    parts.append(f"waited {waited.duration} of {describe_duration(limit)}")
    return f"{subject}: {'; '.join(parts)}{waited.error_clause}"


class ProgressLines:
    """Prints the first and the last line, and others only now and then."""

    def __init__(self, interval: float, say: Callable[[str], None]) -> None:
        """
        :param interval: least seconds between two lines.
        :param say: takes a line.
        """
        self._interval = interval
        self._say = say
        self._said: tuple[float, object] | None = None

    @property
    def begun(self) -> bool:
        return self._said is not None

    def offer(self, line: str, *, news: object, elapsed: float, last: bool) -> None:
        """Print the line if it is due.

        :param news: is due sooner when it differs from that of the last line.
        :param elapsed: seconds since the wait began.
        :param last: no other line follows.
        """
        if self._said is not None and not last:
            at, what = self._said
            pause = self._interval if news != what else max(self._interval, HEARTBEAT)
            if elapsed - at < pause:
                return
        self._said = (elapsed, news)
        self._say(line)


def _bar(done: int, total: int) -> str:
    full = BAR_WIDTH * done // total
    return f"[{'#' * full}{'-' * (BAR_WIDTH - full)}]"


def _list_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _first_moment(days: Iterable[date | None]) -> datetime | None:
    """When the first of some UTC days begins."""
    first = min((day for day in days if day), default=None)
    return datetime.combine(first, time(), timezone.utc) if first else None


def _last_moment(days: Iterable[date | None]) -> datetime | None:
    """When the last of some UTC days is over."""
    last = max((day for day in days if day), default=None)
    return datetime.combine(last, time(), timezone.utc) + timedelta(days=1) if last else None


def _between(now: datetime, moment: datetime | None, latest: datetime | None) -> datetime | None:
    """Give a moment that is still to come and before the latest, else None."""
    if moment is None or moment <= now or (latest is not None and moment >= latest):
        return None
    return moment
