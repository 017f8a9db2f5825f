# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared rollout as records. ``spec_reader`` makes them from what a person wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from functools import cached_property

from .names import generation


class WaveKind(Enum):
    """How a wave says which devices are its own."""

    GROUP = "group"
    PER_PACKAGE = "per_package"
    COUNT = "count"
    PERCENT = "percent"
    REST = "rest"


@dataclass(frozen=True)
class Gate:
    """When a wave has passed, and when it stops the rollout. Rates are exact.

    "max" is tolerated, "min" is met at equality.

    :ivar max_failures: failures tolerated in the wave, whatever its size; None is no such limit.
    :ivar min_success_rate: None when nobody declared one.
    :ivar min_sample: devices attempted before anything passes.
    :ivar min_coverage: share of the wave's members that must have been attempted.
    :ivar max_rejected: share of the wave's devices that the service may refuse.
    :ivar max_failed_lane_share: share of the wave's devices that may be in failed lanes.
    """

    max_failure_rate: Fraction
    max_failures: int | None
    min_success_rate: Fraction | None
    min_sample: int
    min_coverage: Fraction
    max_rejected: Fraction
    max_failed_lane_share: Fraction

    @property
    def success_needed(self) -> Fraction:
        """The success rate to meet: what the failure rate leaves, unless one was declared."""
        return 1 - self.max_failure_rate if self.min_success_rate is None else self.min_success_rate


@dataclass(frozen=True)
class Wave:
    """One wave; the members of ``size`` depend on ``kind``.

    :ivar number: 1 is the pilot; campaigns carry it in their names.
    :ivar size: devices per package, devices, or percent of the scope; 0 for a group and the rest.
    :ivar group: the inventory group of a GROUP wave.
    :ivar at_least: fewest devices of the wave, as far as there are so many.
    :ivar diversity: variables whose values the pilot should cover.
    :ivar days: UTC days that its campaigns last, the first and the last included.
    """

    number: int
    name: str
    kind: WaveKind
    size: Fraction
    gate: Gate
    days: int
    group: str = ""
    at_least: int = 0
    diversity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """The version that one model shall run."""

    make: str
    model: str
    version: str

    @property
    def generation(self) -> str:
        return generation(self.make, self.model, self.version)


@dataclass(frozen=True, slots=True)
class Selected:
    """A device that was declared, with what the inventory knows of it."""

    imei: str
    host: str = ""
    groups: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Bounds on what one campaign and one tick may do."""

    max_campaign_devices: int = 1000
    max_creates: int = 10


@dataclass(frozen=True)
class Timing:
    """How long the rollout gives the service and the devices.

    :ivar lead: from a tick to the first day of a campaign that it creates, at least.
    :ivar verify_grace: how long after a success an old version may still be read.
    :ivar silent_after: from an attempt without a result to the class ``silent``.
    :ivar report_grace: from the last day of a wave's last campaign to its deadline.
    :ivar settle_retry: from a refused campaign to the next one of its lane.
    """

    lead: timedelta = timedelta(hours=12)
    verify_grace: timedelta = timedelta(hours=24)
    silent_after: timedelta = timedelta(hours=24)
    report_grace: timedelta = timedelta(hours=24)
    settle_retry: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class RolloutSpec:
    """One declared intent.

    :ivar qualified_packages: packages that need no pilot (their service-side pilot is done).
    :ivar assign_licenses: let the service take free licences from the pool for these devices.
    :ivar remarks: what was capped or merged, for a person to read.
    """

    name: str
    protocol: str
    targets: tuple[Target, ...]
    devices: tuple[Selected, ...]
    waves: tuple[Wave, ...]
    limits: Limits = Limits()
    timing: Timing = Timing()
    qualified_packages: frozenset[str] = frozenset()
    assign_licenses: bool = False
    remarks: tuple[str, ...] = ()

    @cached_property
    def hosts(self) -> dict[str, str]:
        """Names in the inventory, by IMEI."""
        return {device.imei: device.host for device in self.devices if device.host}
