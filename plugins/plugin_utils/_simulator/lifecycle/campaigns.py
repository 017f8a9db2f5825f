# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""v2 and v3 campaigns from request to end (CONTRACT sections 5, 6, 7, 9).

v3: RequestPending, RequestQueued, PreScheduled, Scheduled, Ended. v2 has no PreScheduled, and a
campaign that starts today skips Queued. Every step is an event in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..state.campaign import (
    ABORTED,
    CANCELLED,
    ENDED,
    PENDING,
    PRESCHEDULED,
    QUEUED,
    REQUEST_FAILED,
    SCHEDULED,
    Campaign,
    DeviceEntry,
    Plan,
    StateError,
)
from ..state.clock import DAY, HOUR, MINUTE, rfc3339
from ..state.outcomes import Outcome
from ..state.records import Account, Package
from ..state.service_state import ServiceState
from ..state.sorted_imeis import SortedImeis
from . import checks
from .attempts import Attempts

# How long the service takes. The vendor does not document these times.
CHECK_TIME = 10 * MINUTE
NETWORK_CHECK_TIME = 2 * HOUR
PLACEMENT_TIME = 2 * HOUR
SCHEDULED_AHEAD = DAY
KEPT_AFTER_REMOVAL = DAY
MIN_REMAINING = DAY
HISTORY_RETENTION = 183 * DAY

PILOT_LIMIT = 20

# The protocol of a campaign to the protocol of its devices (CONTRACT section 12, quirk 8).
_DEVICE_PROTOCOL = {"LWM2M": "LWM2M", "OMA": "OMADM", "OMD-DM": "OMADM", "HTTP": "HTTP"}


