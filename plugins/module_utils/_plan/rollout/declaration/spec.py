# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared rollout as records. ``spec_reader`` makes them from what a person wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from enum import Enum
from fractions import Fraction
from functools import cached_property

from ...._model.campaign import CampaignType
from ...._model.firmware import Package
from .calendar import Calendar
from .campaign_names import generation


class Wanted(Enum):
    """What a person wants of a rollout now."""

    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    PLANNED = "planned"


class WaveKind(Enum):
    """How a wave says which devices are its own."""

    GROUP = "group"
    PER_PACKAGE = "per_package"
    COUNT = "count"
    PERCENT = "percent"
    REST = "rest"


class GateTest(Enum):
    """How failures are found to be too many to believe in the tolerated rate."""

    ANYTIME = "anytime"
    """At most 5 % false alarms in all, however often the rollout runs."""
    FIXED = "fixed"
    """At most 5 % false alarms at each run: the test of earlier versions."""


@dataclass(frozen=True)
class Gate:
    """When a wave has passed, and when it stops the rollout. Rates are exact.

    "max" is tolerated, "min" is met at equality.

    :ivar max_failures: failures tolerated in the wave, whatever its size; None: no limit.
    :ivar min_success_rate: None when none is declared: failed and silent devices are then limited
        by ``max_failure_rate``.
    :ivar min_sample: devices attempted before anything passes.
    :ivar min_coverage: share of the wave's members that must have been attempted.
    :ivar max_rejected: share of the wave's devices that the service may refuse.
    :ivar max_failed_cohort_share: share of the wave's devices that may be in failed cohorts.
    :ivar soak: how long the numbers must have been met, without a failure that breaks them.
    :ivar approval: a person must approve before the next wave starts.
    """

    max_failure_rate: Fraction
    max_failures: int | None
    min_success_rate: Fraction | None
    min_sample: int
    min_coverage: Fraction
    max_rejected: Fraction
    max_failed_cohort_share: Fraction
    soak: timedelta
    approval: bool
    test: GateTest = GateTest.ANYTIME


