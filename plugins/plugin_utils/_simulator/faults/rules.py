# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of fault injection: which calls are affected, how often, and by which fault.

A rule has an operation (or ``*``), a fault of ``TABLE`` (or several, one of which is drawn), the
number of the first call it affects (``nth``, from 1), how many calls from there on (``times``), and
the ``chance`` of each. Faults with ``before`` in their name do not let the call take effect, faults
with ``after`` do. To add a fault, add a function and an entry in ``FAULTS`` of a module here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .fault import Fault, choice, integer, number
from .table import TABLE

_KEYS = {"operation", "fault", "faults", "nth", "times", "chance", "seed"}


@dataclass(slots=True)
class Rule:
    """One rule. ``seen`` counts the calls that match it, ``struck`` those that it affected.

    None for ``times`` is unlimited. ``values`` has the parameters of each fault by name, ``rule``
    the JSON object.
    """

    operation: str
    faults: tuple[Fault, ...]
    values: Mapping[str, Mapping[str, Any]]
    nth: int
    times: int | None
    chance: float
    seed: int
    rng: random.Random
    rule: Mapping[str, Any]
    seen: int = 0
    struck: int = 0

    def fault_for(self, operation: str) -> Fault | None:
        """Count a call, and return the fault that affects it, if any."""
        if self.operation not in ("*", operation):
            return None
        fitting = [fault for fault in self.faults if fault.can_hit(operation)]
        if not fitting:
            return None
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.seen >= self.nth + self.times):
            return None
        if self.rng.random() >= self.chance:
            return None
        self.struck += 1
        return self.rng.choice(fitting)

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON, with defaults and counts."""
        return {
            **self.rule,
            "operation": self.operation,
            "nth": self.nth,
            "times": self.times,
            "seen": self.seen,
            "struck": self.struck,
        }


def parse_rules(data: Any, operations: Iterable[str]) -> list[Rule]:
    """Parse a list of rules. Raises ``ValueError`` naming the wrong key."""
    if not isinstance(data, list):
        raise ValueError("faults: must be a list")
    known = set(operations)
    return [_rule(item, known, f"faults[{index}]") for index, item in enumerate(data)]


def _rule(item: Any, operations: set[str], where: str) -> Rule:
    if not isinstance(item, dict):
        raise ValueError(f"{where}: must be an object")
    faults = _faults(item, where)
    keys = _KEYS | {parameter.name for fault in faults for parameter in fault.parameters}
    unknown = sorted(set(item) - keys)
    if unknown:
        raise ValueError(
            f"{where}: unknown key {unknown[0]!r}; valid keys are {', '.join(sorted(keys))}"
        )
    readers = {"nth": integer(1), "times": integer(1), "chance": number(0, 1), "seed": integer(0)}
    given = {
        name: _read(read, item[name], f"{where}.{name}")
        for name, read in readers.items()
        if name in item
    }
    seed = given.get("seed", 0)
    # A rule with a chance is unlimited by default.
    times = None if "chance" in given else _times(faults)
    return Rule(
        operation=_operation(item.get("operation", "*"), faults, operations, where),
        faults=faults,
        values={
            fault.name: {
                parameter.name: (
                    _read(parameter.read, item[parameter.name], f"{where}.{parameter.name}")
                    if parameter.name in item
                    else parameter.default
                )
                for parameter in fault.parameters
            }
            for fault in faults
        },
        nth=given.get("nth", 1),
        times=given.get("times", times),
        chance=given.get("chance", 1.0),
        seed=seed,
        rng=random.Random(seed),
        rule=dict(item),
    )


def _faults(item: dict[str, Any], where: str) -> tuple[Fault, ...]:
    if ("fault" in item) == ("faults" in item):
        raise ValueError(f"{where}: must have either fault or faults")
    if "fault" in item:
        return (TABLE[_read(choice(*sorted(TABLE)), item["fault"], f"{where}.fault")],)
    names = item["faults"]
    if not isinstance(names, list) or not names:
        raise ValueError(f"{where}.faults: must be a list of faults")
    return tuple(
        TABLE[_read(choice(*sorted(TABLE)), name, f"{where}.faults[{index}]")]
        for index, name in enumerate(names)
    )


def _times(faults: tuple[Fault, ...]) -> int | None:
    """The largest default of ``times``; None if any is unlimited."""
    lengths = [fault.times for fault in faults if fault.times is not None]
    return max(lengths) if len(lengths) == len(faults) else None


def _operation(operation: Any, faults: tuple[Fault, ...], operations: set[str], where: str) -> str:
    if operation == "*":
        return "*"
    if not isinstance(operation, str) or operation not in operations:
        raise ValueError(f"{where}.operation: {operation!r} is not an operation of the service")
    for fault in faults:
        if not fault.can_hit(operation):
            raise ValueError(
                f"{where}.operation: {fault.name} cannot affect {operation}, only "
                f"{', '.join(sorted(fault.operations or ()))}"
            )
    return operation


def _read(read: Callable[[Any], Any], value: Any, where: str) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
