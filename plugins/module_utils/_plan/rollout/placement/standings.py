# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of each device compared with the target of its model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...._model.device import Device
from ...compliance import Compliance, judge_version
from ..declaration.spec import Target
from .upgrade_paths import Paths


@dataclass(frozen=True, order=True)
class Standing:
    """How a version compares with the target of its model.

    :ivar word: ``at_target``, ``behind`` (packages lead to the target), ``no_path``, ``no_target``,
        or ``unknown`` where the service knows no version, or does not know the device.
    :ivar path: the versions ahead, up to the target.
    """

    make: str = ""
    model: str = ""
    version: str = ""
    target: str = ""
    word: str = Compliance.UNKNOWN.value
    path: tuple[str, ...] = ()


class Standings:
    """Compares devices with their targets, each version once."""

    def __init__(
        self, targets: Sequence[Target], devices: Mapping[str, Device], paths: Paths
    ) -> None:
        self._targets = {(target.make, target.model): target for target in targets}
        self._devices = devices
        self._paths = paths
        self._found: dict[tuple[str, str, str], Standing] = {}

    def find(self, imei: str) -> Standing:
        """Give the standing of one device."""
        device = self._devices.get(imei)
        if device is None:
            return Standing()
        key = (device.make, device.model, device.firmware)
        if key not in self._found:
            self._found[key] = self._judge(*key)
        return self._found[key]

    def count(self, imeis: Iterable[str]) -> list[tuple[Standing, int]]:
        """Give each standing with the number of its devices, by make, model and version."""
        return sorted(Counter(map(self.find, imeis)).items())

    def _judge(self, make: str, model: str, version: str) -> Standing:
        target = self._targets.get((make, model))
        if target is None:
            return Standing(make, model, version, word="no_target")
        known = Standing(make, model, version, target.version)
        compliance = judge_version(version, target.version)
        if compliance is not Compliance.BEHIND:
            return replace(known, word=compliance.value)
        path = self._paths.find(target, version)
        if path is None:
            return replace(known, word="no_path")
        ahead = tuple(package.to_version for package in path)
        return replace(known, word=compliance.value, path=ahead)
