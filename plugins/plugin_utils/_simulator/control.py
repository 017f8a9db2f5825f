# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control endpoint ``/_simulator``: clock, settings, faults, journal and state.

Every path returns JSON. An invalid command returns 400 with ``{"error": ...}``.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from .api.exchange import Reply, Request, json_reply
from .service import Service
from .state.campaign import Campaign
from .state.clock import day_text, parse_rfc3339, rfc3339
from .state.json_types import is_number
from .state.records import Account, Device
from .state.upgrade import Upgrade

PREFIX = "/_simulator"
STATE_PAGE = 10_000


class Control:
    """Commands to a running simulator, from its port or from its own process."""

    def __init__(self, service: Service, stop: Callable[[], None]) -> None:
        self._service = service
        self._stop = stop
        self._commands: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/"): lambda _request: self.overview(),
            ("POST", "/clock"): lambda request: self.clock(_object(request)),
            ("GET", "/journal"): lambda request: {
                "journal": service.journal.since(_integer_query(request, "since"))
            },
            ("DELETE", "/journal"): lambda _request: self.clear_journal(),
            ("POST", "/settings"): lambda request: self.settings(_object(request)),
            ("GET", "/faults"): lambda _request: {"faults": self.faults()},
            ("POST", "/faults"): lambda request: self.set_faults(_json(request)),
            ("DELETE", "/faults"): lambda _request: self.set_faults([]),
            ("GET", "/state"): self.state,
            ("POST", "/stop"): lambda _request: self.stop(),
        }

    def handle(self, request: Request) -> Reply:
        path = request.path[len(PREFIX) :].rstrip("/") or "/"
        command = self._commands.get((request.method, path))
        if command is None:
            return json_reply(
                {"error": f"{request.method} {PREFIX}{path}: unknown command"}, status=404
            )
        try:
            return json_reply(command(request))
        except ValueError as error:
            return json_reply({"error": str(error)}, status=400)

    def overview(self) -> dict[str, Any]:
        service = self._service
        state = service.state
        with service.lock:
            state.catch_up()
            return {
                "now": rfc3339(state.now),
                "hours_per_second": state.clock.hours_per_second,
                "seed": state.seed,
                "switches": state.switches.as_dict(),
                "refuse_writes": service.refuse_writes,
                "latency_ms": service.latency_ms,
                "counts": {
                    "accounts": len(state.accounts),
                    "devices": sum(len(account.devices) for account in state.accounts.values()),
                    "campaigns": len(state.campaigns_by_id),
                    "upgrades": len(state.upgrades_by_id),
                    "journal": len(service.journal),
                    "events_due": len(state.events),
                },
            }

    def clock(self, command: dict[str, Any]) -> dict[str, Any]:
        """``advance_hours``, ``set`` and ``hours_per_second``, in this order."""
        _require_known(command, {"advance_hours", "set", "hours_per_second"})
        state = self._service.state
        with self._service.lock:
            if "advance_hours" in command:
                state.clock.advance(_number(command, "advance_hours"))
            if "set" in command:
                state.clock.set(parse_rfc3339(str(command["set"])))
            if "hours_per_second" in command:
                state.clock.set_speed(_number(command, "hours_per_second"))
            return {"now": rfc3339(state.catch_up())}

    def settings(self, command: dict[str, Any]) -> dict[str, Any]:
        """Any of ``refuse_writes``, ``latency_ms``, ``switches``, ``expire``, ``unlock``."""
        _require_known(command, {"refuse_writes", "latency_ms", "switches", "expire", "unlock"})
        service = self._service
        with service.lock:
            if "refuse_writes" in command:
                if not isinstance(command["refuse_writes"], bool):
                    raise ValueError("refuse_writes: must be true or false")
                service.refuse_writes = command["refuse_writes"]
            if "latency_ms" in command:
                latency = _number(command, "latency_ms")
                if not 0 <= latency <= 60_000:
                    raise ValueError("latency_ms: must be 0 to 60000")
                service.latency_ms = latency
            switches = command.get("switches", {})
            if not isinstance(switches, dict):
                raise ValueError("switches: must be an object")
            for name, value in switches.items():
                service.state.switches.set(name, value)
            if "expire" in command:
                service.auth.expire(command["expire"])
            if command.get("unlock"):
                service.auth.unlock()
        return self.overview()

    def faults(self) -> list[dict[str, Any]]:
        with self._service.lock:
            return [rule.as_dict() for rule in self._service.rules]

    def set_faults(self, data: Any) -> dict[str, Any]:
        self._service.set_faults(data)
        return {"faults": self.faults()}

    def clear_journal(self) -> dict[str, Any]:
        self._service.journal.clear()
        return {"journal": []}

    def stop(self) -> dict[str, Any]:
        self._stop()
        return {"stopping": True}

    def state(self, request: Request) -> dict[str, Any]:
        """The state, with devices in pages of 10 000 (``?after=IMEI``)."""
        page = self.devices(after=request.query("after") or "", limit=STATE_PAGE + 1)
        return {
            "campaigns": self.campaigns(),
            "upgrades": self.upgrades(),
            "devices": page[:STATE_PAGE],
            "more_devices": len(page) > STATE_PAGE,
        }

    def devices(self, *, after: str = "", limit: int | None = None) -> list[dict[str, Any]]:
        """Devices in order of IMEI, from the first larger IMEI up to a limit."""
        with self._service.lock:
            state = self._service.state
            state.catch_up()
            found = merge(*(_imeis_after(account, after) for account in state.accounts.values()))
            return [
                _device(name, state.accounts[name].devices[imei])
                for imei, name in islice(found, limit)
            ]

    def campaigns(self) -> list[dict[str, Any]]:
        """Every v2 and v3 campaign in order of creation, in any status."""
        with self._service.lock:
            state = self._service.state
            state.catch_up()
            return [_campaign(campaign) for campaign in state.campaigns_by_id.values()]

    def upgrades(self) -> list[dict[str, Any]]:
        """Every v1 upgrade in order of creation."""
        with self._service.lock:
            state = self._service.state
            state.catch_up()
            return [_upgrade(upgrade) for upgrade in state.upgrades_by_id.values()]


