# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of each device's upgrade, derived from the seed.

An outcome depends on the seed, the package and the device (and, when not persistent, on the
campaign and the attempt), never on the order of calls, so that a scenario can be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

from .json_types import is_integer, is_number
from .records import Package


class Outcome(str, Enum):
    """Outcome of one attempt."""

    SUCCESS = "success"
    FAILED = "failed"
    SILENT = "silent"
    """The attempt is recorded, then the device stops responding."""
    UNREACHED = "unreached"
    """The network never reaches the device; no attempt is made."""
    REVERT = "revert"
    """Success is reported; hours later the device reverts to its old version."""


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """Probabilities of one package.

    Rates are 0 to 1. ``hours_to_update`` is the range of open hours from the start of a campaign
    to a device's first attempt, ``retry_hours`` the hours from one attempt to the next.
    """

    success_rate: float = 1.0
    silent_rate: float = 0.0
    unreached_rate: float = 0.0
    revert_rate: float = 0.0
    persistent: bool = True
    retry_rate: float = 0.0
    max_attempts: int = 3
    hours_to_update: tuple[float, float] = (1.0, 6.0)
    retry_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """Rules by package name, fixed outcomes by IMEI, and the seed."""

    seed: int
    default: OutcomeRule = field(default_factory=OutcomeRule)
    packages: dict[str, OutcomeRule] = field(default_factory=dict)
    devices: dict[str, Outcome] = field(default_factory=dict)

    def rule(self, package: str) -> OutcomeRule:
        return self.packages.get(package, self.default)

    def outcome(self, package: str, imei: str, *, campaign: str, attempt: int) -> Outcome:
        """The outcome of one attempt (1 is the first)."""
        fixed = self.devices.get(imei)
        if fixed is not None:
            return fixed
        rule = self.rule(package)
        reach = self._draw(package, imei, "reach")
        if reach < rule.unreached_rate:
            return Outcome.UNREACHED
        if reach < rule.unreached_rate + rule.silent_rate:
            return Outcome.SILENT
        if rule.persistent:
            result = self._draw(package, imei, "result")
        else:
            result = self._draw(package, imei, f"result/{campaign}/{attempt}")
        if result >= rule.success_rate:
            return Outcome.FAILED
        if self._draw(package, imei, "revert") < rule.revert_rate:
            return Outcome.REVERT
        return Outcome.SUCCESS

    def retries(self, package: str, imei: str, *, campaign: str, attempt: int) -> bool:
        """Whether a failed attempt is followed by another."""
        rule = self.rule(package)
        if attempt >= rule.max_attempts:
            return False
        return self._draw(package, imei, f"retry/{campaign}/{attempt}") < rule.retry_rate

    def share(self, package: str, imei: str, *, campaign: str) -> float:
        """The device's position in the queue, 0 to 1."""
        return self._draw(package, imei, f"share/{campaign}")

    def hours(self, package: str, share: float) -> float:
        """Open hours from the start to the first attempt of a device at that position."""
        low, high = self.rule(package).hours_to_update
        return low + share * (high - low)

    def _draw(self, package: str, imei: str, purpose: str) -> float:
        text = f"{self.seed}/{package}/{imei}/{purpose}"
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


_RATES = ("success_rate", "silent_rate", "unreached_rate", "revert_rate", "retry_rate")
_KEYS = {"default", "models", "packages", "devices"}
_RULE_KEYS = {item.name for item in fields(OutcomeRule)}


def parse_outcomes(data: Any, *, seed: int, catalog: Iterable[Package] = ()) -> OutcomeModel:
    """Read the ``outcomes`` object of a fleet file. Raises ``ValueError`` naming the wrong key.

    ``models`` has rules by make and model. They apply to the packages of that model in the
    ``catalog``, unless ``packages`` has a rule for the package.
    """
    if not isinstance(data, dict):
        raise ValueError("outcomes: must be an object")
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        known = ", ".join(sorted(_KEYS))
        raise ValueError(f"outcomes: unknown key {unknown[0]!r}; valid keys are {known}")
    default = _rule(data.get("default", {}), OutcomeRule(), "outcomes.default")
    packages = _by_model(data.get("models", {}), default, catalog)
    packages |= {
        name: _rule(item, default, f"outcomes.packages.{name}")
        for name, item in _object(data.get("packages", {}), "outcomes.packages").items()
    }
    devices = {}
    for imei, text in _object(data.get("devices", {}), "outcomes.devices").items():
        try:
            devices[imei] = Outcome(text)
        except ValueError:
            known = ", ".join(item.value for item in Outcome)
            raise ValueError(
                f"outcomes.devices.{imei}: must be one of {known}, not {text!r}"
            ) from None
    return OutcomeModel(seed, default, packages, devices)


def _by_model(
    data: Any, default: OutcomeRule, catalog: Iterable[Package]
) -> dict[str, OutcomeRule]:
    """Rules by package name. A model without a package is an error: its rule has no effect."""
    rules = {
        model: _rule(item, default, f"outcomes.models.{model}")
        for model, item in _object(data, "outcomes.models").items()
    }
    models = {package.name: f"{package.make} {package.model}" for package in catalog}
    without = sorted(set(rules) - set(models.values()))
    if without:
        known = ", ".join(sorted(set(models.values()))) or "none"
        raise ValueError(
            f"outcomes.models: {without[0]!r} has no package; models with a package are {known}"
        )
    return {name: rules[model] for name, model in models.items() if model in rules}


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: must be an object")
    return data


def _rule(data: Any, base: OutcomeRule, where: str) -> OutcomeRule:
    changes = dict(_object(data, where))
    for name, value in changes.items():
        if name not in _RULE_KEYS:
            raise ValueError(
                f"{where}: unknown key {name!r}; valid keys are {', '.join(sorted(_RULE_KEYS))}"
            )
        if name in _RATES and not (is_number(value) and 0 <= value <= 1):
            raise ValueError(f"{where}.{name}: must be a number from 0 to 1, not {value!r}")
    if "persistent" in changes and not isinstance(changes["persistent"], bool):
        raise ValueError(f"{where}.persistent: must be true or false")
    attempts = changes.get("max_attempts", 1)
    if not is_integer(attempts) or attempts < 1:
        raise ValueError(f"{where}.max_attempts: must be 1 or more")
    retry = changes.get("retry_hours", 1)
    if not is_number(retry) or not 0 < retry <= 10_000:
        raise ValueError(f"{where}.retry_hours: must be greater than 0 and at most 10000")
    if "hours_to_update" in changes:
        hours = changes["hours_to_update"]
        if (
            not isinstance(hours, (list, tuple))
            or len(hours) != 2
            or not all(is_number(hour) for hour in hours)
            or not 0 <= hours[0] <= hours[1] <= 10_000
        ):
            raise ValueError(f"{where}.hours_to_update: must be [minimum, maximum] hours")
        changes["hours_to_update"] = (float(hours[0]), float(hours[1]))
    return replace(base, **changes)
