# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout as metrics in the text format of Prometheus, for the textfile collector."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ...module_utils._model.text import visible
from .result import PHASES
from .text import is_judged

Facts = Mapping[str, Any]
Labels = Mapping[str, object]
Sample = tuple[Labels, float]

PREFIX = "thingspace_fota_rollout"
WAITING = "waiting_since_timestamp_seconds"
# Phases in which the rollout waits for an operator.
_WAITS = frozenset({"awaiting_approval", "blocked", "held", "halted", "observation_failed"})
# Classes of which every wave has a sample, so that a rule finds the first failure.
_ALWAYS = ("verified", "failed", "pending")


def metrics_text(facts: Facts, *, now: float, failed: bool, earlier: str = "") -> str:
    """Give the metrics of a rollout after a run.

    :param facts: result of ``fota_rollout_info``; after a failed read, few metrics are known.
    :param now: of the controller, in seconds since 1970.
    :param failed: a task of the run has failed.
    :param earlier: the metrics of the run before, which have since when the rollout waits where
        the facts do not tell.
    """
    rollout = {"rollout": facts.get("rollout", "")}
    phase = str(facts["phase"])
    families: list[tuple[str, str, Iterable[Sample]]] = [
        (
            "phase",
            "Whether the rollout is in the phase.",
            [({**rollout, "phase": name}, name == phase) for name in PHASES],
        ),
        (
            "last_run_timestamp_seconds",
            "Time of the last run, by the clock of the controller.",
            [(rollout, now)],
        ),
        (
            "last_run_failed",
            "Whether a task of the last run has failed.",
            [(rollout, failed)],
        ),
        (
            WAITING,
            "Since when the rollout waits for an operator; 0 while it does not.",
            [(rollout, _waiting_since(facts, phase, now, earlier))],
        ),
    ]
    if is_judged(facts):
        families += [
            (
                "devices",
                "Devices by wave and class; those of no wave are out of scope.",
                _devices(facts, rollout),
            ),
            (
                "exposed_devices",
                "Devices that can still change, with those of campaigns that are due.",
                [(rollout, facts["exposure"])],
            ),
            (
                "next_check_timestamp_seconds",
                "Time of the next run, by the clock of the service; 0 when nothing more is due.",
                [(rollout, _seconds(facts["next_check_after"]))],
            ),
        ]
    return "".join(line for family in families for line in _family(*family))


def _devices(facts: Facts, rollout: Labels) -> Iterator[Sample]:
    for wave in facts["waves"]:
        for kind, number in {**dict.fromkeys(_ALWAYS, 0), **wave["counts"]}.items():
            yield {**rollout, "wave": wave["name"], "class": kind}, number
    for group in facts["out_of_scope"]:
        yield {**rollout, "wave": "", "class": group["reason"]}, group["devices"]


def _waiting_since(facts: Facts, phase: str, now: float, earlier: str) -> float:
    if phase not in _WAITS:
        return 0
    known = [_seconds(wave["waiting_since"]) for wave in facts.get("waves", ())]
    if any(known):
        return min(filter(None, known))
    name = re.escape(_labels({"rollout": facts.get("rollout", "")}))
    found = re.search(
        rf"^{PREFIX}_{WAITING}{name} ([0-9]+(?:[.][0-9]+)?)$", earlier, re.MULTILINE | re.ASCII
    )
    return (float(found[1]) if found else 0) or now


def _seconds(moment: str | None) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").timestamp() if moment else 0


def _family(name: str, what: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {PREFIX}_{name} {what}\n# TYPE {PREFIX}_{name} gauge\n"
    for labels, value in samples:
        yield f"{PREFIX}_{name}{_labels(labels)} {_number(value)}\n"


def _labels(labels: Labels) -> str:
    pairs = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{','.join(pairs)}}}"


def _escape(value: object) -> str:
    text = visible(value)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
