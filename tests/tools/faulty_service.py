# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of the service with everything that can go wrong there, and software campaigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    PILOT_DEVICES,
    CampaignDevice,
    CampaignType,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import (
    Device,
    InstalledSoftware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import Subscription
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.campaign_batches import (
    PlannedCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.software_view import (
    see_software,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    NOW,
    hours,
    spell,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_service_model import (
    BUSY_REASON,
    Running,
    ServiceModel,
)


@dataclass
class FaultyService(ServiceModel):
    """An account with faults. Campaigns are numbered from 1, hours count from their creation.

    :ivar busy: devices in campaigns of others, within ``busy_hours`` from the first run.
    :ivar twins: campaigns that are created twice, and when the second one shows.
    :ivar stops: campaigns that somebody else stops, and when.
    :ivar words: campaigns with another status while they live, and until when.
    :ivar partial: campaigns whose device report is not complete, and until when.
    :ivar announces: campaigns that announce the next attempt of devices without success, and go on.
    :ivar without_end: campaigns whose last day is not shown.
    :ivar unreadable: campaigns whose windows cannot be read.
    :ivar refuses_large: campaigns of more than 20 devices that are refused at first.
    :ivar names_refused: a refused campaign says so of each of its devices.
    :ivar unread: devices whose version cannot be read again, in hours from the first run.
    :ivar not_reached: status of devices that were never attempted; empty for the usual one.
    :ivar aborts: campaigns that have started can be aborted.
    :ivar gone: devices that leave the account, in hours from the first run.
    :ivar drifts: devices that run another version, whoever brought it, from so many hours on.
    """

    type: str = "firmware"
    listed_protocol: str = "LWM2M"
    subscription: Subscription = EVENT_BILLING
    busy: dict[str, str] = field(default_factory=dict)
    busy_hours: tuple[float, float] = (0, 0)
    neighbours_until: dict[tuple[str, str], date] = field(default_factory=dict)
    twins: Mapping[int, float] = field(default_factory=dict)
    stops: Mapping[int, float] = field(default_factory=dict)
    words: Mapping[int, tuple[str, float]] = field(default_factory=dict)
    partial: Mapping[int, float] = field(default_factory=dict)
    announces: set[int] = field(default_factory=set)
    without_end: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    refuses_large: int = 0
    names_refused: bool = False
    unread: Mapping[str, float] = field(default_factory=dict)
    not_reached: str = ""
    aborts: bool = False
    gone: Mapping[str, float] = field(default_factory=dict)
    drifts: dict[str, tuple[float, str]] = field(default_factory=dict)
    _aborted: set[str] = field(default_factory=set)
    _doubled: set[int] = field(default_factory=set)

    def let_others_act(self) -> None:
        """Do what happens between two runs without the rollout."""
        since = (self.now - NOW) / hours(1)
        begin, end = self.busy_hours
        self.foreign = dict(self.busy) if begin <= since < end else {}
        for imei, (at, version) in list(self.drifts.items()):
            if since >= at and imei in self.devices:
                self.devices[imei] = replace(self.devices[imei], firmware=version)
                del self.drifts[imei]
        for running in list(self.campaigns):
            number = _number(running.id)
            if number in self.twins and number not in self._doubled and len(running.accepted) > 1:
                self._double(running, number)
            if number in self.stops and self.now >= running.created + hours(self.stops[number]):
                self._stop(running)

    def abort(self, ids: Iterable[str]) -> None:
        """Take requests to abort campaigns that have started."""
        for campaign_id in ids if self.aborts else ():
            self._stop(next(known for known in self.campaigns if known.id == campaign_id))

    def _stop(self, running: Running) -> None:
        if not running.live(self.now):
            return
        if self.now < running.begins:
            running.cancelled = self.now
            return
        # It ends with what it has done by now.
        self._aborted.add(running.id)
        running.accepted = {
            imei: when for imei, when in running.accepted.items() if when <= self.now
        }
        running.endless = False

    def _double(self, running: Running, number: int) -> None:
        """Two controllers have created the same campaign; each got half of the devices."""
        self._doubled.add(number)
        half = dict(list(running.accepted.items())[::2])
        for imei in half:
            del running.accepted[imei]
        twin = replace(
            running,
            id=f"{running.id}t",
            shown=self.now + hours(self.twins[number]),
            accepted=half,
            refused=dict.fromkeys(running.accepted, BUSY_REASON) | running.refused,
        )
        running.refused = dict.fromkeys(half, BUSY_REASON) | running.refused
        self.campaigns.append(twin)

    def _create(self, planned: PlannedCampaign) -> None:
        super()._create(planned)
        if self.refuses_large and len(planned.devices) > PILOT_DEVICES:
            self.refuses_large -= 1
            self.campaigns[-1].fails = True
            self.campaigns[-1].accepted = {}

    def refresh(self, imeis: Iterable[str]) -> None:
        since = (self.now - NOW) / hours(1)
        super().refresh(imei for imei in imeis if self.unread.get(imei, since) <= since)

    # -- what a run reads

    def observe(self, spec: RolloutSpec | None = None) -> Observed:
        seen = super().observe(spec)
        since = (self.now - NOW) / hours(1)
        devices = {
            imei: device
            for imei, device in seen.devices.items()
            if self.gone.get(imei, since + 1) > since
        }
        software = self.type == "software"
        if software:
            devices = {imei: self._with_software(device) for imei, device in devices.items()}
        seen = replace(
            seen,
            devices=devices,
            own=tuple(self._disturb(own) for own in seen.own),
            subscription=self.subscription,
            neighbours_until=self.neighbours_until,
        )
        return see_software(spec, seen) if spec and software else seen

    def _disturb(self, own: OwnCampaign) -> OwnCampaign:
        number = _number(own.campaign.id)
        (running,) = (known for known in self.campaigns if known.id == own.campaign.id)
        age = (self.now - running.created) / hours(1)
        campaign, rows = own.campaign, [self._disturb_row(number, row) for row in own.rows]
        word, until = self.words.get(number, ("", 0))
        if word and age < until and running.live(self.now):
            campaign = replace(campaign, status=word)
        again = number in self.announces and any(row.next_attempt for row in rows)
        if again and campaign.status == "CampaignEnded" and self.now < running.ends:
            campaign = replace(campaign, status="CampaignScheduled")
        if self.names_refused and campaign.status == "CampaignRequestFailed":
            told = spell(running.created + hours(1))
            rows = [
                CampaignDevice(imei, "DeviceRejected", "Request failed", updated=told)
                for imei in running.planned.devices
            ]
        if running.id in self._aborted and not running.live(self.now):
            campaign = replace(campaign, status="CampaignAborted")
        schedule = campaign.schedule
        if number in self.without_end:
            schedule = replace(schedule, end=None)
        if number in self.unreadable:
            schedule = replace(schedule, windows_readable=False)
        if age < self.partial.get(number, 0):
            rows = rows[: len(rows) // 2]
        campaign = replace(
            campaign,
            type=CampaignType(self.type),
            protocol=self.listed_protocol,
            schedule=schedule,
        )
        return replace(own, campaign=campaign, rows=tuple(rows))

    def _disturb_row(self, number: int, row: CampaignDevice) -> CampaignDevice:
        if row.status == "UpgradePending" and not row.recent_attempt and self.not_reached:
            row = replace(row, status=self.not_reached, reason="No retry" if number % 2 else "")
        elif number in self.announces and row.status in ("UpgradePending", "UpgradeFailed"):
            row = replace(row, next_attempt=spell(self.now + hours(9 + number)))
        if self.type == "software":
            row = replace(row, updated="", recent_attempt="")
        return row

    def _with_software(self, device: Device) -> Device:
        """Give the list of what a device runs; no version was read of it."""
        imei = device.device_id
        version, at = device.firmware, ""
        for running in self.campaigns:
            package = running.planned.package
            if version != package.from_version or not running.changes(imei, self.now):
                continue
            if self.fate(imei, package.name) == "good":
                version, at = package.to_version, spell(running.accepted[imei])
        items = (InstalledSoftware("boot", "0.9", ""), InstalledSoftware("app", version, at))
        return replace(device, firmware="", refreshed="", software=items)


def _number(campaign_id: str) -> int:
    return int(campaign_id[1:4])
