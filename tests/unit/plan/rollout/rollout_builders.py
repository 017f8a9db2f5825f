# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to say a rollout, its devices and campaigns, and what a run has seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.device import Device
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import ImeiCheck
from ansible_collections.thingspace.fota.plugins.module_utils._model.license import (
    MONTHLY_POOL,
    PAY_PER_UPGRADE,
    Subscription,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    CampaignName,
    Cohort,
    generation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec import (
    Gate,
    RolloutSpec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec_reader import (
    read_spec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.judgement.gate import (
    Judgement,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.rollout_device import (
    RolloutDevice,
)

NOW = datetime(2026, 4, 10, 10, 0, tzinfo=timezone.utc)
MAKER = "Maker"
ROLLOUT = "meters"
EVENT_BILLING = Subscription((PAY_PER_UPGRADE,), 0, 0, "")


# -- times: words of the service, and UTC days


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)


def at(distance: float) -> str:
    """The service's text of a moment, in hours from ``NOW``."""
    return spell(NOW + hours(distance))


def spell(moment: datetime) -> str:
    """The service's text of a moment."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day(distance: int) -> date:
    """The UTC day that many days from the service's today."""
    return NOW.date() + timedelta(days=distance)


# -- declarations


def imei(number: int) -> str:
    """The id of the n-th device."""
    return f"35{number:013}"


def imeis(count: int, *, start: int = 0) -> list[str]:
    """Ids of so many devices."""
    return [imei(number) for number in range(start, start + count)]


def target(model: str = "M1", version: str = "B") -> dict[str, str]:
    """A declared target."""
    return {"make": MAKER, "model": model, "version": version}


def wave(name: str = "all", **members: Any) -> dict[str, Any]:
    """A declared wave; ``rest`` unless it says another kind."""
    kinds = {"group", "per_package", "count", "percent", "rest"}
    return (
        {"name": name, **members}
        if kinds & members.keys()
        else {"name": name, "rest": True} | (members)
    )


def declared(devices: Iterable[Any] = (), **members: Any) -> dict[str, Any]:
    """A declaration as a person writes it: one model from A to B in one wave."""
    known = {
        "name": ROLLOUT,
        "target": [target()],
        "devices": list(devices) or imeis(3),
        "waves": [wave()],
        "retry": 0,
        "sweep": False,
        # What tests put into campaigns is in no order of the line.
        "late_joiners": "last",
    }
    gate = {"soak_hours": 0, "approval": False, **members.pop("gate", {})}
    return {**known, "gate": gate, **members}


def find_zone(name: str) -> tzinfo | None:
    """The rules of a zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def read(raw: object, imei_check: ImeiCheck = ImeiCheck.OFF) -> RolloutSpec:
    """Read a declaration with the zones of this machine."""
    return read_spec(raw, find_zone=find_zone, imei_check=imei_check)


def spec(devices: Iterable[Any] = (), **members: Any) -> RolloutSpec:
    """The same, as it is read."""
    return read(declared(devices, **members))


def gate(**members: Any) -> Gate:
    """A gate of one wave, as a pilot's default but for ``members``; rates as text."""
    known: dict[str, Any] = {
        "max_failure_rate": "0.10",
        "max_failures": None,
        "min_success_rate": None,
        "min_sample": 5,
        "min_coverage": "0.75",
        "max_rejected": "0.10",
        "max_failed_cohort_share": "0.5",
        "soak": timedelta(0),
        "approval": False,
    }
    given = {**known, **members}
    rates = {name: Fraction(value) for name, value in given.items() if isinstance(value, str)}
    return Gate(**{**given, **rates})


# -- what the service shows


def device(device_id: str, version: str = "A", **members: Any) -> Device:
    """A device of the account; its version was read long ago."""
    known: dict[str, Any] = {
        "make": MAKER,
        "model": "M1",
        "protocol": "LWM2M",
        "fota_eligible": True,
        "license_assigned": False,
        "refreshed": at(-1000),
    }
    return Device(device_id=device_id, firmware=version, **{**known, **members})


def package(model: str = "M1", path: str = "A B", **members: Any) -> Package:
    """A package; ``path`` names both versions."""
    start, end = path.split()
    known: dict[str, Any] = {"name": f"{model}-{start}-{end}", "protocol": "LWM2M"}
    return Package(make=MAKER, model=model, from_version=start, to_version=end, **known | members)


def cohort(model: str = "M1", version: str = "A", *, protocol: str = "LWM2M") -> Cohort:
    """The cohort of devices of a model on a version."""
    return Cohort(protocol, MAKER, model, version)


def named(
    count: int,
    *,
    wave: int = 1,
    batch: int = 1,
    attempt: int = 1,
    model: str = "M1",
    version: str = "A",
    to: str = "B",
) -> CampaignName:
    """A name of a campaign of ``declared()``."""
    return CampaignName(
        rollout=ROLLOUT,
        generation=generation(MAKER, model, to),
        wave=wave,
        cohort=cohort(model, version).code,
        batch=batch,
        attempt=attempt,
        count=count,
    )


def own(
    rows: Sequence[CampaignDevice] = (),
    status: str = "CampaignScheduled",
    *,
    count: int | None = None,
    start: int | None = -2,
    end: int | None = 3,
    campaign_id: str = "",
    package_name: str = "",
    protocol: str = "LWM2M",
    goal: str = "",
    **name: Any,
) -> OwnCampaign:
    """A campaign of ours with its report; it asked for as many devices as it shows.

    :param start: days from today, as ``end``; None where the service does not say.
    :param goal: version of the target, where the package does not lead there.
    :param name: what ``named`` takes.
    """
    asked = len(rows) if count is None else count
    called = named(asked, **(name | {"to": goal} if goal else name))
    model, version, to = (name.get(key, "") for key in ("model", "version", "to"))
    model, version, to = model or "M1", version or "A", to or "B"
    campaign = Campaign(
        id=campaign_id or f"c{called.wave}-{called.cohort[:2]}-{called.batch}-{called.attempt}",
        type=CampaignType.FIRMWARE,
        name=str(called),
        package=package_name or f"{model}-{version}-{to}",
        from_version=version,
        to_version=to,
        protocol=protocol,
        make=MAKER,
        model=model,
        status=status,
        schedule=Schedule(None if start is None else day(start), None if end is None else day(end)),
    )
    return OwnCampaign(called, campaign, tuple(rows))


def row(device_id: str, status: str = "UpgradePending", **members: Any) -> CampaignDevice:
    """A row of a device report; nothing was attempted yet."""
    return CampaignDevice(device_id=device_id, status=status, **members)


def good(device_id: str, when: float = -10) -> CampaignDevice:
    """A success, some hours from ``NOW``."""
    return row(device_id, "UpgradeSuccess", updated=at(when), recent_attempt=at(when))


def bad(device_id: str, when: float = -10) -> CampaignDevice:
    """A failure after an attempt."""
    return row(
        device_id, "UpgradeFailed", updated=at(when), recent_attempt=at(when), reason="no answer"
    )


def tried(device_id: str, when: float = -10, **members: Any) -> CampaignDevice:
    """An attempt without a result."""
    return row(device_id, **{"updated": at(when), "recent_attempt": at(when), **members})


def busy(device_id: str, when: float = -60) -> CampaignDevice:
    """Refused, as another campaign has it."""
    return row(
        device_id, "DeviceRejected", updated=at(when), reason="Device is busy in another upgrade"
    )


def rejected(device_id: str, when: float = -60) -> CampaignDevice:
    """Refused for good."""
    return row(device_id, "DeviceRejected", updated=at(when), reason="Device not found")


def upgraded(device_id: str, when: float = -1, **members: Any) -> Device:
    """A device of which B was read, some hours from ``NOW``."""
    return device(device_id, "B", refreshed=at(when), **members)


def seen(
    devices: Iterable[Device] = (),
    own: Iterable[OwnCampaign] = (),
    *,
    busy: Mapping[str, str] | None = None,
    catalog: Iterable[Package] = (),
    now: datetime = NOW,
    subscription: Subscription = EVENT_BILLING,
) -> Observed:
    """What a run has read; packages from A to B for every model unless others are given."""
    known = {entry.device_id: entry for entry in devices}
    models = sorted({entry.model for entry in known.values()} | {"M1"})
    return Observed(
        now=now,
        catalog=tuple(catalog) or tuple(package(model) for model in models),
        devices=known,
        own=tuple(own),
        busy=dict(busy or {}),
        subscription=subscription,
    )


def pool(total: int, used: int = 0) -> Subscription:
    """A subscription with licenses only."""
    return Subscription((MONTHLY_POOL,), total, used, "")


def settled(
    good_ones: int, bad_ones: int = 0, *, start: int = 0
) -> tuple[list[CampaignDevice], list[Device]]:
    """Rows and devices of which so many were verified and so many failed."""
    fine = imeis(good_ones, start=start)
    broken = imeis(bad_ones, start=start + good_ones)
    return (
        [good(id_) for id_ in fine] + [bad(id_) for id_ in broken],
        [upgraded(id_) for id_ in fine] + [device(id_) for id_ in broken],
    )


def decided(wish: RolloutSpec, what: Observed) -> Decision:
    """Decide one run."""
    return decide(wish, what)


def gate_of(decision: Decision, number: int = 1) -> Judgement:
    """What the gate of a wave says."""
    return decision.assessment.waves[number - 1].judgement


def classes(decision: Decision) -> dict[str, str]:
    """The class of every device in scope."""
    return {row.imei: row.outcome.kind.value for row in decision.assessment.rows}


def row_of(decision: Decision, imei: str) -> RolloutDevice:
    """The row of a device in scope."""
    return next(row for row in decision.assessment.rows if row.imei == imei)


def waves_of(decision: Decision) -> dict[int, tuple[str, ...]]:
    """The devices of each wave, in line."""
    states = decision.assessment.waves
    return {state.wave.number: tuple(row.imei for row in state.rows) for state in states}
