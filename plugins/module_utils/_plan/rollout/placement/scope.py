# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices a rollout is for, what each needs, and who is out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ...._model.campaign import Campaign
from ...._model.device import Device
from ...._model.firmware import Package, request_protocol
from ...packages import find_path
from ...refusal import PlanRefused
from ..declaration.campaign_names import Cohort
from ..declaration.spec import RolloutSpec, Selected, Target
from ..observation.campaign_history import Ledger
from ..observation.observed import Observed


class Out(Enum):
    """Why a selected device is in no wave."""

    CURRENT = "current"
    NOT_FOUND = "not_found"
    NOT_ELIGIBLE = "not_eligible"
    WRONG_PROTOCOL = "wrong_protocol"
    NO_TARGET = "no_target"
    VERSION_UNKNOWN = "version_unknown"
    NO_PATH = "no_path"
    NO_LICENSE = "no_license"
    LATE = "late"

    @property
    def what_to_do(self) -> str:
        """A sentence for the person who finds such devices in the plan."""
        return _WHAT_TO_DO[self]


_WHAT_TO_DO = {
    Out.CURRENT: "runs the target already",
    Out.NOT_FOUND: "the account has no such device: check the IMEI and the account",
    Out.NOT_ELIGIBLE: "the service says that it cannot be upgraded over the air",
    Out.WRONG_PROTOCOL: "speaks another protocol than the rollout declares",
    Out.NO_TARGET: "the rollout declares no target for its make and model",
    Out.VERSION_UNKNOWN: "the service knows no version: ask it with fota_device_firmware",
    Out.NO_PATH: "no package leads from its version to the target: fota_firmware_info lists them",
    Out.NO_LICENSE: "has no licence and the account bills no single upgrades: assign one, or set"
    " assign_licenses: true",
    Out.LATE: "came after the last wave had begun: late_joiners: last takes it along",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A device in scope.

    :ivar cohort: what it shares with those that can be in one campaign with it.
    :ivar course: the packages from its cohort's version to the target, or as far as they lead; of a
        claimed device the first is that of its newest campaign.
    :ivar device: what the account says of it; None when it left the account.
    :ivar done: the packages that it has got in this rollout, in order.
    """

    imei: str
    target: Target
    cohort: Cohort
    course: tuple[Package, ...]
    device: Device | None
    selected: Selected
    done: tuple[Package, ...] = ()

    @property
    def package(self) -> Package:
        """What it gets now."""
        return self.course[0]

    @property
    def path(self) -> tuple[Package, ...]:
        """All its steps in this rollout, with those that are done."""
        return self.done + self.course

    def is_on_the_way(self, version: str) -> bool:
        """Tell whether a version is a later point of its path, short of the target."""
        return version != self.target.version and any(
            one.to_version == version for one in self.course
        )

    def advanced(self, version: str) -> Member:
        """Give the device with its steps after ``version``; itself where no package leads on."""
        steps = next(
            (place for place, one in enumerate(self.course, 1) if one.to_version == version), 0
        )
        if not 0 < steps < len(self.course):
            return self
        return replace(
            self,
            cohort=replace(self.cohort, version=version),
            course=self.course[steps:],
            done=self.done + self.course[:steps],
        )


@dataclass(frozen=True)
class Scope:
    """The devices in scope and, of all others that were selected, why they are out."""

    members: dict[str, Member]
    out: dict[str, Out]
    paths: Paths


def find_scope(spec: RolloutSpec, seen: Observed, ledger: Ledger) -> Scope:
    """Sort every selected or claimed device.

    :raises PlanRefused: devices of a model need its target, and no package leads there at all.
    """
    targets = {(target.make, target.model): target for target in spec.targets}
    generations = {target.generation: target for target in spec.targets}
    selected = {device.imei: device for device in spec.devices}
    members: dict[str, Member] = {}
    out: dict[str, Out] = {}
    paths = Paths(spec, seen.catalogue)
    for imei, record in ledger.records.items():
        target = generations[record.own.name.generation]
        choice = selected.get(imei) or Selected(imei)
        package, *before = (
            paths.package_of(one.own.campaign, target)
            for one in (record, *ledger.earlier.get(imei, ()))
        )
        members[imei] = Member(
            imei=imei,
            target=target,
            cohort=Cohort(
                spec.protocol,
                target.make,
                target.model,
                package.from_version,
                spec.zone_of(choice),
            ),
            course=paths.going_on_from(package, target),
            device=seen.devices.get(imei),
            selected=choice,
            done=tuple(dict.fromkeys(one for one in before if one != package)),
        )
    needs_license = seen.subscription.needs_licenses and not spec.assign_licenses
    for imei, choice in selected.items():
        if imei in members:
            continue
        device = seen.devices.get(imei)
        found = _judge(device, spec, targets, paths, needs_license=needs_license)
        if isinstance(found, Out) or device is None:
            out[imei] = found if isinstance(found, Out) else Out.NOT_FOUND
            continue
        members[imei] = Member(
            imei=imei,
            target=targets[device.make, device.model],
            cohort=Cohort(
                spec.protocol, device.make, device.model, device.firmware, spec.zone_of(choice)
            ),
            course=found,
            device=device,
            selected=choice,
        )
    _refuse_unreachable(spec, seen, members, out)
    return Scope(members=members, out=out, paths=paths)


class Paths:
    """Paths from versions to targets, and packages of campaigns, each found once."""

    def __init__(self, spec: RolloutSpec, catalogue: Sequence[Package]) -> None:
        self._usable = [one for one in catalogue if one.request_protocol in ("", spec.protocol)]
        self._found: dict[tuple[Target, str], tuple[Package, ...] | None] = {}
        self._packages: dict[tuple[str, str, str, Target], Package] = {}
        self._courses: dict[tuple[Package, Target], tuple[Package, ...]] = {}

    def find(self, target: Target, version: str) -> tuple[Package, ...] | None:
        key = (target, version)
        if key not in self._found:
            path = find_path(
                self._usable,
                make=target.make,
                model=target.model,
                from_version=version,
                to_version=target.version,
            )
            self._found[key] = None if path is None else tuple(path)
        return self._found[key]

    def package_of(self, campaign: Campaign, target: Target) -> Package:
        """Give the package of a campaign, as the campaign tells it."""
        key = (campaign.package, campaign.from_version, campaign.to_version, target)
        if key not in self._packages:
            self._packages[key] = Package(
                name=campaign.package,
                make=target.make,
                model=target.model,
                from_version=campaign.from_version,
                to_version=campaign.to_version,
            )
        return self._packages[key]

    def going_on_from(self, package: Package, target: Target) -> tuple[Package, ...]:
        """Give the steps to the target that begin with a package, as far as they lead."""
        if (package, target) not in self._courses:
            rest = self.find(target, package.to_version)
            self._courses[package, target] = (package, *(rest or ()))
        return self._courses[package, target]


def _judge(
    device: Device | None,
    spec: RolloutSpec,
    targets: Mapping[tuple[str, str], Target],
    paths: Paths,
    *,
    needs_license: bool,
) -> tuple[Package, ...] | Out:
    """Give the packages that a device needs, or why it is out."""
    if device is None:
        return Out.NOT_FOUND
    target = targets.get((device.make, device.model))
    if target is None:
        return Out.NO_TARGET
    if device.firmware == target.version:
        return Out.CURRENT
    if device.fota_eligible is False:
        return Out.NOT_ELIGIBLE
    if request_protocol(device.protocol) != spec.protocol:
        return Out.WRONG_PROTOCOL
    if not device.firmware:
        return Out.VERSION_UNKNOWN
    path = paths.find(target, device.firmware)
    if path is None:
        return Out.NO_PATH
    if needs_license and device.license_assigned is not True:
        return Out.NO_LICENSE
    return path


def _refuse_unreachable(
    spec: RolloutSpec, seen: Observed, members: Mapping[str, Member], out: Mapping[str, Out]
) -> None:
    """A target that no package reaches is a slip of the pen, unless nobody needs it any more."""
    for place, target in enumerate(spec.targets):
        model = (target.make, target.model)
        reachable = any(
            (one.make, one.model, one.to_version) == (*model, target.version)
            for one in seen.catalogue
        )
        if reachable or any(member.target == target for member in members.values()):
            continue
        stranded = [
            imei
            for imei, why in out.items()
            if why is Out.NO_PATH and _model(seen.devices[imei]) == model
        ]
        if stranded:
            known = sorted(
                {one.to_version for one in seen.catalogue if (one.make, one.model) == model}
            )
            raise PlanRefused(
                f"rollout {spec.name}",
                f"target[{place}].version = {target.version!r}: no published package leads to it"
                f" for {target.make} {target.model}, and {len(stranded)} selected devices need it",
                hint=f"published for this model: {', '.join(known) or 'nothing'};"
                " fota_firmware_info lists all",
            )


def _model(device: Device) -> tuple[str, str]:
    return device.make, device.model
