# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find packages in a catalog, and paths of packages from one version to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from difflib import get_close_matches

from .._model.firmware import Package
from .._model.text import brief, count, shown
from .._model.times import parse_time
from .refusal import PlanRefused

_NOT_LISTED = {
    "v1": "a package of v3 needs fota_campaign; one that is not listed needs to_version",
    "v3": "a package of v1 needs fota_upgrade; one that is not listed needs from_version and"
    " to_version",
}
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def find_package(
    subject: str, name: str, catalog: Sequence[Package], *, api_version: str
) -> Package:
    """Give the package of a name.

    :param api_version: whose catalog it is, for hints.
    :raises PlanRefused: no package, or packages with different versions, have the name.
    """
    found = {
        (package.from_version, package.to_version): package
        for package in catalog
        if package.name == name
    }
    if not found:
        near = get_close_matches(name, [package.name for package in catalog], n=1)
        raise PlanRefused(
            subject,
            f"no package of the account has the name {brief(name)}; it has"
            f" {count(len(catalog), 'package')}",
            hint=(f"did you mean {shown(near[0])}? " if near else "")
            + f"fota_firmware_info with api_version: {api_version} lists the packages; "
            + _NOT_LISTED[api_version],
        )
    if len(found) > 1:
        versions = ", ".join(f"{shown(start)} -> {shown(end)}" for start, end in sorted(found))
        raise PlanRefused(
            subject,
            f"{len(found)} packages have the name {brief(name)}: {versions}",
            hint="declare to_version"
            if api_version == "v1"
            else "declare from_version and to_version",
        )
    return next(iter(found.values()))


def find_path(
    catalog: Iterable[Package], *, make: str, model: str, from_version: str, to_version: str
) -> list[Package] | None:
    """Give the shortest path of packages from one version to another, by newest launch if tied.

    :returns: an empty list when the versions are equal, None when there is no path.
    """
    steps: dict[str, list[Package]] = {}
    for package in catalog:
        if (package.make, package.model) == (make, model):
            steps.setdefault(package.from_version, []).append(package)
    for choices in steps.values():
        choices.sort(key=_launched, reverse=True)
    paths: dict[str, list[Package]] = {from_version: []}
    todo = deque([from_version])
    while todo:
        version = todo.popleft()
        if version == to_version:
            return paths[version]
        for package in steps.get(version, ()):
            if package.to_version not in paths:
                paths[package.to_version] = [*paths[version], package]
                todo.append(package.to_version)
    return None


def _launched(package: Package) -> tuple[datetime, str]:
    """Order packages by launch; packages without a readable time come first."""
    return parse_time(package.launch_date) or _NEVER, package.name
