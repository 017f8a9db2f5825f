# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the targets and count: ``fuzz(seconds=60)`` is all that a bench or a soak needs."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from ansible_collections.thingspace.fota.plugins.module_utils._client import backoff
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_client import ONE_ATTEMPT, WireTargets
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_parsers import (
    DECLARED,
    REPLIES,
    TEXTS,
    Target,
)
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_server import WireServer

FEWEST = 20  # inputs of one target in one round
ROUND = 200


class Fuzzer:
    """Tries inputs on targets; ``tried`` counts them by target."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()

    def run(self, target: Target, *, examples: int, number: int | None) -> None:
        """Try so many inputs, the same ones for the same number; what it must not raise comes out.

        The exception's notes hold the smallest input that brings it about.
        """
        for value in target.known:
            self._try(target, value)
        self.body(target, examples=examples, number=number)()

    def body(self, target: Target, *, examples: int, number: int | None) -> Callable[[], None]:
        """Give what tries inputs; its ``hypothesis.fuzz_one_input`` tries one made of bytes."""

        @settings(
            max_examples=max(FEWEST, round(examples * target.weight)),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            derandomize=number is None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(target.inputs)
        def try_one(value: Any) -> None:
            self._try(target, value)

        return try_one if number is None else seed(number)(try_one)

    def _try(self, target: Target, value: Any) -> None:
        self.tried[target.name] += 1
        with suppress(*target.may_raise):
            target.read(value)


@contextmanager
def all_targets() -> Iterator[tuple[Target, ...]]:
    """Every target, with the server that some of them need."""
    usual = backoff.POLICY
    backoff.POLICY = ONE_ATTEMPT
    try:
        with tempfile.TemporaryDirectory() as folder, WireServer() as server:
            yield (*REPLIES, *TEXTS, *DECLARED, *WireTargets(server, Path(folder)).all())
    finally:
        backoff.POLICY = usual


def fuzz(*, seconds: float | None = None, examples: int = ROUND, number: int = 1) -> dict[str, Any]:
    """Try inputs on every target, round by round.

    :param seconds: begin no round after so long; None is one round.
    :param examples: inputs a target of usual weight gets in one round.
    :param number: where the inputs begin; rounds count up from it.
    :returns: ``inputs``, ``targets``, ``by_target``, ``seconds``, and ``findings``: a line for each
        target that raised what it must not, with the smallest input that made it.
    """
    fuzzer, begun, findings = Fuzzer(), time.monotonic(), dict[str, str]()
    with all_targets() as targets:
        while True:
            for target in targets:
                if target.name not in findings:
                    try:
                        fuzzer.run(target, examples=examples, number=number)
                    except Exception as error:  # noqa: BLE001 - that is what is looked for
                        notes = " ".join(getattr(error, "__notes__", ()))
                        findings[target.name] = f"{type(error).__name__}: {error} {notes}"
            number += 1
            if seconds is None or time.monotonic() - begun >= seconds:
                break
    return {
        "inputs": fuzzer.tried.total(),
        "targets": len(targets),
        "by_target": dict(fuzzer.tried),
        "seconds": time.monotonic() - begun,
        "findings": [f"{name}: {what}" for name, what in findings.items()],
    }


def tell(tried: dict[str, Any]) -> str:
    """Give the one line that a run ends with."""
    return (
        f"fuzz: {tried['inputs']} inputs on {tried['targets']} targets in {tried['seconds']:.0f} s,"
        f" {len(tried['findings'])} findings"
    )
