# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to say a campaign, an upgrade, a package and what is declared of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import Upgrade
from ansible_collections.thingspace.fota.plugins.module_utils._plan.campaign_plan import (
    CampaignSpec,
    ScheduleSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.upgrade_plan import UpgradeSpec

FIRMWARE, SOFTWARE = CampaignType.FIRMWARE, CampaignType.SOFTWARE
NOW = datetime(2026, 4, 10, 10, 0, tzinfo=timezone.utc)
TODAY = NOW.date()
ONE, TWO, THREE, FOUR = (f"49015420323751{digit}" for digit in "1234")


def day(distance: int) -> date:
    """The UTC day that many days from the service's today."""
    return TODAY + timedelta(days=distance)


def campaign(status: str = "CampaignRequestQueued", **members: Any) -> Campaign:
    """A firmware campaign of the next days; ``start``, ``end`` and the like go to its schedule."""
    dates = {name: members.pop(name) for name in vars(Schedule(None, None)) if name in members}
    known: dict[str, Any] = {
        "id": "c-1",
        "type": FIRMWARE,
        "name": "spring",
        "package": "pkg-a-b",
        "from_version": "A",
        "to_version": "B",
        "protocol": "LWM2M",
        "make": "Maker",
        "model": "M1",
        "status": status,
        "schedule": Schedule(**{"start": day(2), "end": day(9), **dates}),
    }
    return Campaign(**{**known, **members})


def spec(**members: Any) -> CampaignSpec:
    """The declaration of ``campaign()`` with two devices; dates go to its schedule."""
    dates = {name: members.pop(name) for name in vars(ScheduleSpec()) if name in members}
    known: dict[str, Any] = {
        "subject": "campaign spring",
        "type": FIRMWARE,
        "name": "spring",
        "package": "pkg-a-b",
        "from_version": "A",
        "to_version": "B",
        "schedule": ScheduleSpec(**{"start": day(2), "end": day(9), **dates}),
        "devices": (ONE, TWO),
    }
    return CampaignSpec(**{**known, **members})


def bare(**members: Any) -> CampaignSpec:
    """A declaration of nothing but a name, and ``members``."""
    dates = {name: members.pop(name) for name in vars(ScheduleSpec()) if name in members}
    known: dict[str, Any] = {"subject": "campaign spring", "type": FIRMWARE, "name": "spring"}
    return CampaignSpec(**{**known, "schedule": ScheduleSpec(**dates), **members})


def report(*imeis: str, status: str = "UpgradePending") -> list[CampaignDevice]:
    """A device report, or the devices of an upgrade."""
    return [CampaignDevice(imei, status) for imei in imeis]


def package(name: str = "pkg-a-b", path: str = "A B", **members: Any) -> Package:
    """A package from one version to another; ``path`` names both."""
    start, end = path.split()
    known: dict[str, Any] = {"make": "Maker", "model": "M1", "protocol": "LWM2M"}
    return Package(name=name, from_version=start, to_version=end, **{**known, **members})


def upgrade(status: str = "Queued", devices: Iterable[str] = (ONE, TWO), **members: Any) -> Upgrade:
    """A v1 upgrade that starts in two days."""
    known: dict[str, Any] = {
        "id": "u-1",
        "package": "pkg-a-b",
        "to_version": "B",
        "status": status,
        "start": day(2),
        "end": None,
        "devices": tuple(report(*devices, status="Device Accepted")),
    }
    return Upgrade(**{**known, **members})


def upgrade_spec(**members: Any) -> UpgradeSpec:
    """The declaration of ``upgrade()``."""
    known: dict[str, Any] = {
        "subject": "upgrade to pkg-a-b",
        "account": "0000123456-00001",
        "package": "pkg-a-b",
        "to_version": "B",
        "start": day(2),
        "devices": (ONE, TWO),
    }
    return UpgradeSpec(**{**known, **members})
