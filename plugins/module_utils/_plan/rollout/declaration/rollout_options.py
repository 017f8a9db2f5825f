# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a declared rollout, for modules, the role and the schema that editors use.

They are described in ``plugins/doc_fragments/rollout.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from ...._model.campaign import CampaignType
from ...._model.errors import InvalidValue
from ...._model.text import as_text
from ...._model.times import check_date, parse_time
from .calendar import Calendar, LocalWindow
from .campaign_names import MOST_ATTEMPTS, MOST_DEVICES, ROLLOUT_NAME
from .option_types import (
    Choice,
    Dict,
    Dicts,
    Entries,
    File,
    Flag,
    FlagOrWord,
    Int,
    NotAllowed,
    Number,
    Option,
    Problems,
    Text,
    Texts,
    write_options,
)
from .spec import GateTest, Licensing, Limits, Timing

# Wave 99 is kept for devices that no wave reached.
MOST_WAVES = 98
MOST_HOURS = 720
MOST_SOAK_HOURS = 24 * 90
DEFAULT_WAVES = (
    {"name": "pilot", "per_package": 5, "at_least": 20},
    {"name": "early", "percent": 5, "at_least": 60},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
)

_DEADLINE = r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?"
_LAST_SECOND = timedelta(days=1, seconds=-1)
_WINDOW = r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)"


def _parse_window(text: str) -> LocalWindow:
    match = re.fullmatch(_WINDOW, text, re.ASCII)
    hours = [int(part) for part in match.groups()] if match else [24, 0, 0, 0]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if hours[0] > 23 or hours[2] > 24 or max(hours[1], hours[3]) > 59:
        raise NotAllowed(_WINDOW_MUST)
    if start == end or end > 24 * 60:
        raise NotAllowed("must not be empty or end after 24:00")
    return LocalWindow(start, end)


@dataclass(frozen=True, kw_only=True)
class Windows(Texts):
    """A list of local hours, each as text or, as campaigns have them, with start and end."""

    elements = "raw"
    list_must: str = "must be a list of windows such as '22:00-04:00' or {start: 22, end: 4}"

    def read(self, value: Any, where: str, problems: Problems) -> Any:
        entries = value if isinstance(value, (list, tuple)) else [value]
        return super().read([_window_text(entry) for entry in entries], where, problems)


def _window_text(entry: Any) -> Any:
    """Give a window with start and end as text; anything else as it is."""
    if not isinstance(entry, Mapping) or set(entry) != {"start", "end"}:
        return entry
    hours = [entry["start"], entry["end"]]
    return "-".join(
        as_text(hour) if isinstance(hour, (str, bool)) else f"{as_text(hour):>02}:00"
        for hour in hours
    )


def _parse_date(text: str) -> date:
    try:
        return check_date(text, field="")
    except InvalidValue as error:
        raise NotAllowed("must be a date of the form YYYY-MM-DD") from error


def _parse_deadline(text: str) -> datetime:
    """Read a moment with a zone; a day means its last second, as campaigns have UTC days."""
    moment = parse_time(text.replace(" ", "T", 1))
    if moment is None:
        raise NotAllowed(_DEADLINE_MUST)
    return moment if len(text) > len("YYYY-MM-DD") else moment + _LAST_SECOND


def _hours(value: timedelta) -> int:
    return int(value.total_seconds()) // 3600


_WINDOW_MUST = "must be local hours such as '22:00-04:00'"
_LIMITS, _TIMING, _CALENDAR = Limits(), vars(Timing()), Calendar()
_VERSION = Text(required=True, exact=True)
_WORD = Text(required=True)
_DEADLINE_MUST = (
    "must be a date of the form YYYY-MM-DD, which means the end of that UTC day, or a date and time"
    " with a zone, such as 2026-12-18T22:00:00Z"
)
_LATEST = Text(pattern=_DEADLINE, must=_DEADLINE_MUST, parse=_parse_deadline)
_DIGEST = Text(
    pattern=r"[0-9A-Fa-f]{4,64}",
    must="must be a digest, or its first 4 hex digits or more",
    parse=str.lower,
)
_GENERATIONS = Texts(
    pattern=r"[0-9A-Fa-f]{6}",
    must="must be generations, of 6 hex digits each, as the plan prints them: quote them",
    parse=str.lower,
)
_DAY = Text(required=True, must="must be a date of the form YYYY-MM-DD", parse=_parse_date)