class Campaigns:
    """Creates and changes campaigns, and runs them as time passes."""

    def __init__(self, state: ServiceState) -> None:
        self._state = state
        self._attempts = Attempts(state, self._settle)

    # -- operations of the API ------------------------------------------------------------------

    def create(
        self,
        account: Account,
        *,
        api: str,
        name: str | None,
        package: Package,
        version_from: str,
        version_to: str,
        protocol: str,
        plan: Plan,
        devices: Iterable[str],
        auto_assign: bool = False,
        auto_add: bool = False,
    ) -> Campaign:
        """Accept a request; the checks that follow decide whether it can be scheduled."""
        state = self._state
        campaign = Campaign(
            id=state.new_id(),
            number=len(self._state.campaigns_by_id),
            api=api,
            account=account,
            name=name,
            package=package,
            version_from=version_from,
            version_to=version_to,
            protocol=protocol,
            plan=plan,
            created=state.now,
            changed=state.now,
            auto_assign=auto_assign,
            auto_add=auto_add,
        )
        waiting = self._initial_status(campaign)
        campaign.entries = {imei: DeviceEntry(waiting, updated=state.now) for imei in devices}
        self._state.campaigns_by_id[campaign.id] = campaign
        self._plan_step(campaign, state.now + CHECK_TIME, self._check)
        return campaign

    def find(self, account: Account, campaign_id: str, *, api: str) -> Campaign | None:
        campaign = self._state.campaigns_by_id.get(campaign_id.lower())
        if campaign is None or campaign.account is not account or campaign.api != api:
            return None
        return campaign

    def add(self, campaign: Campaign, devices: Sequence[str]) -> list[tuple[str, str | None]]:
        """Add devices; the reason for each refusal, or None. ``StateError`` once scheduled."""
        self._require_open_list(campaign)
        limit = None if self._unlimited(campaign) else PILOT_LIMIT
        results: list[tuple[str, str | None]] = []
        for imei in devices:
            reason = None
            if imei in campaign.entries:
                if self._state.switches["repeated_device_change"] == "failed":
                    reason = "Device already in the campaign"
            elif limit is not None and len(campaign.entries) >= limit:
                reason = checks.TOO_MANY
            elif campaign.status != PENDING:
                reason = self._refusal(campaign, imei)
                if reason is None:
                    self._accept(campaign, imei)
            else:
                self._new_entry(campaign, imei)
            results.append((imei, reason))
        return results

    def remove(self, campaign: Campaign, devices: Sequence[str]) -> list[tuple[str, str | None]]:
        """Remove devices; the reason for each refusal, or None. ``StateError`` once scheduled."""
        self._require_open_list(campaign)
        results: list[tuple[str, str | None]] = []
        for imei in devices:
            reason = None
            entry = campaign.remove(imei, self._state.now)
            if entry is None:
                if self._state.switches["repeated_device_change"] == "failed":
                    reason = "Device not in the campaign"
            else:
                self._release(campaign, imei)
                if not entry.settled:
                    campaign.open_entries -= campaign.status != PENDING
            results.append((imei, reason))
        return results

    def change_plan(self, campaign: Campaign, plan: Plan) -> None:
        """Change dates and windows. ``StateError`` says what the status does not allow."""
        now = self._state.now
        if campaign.finished:
            raise StateError(f"Campaign is {campaign.status}")
        if campaign.started:
            self._require_allowed_after_start(campaign, plan)
        campaign.plan = plan
        campaign.changed = now
        if campaign.status == PENDING:
            return
        self._plan_next_step(campaign)

    def delete(self, campaign: Campaign) -> None:
        """Cancel before the start, abort after it. ``StateError`` when refused."""
        if campaign.finished:
            if self._state.switches["delete_ended"] == "success":
                return
            raise StateError(f"Campaign is {campaign.status}")
        if not campaign.started:
            self._finish(campaign, CANCELLED)
            return
        switch = "delete_started_v2" if campaign.api == "v2" else "delete_started_v3"
        if self._state.switches[switch] == "refused":
            raise StateError("Campaign has already started and cannot be cancelled")
        self._finish(campaign, ABORTED)

    def drop_device(self, campaign: Campaign, imei: str, reason: str) -> bool:
        """Reject a device whose license was removed; False if the campaign has started."""
        entry = campaign.entries.get(imei)
        if entry is None or entry.settled:
            return True
        if campaign.started:
            return False
        self._reject(campaign, imei, entry, reason)
        campaign.open_entries -= 1
        self._end_when_done(campaign)
        return True

    def report(self, campaign: Campaign) -> SortedImeis:
        """The devices in the device report."""
        switches = self._state.switches
        if campaign.status == PENDING and switches["report_while_pending"] == "empty":
            return SortedImeis(())
        campaign.forget_removed(self._state.now - KEPT_AFTER_REMOVAL)
        return campaign.report(removed=switches["removed_devices"] == "kept")

    def reported(self, account: Account, *, api: str, status: str) -> list[Campaign]:
        """Campaigns in a report by status, in the order of its cursor."""
        switches = self._state.switches
        oldest = self._state.now - HISTORY_RETENTION
        found = [
            campaign
            for campaign in self._state.campaigns_by_id.values()
            if campaign.account is account
            and campaign.api == api
            and self._reported_status(campaign) == status
            and not (
                campaign.finished
                and switches["campaign_history"] == "six_months"
                and campaign.changed < oldest
            )
        ]
        if switches["campaign_cursor"] == "by_id":
            found.sort(key=lambda campaign: campaign.id)
        return found

    def _reported_status(self, campaign: Campaign) -> str | None:
        if campaign.status != PRESCHEDULED:
            return campaign.status
        return {
            "hidden": None,
            "scheduled": SCHEDULED,
            "queued": QUEUED,
            "own": PRESCHEDULED,
        }[self._state.switches["prescheduled"]]

    # -- rules ----------------------------------------------------------------------------------

    def _require_open_list(self, campaign: Campaign) -> None:
        if campaign.status not in (PENDING, QUEUED, PRESCHEDULED):
            raise StateError(f"Devices cannot be changed: campaign is {campaign.status}")

    def _require_allowed_after_start(self, campaign: Campaign, plan: Plan) -> None:
        old = campaign.plan
        if plan.start != old.start:
            raise StateError("startDate cannot be changed after the campaign has started")
        if plan.closes < self._state.now + MIN_REMAINING:
            raise StateError("endDate must be at least 24 hours from now")
        if campaign.api == "v3":
            if set(plan.windows) != set(old.windows):
                raise StateError("Time windows cannot be changed after the campaign has started")
            return
        if (plan.download_day, plan.install_day) != (old.download_day, old.install_day):
            raise StateError("Only endDate and time windows can be changed after the start")
        for new, previous in (
            (plan.download_windows, old.download_windows),
            (plan.install_windows, old.install_windows),
        ):
            if not set(previous) <= set(new):
                raise StateError("Time windows cannot be removed after the campaign has started")

    def needs_pilot(self, account: Account, package: Package, *, devices: int) -> bool:
        """Whether a campaign of that size first needs a pilot."""
        if devices <= PILOT_LIMIT or package.qualified:
            return False
        if self._state.switches["pilot_rule"] == "off":
            return False
        if self._state.switches["pilot_evidence"] == "all_campaigns":
            return not account.pilot(package.name).passed
        return not any(
            campaign.passed_pilot
            for campaign in self._state.campaigns_by_id.values()
            if campaign.account is account and campaign.package.name == package.name
        )

    def _unlimited(self, campaign: Campaign) -> bool:
        return not self.needs_pilot(campaign.account, campaign.package, devices=PILOT_LIMIT + 1)

    # -- steps ----------------------------------------------------------------------------------

    def _plan_step(self, campaign: Campaign, due: float, step: Callable[[Campaign], None]) -> None:
        self._state.events.push(due, self._run_step, campaign, campaign.plan_number, step)

    def _run_step(
        self, campaign: Campaign, plan_number: int, step: Callable[[Campaign], None]
    ) -> None:
        """Run a step unless the campaign was rescheduled or finished since it was planned."""
        if campaign.plan_number == plan_number and not campaign.finished:
            step(campaign)

    def _check(self, campaign: Campaign) -> None:
        """Check an accepted campaign: the pilot rule, then each device."""
        account = campaign.account
        if not campaign.package.version_to:
            self._finish(campaign, REQUEST_FAILED, reason="Unknown package")
            return
        if campaign.auto_add:
            self._auto_add(campaign)
        if self.needs_pilot(account, campaign.package, devices=len(campaign.entries)):
            self._finish(campaign, REQUEST_FAILED, reason=checks.TOO_MANY)
            return
        if self._state.switches["unlicensed_devices"] == "request_failed" and any(
            self._unlicensed(campaign, imei) for imei in campaign.entries
        ):
            self._finish(campaign, REQUEST_FAILED, reason=checks.UNLICENSED)
            return
        for imei, entry in campaign.entries.items():
            reason = self._refusal(campaign, imei)
            if reason is None:
                self._hold(campaign, imei, entry)
            else:
                self._reject(campaign, imei, entry, reason)
        if not campaign.open_entries:
            self._finish(campaign, REQUEST_FAILED)
            return
        if campaign.api == "v2" and self._state.now >= campaign.plan.opens:
            self._schedule(campaign)
        else:
            self._enter(campaign, QUEUED)
            self._plan_next_step(campaign)

    def _plan_next_step(self, campaign: Campaign) -> None:
        """Plan the next step; steps planned earlier no longer apply."""
        now = self._state.now
        campaign.plan_number += 1
        plan = campaign.plan
        self._plan_step(campaign, plan.closes, self._close)
        entry = plan.opens
        if self._state.switches["scheduled_entry"] == "day_before":
            entry -= SCHEDULED_AHEAD
        if campaign.status == QUEUED and campaign.api == "v3":
            self._plan_step(campaign, now + NETWORK_CHECK_TIME, self._preschedule)
        elif campaign.status == QUEUED:
            self._plan_step(campaign, entry, self._schedule)
        elif campaign.status == PRESCHEDULED:
            self._plan_step(campaign, max(now + PLACEMENT_TIME, entry), self._schedule)
        elif campaign.status == SCHEDULED and not campaign.started:
            self._plan_step(campaign, plan.opens, self._begin)

    def _preschedule(self, campaign: Campaign) -> None:
        self._enter(campaign, PRESCHEDULED)
        for imei, entry in self._unsettled(campaign):
            if self._outcome(campaign, imei) is Outcome.UNREACHED:
                continue
            self._mark(entry, "ReceivedDeviceDataFromNetwork", "Device data received from network")
        self._plan_next_step(campaign)

    def _schedule(self, campaign: Campaign) -> None:
        self._enter(campaign, SCHEDULED)
        for imei, entry in self._unsettled(campaign):
            if campaign.api == "v2" or self._outcome(campaign, imei) is not Outcome.UNREACHED:
                self._mark(
                    entry, "UpgradePending", f"Upgrade starts {rfc3339(campaign.plan.opens)}"
                )
        self._plan_next_step(campaign)

    def _begin(self, campaign: Campaign) -> None:
        campaign.started = True
        for imei, entry in self._unsettled(campaign):
            self._attempts.plan_first(campaign, imei, entry)
        self._end_when_done(campaign)

    def _close(self, campaign: Campaign) -> None:
        """End the campaign after its end date."""
        for _imei, entry in self._unsettled(campaign):
            if entry.attempts:
                self._count(campaign, succeeded=False)
            if campaign.api == "v2" and entry.attempts:
                self._mark(entry, "UpgradeFailed", "RovaClientDidNotReportStatus")
            elif campaign.api == "v3" and not entry.attempts:
                self._mark(entry, "NoDeviceDataFromNetwork", "Campaign ended, no retry available")
            entry.next = None
        self._finish(campaign, ENDED)

    def _finish(self, campaign: Campaign, status: str, *, reason: str = "") -> None:
        """Enter a terminal status and release the devices."""
        for imei, entry in campaign.entries.items():
            self._release(campaign, imei)
            if entry.settled:
                continue
            entry.next = None
            if campaign.api == "v2" and status in (CANCELLED, ABORTED):
                self._mark(entry, status, "")
            elif status in (CANCELLED, ABORTED, REQUEST_FAILED):
                entry.reason = reason or status
                entry.updated = self._state.now
        campaign.open_entries = 0
        self._enter(campaign, status)

    def _enter(self, campaign: Campaign, status: str) -> None:
        campaign.status = status
        campaign.changed = self._state.now
        self._state.outbox.campaign_changed(campaign)

    # -- devices --------------------------------------------------------------------------------

    def _initial_status(self, campaign: Campaign) -> str:
        return "UpgradePending" if campaign.api == "v2" else "NoDeviceDataFromNetwork"

    def _new_entry(self, campaign: Campaign, imei: str) -> DeviceEntry:
        entry = DeviceEntry(self._initial_status(campaign), updated=self._state.now)
        campaign.add(imei, entry)
        return entry

    def _accept(self, campaign: Campaign, imei: str) -> None:
        self._hold(campaign, imei, self._new_entry(campaign, imei))

    def _hold(self, campaign: Campaign, imei: str, entry: DeviceEntry) -> None:
        """Reserve a device that passed the checks."""
        device = campaign.account.devices[imei]
        if checks.needs_license(campaign.account, device):
            campaign.account.give_license(device, self._state.now)
        device.holder = campaign
        campaign.open_entries += 1
        self._state.add_to_history(imei, campaign)
        if campaign.api == "v2":
            self._mark(entry, "Accepted", "Device Accepted")
        else:
            self._mark(entry, "NoDeviceDataFromNetwork", "Waiting for device data from network")

    def _reject(self, campaign: Campaign, imei: str, entry: DeviceEntry, reason: str) -> None:
        status = "DeviceRejected"
        if campaign.api == "v3":
            status = self._state.switches["v3_rejected_word"]
        entry.settled = True
        entry.next = None
        self._mark(entry, status, reason)
        self._release(campaign, imei)

    def _refusal(self, campaign: Campaign, imei: str) -> str | None:
        account = campaign.account
        reason = checks.refusal(
            account,
            imei,
            api=campaign.api,
            package=campaign.package,
            protocol=_DEVICE_PROTOCOL[campaign.protocol],
            required_version=campaign.version_from,
        )
        if reason is None and self._unlicensed(campaign, imei):
            return checks.UNLICENSED
        return reason

    def _unlicensed(self, campaign: Campaign, imei: str) -> bool:
        account = campaign.account
        device = account.devices.get(imei)
        if device is None or not checks.needs_license(account, device):
            return False
        return not (campaign.auto_assign and account.license_used < account.license_count)

    def _auto_add(self, campaign: Campaign) -> None:
        """Add every suitable device of the account (autoAddDevicesFlag)."""
        room = None if self._unlimited(campaign) else PILOT_LIMIT
        for imei in campaign.account.imeis(campaign.api).ascending():
            if room is not None and len(campaign.entries) >= room:
                return
            if imei not in campaign.entries and self._refusal(campaign, imei) is None:
                self._new_entry(campaign, imei)

    def _unsettled(self, campaign: Campaign) -> list[tuple[str, DeviceEntry]]:
        return [item for item in campaign.entries.items() if not item[1].settled]

    def _release(self, campaign: Campaign, imei: str) -> None:
        device = campaign.account.devices.get(imei)
        if device is not None and device.holder is campaign:
            device.holder = None

    def _outcome(self, campaign: Campaign, imei: str) -> Outcome:
        return self._state.outcomes.outcome(
            campaign.package.name, imei, campaign=campaign.id, attempt=1
        )

    def _mark(self, entry: DeviceEntry, status: str, reason: str) -> None:
        entry.status = status
        entry.reason = reason
        entry.updated = self._state.now

    def _settle(self, campaign: Campaign, entry: DeviceEntry, *, succeeded: bool) -> None:
        """Record the final result of a device."""
        entry.settled = True
        entry.next = None
        campaign.open_entries -= 1
        self._count(campaign, succeeded=succeeded)
        self._end_when_done(campaign)

    def _count(self, campaign: Campaign, *, succeeded: bool) -> None:
        """Count a result for the pilot rule."""
        pilot = campaign.account.pilot(campaign.package.name)
        pilot.attempted += 1
        pilot.succeeded += succeeded
        campaign.attempted += 1
        campaign.succeeded += succeeded
        campaign.passed_pilot = (
            campaign.attempted >= 5 and 2 * campaign.succeeded >= campaign.attempted
        )

    def _end_when_done(self, campaign: Campaign) -> None:
        if not campaign.open_entries and not campaign.finished:
            self._finish(campaign, ENDED)
