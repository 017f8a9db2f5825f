# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, devices, packages and credentials."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from .sorted_imeis import SortedImeis

# v1 upgrades OMA-DM and LWM2M devices, v2 HTTP devices, v3 LWM2M devices (CONTRACT section 1). Each
# version of the API lists the devices that it can upgrade; v3 lists all devices.
APIS_OF_PROTOCOL = {
    "LWM2M": frozenset({"v1", "v3"}),
    "OMADM": frozenset({"v1", "v3"}),
    "HTTP": frozenset({"v2", "v3"}),
    "NONE": frozenset({"v3"}),
}
PAGE = 1000


@dataclass(slots=True)
class Software:
    """One software item on a device: the package that installed it, and its version."""

    name: str
    version: str
    upgraded: float | None = None


@dataclass(slots=True)
class Device:
    """One device. ``firmware`` runs on it, ``reported_firmware`` is what ThingSpace knows.

    ``died`` is when it stopped responding. ``holder`` is the campaign or upgrade that the device is
    in.
    """

    imei: str
    make: str
    model: str
    protocol: str
    apis: frozenset[str]
    mdn: str
    firmware: str
    reported_firmware: str
    created: float
    software: tuple[Software, ...] = ()
    status: str = "Active"
    eligible: bool = True
    licensed: float | None = None
    license_used: bool = False
    refreshed: float | None = None
    upgraded: float | None = None
    dead: bool = False
    died: float | None = None
    holder: object | None = None

    def software_version(self, version: str) -> Software | None:
        """The software item with that version or package name."""
        for item in self.software:
            if version in (item.version, item.name):
                return item
        return None


@dataclass(frozen=True, slots=True)
class Package:
    """One upgrade path. When ``listed`` is false, it is valid but not in the list (Q25).

    A configuration file (``is_file``) has no ``version_from``.
    """

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
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """One key with one user; None for ``accounts`` gives access to every account."""

    key: str
    secret: str
    username: str
    password: str
    accounts: frozenset[str] | None = None


@dataclass(slots=True)
class Pilot:
    """Finished attempts and successes with one package of one account."""

    attempted: int = 0
    succeeded: int = 0

    @property
    def passed(self) -> bool:
        """At least five devices, and at least half of them successful."""
        return self.attempted >= 5 and 2 * self.succeeded >= self.attempted


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A file for devices of one model, with the name that the service gave it."""

    name: str
    version: str
    make: str
    model: str
    target_path: str
    launched: float


@dataclass(frozen=True, slots=True)
class Listener:
    """A registered callback listener; only v1 has a user name and password."""

    url: str
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class LoggingPeriod:
    """When logging of a device began and ends, in seconds."""

    start: float
    end: float


@dataclass(slots=True)
class Account:
    """One billing account with its devices, packages and licenses."""

    name: str
    participant: str
    purchase: str
    license_count: int
    updated: float
    devices: dict[str, Device]
    packages: dict[str, list[Package]]
    license_used: int = 0
    pilots: dict[str, Pilot] = field(default_factory=dict)
    # Devices that lose their licenses first, in order.
    cancel_candidates: dict[str, None] = field(default_factory=dict)
    # By version of the API.
    listeners: dict[str, Listener] = field(default_factory=dict)
    files: list[ConfigurationFile] = field(default_factory=list)
    # By IMEI, oldest first.
    logging: dict[str, list[LoggingPeriod]] = field(default_factory=dict)
    _imeis_by_family: dict[tuple[str, str | None], SortedImeis] = field(init=False)
    _all_imeis: SortedImeis = field(init=False)
    _licensed_imeis: SortedImeis = field(init=False)
    _kinds: set[tuple[frozenset[str], str, str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.index_devices()

    def index_devices(self) -> None:
        """Sort the devices. Call this after adding or removing devices."""
        self._imeis_by_family = {}
        self._all_imeis = SortedImeis(self.devices)
        self._licensed_imeis = SortedImeis(
            imei for imei in self._all_imeis.ascending() if self.devices[imei].licensed is not None
        )
        self._kinds = {
            (device.apis, device.protocol, device.make, device.model)
            for device in self.devices.values()
        }

    @property
    def monthly_only(self) -> bool:
        """Whether devices need a license before an upgrade (CONTRACT section 11)."""
        return "TS-HFOTA-EVNT" not in self.purchase

    def package(self, api: str, name: str) -> Package | None:
        for package in self.packages[api]:
            if package.name == name:
                return package
        return None

    def pilot(self, package: str) -> Pilot:
        return self.pilots.setdefault(package, Pilot())

    def models(self, api: str) -> set[tuple[str, str]]:
        """Make and model of every device of one version of the API."""
        return {(make, model) for apis, _protocol, make, model in self._kinds if api in apis}

    def all_imeis(self) -> SortedImeis:
        """IMEIs of all devices."""
        return self._all_imeis

    def imeis(self, api: str, protocol: str | None = None) -> SortedImeis:
        """IMEIs of one version of the API, and of one protocol if given."""
        key = (api, protocol)
        if key not in self._imeis_by_family:
            kinds = {
                (apis, device_protocol)
                for apis, device_protocol, _make, _model in self._kinds
                if api in apis and protocol in (None, device_protocol)
            }
            if kinds == {kind[:2] for kind in self._kinds}:
                self._imeis_by_family[key] = self._all_imeis
            else:
                self._imeis_by_family[key] = SortedImeis(
                    device.imei
                    for device in self.devices.values()
                    if (device.apis, device.protocol) in kinds
                )
        return self._imeis_by_family[key]

    def licensed_imeis(self) -> SortedImeis:
        """IMEIs of devices with a license."""
        return self._licensed_imeis

    def give_license(self, device: Device, now: float) -> None:
        device.licensed = now
        device.license_used = False
        self.license_used += 1
        self._licensed_imeis.add(device.imei)

    def take_license(self, device: Device) -> None:
        device.licensed = None
        self.license_used -= 1
        self.cancel_candidates.pop(device.imei, None)
        self._licensed_imeis.discard(device.imei)


def page_after(ordered: list[str], cursor: str) -> tuple[list[str], bool]:
    """At most 1000 ids above a cursor, and whether more follow.

    An empty or 0 cursor is the beginning.
    """
    first = bisect_right(ordered, cursor) if cursor.strip("0") else 0
    return ordered[first : first + PAGE], len(ordered) > first + PAGE
