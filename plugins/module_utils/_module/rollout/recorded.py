# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads back what :mod:`evidence` gives, from a line of a journal or a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from ..._model.hash_chain import is_integer
from ..._model.text import brief
from ..._plan.rollout.declaration.campaign_names import parse_name
from ..._plan.rollout.declaration.spec import Accept, Approval, Gate, GateTest, Target
from ..._plan.rollout.judgement.gate import Circumstances, GateVerdict, Moment, Numbers
from ..._plan.rollout.judgement.recheck import (
    RecordedCohort,
    RecordedPart,
    RecordedRun,
    RecordedWave,
)
from ..._plan.rollout.judgement.wave_part import Case, Earlier, TargetCounts
from ..._plan.rollout.judgement.waves import SEVERITY
from .evidence import ALL

# No fleet has more devices, and no soak or limit is larger.
_MOST = 10_000_000
_NEEDED = object()


class Unreadable(ValueError):
    """A record is not what a run writes; the message names the key."""


def read_run(record: Mapping[str, Any]) -> RecordedRun:
    """Read the record of a run.

    :raises Unreadable: it is not what a run writes.
    """
    fields = _Fields(record, "")
    evidence = fields.fields("evidence")
    targets = _Targets(evidence.each("targets"))
    now = evidence.time("now")
    if now is None:
        raise Unreadable("evidence.now must be a time")
    gates = {wave: gate for each in evidence.each("gates") for wave, gate in _read_gate(each)}
    names = (parse_name(name) for name in _names(fields))
    return RecordedRun(
        state=fields.text("state", ""),
        phase=fields.text("phase"),
        digest=fields.text("digest", ""),
        gates=gates,
        waves=tuple(_read_wave(each, targets, now) for each in evidence.each("waves")),
        cohorts=tuple(_read_cohort(each) for each in evidence.each("cohorts")),
        approved=tuple(_read_approval(each) for each in evidence.each("approved")),
        accepted=tuple(_read_accept(each) for each in evidence.each("accepted")),
        created=tuple(name for name in names if name is not None),
        generations=targets.generations,
        left_out=frozenset(evidence.fields("left_out").values),
        judged=evidence.flag("judged") and fields.get("phase") != "planned",
    )


def _names(fields: _Fields) -> Iterable[str]:
    """Give the names of the campaigns that a run asked for."""
    for action in fields.each("actions", []):
        if action.get("action", "") == "create":
            yield action.text("name", "")


class _Targets:
    """Targets by generation; those that are not recorded have no model."""

    def __init__(self, entries: Iterable[_Fields]) -> None:
        self._known = {}
        for entry in entries:
            generation = entry.text("generation")
            target = Target(*(entry.text(name) for name in ("make", "model", "version")))
            if target.generation != generation:
                # It was too long, and is cut.
                target = Target("", generation, "")
            self._known[generation] = target

    @property
    def generations(self) -> frozenset[str]:
        """Give the generations that are recorded."""
        return frozenset(self._known)

    def find(self, generation: str) -> Target:
        """Give a target."""
        return self._known.get(generation) or Target("", generation, "")

    def read(self, fields: _Fields, name: str) -> frozenset[Target]:
        """Read a list of generations."""
        if fields.get(name) == ALL:
            return frozenset(self._known.values())
        return frozenset(map(self.find, fields.texts(name)))


