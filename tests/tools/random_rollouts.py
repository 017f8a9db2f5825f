# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts drawn from a seed: the declaration, the account, its faults, and what people do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from ansible_collections.thingspace.fota.tests.tools.decision_facts import Facts, decide_run
from ansible_collections.thingspace.fota.tests.tools.faulty_service import FaultyService
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    MAKER,
    NOW,
    day,
    declared,
    device,
    hours,
    imei,
    package,
    pool,
    target,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import FATES

# Type and protocol of the declaration, then how devices and packages spell the protocol.
SORTS = {
    "firmware": ("firmware", "LWM2M", "LWM2M", "LWM2M"),
    "oma": ("firmware", "OMA", "OMADM", "OMD-DM"),
    "software": ("software", "HTTP", "HTTP", ""),
}
PATHS = (("M1", "A B"), ("M1", "B C"), ("M2", "A C"), ("M2", "A B"))
ONE_STEP = (("M1", "A B"), ("M2", "A B"), ("M1", "A C"), ("M1", "B C"), ("M2", "B C"))
ZONES = ("UTC", "Europe/Berlin", "America/Chicago", "Asia/Kolkata")
MOST_RUNS = 48
# A rollout in which nothing has changed for so many runs is left.
QUIET_RUNS = 9


@dataclass
class Operator:
    """What people do when a rollout waits for them.

    :ivar patience: runs from a phase that waits for a person to what they do.
    :ivar accepts: how often failures are accepted, at most.
    """

    dice: Random
    patience: int
    accepts: int
    waited: int = 0

    def answer(self, facts: Facts, declaration: dict[str, Any]) -> None:
        """Add approvals and accepts to a declaration, by what the last run has said."""
        phase = facts.get("phase")
        self.waited = self.waited + 1 if phase in ("awaiting_approval", "halted", "held") else 0
        if self.waited <= self.patience:
            return
        self.waited = 0
        if phase == "awaiting_approval":
            self._approve(facts, declaration)
        elif self.accepts:
            self.accepts -= 1
            self._accept(facts, declaration)

    def _approve(self, facts: Facts, declaration: dict[str, Any]) -> None:
        waiting = next(wave for wave in facts["waves"] if wave["verdict"] == "approve")
        spoiled = self.dice.random() < 0.15
        failures = waiting["failures"] + self.dice.choice([0, 0, 0, 1, 2])
        approval = {
            "wave": waiting["name"],
            "digest": "0000" if spoiled else facts["digest"][:12],
            "failures": max(0, failures - self.dice.choice([0, 0, 0, 0, 1])),
        }
        declaration.setdefault("approved", []).append(approval)

    def _accept(self, facts: Facts, declaration: dict[str, Any]) -> None:
        stopped = [wave for wave in facts["waves"] if wave["verdict"] in ("fail", "hold")]
        failed = [cohort for cohort in facts["cohorts"] if cohort["state"] == "failed"]
        begun = [wave for wave in facts["waves"] if wave["begun"]] or facts["waves"]
        accept: dict[str, Any] = {"by": "someone", "reason": "known"}
        if failed and self.dice.random() < 0.6:
            cohort = self.dice.choice(failed)
            accept |= {"wave": begun[-1]["name"], "cohort": self.dice.choice(cohort["codes"])}
            failures = cohort["failures"]
        else:
            named = self.dice.choice(stopped or facts["waves"])
            accept |= {"wave": named["name"]}
            failures = named["failures"]
        up_to = failures + self.dice.choice([0, 0, 1, 3, 20])
        accept |= {"failures": failures, "up_to": up_to}
        declaration.setdefault("accept", []).append(accept)


@dataclass
class Rollout:
    """A rollout to run.

    :ivar steps: hours between runs, in turn.
    :ivar selections: the devices of each run; the last of them from then on.
    :ivar states: what is wanted from a run on, by its number.
    :ivar changes: members of the declaration that change from a run on, by its number.
    :ivar requires_digest: the digest of the first run is required from then on.
    """

    declaration: dict[str, Any]
    service: FaultyService
    steps: list[int]
    selections: list[list[dict[str, Any]]]
    operator: Operator
    states: dict[int, str] = field(default_factory=dict)
    changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    requires_digest: bool = False

    def runs(self) -> Iterator[Facts]:
        """Run it; gives the facts of each run."""
        state, before, stood, quiet = "running", {}, (), 0
        last_change = max([0, *self.states, *self.changes])
        for number in range(MOST_RUNS):
            state = self.states.get(number, state)
            self.declaration |= self.changes.get(number, {})
            self.declaration["devices"] = self.selections[min(number, len(self.selections) - 1)]
            self.service.let_others_act()
            facts = decide_run(self.declaration, self.service, state=state, before=before)
            yield facts
            if "refused" not in facts:
                before = facts
                self.service.abort(own["campaign_id"] for own in facts["actions"]["abort"])
                self.operator.answer(facts, self.declaration)
                if self.requires_digest:
                    self.declaration.setdefault("require_digest", facts["digest"][:8])
            stands = facts.get("phase"), facts.get("counts"), facts.get("exposure")
            quiet = quiet + 1 if stands == stood and not facts.get("would_change") else 0
            stood = stands
            if quiet >= QUIET_RUNS and number > last_change:
                return
            self.service.now += hours(self.steps[number % len(self.steps)])


