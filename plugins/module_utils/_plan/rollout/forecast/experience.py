# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices have done in campaigns so far: how soon, and with which result."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from ...._model.campaign import Campaign, CampaignDevice
from ...._model.status import CampaignState, DeviceState
from ...._model.times import parse_time
from ..declaration.campaign_names import SWEEP_WAVE
from ..observation.observed import Observed, OwnCampaign
from .open_hours import OpenHours, to_hours

# Devices with a result without which there is no experience of a package, or of a rollout.
FEWEST = 5
# So many devices of a campaign are looked at, of those with a result and of all others, in even
# steps: more would say the same.
_MOST_ROWS = 500
# Devices that never have a result, before anything is known.
_NEVER = 0.02
_ROUNDS = 5
# When late results come, in means of the time between two: the middles of four equal parts.
_LATER = (0.134, 0.470, 0.981, 2.079)
# Times that the results of many devices are summed up in.
_MOST_TIMES = 60


class Source(Enum):
    """What a forecast is based on."""

    PACKAGE = "package"
    """Devices of this rollout with the same package."""
    ROLLOUT = "rollout"
    """All devices of this rollout."""
    ACCOUNT = "account"
    """Devices of earlier campaigns of the account."""
    ASSUMED = "assumed"
    """Nothing of this account."""


@dataclass(frozen=True)
class Basis:
    """Where an experience comes from.

    :ivar devices: with a result, and ``failed`` those of them that failed.
    :ivar since: the first day of the first campaign.
    """

    source: Source
    devices: int = 0
    campaigns: int = 0
    since: date | None = None
    failed: int = 0


@dataclass(frozen=True)
class Experience:
    """How devices fared in campaigns, in numbers of devices, which need not be whole.

    :ivar times: open hours from the start of a campaign to results, ascending, and how many devices
        had theirs then.
    :ivar failed: devices among them that failed.
    :ivar silent: devices that were attempted, and had no result until the end of the campaign.
    :ivar unreached: devices that were never attempted.
    """

    basis: Basis
    times: tuple[tuple[float, float], ...]
    failed: float
    silent: float
    unreached: float

    @property
    def done(self) -> float:
        """Devices that had a result."""
        return sum(devices for _hours, devices in self.times)


ASSUMED = Experience(
    Basis(Source.ASSUMED),
    times=tuple((hours, 1.0) for hours in (2.0, 5.0, 9.0, 14.0, 22.0)),
    failed=0.1,
    silent=0.05,
    unreached=0.1,
)
"""A result within a day of open hours, 2 % failures, 1 % silent and 2 % unreached devices."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A device in a campaign.

    :ivar hours: open hours until its result, or so far; None where the campaign ended without one.
    :ivar ended: it has a result.
    :ivar attempted: at least once.
    """

    hours: float | None
    weight: float
    ended: bool = False
    failed: bool = False
    attempted: bool = False


def learn(seen: Observed, *, failing: Container[str] = ()) -> dict[str, Experience]:
    """Give what is known of packages, by name, and under the empty name of all others.

    A package is known by its own devices in this rollout, else by all of the rollout, else by
    earlier campaigns of the account.

    :param failing: packages that say nothing of others.
    """
    own = [(each.campaign, each.rows) for each in seen.own if _is_first(each)]
    sound = [each for each in own if each[0].package not in failing]
    whole = _sum_up(sound, seen.now, Source.ROLLOUT) or _sum_up(
        [(each.campaign, each.rows) for each in seen.earlier], seen.now, Source.ACCOUNT
    )
    packages: dict[str, list[tuple[Campaign, Sequence[CampaignDevice]]]] = {}
    for campaign, rows in own:
        packages.setdefault(campaign.package, []).append((campaign, rows))
    known = {
        name: _sum_up(campaigns, seen.now, Source.PACKAGE) for name, campaigns in packages.items()
    }
    return {
        "": whole or ASSUMED,
        **{name: experience for name, experience in known.items() if experience},
    }


def find_experience(known: Mapping[str, Experience], package: str) -> Experience:
    """Give what is known of a package."""
    return known.get(package) or known[""]


def count_second_tries(seen: Observed) -> tuple[int, int]:
    """Count the results of devices that were tried again: successes, and all others."""
    rows = [row for each in seen.own if each.over and not _is_first(each) for row in each.rows]
    helped = sum(row.state is DeviceState.SUCCESS for row in rows)
    return helped, len(rows) - helped


def has_experience(seen: Observed) -> bool:
    """Tell whether the rollout's own campaigns are enough, so that no others need be read."""
    results = sum(_has_result(row) for each in seen.own if _is_first(each) for row in each.rows)
    return results >= FEWEST


def _is_first(own: OwnCampaign) -> bool:
    """Its devices were not chosen because an earlier campaign did not upgrade them."""
    return own.name.attempt == 1 and own.name.wave != SWEEP_WAVE


def _has_result(row: CampaignDevice) -> bool:
    if row.state is DeviceState.SUCCESS:
        return True
    return row.state is DeviceState.FAILED and bool(row.recent_attempt) and not row.next_attempt


def _sum_up(
    campaigns: Sequence[tuple[Campaign, Sequence[CampaignDevice]]], now: datetime, source: Source
) -> Experience | None:
    """Give the experience of some campaigns; None where too few devices have a result, or none has
    it at a moment that is known."""
    used = [
        (campaign, rows) for campaign, rows in campaigns if any(_has_result(row) for row in rows)
    ]
    devices = sum(_has_result(row) for _campaign, rows in used for row in rows)
    if devices < FEWEST:
        return None
    trials = [trial for each in campaigns for trial in _read_trials(*each, now)]
    if not any(trial.ended for trial in trials):
        return None
    days = [campaign.schedule.start for campaign, _rows in used if campaign.schedule.start]
    failed = sum(
        _has_result(row) and row.state is DeviceState.FAILED
        for _campaign, rows in used
        for row in rows
    )
    basis = Basis(source, devices, len(used), min(days, default=None), failed)
    return _estimate(basis, trials)


