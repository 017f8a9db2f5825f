# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and times of the service, which uses five formats (contract section 12, item 7)."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache

from .errors import InvalidValue
from .text import as_text

try:
    from dateutil.parser import isoparse
except ImportError as error:
    DATEUTIL_IMPORT_ERROR: ImportError | None = error
else:
    DATEUTIL_IMPORT_ERROR = None

# `2021-06-03 00:03:56.079 +0000 UTC`: the format of Go.
GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})(?: \w+)?")
FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ].+)?")
# Year 1 (Go), 1900 and 9999 mean "never". The other years leave room for arithmetic.
FIRST_REAL_YEAR, LAST_REAL_YEAR = 1970, 9998


@lru_cache(maxsize=65_536)
def parse_time(text: str) -> datetime | None:
    """Read a time of the service as aware UTC; None if it is unset, a sentinel or invalid."""
    go = GO_TIME.fullmatch(text)
    try:
        moment = isoparse(f"{go[1]}T{go[2]}{go[3]}" if go else text)
        moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_REAL_YEAR <= moment.year <= LAST_REAL_YEAR else None


def parse_date(text: str) -> date | None:
    """Read a UTC day of the service (a date or a date-time); None if there is none."""
    moment = parse_time(text)
    return moment.date() if moment else None


def check_date(value: object, *, field: str) -> date:
    """Read a UTC day of the user (``2026-04-01`` or a full RFC 3339 time).

    :raises InvalidValue: it is not a date.
    """
    text = as_text(value).strip()
    moment = parse_time(text) if FULL_DATE.fullmatch(text) else None
    if moment is None:
        raise InvalidValue(field, value, "must be a UTC date in the form YYYY-MM-DD")
    return moment.date()