class Draw:
    """Draws one rollout."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._sort = self._dice.choices(list(SORTS), [7, 2, 2])[0]
        self._type, self._protocol, self._spoken, self._listed = SORTS[self._sort]
        self._paths = self._chance(0.45)
        self._goal = "C" if self._paths else "B"
        self._name = self._dice.choice(["meters", "pumps", "spring-26"])
        smallest, largest = self._dice.choice([(1, 9), (6, 40), (6, 40), (30, 90)])
        self._size = self._dice.randint(smallest, largest)
        self._packages = PATHS if self._paths else ONE_STEP

    def rollout(self) -> Rollout:
        dice = self._dice
        entries = self._entries()
        declaration = self._declaration(entries)
        states = self._states()
        changes = self._changes(states)
        return Rollout(
            declaration=declaration,
            service=self._service(entries),
            steps=[dice.choice([1, 4, 7, 9, 13, 24, 36]) for _ in range(dice.randint(1, 5))],
            selections=self._selections(entries),
            operator=Operator(
                Random(dice.random()), dice.choice([0, 0, 1, 3, 100]), dice.choice([0, 0, 1, 3])
            ),
            states=states,
            changes=changes,
            requires_digest=self._chance(0.08),
        )

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share

    def _sometimes(self, share: float, members: dict[str, Any]) -> dict[str, Any]:
        """Each of the members with this chance."""
        return {key: value for key, value in members.items() if self._chance(share)}

    # -- the declaration

    def _entries(self) -> list[dict[str, Any]]:
        dice, grouped = self._dice, self._chance(0.5)
        return [
            {
                "imei": imei(number),
                "timezone": dice.choice(ZONES[: 1 + self._size % 4]),
                "site": f"s{dice.randint(1, 3)}",
                **({"host": f"host{number}"} if grouped else {}),
                # Waves of groups need a device in each of them in every selection.
                "groups": [name for name in ("lab", "field") if not number or self._chance(0.2)],
            }
            for number in range(self._size)
        ]

    def _declaration(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        dice = self._dice
        members: dict[str, Any] = {
            "name": self._name,
            "type": self._type,
            "protocol": self._protocol,
            "target": self._targets(self._goal),
            "waves": self._waves(),
            "gate": {} if self._chance(0.1) else {"soak_hours": 0, "approval": False},
            "retry": dice.choice([0, 0, 1, 2]),
            "sweep": self._chance(0.5),
            "late_joiners": dice.choice(["leave", "last"]),
            "on_halt": dice.choice(["shorten", "abort"]),
            "limits": self._sometimes(
                0.4,
                {
                    "max_campaign_devices": dice.choice([3, 6, 25]),
                    "max_creates": dice.choice([1, 2, 4]),
                    "max_exposure": dice.choice([1, 5, 20, 30, 40]),
                },
            ),
            "timing": self._sometimes(
                0.3,
                {
                    "verify_grace_hours": dice.choice([1, 6, 48]),
                    "silent_after_hours": dice.choice([2, 12, 60]),
                    "report_grace_hours": dice.choice([1, 12, 72]),
                    "settle_retry_hours": dice.choice([1, 12, 72]),
                    "step_grace_hours": dice.choice([1, 24, 300]),
                },
            ),
            "calendar": self._calendar() if self._chance(0.4) else {},
        }
        if self._chance(0.15):
            members["qualified_packages"] = [dice.choice(["M1-A-B", "M2-A-B", "M1-B-C"])]
        if self._chance(0.05):
            members["supersede"] = True
        if self._type == "software":
            members["packages"] = [
                {"name": f"{model}-{path[0]}-{path[2]}", "make": MAKER, "model": model}
                | {"from": path[0], "to": path[2]}
                for model, path in self._packages
            ]
            members["verify"] = dice.choice(["read", "reported_is_enough"])
        elif self._chance(0.4):
            members["assign_licenses"] = True
        return declared(entries, **members)

    def _targets(self, version: str) -> list[dict[str, str]]:
        return [target("M1", version), target("M2", version)]

    def _waves(self) -> list[dict[str, Any]]:
        dice = self._dice
        waves = []
        groups = ["lab", "field"]
        for number in range(dice.choice([0, 1, 1, 2, 2, 3])):
            kind = dice.choice(["group", "per_package", "per_package", "count", "percent"])
            members: dict[str, Any] = {
                "group": lambda: {"group": groups.pop() if groups else "lab"},
                "per_package": lambda: {
                    "per_package": dice.randint(1, 9),
                    **self._sometimes(
                        0.4, {"at_least": dice.randint(1, 25), "diversity": ["site"]}
                    ),
                },
                "count": lambda: {"count": dice.randint(1, 30)},
                "percent": lambda: {
                    "percent": dice.choice([5, 12.5, 33]),
                    **self._sometimes(0.4, {"at_least": dice.randint(1, 25)}),
                },
            }[kind]()
            waves.append(wave(f"w{number}", **members, **self._common_of_waves()))
        return [*waves, wave("last", **self._common_of_waves())]

    def _common_of_waves(self) -> dict[str, Any]:
        dice = self._dice
        gate = self._sometimes(
            0.3,
            {
                "max_failure_rate": dice.choice(["0", "0.05", "0.1", "0.3", "0.6", "1"]),
                "min_sample": dice.randint(1, 8),
                "min_coverage": dice.choice(["0", "0.3", "0.5", "0.8", "1"]),
                "max_failures": dice.randint(0, 6),
                "min_success_rate": dice.choice(["0", "0.4", "0.9"]),
                "max_rejected": dice.choice(["0", "0.1", "0.5", "1"]),
                "max_failed_cohort_share": dice.choice(["0", "0.2", "0.5", "1"]),
                "soak_hours": dice.choice([1, 12, 30, 72]),
                "approval": True,
            },
        )
        more = {"days": dice.randint(2, 6), "retry": dice.randint(0, 3)}
        return {"gate": gate, **self._sometimes(0.5, more)}

    def _calendar(self) -> dict[str, Any]:
        dice, first = self._dice, self._dice.randint(0, 8)
        return {
            "timezone": dice.choice(ZONES),
            **self._sometimes(
                0.6,
                {
                    "windows": dice.choice([["22:00-04:00"], ["08:00-12:00", "13:30-17:00"]]),
                    "freeze": [
                        {"from": str(day(first)), "to": str(day(first + 2)), "why": "x"},
                        {"from": str(day(first + 5)), "to": str(day(first + 6))},
                    ],
                    "lead_hours": dice.choice([1, 6, 40]),
                    "min_days": dice.choice([1, 2, 3, 5]),
                },
            ),
        }

    # -- how it goes on

    def _selections(self, entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        dice = self._dice
        if self._chance(0.6):
            return [entries]
        if self._chance(0.7):
            sizes = [dice.randint(1, self._size) for _ in range(dice.randint(2, 30))]
            return [entries[:size] for size in sorted(sizes)]
        picks = [
            dice.sample(entries, dice.randint(1, self._size)) for _ in range(dice.randint(2, 9))
        ]
        return [[entries[0], *(entry for entry in pick if entry != entries[0])] for pick in picks]

    def _states(self) -> dict[int, str]:
        dice = self._dice
        states = {0: "planned"} | {1: "running"} if self._chance(0.15) else {}
        if self._chance(0.3):
            begin = dice.randint(1, 14)
            states |= {begin: dice.choice(["paused", "halted"])}
            states |= {begin + dice.choice([1, 3, 40]): "running"}
        return states

    def _changes(self, states: dict[int, str]) -> dict[int, dict[str, Any]]:
        """:param states: to which those of a switch of targets are added."""
        dice, changes = self._dice, {}
        if not self._paths and self._chance(0.4):
            supersede = {"supersede": True} if self._chance(0.6) else {}
            number = dice.randint(1, 12)
            changes[number] = {"target": self._targets("C"), **supersede}
            if self._chance(0.3):
                states |= {number: dice.choice(["paused", "halted"]), number + 4: "running"}
        if self._chance(0.05):
            changes[dice.randint(1, 12)] = {"waves": [wave("last")], "approved": [], "accept": []}
        return changes

    # -- the account

    def _service(self, entries: list[dict[str, Any]]) -> FaultyService:
        dice = self._dice
        some = range(1, 1 if self._chance(0.4) else 9)
        starts = NOW + hours(dice.randint(0, 200))
        busy = [entry["imei"] for entry in entries if self._chance(0.1)]
        doubled = dice.choice([0, 0, 0.1, 0.5])
        unread = dice.choice([0, 0, 0, 0.05, 0.5])
        often = dice.choice([0.05, 0.05, 0.05, 0.05, 0.05, 0.8])
        refused = {n for n in some if self._chance(often)}
        hidden = {n: dice.randint(1, 60) for n in some if self._chance(0.1)}
        last_day = (starts + hours(24)).date()
        return FaultyService(
            self._devices(entries),
            tuple(package(model, path, protocol=self._listed) for model, path in self._packages),
            fates=self._fates(entries),
            refuses=refused.__contains__,
            hides=lambda number: hidden.get(number, 0),
            histories=self._chance(0.3),
            spread=dice.choice([0, 7, 40]),
            type=self._type,
            listed_protocol=self._listed,
            subscription=dice.choices(
                [EVENT_BILLING, pool(200), pool(dice.randint(0, 12), 4)], [8, 1, 2]
            )[0],
            busy=dict.fromkeys(busy, "foreign1") if self._chance(0.25) else {},
            busy_hours=(dice.choice([0, 0, 50]), dice.choice([30, 150, 2000])),
            neighbours_until={(MAKER, "M1"): last_day} if self._chance(0.15) else {},
            twins={n: dice.choice([1, 30, 50]) for n in some if self._chance(doubled)},
            stops={n: dice.choice([2, 40]) for n in some if self._chance(0.03)},
            words={
                n: (dice.choice(["CampaignPreScheduled", "CampaignOnTheMoon"]), dice.randint(2, 60))
                for n in some
                if self._chance(0.08)
            },
            partial={n: dice.choice([4, 40, 5000]) for n in some if self._chance(0.06)},
            announces={n for n in some if self._chance(0.15)},
            without_end={n for n in some if self._chance(0.02)},
            unreadable={n for n in some if self._chance(0.03)},
            refuses_large=dice.choice([0, 0, 0, 1, 2]),
            names_refused=self._chance(0.5),
            unread={e["imei"]: dice.randint(0, 900) for e in entries if self._chance(unread)},
            not_reached=dice.choice(["", "", "NoDeviceDataFromNetwork"]),
            aborts=self._chance(0.5),
            gone={entry["imei"]: dice.randint(0, 300) for entry in entries if self._chance(0.01)},
            drifts={
                entry["imei"]: (dice.randint(0, 300), dice.choice(["B", "C", "X"]))
                for entry in entries
                if self._chance(0.02)
            },
        )

    def _devices(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        dice, odd = self._dice, self._chance(0.5)
        versions = ["A", "A", "B"] if self._paths else ["A"]
        found = {}
        for entry in entries:
            members: dict[str, Any] = {"protocol": self._spoken, "model": dice.choice(["M1", "M2"])}
            members["license_assigned"] = dice.choice([True, False, None])
            version = dice.choice(versions)
            if odd and self._chance(0.15):
                what, value = dice.choice(
                    [
                        *(("version", self._goal), ("version", ""), ("version", "X")),
                        *(("fota_eligible", False), ("protocol", "NONE"), ("model", "M3")),
                        ("imei", ""),
                    ]
                )
                if what == "imei":
                    continue
                version = value if what == "version" else version
                members |= {what: value} if what != "version" else {}
            found[entry["imei"]] = device(entry["imei"], version, **members)
        return found

    def _fates(self, entries: list[dict[str, Any]]) -> dict[Any, str]:
        dice = self._dice
        unlucky = dice.choice([0, 0, 0.03, 0.06, 0.15, 0.4, 0.95])
        pick = dice.choice([FATES[1:], FATES[1:], [dice.choice(FATES[1:])]])
        names = [f"{model}-{path[0]}-{path[2]}" for model, path in self._packages]
        bad_name = dice.choice(names) if self._chance(0.2) else ""
        bad_site = "s1" if self._chance(0.15) else ""
        fates: dict[Any, str] = {}
        if self._chance(0.15):
            # Failures that come first are many for a while, beside successes that follow.
            line = sorted(entry["imei"] for entry in entries)
            line.sort(key=lambda imei: sha256(f"{self._name}{imei}".encode()).hexdigest())
            fates = dict.fromkeys(line[: dice.randint(2, 4)], "bad")
        for entry in entries:
            key = entry["imei"]
            if self._chance(unlucky) or (entry["site"] == bad_site and self._chance(0.7)):
                fates[key if self._chance(0.5) else (key, dice.choice(names))] = dice.choice(pick)
            if bad_name and self._chance(0.7):
                fates[key, bad_name] = dice.choice(["bad", "reverts"])
        return fates
