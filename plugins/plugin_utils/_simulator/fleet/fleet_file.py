# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a fleet file: accounts, devices, packages, credentials and outcomes as JSON.

Every key is optional. An error names the key, such as ``accounts[0].devices[3].deviceId``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..state.clock import parse_rfc3339
from ..state.imei import imeis, is_imei
from ..state.json_types import is_integer, is_number
from ..state.outcomes import OutcomeModel, parse_outcomes
from ..state.records import APIS_OF_PROTOCOL, Account, Credentials, Device, Package, Software

DEFAULT_CREDENTIALS = Credentials(
    key="simulator-key",
    secret="simulator-secret",
    username="simulator-user",
    password="simulator-password",
)
DEFAULT_SEED = 1
DEFAULT_PURCHASE = "TS-HFOTA-MRC,TS-HFOTA-EVNT"

_TOP = {"seed", "start", "credentials", "accounts", "outcomes", "switches"}
_CREDENTIALS = {"key", "secret", "username", "password", "accounts"}
_ACCOUNT = {
    "name",
    "participant",
    "subscription",
    "devices",
    "generate",
    "firmware",
    "software",
    "v1_firmware",
}
_DEVICE = {
    "deviceId",
    "make",
    "model",
    "protocol",
    "api",
    "firmware",
    "reported_firmware",
    "softwareList",
    "licensed",
    "status",
    "mdn",
    "eligible",
    "seen",
}
_GENERATE = {
    *("count", "first", "make", "model", "protocol", "api", "versions", "software", "licensed"),
}
_PACKAGE = {
    "make",
    "model",
    "launchDate",
    "releaseNote",
    "listed",
    "qualified",
}
_V3_PACKAGE = _PACKAGE | {"firmwareName", "firmwareFrom", "firmwareTo", "protocol"}
_V2_PACKAGE = _PACKAGE | {"softwareName", "distributionType", "devicePlatformId", "from", "to"}
_V1_PACKAGE = _PACKAGE | {"firmwareName", "fromVersion", "toVersion", "participantName"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet file, parsed and validated."""

    seed: int
    start: float | None
    credentials: tuple[Credentials, ...]
    accounts: dict[str, Account]
    outcomes: OutcomeModel
    switches: Mapping[str, str]


def parse_fleet(data: Any, *, now: float, seed: int | None = None) -> Fleet:
    """Parse a fleet object. Raises ``ValueError`` naming the wrong key.

    ``now`` (seconds) is when its devices were registered, unless the fleet has a start time.
    ``seed`` overrides the seed of the fleet.
    """
    top = _keys(data, _TOP, "fleet")
    seed = _integer(top.get("seed", DEFAULT_SEED), "seed") if seed is None else seed
    start = None
    if top.get("start") is not None:
        try:
            start = parse_rfc3339(_text(top["start"], "start"))
        except ValueError as error:
            raise ValueError(f"start: {error}") from None
    accounts: dict[str, Account] = {}
    reader = _Reader(seed=seed, now=start if start is not None else now)
    for index, item in enumerate(_list(top.get("accounts", []), "accounts")):
        account = reader.account(item, f"accounts[{index}]")
        if account.name in accounts:
            raise ValueError(f"accounts[{index}].name: {account.name} appears twice")
        accounts[account.name] = account
    credentials = tuple(
        _credentials(item, f"credentials[{index}]")
        for index, item in enumerate(_list(top.get("credentials", []), "credentials"))
    )
    return Fleet(
        seed=seed,
        start=start,
        credentials=credentials or (DEFAULT_CREDENTIALS,),
        accounts=accounts,
        outcomes=parse_outcomes(
            top.get("outcomes", {}),
            seed=seed,
            catalog=[
                package
                for account in accounts.values()
                for packages in account.packages.values()
                for package in packages
            ],
        ),
        switches=_keys(top.get("switches", {}), None, "switches"),
    )


class _Reader:
    """Parses accounts. An IMEI can be in one account only."""

    def __init__(self, *, seed: int, now: float) -> None:
        self._seed = seed
        self._now = now
        self._known: set[str] = set()
        self._serials: dict[str, Iterator[str]] = {}

    def account(self, item: Any, where: str) -> Account:
        data = _keys(item, _ACCOUNT, where)
        name = _text(data.get("name"), f"{where}.name")
        subscription = _keys(
            data.get("subscription", {}), {"purchaseType", "licenseCount"}, f"{where}.subscription"
        )
        devices: dict[str, Device] = {}
        for index, row in enumerate(_list(data.get("devices", []), f"{where}.devices")):
            self._add(devices, self._device(row, f"{where}.devices[{index}]"), name)
        for index, row in enumerate(_list(data.get("generate", []), f"{where}.generate")):
            for device in self._generated(row, f"{where}.generate[{index}]"):
                self._add(devices, device, name)
        licensed = sum(device.licensed is not None for device in devices.values())
        purchase = _text(
            subscription.get("purchaseType", DEFAULT_PURCHASE), f"{where}.subscription.purchaseType"
        )
        count = _integer(
            subscription.get("licenseCount", len(devices) if "TS-HFOTA-MRC" in purchase else 0),
            f"{where}.subscription.licenseCount",
        )
        if licensed > count:
            raise ValueError(f"{where}: {licensed} licensed devices but licenseCount {count}")
        return Account(
            name=name,
            participant=_text(data.get("participant", name), f"{where}.participant"),
            purchase=purchase,
            license_count=count,
            updated=self._now,
            devices=devices,
            packages={
                "v1": _packages(data.get("v1_firmware", []), _v1_package, f"{where}.v1_firmware"),
                "v2": _packages(data.get("software", []), _v2_package, f"{where}.software"),
                "v3": _packages(data.get("firmware", []), _v3_package, f"{where}.firmware"),
            },
            license_used=licensed,
        )

    def _add(self, devices: dict[str, Device], device: Device, account: str) -> None:
        if device.imei in self._known:
            raise ValueError(f"deviceId {device.imei} appears twice, again in account {account}")
        self._known.add(device.imei)
        devices[device.imei] = device

    def _device(self, row: Any, where: str) -> Device:
        data = _keys(row, _DEVICE, where)
        imei = data.get("deviceId")
        if not is_imei(imei):
            raise ValueError(f"{where}.deviceId: must be 15 digits, not {imei!r}")
        protocol = _protocol(data.get("protocol", "LWM2M"), f"{where}.protocol")
        firmware = _text(data.get("firmware", ""), f"{where}.firmware")
        seen = _flag(data.get("seen", True), f"{where}.seen")
        return Device(
            imei=str(imei),
            make=_text(data.get("make"), f"{where}.make"),
            model=_text(data.get("model"), f"{where}.model"),
            protocol=protocol,
            apis=_apis(data.get("api"), protocol, f"{where}.api"),
            mdn=_text(data.get("mdn", mdn_of(str(imei))), f"{where}.mdn"),
            firmware=firmware,
            reported_firmware=_text(
                data.get("reported_firmware", firmware if seen else ""),
                f"{where}.reported_firmware",
            ),
            created=self._now,
            software=_software(data.get("softwareList", []), f"{where}.softwareList"),
            status=_text(data.get("status", "Active"), f"{where}.status"),
            eligible=_flag(data.get("eligible", True), f"{where}.eligible"),
            licensed=(
                self._now if _flag(data.get("licensed", False), f"{where}.licensed") else None
            ),
            refreshed=self._now if seen else None,
        )

    def _generated(self, row: Any, where: str) -> Iterator[Device]:
        data = _keys(row, _GENERATE, where)
        model = _text(data.get("model"), f"{where}.model")
        make = _text(data.get("make"), f"{where}.make")
        count = _integer(data.get("count", 1), f"{where}.count")
        protocol = _protocol(data.get("protocol", "LWM2M"), f"{where}.protocol")
        apis = _apis(data.get("api"), protocol, f"{where}.api")
        versions = _shares(data.get("versions", {"": 1.0}), f"{where}.versions")
        software = _shares(data.get("software", {"": 1.0}), f"{where}.software")
        licensed = _share(data.get("licensed", 0.0), f"{where}.licensed")
        first = _first_imei(data.get("first"), count, f"{where}.first")
        for number in range(count):
            # Multiples of the golden ratio spread evenly: the shares are right for any count.
            spread = (number * 0.6180339887498949) % 1
            version, item = _pick(versions, spread), _pick(software, spread)
            imei = self._next_imei(model) if first is None else f"{first + number:015}"
            yield Device(
                imei=imei,
                make=make,
                model=model,
                protocol=protocol,
                apis=apis,
                mdn=mdn_of(imei),
                firmware=version,
                reported_firmware=version,
                created=self._now,
                software=(Software(item, item),) if item else (),
                licensed=self._now if (number * 0.7548776662466927) % 1 < licensed else None,
                refreshed=self._now,
            )

    def _next_imei(self, model: str) -> str:
        """The next unused IMEI of a model."""
        for imei in self._serials.setdefault(model, imeis(seed=self._seed, model=model)):
            if imei not in self._known:
                return imei
        raise AssertionError("the serial numbers of a model are endless")


def _first_imei(value: Any, count: int, where: str) -> int | None:
    """The first of ``count`` consecutive IMEIs, whatever their check digits."""
    if value is None:
        return None
    text = _text(value, where)
    if not is_imei(text) or int(text) + count > 10**15:
        raise ValueError(f"{where}: must be the first of {count} IMEIs of 15 digits, not {text!r}")
    return int(text)


def mdn_of(imei: str) -> str:
    """A fictitious ten-digit phone number (MDN)."""
    return f"555{imei[7:14]}"


def _credentials(item: Any, where: str) -> Credentials:
    data = _keys(item, _CREDENTIALS, where)
    accounts = data.get("accounts")
    return Credentials(
        key=_text(data.get("key"), f"{where}.key"),
        secret=_text(data.get("secret"), f"{where}.secret"),
        username=_text(data.get("username"), f"{where}.username"),
        password=_text(data.get("password"), f"{where}.password"),
        accounts=None if accounts is None else frozenset(_list(accounts, f"{where}.accounts")),
    )


def _packages(rows: Any, read: Any, where: str) -> list[Package]:
    return [read(row, f"{where}[{index}]") for index, row in enumerate(_list(rows, where))]


def _v3_package(row: Any, where: str) -> Package:
    data = _keys(row, _V3_PACKAGE, where)
    return _package(
        data,
        where,
        name="firmwareName",
        version_from="firmwareFrom",
        version_to="firmwareTo",
        protocol=_text(data.get("protocol", "LWM2M"), f"{where}.protocol"),
    )


def _v2_package(row: Any, where: str) -> Package:
    data = _keys(row, _V2_PACKAGE, where)
    return _package(
        data,
        where,
        name="softwareName",
        version_from="from",
        version_to="to",
        protocol=_text(data.get("distributionType", "HTTP"), f"{where}.distributionType"),
    )


def _v1_package(row: Any, where: str) -> Package:
    data = _keys(row, _V1_PACKAGE, where)
    return _package(
        data,
        where,
        name="firmwareName",
        version_from="fromVersion",
        version_to="toVersion",
        protocol="",
    )


def _package(
    data: dict[str, Any],
    where: str,
    *,
    name: str,
    version_from: str,
    version_to: str,
    protocol: str,
) -> Package:
    optional: dict[str, Any] = {
        field: _text(data[key], f"{where}.{key}")
        for field, key in (
            ("launched", "launchDate"),
            ("note", "releaseNote"),
            ("platform", "devicePlatformId"),
        )
        if key in data
    }
    return Package(
        name=_text(data.get(name), f"{where}.{name}"),
        make=_text(data.get("make"), f"{where}.make"),
        model=_text(data.get("model"), f"{where}.model"),
        version_from=_text(data.get(version_from), f"{where}.{version_from}"),
        version_to=_text(data.get(version_to), f"{where}.{version_to}"),
        protocol=protocol,
        listed=_flag(data.get("listed", True), f"{where}.listed"),
        qualified=_flag(data.get("qualified", False), f"{where}.qualified"),
        **optional,
    )


def _software(rows: Any, where: str) -> tuple[Software, ...]:
    items = []
    for index, row in enumerate(_list(rows, where)):
        data = _keys(row, {"name", "version", "upgradeTime"}, f"{where}[{index}]")
        name = _text(data.get("name"), f"{where}[{index}].name")
        items.append(Software(name, _text(data.get("version", name), f"{where}[{index}].version")))
    return tuple(items)


def _apis(value: Any, protocol: str, where: str) -> frozenset[str]:
    if value is None:
        return APIS_OF_PROTOCOL[protocol]
    known = {"v1", "v2", "v3"}
    if not _list(value, where) or not set(value) <= known:
        raise ValueError(f"{where}: must contain only v1, v2 or v3, not {value!r}")
    return frozenset(value)


def _protocol(value: Any, where: str) -> str:
    if value not in APIS_OF_PROTOCOL:
        raise ValueError(f"{where}: must be one of {', '.join(APIS_OF_PROTOCOL)}, not {value!r}")
    return str(value)


def _shares(value: Any, where: str) -> list[tuple[str, float]]:
    data = _keys(value, None, where)
    total = sum(_share(share, f"{where}.{name}") for name, share in data.items())
    if not data or abs(total - 1) > 1e-6:
        raise ValueError(f"{where}: the sum of the shares must be 1, not {total}")
    return list(data.items())


def _pick(shares: list[tuple[str, float]], spread: float) -> str:
    for name, share in shares:
        if spread < share:
            return name
        spread -= share
    return shares[-1][0]


def _keys(value: Any, known: set[str] | None, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: must be an object, not {type(value).__name__}")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        listed = ", ".join(sorted(known or ()))
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; valid keys are {listed}")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{where}: must be a list, not {type(value).__name__}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where}: must be a string, not {value!r}")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{where}: must be true or false, not {value!r}")
    return value


def _integer(value: Any, where: str) -> int:
    if not is_integer(value) or value < 0:
        raise ValueError(f"{where}: must be an integer of 0 or more, not {value!r}")
    return value


def _share(value: Any, where: str) -> float:
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{where}: must be a number from 0 to 1, not {value!r}")
    return float(value)
