# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The times of a rollout: its burn-up, where the time of each wave went, and its campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from ....module_utils._model.text import count, visible
from .moments import duration, minute, read_time
from .waves import Segment, describe_versions

Facts = Mapping[str, Any]

_DAY = timedelta(days=1)
# Days that an axis names.
_LABELS = 4
# Campaigns that a page shows; the JSON report has all.
MOST_CAMPAIGNS = 200


@dataclass(frozen=True)
class DayLabel:
    at: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Scale:
    """From the first to the last moment of a chart.

    :ivar now: where the present is, in percent.
    :ivar bands: the freezes.
    """

    first: datetime
    last: datetime
    now: float | None
    days: tuple[DayLabel, ...]
    bands: tuple[Segment, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}, UTC"

    def place(self, moment: datetime) -> float:
        """Give a moment in percent of the width."""
        share = (moment - self.first) / (self.last - self.first)
        return round(min(max(share, 0), 1) * 100, 2)

    def segment(self, kind: str, start: datetime, end: datetime, title: str) -> Segment:
        """Draw from one moment to another."""
        left = self.place(start)
        return Segment(kind, left, round(max(self.place(end) - left, 0.4), 2), title)


@dataclass(frozen=True)
class Line:
    at: float
    text: str


@dataclass(frozen=True)
class BurnUp:
    """Verified and failed devices over days, as points of 0 to 100 in each direction."""

    label: str
    scale: Scale
    lines: tuple[Line, ...]
    aim: float
    verified: str
    failed: str
    area: str
    days: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class WaveTime:
    """Where the time of a wave went; a span is empty where it is not known or did not happen."""

    name: str
    working: str
    soaking: str
    waiting: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class CampaignRow:
    """A campaign; ``label`` and ``versions`` stand for its package."""

    name: str
    wave: str
    package: str
    label: str
    versions: str
    devices: int
    status: str
    days: str
    hours_utc: str
    hours_local: str
    segments: tuple[Segment, ...]


