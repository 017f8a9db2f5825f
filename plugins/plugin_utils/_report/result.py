# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last word of a run: what it did, how the rollout stands now, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._model.text import count, visible
from .bars import BAR_WIDTH, draw_bar
from .forecast import deadline_lines
from .licenses import kept_licenses
from .text import awaited_accepts, awaited_lines, is_judged, minute
from .writes import Writes

Facts = Mapping[str, Any]

MOST_LINES = 13
# Those of a run without work where nothing has halted and no operator must act.
FEW_LINES = 6
# Lines of waves, names in a line, and lines to paste; longer lists are cut with a count.
_WAVES, _NAMED, _PASTED = 3, 3, 2
_LONGEST = 500
_NARROW = 60

PHASES = {
    "planned": "planned",
    "nothing_to_do": "nothing to do",
    "running": "running",
    "soaking": "soaking",
    "awaiting_approval": "AWAITS APPROVAL",
    "blocked": "BLOCKED",
    "paused": "paused",
    "completed": "completed",
    "completed_with_exceptions": "completed with exceptions",
    "held": "HELD",
    "halted": "HALTED",
    "observation_failed": "NOT READ",
}
_BAD = frozenset({"held", "halted", "observation_failed"})
# In the reason of a halt.
NOTHING_TO_STOP = "no campaign of this rollout was found in the account, so nothing was stopped"
_REQUESTS = frozenset({"halted", "paused"})
_ATTENTION = frozenset({"awaiting_approval", "blocked", "completed_with_exceptions"})


