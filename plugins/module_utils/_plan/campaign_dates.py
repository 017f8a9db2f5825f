# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dates and windows of a campaign that can still change (contract section 6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from .._model.campaign import Campaign, CampaignType, Schedule
from .._model.windows import Window
from .refusal import PlanRefused, refuse_past

# A campaign that has started cannot end sooner than this from now (contract section 9).
SHORTEST_NOTICE = timedelta(hours=24)


def changed_schedule(
    subject: str, campaign: Campaign, wanted: Schedule, *, now: datetime
) -> Schedule | None:
    """Give the full schedule to send, or None when nothing differs.

    :raises PlanRefused: the service would not allow the change in this state.
    """
    current = campaign.schedule
    if wanted == current:
        return None
    if wanted.start is None or wanted.end is None:
        raise PlanRefused(
            subject,
            f"campaign {campaign.id} has no readable dates ({current.start} to {current.end}), and"
            " a change has to send both",
            hint="declare start_date and end_date together",
        )
    if not current.windows_readable:
        raise PlanRefused(
            subject,
            f"campaign {campaign.id} has windows that cannot be read, and a change of dates or"
            " windows replaces all of them",
            hint="change this campaign in the ThingSpace portal",
        )
    if campaign.started(now.date()):
        _check_started(subject, campaign, wanted, now)
    elif wanted.start != current.start and wanted.start < now.date():
        refuse_past(subject, "start_date", wanted.start, now.date())
    elif wanted.end < now.date():
        raise PlanRefused(
            subject,
            f"campaign {campaign.id} would end on {wanted.end}, before today at the service"
            f" ({now.date()})",
            hint="to end it before it starts, use state: absent",
        )
    if wanted.end < wanted.start:
        raise PlanRefused(
            subject,
            f"campaign {campaign.id} would end on {wanted.end}, before it starts on {wanted.start}",
            hint="declare start_date and end_date together",
        )
    return wanted


def changed_members(current: Schedule, wanted: Schedule) -> list[str]:
    """Describe the dates and windows that differ, by the names of their options."""
    pairs = {
        option: (getattr(wanted, member), getattr(current, member))
        for option, member in _OPTIONS.items()
    }
    return [
        f"{option} is {_describe(new)}, not {_describe(old)}"
        for option, (new, old) in pairs.items()
        if new != old
    ]


_OPTIONS = {
    "start_date": "start",
    "end_date": "end",
    "windows": "windows",
    "download_after_date": "download_after",
    "download_windows": "download_windows",
    "install_after_date": "install_after",
    "install_windows": "install_windows",
}


def _describe(value: date | tuple[Window, ...] | None) -> str:
    """Describe a day or windows as they are declared."""
    if isinstance(value, tuple):
        return ", ".join(f"{window.start:02}:00-{window.end:02}:00" for window in value) or "none"
    return str(value) if value else "none"


def _check_started(subject: str, campaign: Campaign, wanted: Schedule, now: datetime) -> None:
    current = campaign.schedule
    problems = [
        f"{member} is {getattr(current, member)} and cannot change"
        for member in ("start", "download_after", "install_after")
        if getattr(wanted, member) != getattr(current, member)
    ]
    for member in ("windows", "download_windows", "install_windows"):
        now_open, then_open = set(getattr(current, member)), set(getattr(wanted, member))
        if now_open == then_open:
            continue
        if campaign.type is CampaignType.FIRMWARE:
            problems.append(f"{member} cannot change")
        elif not now_open <= then_open:
            problems.append(f"{member} can only get more windows")
    earliest = (now + SHORTEST_NOTICE).date()
    if wanted.end is not None and wanted.end != current.end and wanted.end < earliest:
        problems.append(f"the end date must be {earliest} or later, not {wanted.end}")
    if problems:
        raise PlanRefused(
            subject,
            f"campaign {campaign.id} has started ({campaign.status}): " + "; ".join(problems),
            hint="after the start only the end date can move, to 24 hours ahead or later"
            " (a software campaign also takes more windows)",
        )