def _read_trials(
    campaign: Campaign, rows: Sequence[CampaignDevice], now: datetime
) -> Iterator[_Trial]:
    schedule, state = campaign.schedule, campaign.state
    if schedule.start is None or schedule.end is None or to_hours(now) <= 0:
        return
    hours = OpenHours.of(
        schedule.start, schedule.end, schedule.windows or schedule.download_windows
    )
    stopped = state in (CampaignState.CANCELLED, CampaignState.ABORTED)
    open_now = hours.before(to_hours(now))
    for row, weight in _sample(rows):
        attempted = bool(row.recent_attempt)
        if _has_result(row):
            moment = parse_time(row.updated) or parse_time(row.recent_attempt)
            if moment is not None:
                failed = row.state is DeviceState.FAILED
                at = hours.before(to_hours(moment))
                yield _Trial(at, weight, ended=True, failed=failed, attempted=attempted)
        elif row.state in (DeviceState.PENDING, DeviceState.UNKNOWN) or row.next_attempt:
            if not state.over and open_now > 0:
                yield _Trial(open_now, weight, attempted=attempted)
            elif state.over and not stopped:
                yield _Trial(None, weight, attempted=attempted)


def _sample(rows: Sequence[CampaignDevice]) -> Iterator[tuple[CampaignDevice, int]]:
    """Give some rows, and how many each stands for: the few with a result are never left out."""
    done = [row for row in rows if _has_result(row)]
    others = [row for row in rows if not _has_result(row)]
    for part in (done, others):
        step = max(1, len(part) // _MOST_ROWS)
        yield from ((row, step) for row in part[::step])


def _estimate(basis: Basis, trials: Sequence[_Trial]) -> Experience:
    """Sum up trials; a device whose campaign still runs counts as those that took longer.

    That is the estimator of Kaplan and Meier. Those for whom nothing took longer count as not
    reached, or as silent where they were attempted, as far as they are not likely to be late.
    """
    ended = sum(trial.weight for trial in trials if trial.ended)
    failed = sum(trial.weight for trial in trials if trial.failed)
    left = total = sum(trial.weight for trial in trials)
    share = 1.0
    found: dict[float, float] = {}
    for trial in _by_hours(trials):
        if trial.hours is None:
            break
        if trial.ended:
            part = share * trial.weight / left
            found[trial.hours] = found.get(trial.hours, 0.0) + part * total
            share -= part
        left -= trial.weight
    silent = sum(trial.weight for trial in trials if trial.attempted and not trial.ended)
    rest = sum(trial.weight for trial in trials if not trial.ended)
    without = max(0.0, share * total) if rest else 0.0
    last = max(found)
    slower = sum(
        trial.weight
        for trial in trials
        if not trial.ended and (trial.hours is None or trial.hours >= last)
    )
    for at, late in _find_late(trials, last).items():
        part = share * total * late / slower
        found[at] = found.get(at, 0.0) + part
        without -= part
    # Likely results have not been seen: they change the shares, and make them no surer.
    done = sum(devices for at, devices in found.items() if at <= last)
    weight = done / (total - without)
    without *= weight
    return Experience(
        basis,
        times=_thin(sorted((at, devices * weight) for at, devices in found.items())),
        failed=done * failed / ended,
        silent=without * silent / rest if rest else 0.0,
        unreached=without * (rest - silent) / rest if rest else 0.0,
    )


def _find_late(trials: Sequence[_Trial], last: float) -> dict[float, float]:
    """Give the devices in campaigns that still run which are likely to have a result later than any
    other, by its hours.

    The rate of results is taken as constant. The longer a device has none, the more likely it is
    one of the few that never have one: at first all are taken as such, then the rate is corrected.

    :param last: hours of the last result.
    """
    known = [(trial.hours, trial) for trial in trials if trial.hours is not None]
    ended = sum(trial.weight for _hours, trial in known if trial.ended)
    until_ended = sum(trial.weight * hours for hours, trial in known if trial.ended)
    open_now = [(hours, trial.weight) for hours, trial in known if not trial.ended]
    mean, likely = until_ended / ended, [0.0] * len(open_now)
    for _round in range(_ROUNDS if mean else 0):
        slow = [math.exp(-hours / mean) for hours, _weight in open_now]
        likely = [
            weight * each / (each + _NEVER)
            for each, (_hours, weight) in zip(slow, open_now, strict=True)
        ]
        spent = sum(part * hours for part, (hours, _weight) in zip(likely, open_now, strict=True))
        mean = (until_ended + spent) / ended
    found: dict[float, float] = {}
    for part, (hours, _weight) in zip(likely, open_now, strict=True):
        for times in _LATER if hours >= last else ():
            at = hours + times * mean
            found[at] = found.get(at, 0.0) + part / len(_LATER)
    return found


def _by_hours(trials: Iterable[_Trial]) -> list[_Trial]:
    """Order trials by their hours; those without a result at the same moment come after it."""
    return sorted(
        trials,
        key=lambda trial: (trial.hours is None, trial.hours or 0.0, not trial.ended),
    )


def _thin(times: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Keep so many times, each with the devices since the one before it."""
    step = -(-len(times) // _MOST_TIMES)
    if step <= 1:
        return tuple(times)
    return tuple(
        (part[-1][0], sum(devices for _hours, devices in part))
        for part in (times[start : start + step] for start in range(0, len(times), step))
    )
