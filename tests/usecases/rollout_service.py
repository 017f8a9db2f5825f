# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service holds of a rollout, and what others do there meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignRequest,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.outcomes import (
    parse_outcomes,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.sorted_imeis import (
    SortedImeis,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account

Row = dict[str, Any]

OVER = frozenset(
    {
        "CampaignEnded",
        "CampaignCancelled",
        "CampaignAborted",
        "CampaignFailed",
        "CampaignRequestFailed",
    }
)
# In these the checks have passed, so a device that was not refused was accepted.
_SCHEDULED = frozenset(
    {
        "CampaignRequestQueued",
        "CampaignPreScheduled",
        "CampaignScheduled",
        "CampaignEnded",
        "CampaignAborted",
    }
)
# A package may go to more devices at once after so many attempts, half of them well.
PILOT_DEVICES, EVIDENCE = 20, 5


def own(sim: SimulatorServer, *, wave: int | None = None, model: str = "") -> list[Row]:
    """The rollout's campaigns, of one wave or one model, in order of creation."""
    return [
        campaign
        for campaign in sim.campaigns()
        if (campaign["campaignName"] or "").startswith("tsr.meters.")
        and wave in (None, wave_of(campaign))
        and campaign["package"].startswith(model)
    ]


def wave_of(campaign: Row) -> int:
    """The wave that a campaign's name says."""
    return int(campaign["campaignName"].split(".")[3].removeprefix("w"))


def live(campaigns: Iterable[Row]) -> list[Row]:
    return [campaign for campaign in campaigns if campaign["status"] not in OVER]


def with_status(campaigns: Iterable[Row], status: str) -> list[Row]:
    return [campaign for campaign in campaigns if campaign["status"] == status]


def accepted(campaign: Row) -> list[str]:
    """The devices that the service took into a campaign."""
    if campaign["status"] not in _SCHEDULED:
        return []
    return [imei for imei, entry in campaign["devices"].items() if not _was_refused(entry)]


def untouched(campaign: Row) -> list[str]:
    """The devices of a campaign that no attempt was made for yet."""
    return [imei for imei, entry in campaign["devices"].items() if not entry["attempts"]]


def moment(text: str) -> datetime:
    """A time as the simulator writes it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def attempt_times(campaign: Row) -> list[datetime]:
    """When the last attempt of each device in a campaign was made, in order."""
    return sorted(
        moment(entry["recent"]) for entry in campaign["devices"].values() if entry["recent"]
    )


def in_turn(campaign: Row) -> list[str]:
    """Devices of a campaign that has begun, in the order of their announced attempts."""
    announced = {imei: entry["next"] for imei, entry in campaign["devices"].items()}
    return sorted((imei for imei, due in announced.items() if due), key=lambda id_: announced[id_])


def _was_refused(entry: Row) -> bool:
    refused = entry["status"] in ("DeviceRejected", "UpgradeFailed")
    return refused and entry["settled"] and not entry["attempts"]


def versions(sim: SimulatorServer, *, model: str | None = None) -> dict[str, int]:
    """How many devices really run which version."""
    return dict(
        Counter(device["firmware"] for device in sim.devices() if model in (None, device["model"]))
    )


def attempts(sim: SimulatorServer) -> dict[str, int]:
    """Attempts of each device over all campaigns of the rollout."""
    found: Counter[str] = Counter()
    for campaign in own(sim):
        found.update({imei: entry["attempts"] for imei, entry in campaign["devices"].items()})
    return dict(found)


def assert_no_duplicates(sim: SimulatorServer) -> None:
    """No two live campaigns have one name, and no device was accepted twice for one target."""
    names = Counter(campaign["campaignName"] for campaign in live(own(sim)))
    assert [name for name, count in names.items() if count > 1] == []
    taken = Counter((imei, campaign["to"]) for campaign in own(sim) for imei in accepted(campaign))
    assert [key for key, count in taken.items() if count > 1] == []


def assert_pilot_rule(sim: SimulatorServer) -> None:
    """No package without evidence has over 20 devices in live campaigns of the rollout."""
    held: dict[str, set[str]] = {}
    for campaign in live(own(sim)):
        held.setdefault(campaign["package"], set()).update(campaign["devices"])
    for name, devices in held.items():
        assert len(devices) <= PILOT_DEVICES or is_proved(sim, name), name


def is_proved(sim: SimulatorServer, name: str) -> bool:
    """A pilot of the package has succeeded, by what the devices reported."""
    words = [
        entry["status"]
        for campaign in own(sim)
        if campaign["package"] == name
        for entry in campaign["devices"].values()
        if entry["attempts"] and entry["settled"]
    ]
    return len(words) >= EVIDENCE and 2 * words.count("UpgradeSuccess") >= len(words)


def created(sim: SimulatorServer) -> int:
    """How many campaigns were posted since the journal was cleared, taken or not."""
    return sum(call["operation"] == "v3ScheduleCampaign" for call in sim.journal())


def writes_to(sim: SimulatorServer, campaign_id: str) -> list[Row]:
    """The journal's writes to one campaign."""
    return [
        call for call in sim.journal() if call["kind"] == "write" and campaign_id in call["path"]
    ]


# -- what others do -----------------------------------------------------------------------------


def turn(sim: SimulatorServer, **outcomes: Any) -> None:
    """Let attempts from now on fare as these outcomes of a fleet file say."""
    state = sim._service.state
    state.outcomes = parse_outcomes(outcomes, seed=state.seed)


def foreign_campaign(
    account: Account,
    devices: Collection[str],
    *,
    start: str,
    end: str,
    name: str = "night-shift",
    package: str = "alpha-A-B",
) -> str:
    """Somebody else schedules devices; gives the campaign's id."""
    result = account.run(
        ensure_campaigns,
        CAMPAIGN_MODULE_OPTIONS,
        name=name,
        package=package,
        start_date=start,
        end_date=end,
        devices=list(devices),
        imei_check="off",
    )
    return str(result["campaign"]["campaign_id"])


def duplicate(account: Account, campaign: Row, *, devices: Collection[str] = ()) -> None:
    """A controller that saw nothing of a campaign posts it once more, as it was posted.

    :param devices: others than those that it was posted with.
    """

    def post(context: Context, _params: Mapping[str, Any]) -> dict[str, Any]:
        request = CampaignRequest(
            type=CampaignType.FIRMWARE,
            name=campaign["campaignName"],
            package=campaign["package"],
            from_version=campaign["from"],
            to_version=campaign["to"],
            protocol="LWM2M",
            schedule=Schedule(
                start=date.fromisoformat(campaign["startDate"]),
                end=date.fromisoformat(campaign["endDate"]),
            ),
            devices=tuple(devices or campaign["devices"]),
        )
        context.v3.create_campaign(request)
        return {}

    account.run(post, {})


def stop_campaign(account: Account, campaign_id: str) -> None:
    """Somebody cancels a campaign in the portal, or aborts it once it has started."""
    account.run(
        ensure_campaigns,
        CAMPAIGN_MODULE_OPTIONS,
        campaign_id=campaign_id,
        state="absent",
        abort_started=True,
        imei_check="off",
    )


def set_licenses(sim: SimulatorServer, count: int) -> None:
    """The account buys licenses, or gives them back."""
    (account,) = sim._service.state.accounts.values()
    account.license_count = count


def licensed(sim: SimulatorServer) -> set[str]:
    """Devices with a license."""
    return {device["deviceId"] for device in sim.devices() if device["licensed"]}


def refuse_licenses(sim: SimulatorServer, devices: Collection[str]) -> None:
    """The service assigns no license to these devices."""
    licenses = sim._service.licenses
    usual = type(licenses).assign

    def assign(account: Any, imei: str) -> str | None:
        return "License is suspended" if imei in devices else usual(licenses, account, imei)

    vars(licenses)["assign"] = assign


def leave_account(sim: SimulatorServer, imei: str) -> None:
    """The account gives a device away."""
    (account,) = sim._service.state.accounts.values()
    del account.devices[imei]
    account.index_devices()


# -- a service that lags ------------------------------------------------------------------------


def hide_campaigns(sim: SimulatorServer, *, hours: float) -> None:
    """Leave every campaign out of the reports by status for so long after its creation."""
    state, campaigns = sim._service.state, sim._service.campaigns
    told = campaigns.reported

    def reported(*args: Any, **more: Any) -> list[Any]:
        return [
            campaign
            for campaign in told(*args, **more)
            if state.now - campaign.created >= hours * 3600
        ]

    vars(campaigns)["reported"] = reported


def hide_rows(sim: SimulatorServer, *, hours: float, shown: int) -> None:
    """Show only some devices in a campaign's device report for so long after its creation."""
    state, campaigns = sim._service.state, sim._service.campaigns
    told = campaigns.report

    def report(campaign: Any) -> SortedImeis:
        late = state.now - campaign.created >= hours * 3600
        return told(campaign) if late else SortedImeis(told(campaign).ascending()[:shown])

    vars(campaigns)["report"] = report


def drop_rows(sim: SimulatorServer, imeis: Collection[str]) -> None:
    """Reports do not show these devices any more."""
    campaigns = sim._service.campaigns
    told = campaigns.report

    def report(campaign: Any) -> SortedImeis:
        return SortedImeis([imei for imei in told(campaign).ascending() if imei not in imeis])

    vars(campaigns)["report"] = report


def withdraw_package(sim: SimulatorServer, name: str) -> None:
    """The vendor does not publish a package any more."""
    (account,) = sim._service.state.accounts.values()
    account.packages["v3"] = [known for known in account.packages["v3"] if known.name != name]