def find_scale(facts: Facts) -> Scale | None:
    """Find the days that the charts have: from the first campaign to the last day of one, or now.

    None where there is no campaign whose days are known.
    """
    days = [read_time(own[key]) for own in facts["campaigns"] for key in ("start_date", "end_date")]
    known = [day for day in days if day]
    now = read_time(facts["now"])
    if not known:
        return None
    first, last = min(known), max(known) + _DAY
    if now:
        last = max(last, now)
    span = (last - first) / _DAY
    step = max(1, -(-int(span) // _LABELS))
    bare = Scale(first, last, None, ())
    labels = []
    for number in range(0, int(span) + 1, step):
        day = first + number * _DAY
        at = bare.place(day)
        anchor = "start" if at < 8 else "end" if at > 92 else "middle"
        labels.append(DayLabel(at, f"{day:%b} {day.day}", anchor))
    bands = tuple(_bands(facts, bare))
    return Scale(first, last, bare.place(now) if now else None, tuple(labels), bands)


def _bands(facts: Facts, scale: Scale) -> Iterator[Segment]:
    for freeze in facts["calendar"]["freeze"]:
        start, end = read_time(freeze["from"]), read_time(freeze["to"])
        if start and end and start < scale.last and end + _DAY > scale.first:
            yield scale.segment("freeze", start, end + _DAY, describe_freeze(freeze))


def describe_freeze(freeze: Facts) -> str:
    """Say when a freeze is, and why."""
    why = f": {visible(freeze['why'])}" if freeze["why"] else ""
    return f"freeze {freeze['from']} to {freeze['to']} (local days, both included){why}"


def burn_up(facts: Facts, scale: Scale | None) -> BurnUp | None:
    """Draw the verified and the failed devices over days; None where no result has a time."""
    days = [(read_time(day["date"]), day) for day in facts["results_by_day"]]
    known = [(moment, day) for moment, day in days if moment]
    if scale is None or not known:
        return None
    verified = list(accumulate(day["verified"] for _moment, day in known))
    failed = list(accumulate(day["failed"] for _moment, day in known))
    aim: int = max(facts["counts"]["in_scope"], verified[-1], failed[-1], 1)
    now = read_time(facts["now"]) or scale.last
    ends = [min(moment + _DAY, max(now, moment)) for moment, _day in known]

    def height(devices: int) -> float:
        return round(90 - devices / aim * 82, 2)

    def curve(numbers: Sequence[int]) -> str:
        points, level = [f"0,{height(0)}"], 0
        for (moment, _day), end, number in zip(known, ends, numbers, strict=True):
            points += [
                f"{scale.place(moment)},{height(level)}",
                f"{scale.place(end)},{height(number)}",
            ]
            level = number
        return " ".join([*points, f"{scale.place(now)},{height(level)}"])

    line = curve(verified)
    return BurnUp(
        label=f"{verified[-1]:,} of {count(aim, 'device')} verified and {failed[-1]:,} failed by"
        f" {minute(facts['now'])}",
        scale=scale,
        lines=tuple(
            Line(height(level), f"{level:,}") for level in dict.fromkeys((0, round(aim / 2), aim))
        ),
        aim=height(aim),
        verified=line,
        failed=curve(failed),
        area=f"{line} {scale.place(now)},90 0,90",
        days=tuple(
            (f"{moment:%Y-%m-%d}", good, bad)
            for (moment, _day), good, bad in zip(known, verified, failed, strict=True)
        ),
    )


def wave_times(facts: Facts, scale: Scale | None) -> list[WaveTime]:
    """Say how long each wave that has begun has worked, soaked and waited."""
    if scale is None:
        return []
    now = read_time(facts["now"]) or scale.last
    starts: dict[int, datetime] = {}
    for own in facts["campaigns"]:
        start = read_time(own["start_date"])
        if start:
            starts[own["wave"]] = min(start, starts.get(own["wave"], start))
    waves = [wave for wave in facts["waves"] if wave["number"] in starts]
    return [
        _wave_time(wave, scale, now, starts[wave["number"]], _next_start(wave, starts))
        for wave in waves
    ]


def _next_start(wave: Facts, starts: Mapping[int, datetime]) -> datetime | None:
    later = [start for number, start in starts.items() if number > wave["number"]]
    return min(later, default=None)


def _wave_time(
    wave: Facts, scale: Scale, now: datetime, start: datetime, following: datetime | None
) -> WaveTime:
    """:param following: when a campaign of a later wave starts; None if none does."""
    name = f"{wave['number']} {visible(wave['name'])}"
    soaked = read_time(wave["soak_until"])
    met = soaked - timedelta(hours=wave["gate"]["soak_hours"]) if soaked else None
    since = read_time(wave["waiting_since"])
    ended = following if wave["state"] == "passed" else None
    spans = [("working", start, min(met or since or ended or now, now))]
    if met and soaked:
        spans.append(("soaking", met, min(soaked, now)))
    if since:
        spans.append(("waiting", since, now))
    elif soaked and following:
        spans.append(("between", soaked, min(following, now)))
    lasted = {kind: duration(end - begin) for kind, begin, end in spans if end > begin}
    titles = {
        "working": "working",
        "soaking": "soaking",
        "waiting": "waiting for an operator",
        "between": "until the next wave",
    }
    return WaveTime(
        name=name,
        working=lasted.get("working", ""),
        soaking=lasted.get("soaking", ""),
        waiting=lasted.get("waiting") or lasted.get("between", ""),
        segments=tuple(
            scale.segment(kind, begin, end, f"{name}: {titles[kind]} {lasted[kind]}")
            for kind, begin, end in spans
            if kind in lasted
        ),
    )


def campaign_rows(facts: Facts, scale: Scale | None) -> list[CampaignRow]:
    """Give the campaigns, the newest first where there are more than a page shows."""
    campaigns = sorted(facts["campaigns"], key=lambda own: (own["start_date"] or "", own["name"]))
    names = {wave["number"]: visible(wave["name"]) for wave in facts["waves"]}
    packages = {cohort["package"]: cohort for cohort in facts["cohorts"]}
    zone = facts["calendar"]["timezone"]
    return [
        _campaign({**own, "zone": own["zone"] or zone}, names, scale, packages.get(own["package"]))
        for own in campaigns[-MOST_CAMPAIGNS:]
    ]


def _campaign(
    own: Facts, names: Mapping[int, str], scale: Scale | None, package: Facts | None
) -> CampaignRow:
    start, end = read_time(own["start_date"]), read_time(own["end_date"])
    status = visible(own["status"]).removeprefix("Campaign")
    kinds = {"Ended": "over", "Cancelled": "stopped", "Aborted": "stopped"}
    kind = "stopped" if "Fail" in status else kinds.get(status, "live")
    utc, local = hours_of(own["windows"], start, own["zone"])
    segments: tuple[Segment, ...] = ()
    if scale and start and end:
        title = f"{own['start_date']} to {own['end_date']}, {status}"
        segments = (scale.segment(kind, start, end + _DAY, title),)
    return CampaignRow(
        name=visible(own["name"]),
        wave=names.get(own["wave"], "sweep" if own["wave"] == 99 else str(own["wave"])),
        package=visible(own["package"]),
        label=visible(package["model"] if package else own["package"]),
        versions=describe_versions(package) if package else "",
        devices=own["devices"],
        status=status,
        days=f"{own['start_date'] or '?'} to {own['end_date'] or '?'}",
        hours_utc=utc,
        hours_local=local,
        segments=segments,
    )


def hours_of(windows: Sequence[Facts], day: datetime | None, zone: str) -> tuple[str, str]:
    """Give the hours of a campaign in UTC and in local time; the zone may be one unknown here."""
    if not windows:
        return "all day", "all day"
    utc = ", ".join(f"{window['start']:02}:00-{window['end']:02}:00" for window in windows)
    rules = _find_rules(zone)
    if day is None or rules is None:
        return utc, f"time zone {visible(zone) or 'not declared'}"
    local = ", ".join(
        "-".join(
            f"{(day + timedelta(hours=window[edge])).astimezone(rules):%H:%M}"
            for edge in ("start", "end")
        )
        for window in windows
    )
    return utc, f"{local} {visible(zone)}"


def _find_rules(zone: str) -> tzinfo | None:
    if not zone:
        return None
    try:
        return timezone.utc if zone == "UTC" else ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return None
