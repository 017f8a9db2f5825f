# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""v1 upgrades: RequestPending, Queued, InProgress, Finished (CONTRACT sections 5 and 6).

They have no names, no windows and no date change. An upgrade for today starts within about 90
minutes, a later upgrade at 00:00 UTC of its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..state.campaign import DeviceEntry, StateError
from ..state.clock import DAY, HOUR, MINUTE, day_start
from ..state.outcomes import Outcome
from ..state.records import Account, Device, Package
from ..state.service_state import ServiceState
from ..state.upgrade import (
    CANCELLED,
    FINISHED,
    IN_PROGRESS,
    PENDING,
    QUEUED,
    REQUEST_FAILED,
    Upgrade,
)
from . import checks

CHECK_TIME = 10 * MINUTE
ON_DEMAND_TIME = 90 * MINUTE
SLOT_TIME = 4 * HOUR
RESULT_TIME = 20 * MINUTE
REVERT_TIME = 12 * HOUR
HISTORY_RETENTION = 183 * DAY

ACCEPTED = "Device Accepted"
REJECTED = "Device Rejected"


class Upgrades:
    """Creates and changes v1 upgrades, and runs them as time passes."""

    def __init__(self, state: ServiceState) -> None:
        self._state = state

    # -- operations of the API ------------------------------------------------------------------

    def create(
        self,
        account: Account,
        *,
        package: Package,
        start: int,
        end: int | None,
        devices: Iterable[str],
    ) -> Upgrade:
        """Accept a request; the checks that follow decide whether it can be scheduled."""
        state = self._state
        upgrade = Upgrade(state.new_id(), account, package, start, end, state.now, state.now)
        upgrade.entries = {imei: DeviceEntry(PENDING, updated=state.now) for imei in devices}
        self._state.upgrades_by_id[upgrade.id] = upgrade
        state.events.push(state.now + CHECK_TIME, self._check, upgrade)
        return upgrade

    def find(self, account: Account, upgrade_id: str) -> Upgrade | None:
        upgrade = self._state.upgrades_by_id.get(upgrade_id.lower())
        if upgrade is None or upgrade.account is not account:
            return None
        gone = self._state.switches["v1_cancelled_upgrade"] == "gone"
        return None if upgrade.status == CANCELLED and gone else upgrade

    def add(self, upgrade: Upgrade, devices: Sequence[str]) -> list[tuple[str, str | None]]:
        """Add devices; the reason for each refusal, or None. ``StateError`` once started."""
        self._require_not_started(upgrade)
        results: list[tuple[str, str | None]] = []
        for imei in devices:
            reason = None
            if imei in upgrade.entries:
                if self._state.switches["repeated_device_change"] == "failed":
                    reason = "Device already in the upgrade"
            elif upgrade.status == PENDING:
                upgrade.entries[imei] = DeviceEntry(PENDING, updated=self._state.now)
            else:
                reason = self._refusal(upgrade, imei)
                if reason is None:
                    upgrade.entries[imei] = entry = DeviceEntry(PENDING)
                    self._hold(upgrade, imei, entry)
            results.append((imei, reason))
        return results

    def remove(self, upgrade: Upgrade, devices: Sequence[str]) -> list[tuple[str, str | None]]:
        """Remove devices; the reason for each refusal, or None. ``StateError`` once started."""
        self._require_not_started(upgrade)
        results: list[tuple[str, str | None]] = []
        for imei in devices:
            reason = None
            entry = upgrade.entries.pop(imei, None)
            if entry is not None:
                self._release(upgrade, imei)
                if not entry.settled:
                    upgrade.open_entries -= upgrade.status != PENDING
            elif self._state.switches["repeated_device_change"] == "failed":
                reason = "Device not in the upgrade"
            results.append((imei, reason))
        return results

    def cancel(self, upgrade: Upgrade) -> None:
        """Cancel before the start. ``StateError`` when refused."""
        if upgrade.finished:
            if self._state.switches["delete_ended"] == "success":
                return
            raise StateError(f"Upgrade is {upgrade.status}")
        self._require_not_started(upgrade)
        self._finish(upgrade, CANCELLED)

    def drop_device(self, upgrade: Upgrade, imei: str, reason: str) -> bool:
        """Reject a device whose license was removed; False if the upgrade has started."""
        entry = upgrade.entries.get(imei)
        if entry is None or entry.settled:
            return True
        if upgrade.status == IN_PROGRESS:
            return False
        self._reject(upgrade, imei, entry, reason)
        upgrade.open_entries -= 1
        self._finish_when_done(upgrade)
        return True

    def reported(self, account: Account, status: str) -> list[Upgrade]:
        """Upgrades of the last six months with a status, oldest first."""
        oldest = self._state.now - HISTORY_RETENTION
        return [
            upgrade
            for upgrade in self._state.upgrades_by_id.values()
            if upgrade.account is account and upgrade.status == status and upgrade.changed >= oldest
        ]

    # -- steps ----------------------------------------------------------------------------------

    def _require_not_started(self, upgrade: Upgrade) -> None:
        if upgrade.status not in (PENDING, QUEUED):
            raise StateError(f"Upgrade cannot be changed: it is {upgrade.status}")

    def _check(self, upgrade: Upgrade) -> None:
        if upgrade.finished:
            return
        for imei, entry in upgrade.entries.items():
            reason = self._refusal(upgrade, imei)
            if reason is None:
                self._hold(upgrade, imei, entry)
            else:
                self._reject(upgrade, imei, entry, reason)
        if not upgrade.open_entries:
            self._finish(upgrade, REQUEST_FAILED)
            return
        self._enter(upgrade, QUEUED)
        begin = max(day_start(upgrade.start), upgrade.created + ON_DEMAND_TIME)
        if day_start(upgrade.start) > upgrade.created:
            begin = day_start(upgrade.start)
        self._state.events.push(begin, self._begin, upgrade)
        self._state.events.push(upgrade.closes, self._close, upgrade)

    def _begin(self, upgrade: Upgrade) -> None:
        if upgrade.finished:
            return
        self._enter(upgrade, IN_PROGRESS)
        state = self._state
        for imei, entry in upgrade.entries.items():
            if entry.settled or self._outcome(upgrade, imei, entry) is Outcome.UNREACHED:
                continue
            share = state.outcomes.share(upgrade.package.name, imei, campaign=upgrade.id)
            due = state.now + share * SLOT_TIME
            state.events.push(due, self._attempt, upgrade, imei, entry)
        self._finish_when_done(upgrade)

    def _attempt(self, upgrade: Upgrade, imei: str, entry: DeviceEntry) -> None:
        if upgrade.finished or entry.settled:
            return
        entry.attempts += 1
        entry.recent = self._state.now
        device = upgrade.account.devices[imei]
        outcome = self._outcome(upgrade, imei, entry)
        if outcome is Outcome.SILENT or device.dead:
            device.dead = True
            device.died = device.died or self._state.now
            return
        self._state.events.push(
            self._state.now + RESULT_TIME, self._result, upgrade, imei, entry, outcome
        )

    def _result(self, upgrade: Upgrade, imei: str, entry: DeviceEntry, outcome: Outcome) -> None:
        if upgrade.finished or entry.settled:
            return
        state = self._state
        package = upgrade.package
        device = upgrade.account.devices[imei]
        if outcome is Outcome.FAILED or device.firmware != package.version_from:
            if state.outcomes.retries(
                package.name, imei, campaign=upgrade.id, attempt=entry.attempts
            ):
                next_attempt = state.now + state.outcomes.rule(package.name).retry_hours * HOUR
                state.events.push(next_attempt, self._attempt, upgrade, imei, entry)
                return
            self._settle(upgrade, entry, "UpgradeFailed", "Firmware update failed")
            return
        state.record_installation(device, package.version_to)
        if outcome is Outcome.REVERT:
            state.events.push(state.now + REVERT_TIME, self._revert, device, package)
        self._settle(upgrade, entry, "UpgradeSuccess", "success")

    def _revert(self, device: Device, package: Package) -> None:
        if device.firmware == package.version_to:
            device.firmware = package.version_from

    def _close(self, upgrade: Upgrade) -> None:
        if not upgrade.finished:
            self._finish(upgrade, FINISHED)

    def _finish(self, upgrade: Upgrade, status: str) -> None:
        for imei in upgrade.entries:
            self._release(upgrade, imei)
        self._enter(upgrade, status)

    def _enter(self, upgrade: Upgrade, status: str) -> None:
        upgrade.status = status
        upgrade.changed = self._state.now
        self._state.outbox.upgrade_changed(upgrade)

    # -- devices --------------------------------------------------------------------------------

    def _refusal(self, upgrade: Upgrade, imei: str) -> str | None:
        account = upgrade.account
        reason = checks.refusal(
            account,
            imei,
            api="v1",
            package=upgrade.package,
            protocol=None,
            required_version=upgrade.package.version_from,
        )
        if reason is None and checks.needs_license(account, account.devices[imei]):
            return checks.UNLICENSED
        return reason

    def _hold(self, upgrade: Upgrade, imei: str, entry: DeviceEntry) -> None:
        upgrade.account.devices[imei].holder = upgrade
        upgrade.open_entries += 1
        self._state.add_to_history(imei, upgrade)
        self._mark(entry, ACCEPTED, "success")

    def _reject(self, upgrade: Upgrade, imei: str, entry: DeviceEntry, reason: str) -> None:
        entry.settled = True
        self._mark(entry, REJECTED, reason)
        self._release(upgrade, imei)

    def _release(self, upgrade: Upgrade, imei: str) -> None:
        device = upgrade.account.devices.get(imei)
        if device is not None and device.holder is upgrade:
            device.holder = None

    def _settle(self, upgrade: Upgrade, entry: DeviceEntry, status: str, reason: str) -> None:
        entry.settled = True
        self._mark(entry, status, reason)
        upgrade.open_entries -= 1
        self._finish_when_done(upgrade)

    def _finish_when_done(self, upgrade: Upgrade) -> None:
        if not upgrade.open_entries and not upgrade.finished:
            self._finish(upgrade, FINISHED)

    def _mark(self, entry: DeviceEntry, status: str, reason: str) -> None:
        entry.status = status
        entry.reason = reason
        entry.updated = self._state.now

    def _outcome(self, upgrade: Upgrade, imei: str, entry: DeviceEntry) -> Outcome:
        return self._state.outcomes.outcome(
            upgrade.package.name, imei, campaign=upgrade.id, attempt=max(1, entry.attempts)
        )
