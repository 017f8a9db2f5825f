# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what a JSON report shows with its evidence, and with the line of its moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.text import brief
from ..._model.times import parse_time
from ..._plan.rollout.declaration.campaign_names import parse_name
from .view import view_time

Facts = Mapping[str, Any]

# What a report has in common with the line of its run.
_SHARED = ("rollout", "phase", "why", "digest", "counts", "exposure", "passed", "evidence")
# The verdict of the wave that gives the reason of a phase.
_DECISIVE = {"halted": "fail", "soaking": "soak", "awaiting_approval": "approve"}


def compare_report(report: Facts) -> Iterator[str]:
    """Say which facts of a report differ from its evidence, or from each other.

    :param report: whose evidence was read.
    :raises KeyError: a fact is missing.
    :raises TypeError: a fact is of another type; AttributeError and ValueError are the same.
    """
    evidence = report["evidence"]
    if report["now"] != view_time(parse_time(evidence["now"])):
        yield f"its time {brief(report['now'])} is not that of its evidence, {evidence['now']}"
    for each in report["campaigns"]:
        name = parse_name(each["name"])
        if name is None or name.rollout != report["rollout"]:
            yield f"campaign {brief(each['name'])} is not of rollout {brief(report['rollout'])}"
    for each in report["overrides"]["approved"]:
        if not report["digest"].startswith(each["digest"]):
            yield f"its digest {brief(report['digest'])} is not that of the approvals it asks for"
    yield from _compare_counts(report)
    shown = {wave["number"]: wave for wave in report["waves"]}
    for wave in evidence["waves"]:
        yield from _compare_wave(wave, shown.get(wave["number"]))
    if evidence["judged"]:
        yield from _compare_why(report)


def _compare_counts(report: Facts) -> Iterator[str]:
    """The counts are those of all waves, and of all devices where these are listed."""
    counts = report["counts"]
    added: Counter[str] = Counter()
    for wave in report["waves"]:
        added.update(wave["counts"])
    for kind, number in added.items():
        if counts.get(kind) != number:
            yield f"counts: {kind} is {brief(counts.get(kind))}, but its waves have {number}"
    if counts["in_scope"] != sum(added.values()):
        in_waves = sum(added.values())
        yield f"counts: in_scope is {brief(counts['in_scope'])}, but its waves have {in_waves}"


def _compare_wave(wave: Facts, shown: Facts | None) -> Iterator[str]:
    """A wave has the verdict, the reason and the numbers of its evidence."""
    name = brief(wave["name"])
    if shown is None:
        yield f"wave {name} of its evidence is not shown"
        return
    pairs = [(key, shown[key], wave[key]) for key in ("name", "verdict", "begun")]
    if not wave["why"].endswith("..."):
        pairs.append(("why", shown["why"], wave["why"]))
    if wave["parts"]:
        pairs += [
            (key, shown[key], sum(part[key] for part in wave["parts"]))
            for key in ("members", "verified")
        ]
    for key, is_, was in pairs:
        if is_ != was:
            yield f"wave {name}: {key} is shown as {brief(is_)}, but its evidence has {brief(was)}"


def _compare_why(report: Facts) -> Iterator[str]:
    """The reason of the phase is that of the first wave that decides it."""
    verdict = _DECISIVE.get(report["phase"])
    if "waves" in report["evidence"]["left_out"]:
        return
    wave = next((each for each in report["evidence"]["waves"] if each["verdict"] == verdict), None)
    if wave is None or wave["why"].endswith("..."):
        return
    if not report["why"].endswith(f"wave {wave['name']}: {wave['why']}"):
        yield f"why is {brief(report['why'])}, but wave {brief(wave['name'])}: {brief(wave['why'])}"


def compare_with_line(report: Facts, line: Facts, number: int) -> Iterator[str]:
    """Say which facts of a report differ from the line of the same moment.

    :param number: of the line.
    """
    for key in _SHARED:
        cut = key == "why" and str(line.get(key)).endswith("...")
        if key in report and report[key] != line.get(key) and not cut:
            yield f"{key} is not that of line {number} of the journal, which is of the same moment"