@dataclass(frozen=True)
class Line:
    """A line of the result.

    :ivar tone: ``good``, ``attention``, ``bad``, or empty.
    """

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Conclusion:
    """A run and what came of it.

    :ivar writes: what was written, with the decision that was carried out.
    :ivar after: the decision that was read after the writes; empty when none was read. One whose
        read failed has no waves. One of an earlier run of the play is older, and does not count.
    :ivar state: that is wanted.
    :ivar next_step: what an operator does next, where the caller knows better.
    """

    writes: Writes
    after: Facts
    state: str
    next_step: str = ""

    @property
    def facts(self) -> Facts:
        """The newest decision that was made."""
        return self.after if self._is_newer else self.writes.decision

    @property
    def unread(self) -> bool:
        """The status after the writes is not known, although it was to be read."""
        return self.writes.any and bool(self.after) and not self._is_newer

    @property
    def _is_newer(self) -> bool:
        before = self.writes.decision
        return is_judged(self.after) and self.after["now"] >= before.get("now", "")

    def did(self) -> list[str]:
        return [_shorten(line) for line in self.writes.describe()]

    def stands(
        self, *, width: int = BAR_WIDTH, ascii_: bool = True, names: bool = True
    ) -> list[Line]:
        """Give the phase, the waves as bars, halted cohorts, and what can still change.

        :param width: of the bars.
        :param names: name some of the devices.
        """
        facts = self.facts
        head = Line(*self._headline())
        if not is_judged(facts):
            return [head]
        kept = kept_licenses(facts)
        return [
            head,
            *_wave_lines(facts["waves"], width, ascii_=ascii_),
            *_cohort_lines(facts),
            *([Line(kept)] if kept else []),
            *_unstoppable_lines(facts, names=names),
            *(Line(line, "attention") for line in deadline_lines(facts)),
        ]

    def next(self) -> list[str]:
        """Say what the rollout waits for, until when, who acts, and what to paste where."""
        if self.next_step:
            return [self.next_step]
        refused = list(self._refused())
        if self.unread:
            return [*refused, "run again to read the status"]
        facts = self.facts
        if not is_judged(facts):
            return ["run again when the service can be read"]
        pasted = self.pasted()
        if pasted:
            more = len(pasted) > _PASTED
            others = ["thingspace.fota.status prints the other lines to paste"] if more else []
            first = ["; ".join(refused)] if refused else []
            return [*first, *pasted[:_PASTED], *others, self._where_to_paste()]
        if refused:
            return ["; ".join(refused)]
        return [_by_request(facts) if self.state in _REQUESTS else _next_by_itself(facts)]

    def pasted(self) -> list[str]:
        """Give the lines to paste that the rollout waits for."""
        lines = map(visible, awaited_lines(self.facts)) if is_judged(self.facts) else ()
        if self.state not in _REQUESTS:
            return list(lines)
        return [line.replace("to continue anyway:", "to continue later:", 1) for line in lines]

    def _where_to_paste(self) -> str:
        approves = bool(self.facts["overrides"]["approved"])
        accepts = bool(awaited_accepts(self.facts))
        names = ["rollout_approved"] * approves + ["rollout_accept"] * accepts
        where = (
            f"paste it under rollout_spec, or give its list as {' or '.join(names)}; where there is"
            " such a list, add to it"
        )
        waits = "; until then, thingspace.fota.rollout waits for it"
        return f"{where}{waits if self.state in _REQUESTS else ''}"

    def _refused(self) -> Iterator[str]:
        """Say what the service has refused, and what to do."""
        facts = self.facts
        live = {each["campaign_id"] for each in facts.get("unstoppable", ())}
        live |= {each["campaign_id"] for each in facts.get("actions", {}).get("cancel", ())}
        ids = [each for each in self.writes.not_cancelled() if self.unread or each in live]
        if ids:
            known = self.writes.decision.get("campaigns", ())
            days = [each.get("end_date", "") for each in known if each["campaign_id"] in ids]
            until = f" until the end of {max(days)} UTC" if any(days) else ""
            again = "thingspace.fota.halt" if self.state == "halted" else "thingspace.fota.rollout"
            yield (
                f"{self.writes.count_campaigns(ids)} {'was' if len(ids) == 1 else 'were'} not"
                f" cancelled and can still change{until}: run {again} again"
            )
        if hint := self.writes.creation_hint():
            hint = hint.rstrip(".")
            yield _shorten(f"no campaign is created until this is solved: {hint}; then run again")

    def lines(self, *, width: int = BAR_WIDTH, ascii_: bool = True) -> list[Line]:
        """Give the whole result, at most :data:`MOST_LINES` lines."""
        head, *stands = self.stands(width=width, ascii_=ascii_)
        did = "; ".join(self.did()) or "nothing"
        return [
            Line(f"RESULT  {head.text}", head.tone),
            *_label("did", [Line(did, "bad" if self.writes.failed else "")]),
            *_label("stands", stands),
            *_label("next", [Line(text) for text in self.next()]),
        ]

    def _headline(self) -> tuple[str, str]:
        facts = self.facts
        if self.unread:
            why = self.after.get("msg") or self.after.get("why") or "no answer"
            name = facts.get("rollout", "")
            return (
                f"rollout {name}: the status after the writes could not be read: {visible(why)};"
                f" before, {_phase(facts)}",
                "bad",
            )
        if not is_judged(facts):
            return visible(facts.get("msg", "")), "bad"
        phase = facts["phase"]
        tone = "bad" if phase in _BAD else "attention" if phase in _ATTENTION else ""
        return f"{_source(facts)}rollout {facts['rollout']}: {_phase(facts)}", (
            "good" if phase == "completed" else tone
        )


def bar_width(columns: int) -> int:
    """Give the width of bars for a terminal."""
    return BAR_WIDTH if columns >= _NARROW else BAR_WIDTH // 2


def _phase(facts: Facts) -> str:
    words = PHASES.get(facts["phase"], facts["phase"])
    why = facts["why"]
    if NOTHING_TO_STOP in why:  # the name may be wrong
        words = f"{NOTHING_TO_STOP}; {words}"
        why = why.replace(f"; {NOTHING_TO_STOP}", "").replace(f"{NOTHING_TO_STOP}; ", "")
    return _shorten(f"{words}; {why}")


