# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of the facts: RFC 3339 in UTC, or a UTC day."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def read_time(text: object) -> datetime | None:
    """Read a time or a day; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def minute(text: object) -> str:
    """Give a time to the minute; empty where there is none, and what cannot be read as it is."""
    moment = read_time(text)
    if moment is None:
        return "" if text is None else str(text)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def duration(span: timedelta) -> str:
    """Give a duration in days and hours, or minutes where it is short."""
    minutes = max(0, round(span.total_seconds() / 60))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h" if hours else f"{minutes} min"