GATE: dict[str, Option] = {
    "max_failure_rate": Number(),
    "max_failures": Int(least=0, most=MOST_DEVICES, limits=True),
    "min_success_rate": Number(limits=True),
    "test": Choice(choices=tuple(test.value for test in GateTest)),
    "min_sample": Int(least=1, most=MOST_DEVICES),
    "min_coverage": Number(),
    "max_rejected": Number(),
    "max_failed_cohort_share": Number(aliases=("max_failed_lane_share",)),
    "soak_hours": Int(least=0, most=MOST_SOAK_HOURS),
    "approval": Flag(),
}

WAVES = Dicts(
    options={
        "name": Text(
            required=True,
            pattern=r"[A-Za-z0-9_-]{1,30}",
            must="must be 1 to 30 characters of A-Z, a-z, 0-9, _ and -",
        ),
        "group": Text(),
        "per_package": Int(least=1, most=MOST_DEVICES),
        "count": Int(least=1, most=MOST_DEVICES),
        "percent": Number(most=100, above=True),
        "rest": Flag(),
        "at_least": Int(least=1, most=MOST_DEVICES),
        "diversity": Texts(),
        "days": Int(least=2, most=31),
        "retry": Int(least=0, most=MOST_ATTEMPTS - 1),
        "gate": Dict(options=GATE),
    }
)

ROLLOUT: dict[str, Option] = {
    "name": Text(
        required=True,
        pattern=ROLLOUT_NAME.pattern,
        must="must be 1 to 20 characters of a-z, 0-9 and -, as campaigns carry it in their names",
    ),
    "type": Choice(
        choices=tuple(kind.value for kind in CampaignType), default=CampaignType.FIRMWARE.value
    ),
    "protocol": Choice(choices=CampaignType.FIRMWARE.protocols),
    "target": Dicts(
        required=True,
        options={"make": _WORD, "model": _WORD, "version": _VERSION, "deadline": _LATEST},
    ),
    "deadline": _LATEST,
    "packages": Dicts(
        options={
            "name": _WORD,
            "from": _VERSION,
            "to": _VERSION,
            "make": _WORD,
            "model": _WORD,
        }
    ),
    "verify": Choice(choices=("read", "reported_is_enough"), default="read"),
    "devices": Entries(),
    "devices_file": File(),
    "imei_column": Text(),
    "waves": WAVES,
    "retry": Int(least=0, most=MOST_ATTEMPTS - 1, default=1),
    "sweep": Flag(default=True),
    "gate": Dict(options=GATE),
    "calendar": Dict(
        options={
            "windows": Windows(must=_WINDOW_MUST, parse=_parse_window),
            "timezone": Text(),
            "freeze": Dicts(empty=True, options={"from": _DAY, "to": _DAY, "why": Text()}),
            "lead_hours": Int(least=1, most=MOST_HOURS, default=_hours(_CALENDAR.lead)),
            "min_days": Int(least=1, most=31, default=_CALENDAR.min_days),
        }
    ),
    "limits": Dict(
        options={
            "max_campaign_devices": Int(
                least=1, most=MOST_DEVICES, default=_LIMITS.max_campaign_devices
            ),
            "max_creates": Int(least=1, most=100, default=_LIMITS.max_creates),
            "max_exposure": Int(least=1, most=MOST_DEVICES),
            "max_shrink": Number(default=_LIMITS.max_shrink),
        }
    ),
    "timing": Dict(
        options={
            f"{name}_hours": Int(least=1, most=MOST_HOURS, default=_hours(value))
            for name, value in _TIMING.items()
        }
    ),
    "qualified_packages": Texts(),
    "assign_licenses": FlagOrWord(choices=tuple(map(str, Licensing)), default="false"),
    "approved": Dicts(
        empty=True,
        options={
            "wave": _WORD,
            "digest": replace(_DIGEST, required=True),
            "failures": Int(least=0, most=MOST_DEVICES, default=0),
            "generations": _GENERATIONS,
        },
    ),
    "accept": Dicts(
        empty=True,
        options={
            "wave": _WORD,
            "cohort": Text(aliases=("lane",)),
            "failures": Int(least=0, most=MOST_DEVICES, default=0),
            "up_to": Int(least=0, most=MOST_DEVICES),
            "missing": Int(least=1, most=MOST_DEVICES),
            "again": Int(least=0, most=MOST_DEVICES),
            "generations": _GENERATIONS,
            "by": _WORD,
            "reason": _WORD,
        },
    ),
    "require_digest": _DIGEST,
    "supersede": Flag(default=False),
    "late_joiners": Choice(choices=("leave", "last"), default="leave"),
    "on_halt": Choice(choices=("shorten", "abort"), default="shorten"),
}


def argument_spec() -> dict[str, dict[str, Any]]:
    """Give the suboptions of ``rollout`` as Ansible's argument spec writes them."""
    return write_options(ROLLOUT)
