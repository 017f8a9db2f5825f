# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that devices go through to the target, and whether packages lead back from there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from .scope import Scope


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


def find_upgrade_paths(scope: Scope) -> list[VersionPath]:
    """Give the paths of all devices in scope, with the steps that they have done."""
    counts = Counter((member.target, member.path) for member in scope.members.values())
    return sorted(
        VersionPath(
            make=target.make,
            model=target.model,
            versions=(path[0].from_version, *(package.to_version for package in path)),
            exists=path[-1].to_version == target.version,
            devices=count,
        )
        for (target, path), count in counts.items()
    )


def find_rollback_paths(scope: Scope) -> list[VersionPath]:
    """Give the paths from the targets back to the versions that devices in scope came from."""
    counts = Counter(
        (member.target, member.path[0].from_version) for member in scope.members.values()
    )
    found = []
    for (target, old), count in counts.items():
        path = scope.paths.find(replace(target, version=old), target.version)
        steps = tuple(package.to_version for package in path) if path else (old,)
        found.append(
            VersionPath(
                make=target.make,
                model=target.model,
                versions=(target.version, *steps),
                exists=path is not None,
                devices=count,
            )
        )
    return sorted(found)
