# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the service, small enough to run whole rollouts in a blink.

It holds campaigns and moves them on with a virtual clock. What it shows is a function of the clock
alone, so it can be asked at any time, in any order of runs. It knows nothing of waves and gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.campaign_batches import (
    PlannedCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.events import (
    NOTHING_KNOWN,
    LastRun,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.suspects import (
    find_suspects,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    parse_name,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    RolloutSpec,
    Wanted,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    EVENT_BILLING,
    NOW,
    hours,
    spell,
)

CHECKED_AFTER = hours(1)
"""From a request to the answer whether the service takes it."""
FIRST_RESULT = hours(3.3)
"""From the start of a campaign to the first results; no run at a full hour is at this moment."""
BUSY_REASON = "Device is busy in another upgrade"
WRONG_VERSION = "Device does not run the version that the package is for"
LOOKS = 3
"""How often a run looks behind the reports."""
FATES = ("good", "bad", "silent", "reverts", "unreached", "rejected", "odd")
"""What becomes of a device: every one but ``good`` is a way to go wrong."""


@dataclass
class Running:
    """A campaign inside the service.

    :ivar shown: when reports begin to show it, if it is still live by then.
    :ivar accepted: devices that it may change, and when something is told of each.
    :ivar refused: devices that it does not take, and why.
    :ivar endless: nothing final is told of a device, so only the last day ends it.
    :ivar fails: the request is accepted, and found wrong when it is checked.
    """

    id: str
    planned: PlannedCampaign
    created: datetime
    shown: datetime
    accepted: dict[str, datetime]
    refused: dict[str, str]
    endless: bool = False
    fails: bool = False
    cancelled: datetime | None = None

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.planned.start, time(), timezone.utc)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.planned.end, time(), timezone.utc) + timedelta(days=1)

    @property
    def attempts(self) -> dict[str, datetime]:
        """When something is told of the devices that have their turn before the end."""
        ends = self.begins if self.cancelled is not None else self.ends
        return {imei: when for imei, when in self.accepted.items() if when < ends}

    def changes(self, imei: str, now: datetime) -> bool:
        """A device has had its turn."""
        when = self.accepted.get(imei)
        return when is not None and when <= now and when < self.ends and self.cancelled is None

    def status(self, now: datetime) -> str:
        if self.cancelled is not None and now >= self.cancelled:
            return "CampaignCancelled"
        if now < self.created + CHECKED_AFTER:
            return "CampaignRequestPending"
        if self.fails:
            return "CampaignRequestFailed"
        done = all(now >= when for when in self.accepted.values()) and not self.endless
        if now >= self.ends or done:
            return "CampaignEnded"
        return "CampaignScheduled" if now >= self.begins - hours(6) else "CampaignRequestQueued"

    def live(self, now: datetime) -> bool:
        return self.status(now) in (
            "CampaignRequestPending",
            "CampaignRequestQueued",
            "CampaignScheduled",
        )


