# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts of any kind, to be run against the model of the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
    Wanted,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import examples
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    device,
    hours,
    imei,
    imeis,
    package,
    spec,
    target,
    wave,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    FATES,
    ServiceModel,
    run_once,
)

MODELS = ("M1", "M2")
CATALOG = tuple(package(model) for model in MODELS)
# Of the first model from A over B to C; the second has a package of its own.
PATHS = (package(path="A B"), package(path="B C"), package("M2", "A C"))
# From the start of a step to that of the next, with days to spare: paths take their time.
DAYS = 3


@dataclass
class Run:
    """A rollout to run: its declaration, the account, and when it is run.

    :ivar selections: which devices are selected at each run, in turn.
    :ivar steps: hours between runs, in turn.
    :ivar weeks: how long it runs.
    """

    declared: dict[str, Any]
    service: ServiceModel
    steps: Sequence[float]
    selections: Sequence[Sequence[str]] = field(default_factory=list)
    weeks: int = 2

    def decisions(self, *, halt_at: int | None = None) -> Iterator[tuple[RolloutSpec, Decision]]:
        """Run until the time is over, or nothing has happened for long; what is given was carried out.

        :param halt_at: number of the run (from 0) from which on a person wants a halt.
        """
        end, number = self.service.now + hours(24 * 7 * self.weeks), 0
        wishes = [spec(selected, **self.declared) for selected in self.selections]
        quiet: list[datetime] = []
        while self.service.now < end and not _is_long(quiet, at_least=len(wishes)):
            wish = wishes[number % len(wishes)]
            halts = halt_at is not None and number >= halt_at
            found = run_once(wish, self.service, wanted=Wanted.HALTED if halts else Wanted.RUNNING)
            yield wish, found
            is_quiet = found.phase.over and not self.service.is_busy
            quiet = [*quiet, self.service.now] if is_quiet else []
            self.service.now += hours(self.steps[number % len(self.steps)])
            number += 1


def _is_long(quiet: Sequence[datetime], *, at_least: int) -> bool:
    """These runs in a row have seen a rollout that is over, with every selection, for three days."""
    return len(quiet) > at_least and quiet[-1] - quiet[0] >= hours(3 * 24)


GATES = st.fixed_dictionaries(
    {},
    optional={
        "max_failure_rate": st.sampled_from(["0.05", "0.1", "0.3", "0.6", "1"]),
        "min_sample": st.integers(1, 8),
        "min_coverage": st.sampled_from(["0", "0.3", "0.5", "0.8"]),
        "max_failures": st.none() | st.integers(0, 6),
        "test": st.sampled_from(["anytime", "fixed"]),
        "min_success_rate": st.sampled_from(["0", "0.4", "0.9"]),
        "max_rejected": st.sampled_from(["0.1", "0.5", "1"]),
        "max_failed_cohort_share": st.sampled_from(["0.5", "1"]),
    },
)
KINDS = st.one_of(
    st.fixed_dictionaries(
        {"per_package": st.integers(1, 9)}, optional={"at_least": st.integers(1, 40)}
    ),
    st.fixed_dictionaries({"count": st.integers(1, 40)}),
    st.fixed_dictionaries({"percent": st.integers(1, 33)}),
)
# The same rollouts whenever the tests run; those of `make soak` are new each time.
SLOW = settings(max_examples=examples(16), derandomize=True)


@st.composite
def runs(
    draw: st.DrawFn, *, hides: bool = False, joins: bool = False, fates: Sequence[str] = FATES
) -> Run:
    """Any rollout: fleet, fates, waves, gates, requests that fail, runs at any time."""
    size = draw(st.integers(1, 55))
    models = draw(st.lists(st.sampled_from(MODELS), min_size=size, max_size=size))
    unlucky = draw(st.dictionaries(st.sampled_from(imeis(size)), st.sampled_from(fates)))
    waves = draw(st.lists(st.tuples(KINDS, GATES), max_size=3))
    refused = draw(st.sets(st.integers(1, 8), max_size=3))
    hidden = draw(st.dictionaries(st.integers(1, 8), st.integers(1, 30)) if hides else st.just({}))
    selection = st.sets(st.sampled_from(imeis(size)), min_size=1).map(sorted)
    declared = {
        "target": [target(model) for model in MODELS],
        "waves": [
            *(wave(f"w{place}", gate=gate, **kind) for place, (kind, gate) in enumerate(waves)),
            wave("last", gate=draw(GATES)),
        ],
        "limits": {
            "max_campaign_devices": draw(st.sampled_from([6, 25, 1000])),
            # A selection that shrinks would only be held.
            **({"max_shrink": 1} if joins else {}),
        },
    }
    event(f"{len(waves) + 1} waves")
    return Run(
        declared,
        ServiceModel(
            {imei(n): device(imei(n), model=model) for n, model in enumerate(models)},
            CATALOG,
            fates=unlucky,
            refuses=lambda number: number in refused,
            hides=lambda number: hidden.get(number, 0),
            spread=draw(st.sampled_from([0, 7, 40])),
        ),
        draw(st.lists(st.integers(4, 36), min_size=1, max_size=5)),
        draw(st.lists(selection, min_size=1, max_size=4)) if joins else [imeis(size)],
    )


