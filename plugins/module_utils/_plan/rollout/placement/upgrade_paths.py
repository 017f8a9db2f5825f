# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that devices go through to the target, and whether packages lead back from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...._model.campaign import Campaign
from ...._model.firmware import Package
from ...packages import find_path
from ..declaration.campaign_names import Cohort
from ..declaration.spec import RolloutSpec, Target


@dataclass(frozen=True, slots=True)
class UpgradePath:
    """The way of a cohort to its target.

    :ivar cohort: what devices share that can be in one campaign now.
    :ivar course: the packages from the cohort's version to the target, or as far as they lead; of
        devices that are in a campaign, or have been, the first is that of the newest one.
    :ivar done: the packages that they have got in this rollout, in order.
    """

    target: Target
    cohort: Cohort
    course: tuple[Package, ...]
    done: tuple[Package, ...] = ()

    @property
    def steps(self) -> tuple[Package, ...]:
        """All steps in this rollout, with those that are done."""
        return self.done + self.course

    def leads_over(self, version: str) -> bool:
        """Tell whether a version is a later point of the path, short of the target."""
        return version != self.target.version and any(
            package.to_version == version for package in self.course
        )

    def after(self, version: str) -> UpgradePath:
        """Give the steps after ``version``; the path itself where no package leads on."""
        steps = next(
            (place for place, step in enumerate(self.course, 1) if step.to_version == version), 0
        )
        if not 0 < steps < len(self.course):
            return self
        return UpgradePath(
            self.target,
            replace(self.cohort, version=version),
            self.course[steps:],
            self.done + self.course[:steps],
        )


class Paths:
    """Paths from versions to targets, and packages of campaigns, each found once."""

    def __init__(self, spec: RolloutSpec, catalog: Sequence[Package]) -> None:
        self._protocol = spec.protocol
        self._usable = [
            package for package in catalog if package.request_protocol in ("", spec.protocol)
        ]
        self._found: dict[tuple[Target, str], tuple[Package, ...] | None] = {}
        self._packages: dict[tuple[str, str, str, Target], Package] = {}
        self._paths: dict[tuple[object, ...], UpgradePath] = {}

    def find(self, target: Target, version: str) -> tuple[Package, ...] | None:
        """Give the packages from a version to the target; None when none lead there."""
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

    def ahead(self, target: Target, version: str, zone: str) -> UpgradePath | None:
        """Give the path of a device that no campaign of ours has had; None when none leads."""
        key = (target, version, zone)
        if key not in self._paths:
            course = self.find(target, version)
            if course is None:
                return None
            self._paths[key] = UpgradePath(target, self._cohort(target, version, zone), course)
        return self._paths[key]

    def going_on(self, target: Target, campaigns: Sequence[Campaign], zone: str) -> UpgradePath:
        """Give the path of a device from what our campaigns gave it.

        :param campaigns: that it was in, the newest first.
        """
        names = tuple((each.package, each.from_version, each.to_version) for each in campaigns)
        key = (target, names, zone)
        if key not in self._paths:
            package, *before = (self._package_of(each, target) for each in campaigns)
            self._paths[key] = UpgradePath(
                target,
                self._cohort(target, package.from_version, zone),
                (package, *(self.find(target, package.to_version) or ())),
                tuple(dict.fromkeys(each for each in before if each != package)),
            )
        return self._paths[key]

    def _cohort(self, target: Target, version: str, zone: str) -> Cohort:
        return Cohort(self._protocol, target.make, target.model, version, zone)

    def _package_of(self, campaign: Campaign, target: Target) -> Package:
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


@dataclass(frozen=True, order=True)
class VersionPath:
    """A path from version to version; without versions between its ends it is one package.

    :ivar versions: from the first to the last; only the first and the last if nothing leads there.
    :ivar exists: packages lead all the way.
    :ivar devices: that take, or would take, this path.
    """

    make: str
    model: str
    versions: tuple[str, ...]
    exists: bool
    devices: int


def summarize_upgrades(paths: Iterable[UpgradePath]) -> list[VersionPath]:
    """Summarize the paths of all devices in scope, with the steps that they have done.

    :param paths: one for each device.
    """
    counts = Counter((path.target, path.steps) for path in paths)
    return sorted(
        VersionPath(
            make=target.make,
            model=target.model,
            versions=(steps[0].from_version, *(package.to_version for package in steps)),
            exists=steps[-1].to_version == target.version,
            devices=count,
        )
        for (target, steps), count in counts.items()
    )


def summarize_rollbacks(paths: Iterable[UpgradePath], known: Paths) -> list[VersionPath]:
    """Summarize the paths from the targets back to the versions that devices in scope came from.

    :param paths: one for each device.
    """
    counts = Counter((path.target, path.steps[0].from_version) for path in paths)
    found = []
    for (target, old), count in counts.items():
        course = known.find(replace(target, version=old), target.version)
        steps = tuple(package.to_version for package in course) if course else (old,)
        found.append(
            VersionPath(
                make=target.make,
                model=target.model,
                versions=(target.version, *steps),
                exists=course is not None,
                devices=count,
            )
        )
    return sorted(found)
