# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attempts to upgrade each device of a running campaign, and their results."""

from __future__ import annotations

from typing import Protocol

from ..state.campaign import Campaign, DeviceEntry
from ..state.clock import HOUR, MINUTE, day_start, rfc3339
from ..state.outcomes import Outcome
from ..state.records import Device
from ..state.service_state import ServiceState
from ..state.windows import next_open, place

# From the start of an attempt (v2: of the download) to its end.
DOWNLOAD_TIME = 10 * MINUTE
RESULT_TIME = 20 * MINUTE
REVERT_TIME = 12 * HOUR

_SUCCESS_REASON = {"v2": "DownloadInstallSucceeded", "v3": "Success"}
_FAILURE_REASON = {"v2": "RovaClientDownloadedInstallFailed", "v3": "Firmware update failed"}


class Settle(Protocol):
    """Called when a device has its final status."""

    def __call__(self, campaign: Campaign, entry: DeviceEntry, *, succeeded: bool) -> None:
        """Record the result of the device."""


class Attempts:
    """Plans attempts in open hours and applies their results."""

    def __init__(self, state: ServiceState, settle: Settle) -> None:
        self._state = state
        self._settle = settle

    def plan_first(self, campaign: Campaign, imei: str, entry: DeviceEntry) -> None:
        """Plan the first attempt of a device when its campaign starts."""
        state = self._state
        name = campaign.package.name
        if self._outcome(campaign, imei, entry) is Outcome.UNREACHED:
            if campaign.api == "v3":
                entry.reason = "Device data not received from network, will be retried"
                entry.updated = state.now
            return
        share = state.outcomes.share(name, imei, campaign=campaign.id)
        plan = campaign.plan
        windows, begin = plan.windows, state.now
        if campaign.api == "v2":
            windows = plan.download_windows
            if plan.download_day is not None:
                begin = max(begin, day_start(plan.download_day))
        due = place(
            begin,
            plan.closes,
            windows,
            hours=state.outcomes.hours(name, share),
            share=share,
            shift_hours=self._shift(),
        )
        if due is not None:
            # Slots are whole minutes.
            slot = max(begin, due // MINUTE * MINUTE)
            self._announce(campaign, imei, entry, slot, "UpgradeScheduled")

    def _announce(
        self, campaign: Campaign, imei: str, entry: DeviceEntry, due: float, status: str
    ) -> None:
        entry.next = due
        entry.updated = self._state.now
        if campaign.api == "v3":
            entry.status = status
            entry.reason = f"Next attempt {rfc3339(due)}"
        self._state.events.push(due, self._attempt, campaign, imei, entry, due)

    def _attempt(self, campaign: Campaign, imei: str, entry: DeviceEntry, due: float) -> None:
        if campaign.finished or entry.settled or entry.next != due:
            return
        state = self._state
        entry.attempts += 1
        entry.recent = due
        entry.next = None
        entry.updated = state.now
        if campaign.api == "v3" and entry.attempts > 1:
            # The status of the previous attempt does not apply to this attempt.
            entry.status, entry.reason = "UpgradePending", ""
        outcome = self._outcome(campaign, imei, entry)
        device = campaign.account.devices[imei]
        if outcome is Outcome.SILENT or device.dead:
            # The attempt is recorded; no result and no further attempt follow.
            device.dead = True
            device.died = device.died or state.now
            return
        done = due + RESULT_TIME
        if campaign.api == "v2":
            entry.status = "UpgradePending"
            entry.reason = "RovaClientDownloadNotInstalledYet"
            installed = self._install_time(campaign, due + DOWNLOAD_TIME)
            if installed is None:
                return
            done = installed + RESULT_TIME - DOWNLOAD_TIME
        state.events.push(done, self._result, campaign, imei, entry, outcome)

    def _install_time(self, campaign: Campaign, downloaded: float) -> float | None:
        plan = campaign.plan
        if plan.install_day is not None:
            downloaded = max(downloaded, day_start(plan.install_day))
        return next_open(downloaded, plan.closes, plan.install_windows, shift_hours=self._shift())

    def _result(self, campaign: Campaign, imei: str, entry: DeviceEntry, outcome: Outcome) -> None:
        if campaign.finished or entry.settled:
            return
        device = campaign.account.devices[imei]
        if outcome is Outcome.FAILED or not self._applies(campaign, device):
            self._failed(campaign, imei, entry)
            return
        self._install(campaign, device)
        if outcome is Outcome.REVERT:
            self._state.events.push(
                self._state.now + REVERT_TIME,
                self._revert,
                device,
                campaign.api,
                campaign.version_from,
                campaign.version_to,
            )
        entry.status = "UpgradeSuccess"
        entry.reason = _SUCCESS_REASON[campaign.api]
        entry.updated = self._state.now
        self._state.outbox.device_changed(campaign, imei, entry.status)
        self._settle(campaign, entry, succeeded=True)

    def _failed(self, campaign: Campaign, imei: str, entry: DeviceEntry) -> None:
        state = self._state
        name = campaign.package.name
        next_attempt = None
        if state.outcomes.retries(name, imei, campaign=campaign.id, attempt=entry.attempts):
            plan = campaign.plan
            next_attempt = next_open(
                state.now + state.outcomes.rule(name).retry_hours * HOUR,
                plan.closes,
                plan.windows if campaign.api == "v3" else plan.download_windows,
                shift_hours=self._shift(),
            )
        if next_attempt is not None:
            self._announce(campaign, imei, entry, next_attempt, state.switches["v3_retry_word"])
            if campaign.api == "v2":
                entry.reason = "RovaClientDownloadFailed"
            return
        entry.status = "UpgradeFailed"
        entry.reason = _FAILURE_REASON[campaign.api]
        entry.updated = state.now
        self._state.outbox.device_changed(campaign, imei, entry.status)
        self._settle(campaign, entry, succeeded=False)

    def _outcome(self, campaign: Campaign, imei: str, entry: DeviceEntry) -> Outcome:
        return self._state.outcomes.outcome(
            campaign.package.name, imei, campaign=campaign.id, attempt=max(1, entry.attempts)
        )

    def _applies(self, campaign: Campaign, device: Device) -> bool:
        """Whether the package is for the version that runs on the device."""
        if campaign.package.is_file:
            return True
        if campaign.api == "v2":
            return device.software_version(campaign.version_from) is not None
        return device.firmware == campaign.version_from

    def _install(self, campaign: Campaign, device: Device) -> None:
        if campaign.api == "v3":
            self._state.record_installation(device, campaign.version_to)
            return
        device.license_used = device.licensed is not None
        if campaign.package.is_file:
            return
        item = device.software_version(campaign.version_from)
        if item is None:
            raise AssertionError(
                "a package was installed over a version that the device does not have"
            )
        item.name, item.version = campaign.package.name, campaign.version_to
        item.upgraded = device.upgraded = device.refreshed = self._state.now

    def _revert(self, device: Device, api: str, before: str, after: str) -> None:
        """The device reverts; ThingSpace knows only after a refresh."""
        if api == "v3" and device.firmware == after:
            device.firmware = before
        elif api == "v2":
            item = device.software_version(after)
            if item is not None:
                item.name = item.version = before

    def _shift(self) -> int:
        return 5 if self._state.switches["window_zone"] == "utc-5" else 0
