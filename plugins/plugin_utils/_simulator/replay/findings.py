# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recorded exchanges show about the switches of the simulator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..state.switches import TABLE
from .recording import Exchange


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation.

    :ivar values: of the switch that agree with it; none if the service does something else.
    :ivar line: of the recording.
    :ivar seen: what was observed, in a few words.
    """

    switch: str
    values: frozenset[str]
    line: int
    seen: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All observations of one switch together.

    :ivar values: that agree with all of them; empty if they contradict each other or every value.
    """

    switch: str
    question: str
    values: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def settled(self) -> bool:
        """Whether exactly one value is left."""
        return len(self.values) == 1


def found(switch: str, exchange: Exchange, seen: str, *values: str) -> Finding:
    """An observation that agrees with these values."""
    return Finding(switch, frozenset(values), exchange.line, seen)


def judge(findings: Iterable[Finding]) -> list[Verdict]:
    """The verdict on each switch that was observed, in the order of the table."""
    by_switch: dict[str, list[Finding]] = {}
    for finding in findings:
        by_switch.setdefault(finding.switch, []).append(finding)
    verdicts = []
    for switch in TABLE:
        seen = by_switch.get(switch.name)
        if seen:
            left = [value for value in switch.choices if all(value in item.values for item in seen)]
            verdicts.append(Verdict(switch.name, switch.question, tuple(left), tuple(seen)))
    return verdicts