def _imeis_after(account: Account, after: str) -> Iterator[tuple[str, str]]:
    """The larger IMEIs of an account, with its name."""
    imeis = account.all_imeis().ascending()
    for index in range(bisect_right(imeis, after), len(imeis)):
        yield imeis[index], account.name


def _device(account: str, device: Device) -> dict[str, Any]:
    holder = device.holder
    return {
        "accountName": account,
        "deviceId": device.imei,
        "make": device.make,
        "model": device.model,
        "protocol": device.protocol,
        "firmware": device.firmware,
        "reported_firmware": device.reported_firmware,
        "software": [{"name": item.name, "version": item.version} for item in device.software],
        "licensed": device.licensed is not None,
        "license_used": device.license_used,
        "dead": device.dead,
        "held_by": holder.id if isinstance(holder, (Campaign, Upgrade)) else None,
    }


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return {
        "api": campaign.api,
        "id": campaign.id,
        "accountName": campaign.account.name,
        "campaignName": campaign.name,
        "package": campaign.package.name,
        "from": campaign.version_from,
        "to": campaign.version_to,
        "status": campaign.status,
        "created": rfc3339(campaign.created),
        "changed": rfc3339(campaign.changed),
        "startDate": day_text(campaign.plan.start),
        "endDate": day_text(campaign.plan.end),
        "started": campaign.started,
        "devices": {imei: _entry(entry) for imei, entry in campaign.entries.items()},
    }


def _upgrade(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "api": "v1",
        "id": upgrade.id,
        "accountName": upgrade.account.name,
        "package": upgrade.package.name,
        "status": upgrade.status,
        "created": rfc3339(upgrade.created),
        "startDate": day_text(upgrade.start),
        "endDate": None if upgrade.end is None else day_text(upgrade.end),
        "devices": {imei: _entry(entry) for imei, entry in upgrade.entries.items()},
    }


def _entry(entry: Any) -> dict[str, Any]:
    return {
        "status": entry.status,
        "reason": entry.reason,
        "attempts": entry.attempts,
        "recent": None if entry.recent is None else rfc3339(entry.recent),
        "next": None if entry.next is None else rfc3339(entry.next),
        "settled": entry.settled,
    }


def _json(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None


def _object(request: Request) -> dict[str, Any]:
    data = _json(request)
    if not isinstance(data, dict):
        raise ValueError("the body must be a JSON object")
    return data


def _require_known(command: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(command) - known)
    if unknown or not command:
        raise ValueError(f"unknown keys {unknown}; valid keys are {', '.join(sorted(known))}")


def _number(command: dict[str, Any], name: str) -> float:
    value = command[name]
    if not is_number(value):
        raise ValueError(f"{name}: must be a number")
    return float(value)


def _integer_query(request: Request, name: str) -> int:
    text = request.query(name) or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError(f"{name}: must be an integer")
    return int(text)