@dataclass(frozen=True)
class _Fields:
    """A JSON object whose members are checked as they are read; ``where`` is for messages."""

    values: Mapping[str, Any]
    where: str

    def get(self, name: str, default: Any = _NEEDED) -> Any:
        value = self.values.get(name, default)
        if value is _NEEDED:
            raise Unreadable(f"{self.where}{name} is missing")
        return value

    def text(self, name: str, default: Any = _NEEDED) -> str:
        return str(self._check(name, default, str, "text"))

    def flag(self, name: str) -> bool:
        return bool(self._check(name, _NEEDED, bool, "true or false"))

    def number(self, name: str, default: Any = _NEEDED) -> int:
        return self._number(name, self.get(name, default))

    def limit(self, name: str) -> int | None:
        """Read a number that may be missing."""
        value = self.get(name, None)
        return None if value is None else self._number(name, value)

    def numbers(self, name: str, length: int) -> dict[str, list[int]]:
        """Read an object of lists of numbers."""
        found = {}
        for key, value in self.fields(name).values.items():
            if not isinstance(value, list) or len(value) != length:
                raise Unreadable(f"{self.where}{name}.{key} must have {length} numbers")
            found[key] = [self._number(f"{name}.{key}", number) for number in value]
        return found

    def rate(self, name: str) -> Fraction:
        try:
            rate = Fraction(self.text(name))
        except (ValueError, ZeroDivisionError) as error:
            raise Unreadable(f"{self.where}{name} must be a fraction") from error
        if not 0 <= rate <= 1 or rate.denominator > _MOST**2:
            raise Unreadable(f"{self.where}{name} must be from 0 to 1")
        return rate

    def time(self, name: str, default: Any = _NEEDED) -> datetime | None:
        value = self.get(name, default)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError as error:
            raise Unreadable(f"{self.where}{name} must be a time, not {brief(value)}") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def fields(self, name: str) -> _Fields:
        return _Fields(self._check(name, _NEEDED, dict, "an object"), f"{self.where}{name}.")

    def each(self, name: str, default: Any = _NEEDED) -> list[_Fields]:
        """Read a list of objects."""
        found = []
        for place, value in enumerate(self._check(name, default, list, "a list")):
            where = f"{self.where}{name}[{place}]"
            if not isinstance(value, dict):
                raise Unreadable(f"{where} must be an object")
            found.append(_Fields(value, f"{where}."))
        return found

    def texts(self, name: str, default: Any = _NEEDED) -> list[str]:
        values: list[Any] = self._check(name, default, list, "a list")
        if not all(isinstance(value, str) for value in values):
            raise Unreadable(f"{self.where}{name} must be a list of texts")
        return values

    def _check(self, name: str, default: Any, type_: type, what: str) -> Any:
        value = self.get(name, default)
        if not isinstance(value, type_):
            raise Unreadable(f"{self.where}{name} must be {what}, not {brief(value)}")
        return value

    def _number(self, name: str, value: object) -> int:
        if not is_integer(value) or not 0 <= value <= _MOST:
            raise Unreadable(
                f"{self.where}{name} must be an integer from 0 to {_MOST}, not {brief(value)}"
            )
        return value


def _read_gate(fields: _Fields) -> Iterable[tuple[int, Gate]]:
    """Read a gate, for each wave that it is of."""
    test, needed = fields.text("test"), fields.get("min_success_rate")
    if test not in [each.value for each in GateTest]:
        raise Unreadable(f"{fields.where}test is not known: {brief(test)}")
    gate = Gate(
        max_failure_rate=fields.rate("max_failure_rate"),
        max_failures=fields.limit("max_failures"),
        min_success_rate=None if needed is None else fields.rate("min_success_rate"),
        min_sample=fields.number("min_sample"),
        min_coverage=fields.rate("min_coverage"),
        max_rejected=fields.rate("max_rejected"),
        max_failed_cohort_share=fields.rate("max_failed_cohort_share"),
        soak=timedelta(seconds=fields.number("soak")),
        approval=fields.flag("approval"),
        test=GateTest(test),
    )
    waves = fields.get("waves")
    if not isinstance(waves, list) or not all(map(is_integer, waves)):
        raise Unreadable(f"{fields.where}waves must be a list of integers")
    return [(wave, gate) for wave in waves]


def _read_verdict(fields: _Fields, known: Iterable[GateVerdict] = GateVerdict) -> GateVerdict:
    word = fields.text("verdict")
    if word not in [each.value for each in known]:
        raise Unreadable(f"{fields.where}verdict is not known: {brief(word)}")
    return GateVerdict(word)