@st.composite
def strict_runs(draw: st.DrawFn) -> Run:
    """One wave of two models in small campaigns: it halts early, by a limit or by one model."""
    size = draw(st.integers(9, 15))
    models = draw(st.lists(st.sampled_from(MODELS), min_size=size, max_size=size))
    fates = st.sampled_from(["bad", "bad", "silent"])
    unlucky = draw(st.dictionaries(st.sampled_from(imeis(size)), fates, min_size=3, max_size=9))
    hidden = draw(st.dictionaries(st.integers(1, 6), st.integers(1, 30)))
    rate = draw(st.sampled_from(["0.05", "0.1", "0.3"]))
    limits = {
        "max_failure_rate": rate,
        "max_failures": draw(st.sampled_from([None, 0, 1, 2])),
        "max_failed_cohort_share": draw(st.sampled_from(["0.5", "1"])),
        "test": draw(st.sampled_from(["anytime", "fixed"])),
    }
    return Run(
        {
            "target": [target(model) for model in MODELS],
            "waves": [wave("all", gate=limits)],
            "limits": {"max_campaign_devices": 6},
        },
        ServiceModel(
            {imei(n): device(imei(n), model=model) for n, model in enumerate(models)},
            CATALOG,
            fates=unlucky,
            hides=lambda number: hidden.get(number, 0),
            spread=draw(st.sampled_from([0, 7, 40])),
        ),
        [4],
        [imeis(size)],
        weeks=1,
    )


@st.composite
def path_runs(
    draw: st.DrawFn, *, hides: bool = False, fates: Sequence[str] = FATES, retry: int = 0
) -> Run:
    """Any rollout to C, of devices on A and on B, whose fates differ from step to step.

    Histories of devices tell of campaigns that are hidden.
    """
    size = draw(st.integers(1, 45))
    kinds = [("M1", "A"), ("M1", "A"), ("M1", "B"), ("M2", "A")]
    fleet = draw(st.lists(st.sampled_from(kinds), min_size=size, max_size=size))
    steps = st.tuples(st.sampled_from(imeis(size)), st.sampled_from([path.name for path in PATHS]))
    waves = draw(st.lists(st.tuples(KINDS, GATES), max_size=2))
    hidden = draw(st.dictionaries(st.integers(1, 8), st.integers(1, 30)) if hides else st.just({}))
    regions = [
        {"imei": id_, "timezone": draw(st.sampled_from(["UTC", "Europe/Berlin"]))}
        for id_ in imeis(size)
    ]
    return Run(
        {
            "target": [target(model, "C") for model in MODELS],
            "waves": [
                *(
                    wave(f"w{place}", gate=gate, days=DAYS, **kind)
                    for place, (kind, gate) in enumerate(waves)
                ),
                wave("last", days=DAYS, gate=draw(GATES)),
            ],
            "calendar": {"windows": ["00:00-24:00"], "timezone": "UTC"},
            "limits": {"max_campaign_devices": draw(st.sampled_from([6, 25, 1000]))},
            "retry": retry,
        },
        ServiceModel(
            {
                imei(n): device(imei(n), version, model=model)
                for n, (model, version) in enumerate(fleet)
            },
            PATHS,
            fates=draw(st.dictionaries(steps, st.sampled_from(fates))),
            hides=lambda number: hidden.get(number, 0),
            histories=hides,
            spread=draw(st.sampled_from([0, 7, 40])),
        ),
        draw(st.lists(st.integers(6, 36), min_size=1, max_size=5)),
        [regions],
        weeks=5,
    )
