# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All detectors, and what no recording can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import campaigns, devices, requests, shapes
from .findings import Finding, Verdict, judge
from .recording import Recording
from .story import Story

DETECTORS: tuple[Callable[[Story], Iterator[Finding]], ...] = (
    *(shapes.keys, shapes.forms, shapes.paths),
    *(shapes.expired_sessions, shapes.older_sessions),
    *(requests.names, requests.dates, requests.windows, requests.sizes, requests.change_bodies),
    *(requests.packages, campaigns.deletions, campaigns.cancelled_upgrades),
    *(campaigns.prescheduled, campaigns.entries, campaigns.history, campaigns.forgotten),
    *(campaigns.device_reports, devices.rows, devices.unlicensed, devices.unknown),
    *(devices.versions, devices.cursors),
)

NOT_SHOWN = {
    "token_clock": "a setting of the simulator: the real service has one clock",
}
"""Switches that no traffic can show, and why."""


def verdicts(recording: Recording) -> list[Verdict]:
    """The verdict on each switch that the recording shows something of."""
    story = Story(recording)
    return judge(finding for detect in DETECTORS for finding in detect(story))