@dataclass
class ServiceModel:
    """An account whose devices have fates.

    :ivar fates: by IMEI, or by IMEI and package, one of ``FATES``; ``good`` where it is missing.
    :ivar refuses: whether the request for the n-th campaign (from 1) fails after it was accepted.
    :ivar hides: hours for which the n-th campaign is in no report after its creation, if it lives.
    :ivar histories: those of devices tell of campaigns that no report shows.
    :ivar spread: hours from the first result of a campaign to the last.
    :ivar foreign: live campaigns of others: IMEI to campaign id.
    """

    devices: dict[str, Device]
    catalog: tuple[Package, ...]
    fates: Mapping[str | tuple[str, str], str] = field(default_factory=dict)
    refuses: Callable[[int], bool] = lambda number: False
    hides: Callable[[int], float] = lambda number: 0
    histories: bool = False
    spread: float = 0
    foreign: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    campaigns: list[Running] = field(default_factory=list)

    # -- what can be read

    def observe(self, spec: RolloutSpec | None = None) -> Observed:
        """Read everything that one run sees.

        :param spec: campaigns of older targets than it declares hold their devices.
        """
        own = tuple(self._show())
        present = {target.generation for target in spec.targets} if spec else set()
        held = {
            row.device_id: campaign.campaign.id
            for campaign in own
            if spec and not campaign.over and campaign.name.generation not in present
            for row in campaign.rows
            if row.status != "DeviceRejected"
        }
        return Observed(
            now=self.now,
            catalog=self.catalog,
            devices=dict(self.devices),
            own=own,
            busy={**self.foreign, **held},
            subscription=EVENT_BILLING,
            generations=frozenset(campaign.name.generation for campaign in own),
            retargeted=frozenset(
                (campaign.campaign.make, campaign.campaign.model)
                for campaign in own
                if spec and campaign.name.generation not in present
            ),
        )

    def look_behind(self, suspects: Iterable[Sequence[str]]) -> bool:
        """Show the campaigns that histories tell of; false when there are no new ones."""
        asked = {imei for group in suspects for imei in group[:3]}
        hidden = [
            running
            for running in self.campaigns
            if self.now < running.shown
            and running.live(self.now)
            and asked & running.accepted.keys()
        ]
        for campaign in hidden:
            campaign.shown = self.now
        return bool(hidden)

    def _show(self) -> Iterator[OwnCampaign]:
        for running in self.campaigns:
            name = parse_name(str(running.planned.name))
            assert name is not None
            if running.live(self.now) and self.now < running.shown:
                continue
            package = running.planned.package
            campaign = Campaign(
                id=running.id,
                type=CampaignType.FIRMWARE,
                name=str(name),
                package=package.name,
                from_version=package.from_version,
                to_version=package.to_version,
                protocol="LWM2M",
                make=package.make,
                model=package.model,
                status=running.status(self.now),
                schedule=Schedule(running.planned.start, running.planned.end),
            )
            yield OwnCampaign(name, campaign, tuple(self._report(running)))

    def _report(self, campaign: Running) -> Iterator[CampaignDevice]:
        """Rows come once the request was checked; a request that fails has none."""
        if self.now < campaign.created + CHECKED_AFTER or campaign.fails:
            return
        checked = spell(campaign.created + CHECKED_AFTER)
        for imei, reason in campaign.refused.items():
            yield CampaignDevice(imei, "DeviceRejected", reason, updated=checked)
        for imei, when in campaign.accepted.items():
            yield self._row(campaign, imei, when, checked)

    def _row(self, campaign: Running, imei: str, when: datetime, checked: str) -> CampaignDevice:
        fate = self.fate(imei, campaign.planned.package.name)
        if campaign.cancelled is not None and self.now >= campaign.cancelled:
            return CampaignDevice(imei, "CampaignCancelled", updated=checked)
        if not campaign.changes(imei, self.now) or fate == "unreached":
            return CampaignDevice(imei, "UpgradePending", updated=checked)
        told = spell(when)
        word = {"bad": "UpgradeFailed", "silent": "UpgradePending", "odd": "SomethingNew"}
        return CampaignDevice(
            imei, word.get(fate, "UpgradeSuccess"), updated=told, recent_attempt=told
        )

    def live_devices(self, package: str) -> int:
        """Devices that live campaigns with a package hold at this moment."""
        return sum(
            len(campaign.accepted)
            for campaign in self.campaigns
            if campaign.planned.package.name == package and campaign.live(self.now)
        )

    @property
    def is_busy(self) -> bool:
        """A campaign is live."""
        return any(campaign.live(self.now) for campaign in self.campaigns)

    def to_come(self) -> int:
        """Devices that are still attempted if nothing more is written from now on."""
        return len({imei for imei, _when in self._to_come()})

    def last_attempt(self) -> datetime | None:
        """When the last of them is; None when there is none."""
        return max((when for _imei, when in self._to_come()), default=None)

    def _to_come(self) -> Iterator[tuple[str, datetime]]:
        for campaign in self.campaigns:
            for imei, when in campaign.attempts.items():
                if (
                    self.now < when
                    and self.fate(imei, campaign.planned.package.name) != "unreached"
                ):
                    yield imei, when

    def outcomes(self) -> dict[str, str]:
        """What is known by now of each device that is done: ``good`` at the target, or ``bad``."""
        known = {}
        starts = {step.from_version for step in self.catalog}
        for (imei, package), told in self._results().items():
            if told == "bad" or package.to_version not in starts:
                known[imei] = told
        return known

    def proved(self, package: str) -> bool:
        """At least 5 devices were attempted with a package, half of them well, and it is known."""
        known = [
            told
            for (_imei, installed), told in self._results().items()
            if installed.name == package
        ]
        return len(known) >= 5 and 2 * known.count("good") >= len(known)

    def _results(self) -> dict[tuple[str, Package], str]:
        """How devices fared with packages.

        A version is known to be good when it can have been read after the success. One that reverts
        is known to be bad a day after it. One that stays silent is bad when its campaign is over.
        """
        known = {}
        for campaign in self.campaigns:
            package = campaign.planned.package
            for imei, when in campaign.attempts.items():
                told = {
                    "good": ("good", self.now > when),
                    "bad": ("bad", self.now >= when),
                    "reverts": ("bad", self.now >= when + hours(24)),
                    "silent": ("bad", self.now >= campaign.ends),
                }.get(self.fate(imei, package.name))
                if told and told[1]:
                    known[imei, package] = told[0]
        return known

    def fate(self, imei: str, package: str = "") -> str:
        """What becomes of a device when it gets a package."""
        return self.fates.get((imei, package)) or self.fates.get(imei, "good")

    def runs(self, imei: str) -> str:
        """The version that a device runs, whatever was read of it."""
        version = self.devices[imei].firmware
        for campaign in self.campaigns:
            package = campaign.planned.package
            if version != package.from_version or not campaign.changes(imei, self.now):
                continue
            if self.fate(imei, package.name) == "good":
                version = package.to_version
        return version

    # -- what can be written

    def refresh(self, imeis: Iterable[str]) -> None:
        """Learn again which version devices run."""
        for imei in imeis:
            self.devices[imei] = replace(
                self.devices[imei], firmware=self.runs(imei), refreshed=spell(self.now)
            )

    def apply(self, decision: Decision) -> None:
        """Carry the writes of a decision out."""
        for own, _why in decision.stops.cancel:
            (campaign,) = (running for running in self.campaigns if running.id == own.campaign.id)
            if self.now < campaign.begins:
                campaign.cancelled = self.now
        for own, end, _why in decision.stops.shorten:
            (campaign,) = (running for running in self.campaigns if running.id == own.campaign.id)
            assert (self.now + hours(24)).date() <= end < campaign.planned.end
            campaign.planned = replace(campaign.planned, end=end)
        for planned in decision.create:
            self._create(planned)

    def _create(self, planned: PlannedCampaign) -> None:
        number = len(self.campaigns) + 1
        campaign = Running(
            id=f"c{number:03}",
            planned=planned,
            created=self.now,
            shown=self.now + hours(self.hides(number)),
            accepted={},
            refused={},
            fails=self.refuses(number),
        )
        taken = {
            imei for other in self.campaigns if other.live(self.now) for imei in other.accepted
        } | self.foreign.keys()
        count = max(1, len(planned.devices) - 1)
        for place, imei in enumerate(planned.devices):
            if imei in taken:
                campaign.refused[imei] = BUSY_REASON
            elif self.runs(imei) != planned.package.from_version:
                campaign.refused[imei] = WRONG_VERSION
            elif self.fate(imei, planned.package.name) == "rejected":
                campaign.refused[imei] = "Device not found"
            elif not campaign.fails:
                campaign.accepted[imei] = (
                    campaign.begins + FIRST_RESULT + hours(self.spread * place / count)
                )
        campaign.endless = any(
            self.fate(imei, planned.package.name) in ("silent", "unreached", "odd")
            for imei in campaign.accepted
        )
        self.campaigns.append(campaign)


def run_once(
    spec: RolloutSpec,
    service: ServiceModel,
    *,
    wanted: Wanted = Wanted.RUNNING,
    last: LastRun = NOTHING_KNOWN,
) -> Decision:
    """One run as the hands do it: decide, read versions again and decide once more, write."""
    decision = _decide(spec, service, wanted, last)
    if decision.refresh:
        service.refresh(decision.refresh)
        decision = _decide(spec, service, wanted, last)
    service.apply(decision)
    return decision


def _decide(spec: RolloutSpec, service: ServiceModel, wanted: Wanted, last: LastRun) -> Decision:
    decision = decide(spec, service.observe(spec), wanted=wanted, last=last)
    for _look in range(LOOKS if service.histories else 0):
        if not service.look_behind(find_suspects(decision)):
            break
        decision = decide(spec, service.observe(spec), wanted=wanted, last=last)
    return decision