def _shorten(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _source(facts: Facts) -> str:
    service = facts.get("service") or {}
    return f"SIMULATED on {service['host']}: " if service.get("simulated") else ""


def _wave_lines(waves: Sequence[Facts], width: int, *, ascii_: bool) -> list[Line]:
    """Draw every wave; of many waves the present one, while those before and after share lines."""
    waves = [wave for wave in waves if wave["devices"]]
    if len(waves) <= _WAVES:
        return _bars(waves, width, ascii_=ascii_)
    passed = [wave["name"] for wave in waves if wave["verdict"] == "pass"]
    others = [wave for wave in waves if wave["verdict"] != "pass"]
    coming = [wave["name"] for wave in others[1:]]
    return [
        *([Line(f"passed: {visible(_names(passed))}", "good")] if passed else []),
        *_bars(others[:1], width, ascii_=ascii_),
        *([Line(f"then: {visible(_names(coming))}")] if coming else []),
    ]


def _bars(waves: Sequence[Facts], width: int, *, ascii_: bool) -> list[Line]:
    """Draw waves, with their numbers and states."""
    longest = max((len(wave["name"]) for wave in waves), default=0)
    tones = {"passed": "good", "awaits_approval": "attention", "halted": "bad", "held": "bad"}
    lines = []
    for wave in waves:
        sums = {
            key: sum(counts[key] for counts in wave["models"])
            for key in ("verified", "failed", "pending")
        }
        numbers = [f"{sums['verified']} of {count(wave['devices'], 'device')} verified"]
        if wave["state"] in ("next", "waiting") and not sums["verified"]:
            sums["pending"] = 0  # nothing has begun
            numbers = [count(wave["devices"], "device")]
        verified, failed, pending = sums.values()
        drawn = draw_bar(verified, failed, pending, wave["devices"], width=width, ascii_=ascii_)
        numbers += [f"{sums[key]} {key}" for key in ("failed", "pending") if sums[key]]
        state = wave["state"].replace("_", " ")
        text = f"{visible(wave['name']).ljust(longest)} {drawn} {', '.join(numbers)}; {state}"
        lines.append(Line(text, tones.get(wave["state"], "")))
    return lines


def _cohort_lines(facts: Facts) -> Iterator[Line]:
    halted = [
        f"{cohort['model']} {cohort['from_version']} -> {cohort['to_version']}"
        f" ({cohort['failures']} of {count(cohort['attempted'], 'device')} failed)"
        for cohort in facts["cohorts"]
        if cohort["state"] == "failed"
    ]
    if halted:
        yield Line(visible(f"halted cohorts: {_names(halted)}"), "bad")


def _unstoppable_lines(facts: Facts, *, names: bool) -> Iterator[Line]:
    campaigns = facts["unstoppable"]
    if campaigns:
        devices = count(sum(campaign["can_change"] for campaign in campaigns), "device")
        days = [campaign["until"] for campaign in campaigns]
        until = (
            "as the network keeps them queued"
            if None in days
            else f"until the end of {max(days)} UTC"
        )
        named = [imei for campaign in campaigns for imei in campaign["imeis"] if names]
        examples = f": {_names(named)}" if named else ""
        yield Line(visible(f"unstoppable: {devices} can still change {until}{examples}"), "bad")


def _by_request(facts: Facts) -> str:
    if NOTHING_TO_STOP in facts["why"]:
        return "check rollout_spec.name and the account, then halt again"
    if facts["phase"] == "halted":
        return (
            "the next run of thingspace.fota.rollout continues this rollout; to keep it halted,"
            " stop its schedule, or run it with rollout_state=halted"
        )
    if facts["phase"] == "paused":
        return "no further campaigns are created until a run with rollout_state=running"
    return _when(facts)


def _next_by_itself(facts: Facts) -> str:
    """Say what comes next where no operator has to act."""
    wave = next((wave for wave in facts["waves"] if wave["state"] in ("running", "soaking")), None)
    parts = []
    if facts["blockers"]:
        parts.append(f"an operator must remove what blocks it: {'; '.join(facts['blockers'])}")
    elif wave is not None and (wave["soak_until"] or "") > facts["now"]:
        parts.append(f"wave {wave['name']} soaks until {minute(wave['soak_until'])} UTC")
    elif wave is not None:
        until = f" until {minute(wave['deadline'])} UTC at the latest" if wave["deadline"] else ""
        parts.append(f"waits for the devices of wave {wave['name']}{until}")
    return visible("; ".join([*parts, _when(facts)]))


def _when(facts: Facts) -> str:
    if facts["next_check_after"] is None:
        return "nothing more is due"
    return f"run again after {minute(facts['next_check_after'])} UTC"


def _label(label: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Put a label before the first line, and the others under it."""
    for number, line in enumerate(lines):
        yield Line(f"  {'' if number else label:<6}  {line.text}", line.tone)


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