@dataclass(frozen=True)
class Wave:
    """One wave; the members of ``size`` depend on ``kind``.

    :ivar number: 1 is the pilot; campaigns carry it in their names.
    :ivar size: devices per package, devices, or percent of the scope; 0 for a group and the rest.
    :ivar group: the inventory group of a GROUP wave.
    :ivar at_least: fewest devices of the wave, as far as there are so many.
    :ivar retry: how often failed devices of a campaign are tried again, once it is over.
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
    retry: int = 1
    diversity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """The version that one model should run."""

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


class Licensing(Enum):
    """Who assigns a license to devices without one, and what must be free before it does."""

    NONE = False
    SERVICE = True
    BEFORE_WAVE = "before_wave"
    """The run that begins a wave, if there are enough for all of its devices."""
    BEFORE_CAMPAIGN = "before_campaign"
    """The run that creates a campaign, for as many devices as there are licenses."""

    def __str__(self) -> str:
        return str(self.value).lower()

    @property
    def by_run(self) -> bool:
        """A run assigns them, before it creates the campaigns of the devices."""
        return self in (Licensing.BEFORE_WAVE, Licensing.BEFORE_CAMPAIGN)


@dataclass(frozen=True)
class Approval:
    """A person lets the rollout leave a wave.

    :ivar digest: first hex digits of the plan that was approved; another plan voids it.
    :ivar failures: failures that the wave had then; one more voids it.
    :ivar generations: those of the plan, for the record: the digest covers them.
    """

    wave: str
    digest: str
    failures: int = 0
    generations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accept:
    """A person takes failures of a wave, or of one cohort of it, until there are more.

    :ivar cohort: code of the cohort; empty for the wave's gate.
    :ivar failures: failures that there were then, for the record.
    :ivar up_to: failures that are taken; None: none, and the gate judges as if nothing was said.
    :ivar by: who takes them, as ``reason`` only for the record.
    :ivar generations: of the targets that it is for. Empty: for those of models whose target has
        not changed since the rollout began.
    :ivar missing: devices that have left the fleet, or have lost their package, and are taken.
    :ivar again: campaigns of the wave that were stopped, whose devices are put into new ones; 0
        leaves these devices out, None says nothing of them.
    """

    wave: str
    cohort: str
    failures: int
    up_to: int | None
    by: str
    reason: str
    generations: tuple[str, ...] = ()
    missing: int = 0
    again: int | None = None


@dataclass(frozen=True)
class Limits:
    """Bounds on what one campaign and one run may do.

    :ivar max_exposure: devices that may be able to change at any moment; None: no limit.
    :ivar max_shrink: share of the devices in our campaigns that need not be selected any more.
    """

    max_campaign_devices: int = 1000
    max_creates: int = 10
    max_exposure: int | None = None
    max_shrink: Fraction = Fraction("0.10")


@dataclass(frozen=True)
class Timing:
    """How long the rollout gives the service and the devices.

    :ivar verify_grace: how long after a success an old version may still be read.
    :ivar silent_after: from an attempt without a result to the class ``silent``.
    :ivar report_grace: from the last day of a wave's last campaign to its deadline.
    :ivar settle_retry: from a refused campaign to the next one of its cohort.
    :ivar step_grace: how long after a wave's last campaign a device's next step is waited for.
    """

    verify_grace: timedelta = timedelta(hours=24)
    silent_after: timedelta = timedelta(hours=24)
    report_grace: timedelta = timedelta(hours=24)
    settle_retry: timedelta = timedelta(hours=24)
    step_grace: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class RolloutSpec:
    """One declared intent.

    :ivar type: firmware (v3) or software (v2).
    :ivar packages: what the account's catalog lacks for software: versions by package.
    :ivar reported_is_enough: software that a device reports as installed counts as verified.
    :ivar qualified_packages: packages that need no pilot (their service-side pilot is done).
    :ivar assign_licenses: who assigns free licenses of the pool to these devices.
    :ivar zones: the rules of every zone that the calendar or a device names, and UTC.
    :ivar require_digest: first hex digits of the plan; another one creates nothing.
    :ivar sweep: devices that no wave has reached are tried once more after the last one.
    :ivar supersede: live campaigns of older targets are braked and no longer waited for.
    :ivar late_joiners: devices that come after the last wave has begun join it.
    :ivar abort_on_halt: a halt also tries, once, to abort campaigns that have started.
    :ivar deadline: until when the rollout should be over. It only informs.
    :ivar model_deadlines: until when devices should be done, by make and model.
    :ivar remarks: what was capped or merged, for a person to read.
    """

    name: str
    protocol: str
    targets: tuple[Target, ...]
    devices: tuple[Selected, ...]
    waves: tuple[Wave, ...]
    type: CampaignType = CampaignType.FIRMWARE
    packages: tuple[Package, ...] = ()
    reported_is_enough: bool = False
    limits: Limits = Limits()
    timing: Timing = Timing()
    calendar: Calendar = Calendar()
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    qualified_packages: frozenset[str] = frozenset()
    assign_licenses: Licensing = Licensing.NONE
    approved: tuple[Approval, ...] = ()
    accepted: tuple[Accept, ...] = ()
    require_digest: str = ""
    supersede: bool = False
    late_joiners: bool = False
    abort_on_halt: bool = False
    sweep: bool = True
    deadline: datetime | None = None
    model_deadlines: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @cached_property
    def hosts(self) -> dict[str, str]:
        """Names in the inventory, by IMEI."""
        return {device.imei: device.host for device in self.devices if device.host}

    def zone_of(self, device: Selected) -> str:
        """The zone of a device's windows; empty where no windows are declared."""
        if not self.calendar.windows:
            return ""
        return device.variables.get("timezone") or self.calendar.zone

    def find_deadline(self, target: Target) -> datetime | None:
        """Give until when the devices of a target should be done; None where nothing says so."""
        return self.model_deadlines.get((target.make, target.model), self.deadline)

    @property
    def has_deadline(self) -> bool:
        return self.deadline is not None or bool(self.model_deadlines)

    def rules_of(self, zone: str) -> tzinfo:
        """The rules of a cohort's zone; without windows those of the calendar, or UTC."""
        return self.zones.get(zone or self.calendar.zone, timezone.utc)
