# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed between what is known of campaigns and what the service shows now.

What is known is a flat mapping of text, so that a file can hold it: ``campaign/<id>`` to the
status, ``results/<id>`` to the number of devices by result, ``package/<name>`` to nothing, and
``packages`` once packages have been read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .._model.campaign import Campaign
from .._model.firmware import Package
from .._model.status import CampaignState, DeviceState, campaign_state

Known = Mapping[str, str]

CAMPAIGN, RESULTS, PACKAGE, PACKAGES_READ = "campaign/", "results/", "package/", "packages"

FAILED = frozenset({CampaignState.FAILED, CampaignState.REQUEST_FAILED})


@dataclass(frozen=True)
class Seen:
    """What the service shows.

    :ivar counts: number of devices by state, of the campaigns whose report was read.
    :ivar packages: None if they were not read.
    """

    campaigns: Mapping[str, Campaign]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    packages: tuple[Package, ...] | None = None


@dataclass(frozen=True)
class Change:
    """One change.

    :ivar kind: ``campaign_found``, ``campaign_changed``, ``campaign_ended``, ``campaign_failed``,
        ``campaign_gone``, ``devices_changed`` or ``firmware_published``; empty for what is only
        to be remembered or forgotten.
    :ivar key: what of the known it replaces by ``value``; None forgets it.
    :ivar before: the value that was known.
    """

    kind: str
    key: str
    value: str | None
    before: str | None = None
    campaign: Campaign | None = None
    package: Package | None = None

    def apply(self, known: dict[str, str]) -> None:
        """Remember it."""
        if self.value is None:
            known.pop(self.key, None)
        else:
            known[self.key] = self.value


def live_ids(known: Known) -> set[str]:
    """Give the ids of the campaigns that were not over."""
    return {
        key.removeprefix(CAMPAIGN)
        for key, status in known.items()
        if key.startswith(CAMPAIGN) and not campaign_state(status).over
    }


def baseline(seen: Seen) -> dict[str, str]:
    """Give what is known after a first look, which reports nothing."""
    known: dict[str, str] = {}
    for change in find_changes({}, seen):
        change.apply(known)
    return known


def find_changes(known: Known, seen: Seen) -> list[Change]:
    """Give every change, campaigns in the order of their names, packages last."""
    changes: list[Change] = []
    for campaign in sorted(seen.campaigns.values(), key=lambda one: (one.name, one.id)):
        changes += _of_campaign(known, seen, campaign)
    changes += _gone(known, seen)
    changes += _of_packages(known, seen)
    return changes


def _of_campaign(known: Known, seen: Seen, campaign: Campaign) -> Iterator[Change]:
    """Give the results of devices before the end of their campaign, which they are a part of."""
    results = RESULTS + campaign.id
    if campaign.id in seen.counts:
        now, before = write_counts(seen.counts[campaign.id]), known.get(results, "")
        if now != before:
            yield Change("devices_changed", results, now, before, campaign)
    key = CAMPAIGN + campaign.id
    status = known.get(key)
    if campaign.status != status:
        yield Change(_kind(campaign.state, status), key, campaign.status, status, campaign)
    if campaign.state.over and (results in known or campaign.id in seen.counts):
        yield Change("", results, None)


def _kind(state: CampaignState, before: str | None) -> str:
    if state in FAILED:
        return "campaign_failed"
    if state.over:
        return "campaign_ended"
    return "campaign_found" if before is None else "campaign_changed"


def _gone(known: Known, seen: Seen) -> Iterator[Change]:
    """Give the campaigns that the service shows no more; those that were over are forgotten."""
    live = live_ids(known)
    for key in sorted(known):
        id_ = key.partition("/")[2]
        if key.startswith((CAMPAIGN, RESULTS)) and id_ not in seen.campaigns:
            lost = key.startswith(CAMPAIGN) and id_ in live
            yield Change("campaign_gone" if lost else "", key, None, known[key])


def _of_packages(known: Known, seen: Seen) -> Iterator[Change]:
    if seen.packages is None:
        return
    first = PACKAGES_READ not in known
    for package in seen.packages:
        parts = (package.name, package.make, package.model, package.from_version)
        key = PACKAGE + "/".join((*parts, package.to_version))
        if key not in known:
            kind = "" if first else "firmware_published"
            yield Change(kind, key, "", package=package)
    if first:
        yield Change("", PACKAGES_READ, "read")


def write_counts(counts: Mapping[str, int]) -> str:
    """Write numbers of devices by result, such as ``failed=1 success=3``; none is pending."""
    pending = DeviceState.PENDING.value
    return " ".join(f"{name}={counts[name]}" for name in sorted(counts) if name != pending)


def read_counts(text: str | None) -> dict[str, int]:
    """Read what :func:`write_counts` wrote."""
    pairs = (item.partition("=") for item in (text or "").split())
    return {name: int(number) for name, _sign, number in pairs}
