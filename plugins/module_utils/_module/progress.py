# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that tell how a wait stands. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from .._model.campaign import CampaignDevice
from .._model.status import CampaignState, DeviceState
from .._model.times import parse_time
from .._model.wire import count_by
from .._plan.rollout.action.decide import Decision
from .._plan.rollout.judgement.device_outcomes import DeviceClass

BAR_WIDTH = 20
# Without news, a line comes so often all the same (seconds): the wait is alive.
HEARTBEAT = 300.0
# A century: calendars end.
MOST_HOURS = 24.0 * 365 * 100

_OPEN = frozenset({DeviceState.PENDING, DeviceState.UNKNOWN})
_RESULTS = frozenset({DeviceState.SUCCESS, DeviceState.FAILED})
_FINISHED = frozenset(
    {DeviceClass.VERIFIED, DeviceClass.FAILED, DeviceClass.MISMATCH, DeviceClass.REJECTED}
)


@dataclass(frozen=True)
class Watched:
    """A campaign or upgrade, as far as a line tells of it.

    :ivar start: first UTC day.
    :ivar end: last UTC day.
    """

    status: str
    state: CampaignState
    start: date | None
    end: date | None
    rows: Sequence[CampaignDevice] = ()


@dataclass(frozen=True)
class Progress:
    """How what is waited for stands.

    :ivar standing: in words of the service, and in ours.
    :ivar counts: devices by class.
    :ivar finished: devices of which nothing more is to come.
    :ivar rate: successes and failures in an hour.
    :ivar expected: when the end of the wait is expected.
    :ivar latest: when it comes at the latest.
    """

    standing: str
    counts: Mapping[str, int] = field(default_factory=dict)
    finished: int = 0
    rate: float | None = None
    expected: datetime | None = None
    latest: datetime | None = None

    @property
    def news(self) -> tuple[object, ...]:
        """What has changed when something has; rate and times move by themselves."""
        return (self.standing, tuple(sorted(self.counts.items())))


def measure_campaigns(watched: Sequence[Watched], wait_for: str, now: datetime) -> Progress:
    """Measure campaigns or upgrades by their own reports and days.

    The rate is that of all results since the first day. The end is expected by that rate, but not
    before the last attempt that is announced, and not after the last day.

    :param now: the service's time.
    """
    rows = [row for one in watched for row in one.rows]
    waiting = [row for row in rows if row.state in _OPEN]
    running = [one for one in watched if not one.state.over]
    begun = _first_moment(one.start for one in watched if one.rows)
    results = sum(row.state in _RESULTS for row in rows)
    hours = (now - begun) / timedelta(hours=1) if begun else 0.0
    rate = results / hours if hours > 0 and results else None
    latest = _last_moment(one.end for one in running)
    expected = None
    if wait_for == "scheduled":
        latest, expected = None, _first_moment(one.start for one in running)
    elif wait_for != "ended":
        latest = None
    elif rate and waiting:
        announced = (parse_time(text) for text in {row.next_attempt for row in waiting})
        by_rate = now + timedelta(hours=min(len(waiting) / rate, MOST_HOURS))
        expected = max([by_rate, *(moment for moment in announced if moment)])
    return Progress(
        standing=_listed(count_by(one.status for one in watched)),
        counts=count_by(row.state.value for row in rows),
        finished=len(rows) - len(waiting),
        rate=rate,
        expected=_between(now, expected, latest),
        latest=latest if latest and latest > now else None,
    )


def measure_rollout(decision: Decision) -> Progress:
    """Measure a rollout by the classes of its devices and the wave it is in."""
    verdicts = [verdict.kind for verdict in decision.verdicts.values()]
    standing = decision.phase.value
    begun = [state for state in decision.waves if state.begun]
    if begun:
        wave, judged = begun[-1].wave, begun[-1].judgement
        standing += f", wave {wave.name}: {judged.attempted} of {judged.members} attempted"
    return Progress(
        standing=standing,
        counts=count_by(kind.value for kind in verdicts),
        finished=sum(kind in _FINISHED for kind in verdicts),
        expected=_between(decision.seen.now, decision.next_check, None),
    )


def tell_progress(
    subject: str, progress: Progress, *, elapsed: float, limit: float, trouble: str = ""
) -> str:
    """Put a progress into one line.

    :param elapsed: seconds since the wait began.
    :param limit: seconds after which it ends.
    """
    total = sum(progress.counts.values())
    parts = []
    if total:
        percent = 100 * progress.finished // total
        parts.append(
            f"{_bar(progress.finished, total)} {percent}% of {total} devices,"
            f" {_listed(progress.counts)}"
        )
    parts.append(progress.standing)
    if progress.rate:
        parts.append(f"{progress.rate:.3g} an hour")
    if progress.expected:
        parts.append(f"expected {_moment(progress.expected)}")
    if progress.latest:
        parts.append(f"at the latest {_moment(progress.latest)}")
    parts.append(f"waited {tell_span(elapsed)} of {tell_span(limit)}")
    if trouble:
        parts.append(f"the last look failed: {trouble}")
    return f"{subject}: {'; '.join(parts)}"


def tell_span(seconds: float) -> str:
    """Put a time into its two largest units."""
    left = round(seconds)
    found = []
    for name, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            found.append(f"{count} {name}")
    return " ".join(found[:2]) or "0 s"


class ProgressLines:
    """Says when a line is due: the first and the last, others seldom and only with news."""

    def __init__(self, interval: float, say: Callable[[str], None]) -> None:
        """Take the least seconds between two lines, and where lines go."""
        self._interval = interval
        self._say = say
        self._said: tuple[float, object] | None = None

    @property
    def begun(self) -> bool:
        return self._said is not None

    def offer(self, line: str, *, news: object, elapsed: float, last: bool) -> None:
        """Say the line if it is due.

        :param news: what makes a line worth saying when it differs from the last one said.
        :param elapsed: seconds since the wait began.
        :param last: nothing will be offered after it.
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


def _listed(counts: Mapping[str, int]) -> str:
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
