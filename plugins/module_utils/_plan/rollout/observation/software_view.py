# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Software campaigns (v2) seen as firmware campaigns are, so that one engine judges both.

Reports of v2 have no times, its catalog has no versions, and no call asks a device. They are
replaced by the declared packages and the software list of a device: the version of the item that a
package names, and when it was installed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ...._model.campaign import CampaignDevice
from ...._model.device import Device
from ...._model.status import DeviceState
from ...._model.times import parse_time
from ..declaration.spec import RolloutSpec
from .campaign_history import by_age, day_begins, day_ends
from .observed import Observed, OwnCampaign


def see_software(spec: RolloutSpec, seen: Observed) -> Observed:
    """Fill in what the engine judges by: packages, versions, times of results and of reads."""
    versions = _Versions(spec)
    now = _spell(seen.now)
    devices = {
        imei: replace(device, firmware=versions.of(device), refreshed=now)
        for imei, device in seen.devices.items()
    }
    campaigns = []
    for own in by_age(seen.own):
        rows = []
        for row in own.rows:
            device = devices.get(row.device_id)
            if row.state is DeviceState.SUCCESS and device is not None:
                installed = _installed(own, device)
                if installed is None and spec.reported_is_enough:
                    installed = _end(own, seen.now)
                    if device.firmware in ("", own.campaign.from_version):
                        version = own.campaign.to_version
                        devices[row.device_id] = replace(device, firmware=version)
                row = _with_time(row, installed)
            elif row.state in (DeviceState.FAILED, DeviceState.REJECTED) and not row.updated:
                row = replace(row, updated=_begin(own))
            rows.append(row)
        campaigns.append(replace(own, rows=tuple(rows)))
    return replace(seen, catalog=spec.packages, devices=devices, own=tuple(campaigns))


class _Versions:
    """Which version of the software that the packages are for runs on a device."""

    def __init__(self, spec: RolloutSpec) -> None:
        self._known: dict[tuple[str, str], set[str]] = {}
        self._packages = {package.name for package in spec.packages}
        for target in spec.targets:
            self._known.setdefault((target.make, target.model), set()).add(target.version)
        for package in spec.packages:
            known = self._known.setdefault((package.make, package.model), set())
            known |= {package.to_version, package.from_version}

    def of(self, device: Device) -> str:
        """The one that a package or the target names; empty where that is none, or several.

        Where several items run such a version, one that a package has brought is meant, and the one
        that was installed last.
        """
        known = self._known.get((device.make, device.model), set())
        items = [item for item in device.software if {item.version, item.name} & known]
        if len(items) > 1:
            items = [item for item in items if item.name in self._packages | known]
        newest = max((item.upgraded for item in items if parse_time(item.upgraded)), default="")
        items = [item for item in items if not newest or item.upgraded == newest]
        versions = {item.version if item.version in known else item.name for item in items}
        return versions.pop() if len(versions) == 1 else ""


def _installed(own: OwnCampaign, device: Device) -> str | None:
    """When the campaign installed its version; None while the software list does not show it."""
    start = own.campaign.schedule.start
    for item in device.software:
        if own.campaign.to_version in (item.version, item.name):
            when = parse_time(item.upgraded)
            if when is not None and (start is None or when >= day_begins(start)):
                return item.upgraded
    return None


def _end(own: OwnCampaign, now: datetime) -> str:
    """The end of a campaign replaces times that are not reported; never later than a moment ago,
    as a version counts only when it was read later."""
    before, end = now - timedelta(seconds=1), own.campaign.schedule.end
    return _spell(before if end is None else min(before, day_ends(end)))


def _begin(own: OwnCampaign) -> str:
    """Failures and refusals count from the first day on: later successes do not lift a halt."""
    start = own.campaign.schedule.start
    return "" if start is None else _spell(day_begins(start))


def _with_time(row: CampaignDevice, installed: str | None) -> CampaignDevice:
    return row if installed is None else replace(row, updated=installed, recent_attempt=installed)


def _spell(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