def _read_wave(fields: _Fields, targets: _Targets, now: datetime) -> RecordedWave:
    parts = fields.each("parts")
    return RecordedWave(
        number=fields.number("number"),
        name=fields.text("name"),
        verdict=_read_verdict(fields),
        begun=fields.flag("begun"),
        open_for=targets.read(fields, "open_for"),
        passed_for=targets.read(fields, "passed_for"),
        left=targets.read(fields, "left"),
        parts=tuple(_read_part(part, targets, now) for part in parts),
    )


def _read_part(fields: _Fields, targets: _Targets, now: datetime) -> RecordedPart:
    given = Circumstances(
        now=now,
        deadline=fields.time("deadline"),
        stopped=fields.text("stopped"),
        canceled=fields.text("canceled", ""),
        accepted=fields.limit("accepted"),
    )
    earlier = None
    if fields.get("earlier") is not None:
        before = fields.fields("earlier")
        earlier = Earlier(_read_numbers(before, now), before.time("deadline"))
    counts = {
        targets.find(generation): TargetCounts(*numbers)
        for generation, numbers in fields.numbers("by_target", 3).items()
    }
    return RecordedPart(
        targets=targets.read(fields, "targets"),
        case=Case(_read_numbers(fields, now), given, earlier, trying=fields.flag("trying")),
        counts=counts,
        verdict=_read_verdict(fields, SEVERITY),
    )


def _read_numbers(fields: _Fields, now: datetime) -> Numbers:
    """Read devices, counted, with as many times as decide: those of the success that met the
    numbers, and of the versions that were read after the soak."""
    names = ("members", "verified", "failed", "unknown", "silent", "under_way", "devices")
    counts = {name: fields.number(name) for name in names}
    met_at = fields.time("met_at")
    reads = fields.number("read_after_soak")
    if counts["verified"] > counts["members"] or reads > counts["verified"]:
        raise Unreadable(f"{fields.where}verified is more than there are")
    return Numbers(
        **counts,
        rejected=fields.number("rejected"),
        in_failed_cohorts=fields.number("in_failed_cohorts"),
        too_many_once=_read_moment(fields, "too_many_once"),
        over_limit_once=_read_moment(fields, "over_limit_once"),
        successes=(met_at or now,) * counts["verified"],
        reads=(now,) * reads,
    )


def _read_moment(fields: _Fields, name: str) -> Moment | None:
    if fields.get(name) is None:
        return None
    moment = fields.fields(name)
    at = moment.time("at")
    if at is None:
        raise Unreadable(f"{moment.where}at must be a time")
    counts = (moment.number(key) for key in ("members", "attempted", "failures"))
    return Moment(at, *counts)


def _read_cohort(fields: _Fields) -> RecordedCohort:
    limits = fields.fields("limits")
    return RecordedCohort(
        package=fields.text("package"),
        codes=tuple(fields.texts("codes")),
        failures=fields.number("failures"),
        accepted=fields.number("accepted"),
        limits={_wave(wave): limits.number(wave) for wave in limits.values},
        failed_at=fields.time("failed_at"),
        counts={
            _wave(wave): (numbers[0], numbers[1])
            for wave, numbers in fields.numbers("counts", 2).items()
        },
    )


def _wave(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Unreadable(f"{brief(text)} is not the number of a wave")
    return int(text)


def _read_approval(fields: _Fields) -> Approval:
    return Approval(fields.text("wave"), fields.text("digest"), fields.number("failures", 0))


def _read_accept(fields: _Fields) -> Accept:
    return Accept(
        fields.text("wave"),
        fields.text("cohort", ""),
        fields.number("failures", 0),
        fields.limit("up_to"),
        by=fields.text("by", ""),
        reason=fields.text("reason", ""),
        generations=tuple(fields.texts("generations", [])),
        missing=fields.number("missing", 0),
        again=fields.number("again", 0),
    )
