# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service holds: accounts, devices, packages and credentials."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# Devices belong to one protocol family: v1 upgrades OMA-DM and LWM2M devices, v2 HTTP devices, v3
# LWM2M devices (CONTRACT section 1); every family lists what it can upgrade, v3 lists them all.
APIS_OF_PROTOCOL = {
    "LWM2M": frozenset({"v1", "v3"}),
    "OMADM": frozenset({"v1", "v3"}),
    "HTTP": frozenset({"v2", "v3"}),
    "NONE": frozenset({"v3"}),
}
PAGE = 1000


@dataclass(slots=True)
class Software:
    """One software item on a device: the package that brought it and its version."""

    name: str
    version: str
    upgraded: float | None = None


@dataclass(slots=True)
class Device:
    """One device. ``firmware`` is the truth, ``stored`` what ThingSpace believes."""

    imei: str
    make: str
    model: str
    protocol: str
    apis: frozenset[str]
    mdn: str
    firmware: str
    stored: str
    created: float
    software: tuple[Software, ...] = ()
    status: str = "Active"
    eligible: bool = True
    licensed: float | None = None
    license_used: bool = False
    refreshed: float | None = None
    upgraded: float | None = None
    dead: bool = False
    holder: object | None = None

    def software_version(self, wanted: str) -> Software | None:
        """The software item at a version (by version or by the package's name)."""
        for item in self.software:
            if wanted in (item.version, item.name):
                return item
        return None


@dataclass(frozen=True, slots=True)
class Package:
    """One upgrade path. ``listed`` false: valid, yet missing in the list call (Q25)."""

    name: str
    make: str
    model: str
    version_from: str
    version_to: str
    protocol: str
    launched: str = "2021-01-01T00:00:00.000Z"
    note: str = ""
    platform: str = "IoT"
    listed: bool = True
    qualified: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key with one user; ``accounts`` None sees every account."""

    key: str
    secret: str
    username: str
    password: str
    accounts: frozenset[str] | None = None


@dataclass(slots=True)
class Pilot:
    """Evidence for one package of one account: finished attempts and successes."""

    attempted: int = 0
    succeeded: int = 0

    @property
    def proved(self) -> bool:
        """Five devices with half of them successful."""
        return self.attempted >= 5 and 2 * self.succeeded >= self.attempted


@dataclass(slots=True)
class Account:
    """One billing account with everything that belongs to it."""

    name: str
    participant: str
    purchase: str
    license_count: int
    updated: float
    devices: dict[str, Device]
    packages: dict[str, list[Package]]
    license_used: int = 0
    pilots: dict[str, Pilot] = field(default_factory=dict)
    _orders: dict[tuple[str, str | None], list[str]] = field(default_factory=dict)
    _licensed: list[str] | None = None

    @property
    def monthly_only(self) -> bool:
        """Devices need a licence before an upgrade (CONTRACT section 11)."""
        return "TS-HFOTA-EVNT" not in self.purchase

    def package(self, api: str, name: str) -> Package | None:
        for package in self.packages[api]:
            if package.name == name:
                return package
        return None

    def pilot(self, package: str) -> Pilot:
        return self.pilots.setdefault(package, Pilot())

    def order(self, api: str, protocol: str | None = None) -> list[str]:
        """IMEIs of one family, ascending; built once, since a fleet gains no device."""
        key = (api, protocol)
        if key not in self._orders:
            self._orders[key] = sorted(
                device.imei
                for device in self.devices.values()
                if api in device.apis and protocol in (None, device.protocol)
            )
        return self._orders[key]

    def licensed(self) -> list[str]:
        """IMEIs with a licence, ascending."""
        if self._licensed is None:
            self._licensed = sorted(
                device.imei for device in self.devices.values() if device.licensed is not None
            )
        return self._licensed

    def give_license(self, device: Device, now: float) -> None:
        device.licensed = now
        device.license_used = False
        self.license_used += 1
        self._licensed = None

    def take_license(self, device: Device) -> None:
        device.licensed = None
        self.license_used -= 1
        self._licensed = None


def page_after(ordered: list[str], cursor: str) -> tuple[list[str], bool]:
    """At most 1000 ids above a cursor, and whether more follow. Empty or 0 is the beginning."""
    first = bisect_right(ordered, cursor) if cursor.strip("0") else 0
    return ordered[first : first + PAGE], len(ordered) > first + PAGE


def unique(items: Iterable[Any]) -> list[Any]:
    """The items in order, each once."""
    return list(dict.fromkeys(items))
