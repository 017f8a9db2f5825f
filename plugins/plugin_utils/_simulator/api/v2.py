# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The v2 operations of the API: software campaigns of HTTP devices."""

from __future__ import annotations

from typing import Any

from ..state.campaign import Campaign, DeviceEntry
from ..state.clock import NEVER, day_text, go_text, rfc3339
from ..state.records import PAGE
from ..state.service_state import ServiceState
from . import campaign_requests, files, wire
from .errors import invalid
from .exchange import Listed
from .rows import SharedFields, device_row, row, shared_json
from .v3 import REPORT_STATUSES
from .wire import Call

DISTRIBUTIONS = ("LWM2M", "OMD-DM", "HTTP")
# The distribution type of a request to that of the reply (quirk of the schemas).
_REPLY_DISTRIBUTION = {"OMA": "OMD-DM", "HTTP": "HTTP"}


def list_software(call: Call) -> list[dict[str, str]]:
    account = call.account
    distribution = call.choice("distributionType", DISTRIBUTIONS)
    return [
        {
            "softwareName": package.name,
            "launchDate": package.launched,
            "releaseNote": package.note,
            "model": package.model,
            "make": package.make,
            "distributionType": package.protocol,
            "devicePlatformId": package.platform,
        }
        for package in account.packages["v2"]
        if package.listed and distribution in (None, package.protocol)
    ]


def schedule(call: Call) -> dict[str, Any]:
    return _row(call.state, _schedule(call, hours_as_text=False))


def schedule_software(call: Call) -> dict[str, Any]:
    """The path in the current documentation; only its reply lists the devices."""
    return _loose_row(call.state, _schedule(call, hours_as_text=True))


def schedule_file(call: Call) -> dict[str, Any]:
    """A campaign that brings a configuration file; reports name the file as software."""
    account, state, body = call.account, call.state, call.body
    distribution = body.text("distributionType")
    if distribution not in _REPLY_DISTRIBUTION:
        raise invalid("Invalid distributionType")
    name, version = body.text("fileName"), body.text("fileVersion")
    devices = body.devices(limit=wire.device_limit(state))
    plan = campaign_requests.v2_plan(state, body, hours_as_text=True)
    wire.check_new_dates(state, plan.start, plan.end, message="Invalid startDate")
    package = files.package_of(account, name, version)
    if package is None:
        raise invalid("Invalid fileName")
    campaign_requests.require_pilot(call, account, package, devices)
    campaign = call.campaigns.create(
        account,
        api="v2",
        name=campaign_requests.campaign_name(call, account, body),
        package=package,
        version_from="",
        version_to=version,
        protocol=_REPLY_DISTRIBUTION[distribution],
        plan=plan,
        devices=devices,
    )
    return {**_loose_row(state, campaign), "fileName": name, "fileVersion": version}


def _schedule(call: Call, *, hours_as_text: bool) -> Campaign:
    account, state, body = call.account, call.state, call.body
    distribution = body.text("distributionType")
    if distribution not in _REPLY_DISTRIBUTION:
        raise invalid("Invalid distributionType")
    version_from, version_to = body.text("softwareFrom"), body.text("softwareTo")
    devices = body.devices(limit=wire.device_limit(state))
    plan = campaign_requests.v2_plan(state, body, hours_as_text=hours_as_text)
    wire.check_new_dates(state, plan.start, plan.end, message="Invalid startDate")
    package = campaign_requests.package_for(
        call,
        account,
        api="v2",
        name=body.text("softwareName"),
        version_from=version_from,
        version_to=version_to,
    )
    campaign_requests.require_pilot(call, account, package, devices)
    return call.campaigns.create(
        account,
        api="v2",
        name=campaign_requests.campaign_name(call, account, body),
        package=package,
        version_from=version_from,
        version_to=version_to,
        protocol=_REPLY_DISTRIBUTION[distribution],
        plan=plan,
        devices=devices,
    )


def get_campaign(call: Call) -> dict[str, Any]:
    return _row(call.state, _campaign(call))


def change_devices(call: Call) -> dict[str, str]:
    """An acknowledgment only; the result is in the device report."""
    campaign = _campaign(call)
    verb, devices = wire.device_change(call)
    campaign_requests.apply_device_change(call, campaign, verb, devices)
    return {
        "accountName": campaign.account.name,
        "campaignId": campaign.id,
        "requestId": call.state.new_id(),
    }


def change_dates(call: Call) -> dict[str, Any]:
    campaign = _campaign(call)
    campaign_requests.apply_dates(
        call, campaign, campaign_requests.v2_plan(call.state, call.body, old=campaign)
    )
    row = _row(call.state, campaign)
    if call.state.switches["date_change_status"] == "bare":
        row["status"] = row["status"].removeprefix("Campaign")
    return row


def cancel(call: Call) -> dict[str, bool]:
    return campaign_requests.apply_delete(call, _campaign(call))


def list_campaigns(call: Call) -> dict[str, Any]:
    return campaign_requests.campaign_page(
        call,
        call.account,
        api="v2",
        statuses=REPORT_STATUSES,
        row=lambda campaign: _row(call.state, campaign),
    )


def list_campaign_devices(call: Call) -> Listed:
    return campaign_requests.device_report(call, _campaign(call), _device_status)


def _device_status(imei: str, entry: DeviceEntry) -> str:
    return row(imei, _status_members(entry.status, entry.reason))


@shared_json
def _status_members(status: str, reason: str) -> dict[str, Any]:
    return {"status": status, "resultReason": reason}


def device_history(call: Call) -> list[dict[str, Any]]:
    account = call.account
    return [
        {
            "deviceId": imei,
            "id": campaign.id,
            "accountName": account.name,
            "softwareName": campaign.package.name,
            "startDate": day_text(campaign.plan.start),
            "upgradeStartTime": NEVER if entry.recent is None else rfc3339(entry.recent),
            "status": entry.status,
            "reason": entry.reason,
        }
        for imei, campaign, entry in campaign_requests.history(call, account, api="v2")
    ]


def list_devices(call: Call) -> Listed:
    account = call.account
    distribution = call.choice("distributionType", DISTRIBUTIONS)
    protocol = "OMADM" if distribution == "OMD-DM" else distribution
    page = call.page(f"v2/devices/{account.name}", account.imeis("v2", protocol))
    head = {
        "accountName": account.name,
        "hasMoreData": page.more,
        "lastSeenDeviceId": page.cursor,
        "maxPageSize": PAGE,
    }
    rows = [device_row(account.devices[imei], _device_members) for imei in page.imeis]
    return Listed(head, "deviceList", rows)


@shared_json
def _device_members(shared: SharedFields) -> dict[str, Any]:
    return {
        "model": shared.model,
        "make": shared.make,
        "fotaEligible": shared.eligible,
        "appFotaEligible": shared.eligible,
        "licenseAssigned": shared.licensed,
        "distributionType": shared.protocol,
        "softwareList": [
            {
                "name": name,
                "version": version,
                "upgradeTime": NEVER if upgraded is None else rfc3339(upgraded),
            }
            for name, version, upgraded in shared.software
        ],
        "createTime": go_text(shared.created),
        "upgradeTime": go_text(shared.upgraded),
        "updateTime": go_text(shared.refreshed),
        "refreshTime": go_text(shared.refreshed),
    }


def license_status(call: Call) -> dict[str, Any]:
    account = call.account
    page = call.page(f"licences/{account.name}", account.licensed_imeis())
    return {
        "accountName": account.name,
        "totalLicense": account.license_count,
        "assignedLicenses": account.license_used,
        "hasMoreData": page.more,
        "lastSeenDeviceId": page.cursor,
        "maxPageSize": PAGE,
        "deviceList": [
            {"deviceId": imei, "assignmentTime": rfc3339(account.devices[imei].licensed or 0)}
            for imei in page.imeis
        ],
    }


def assign_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, call.licenses.assign)


def remove_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, call.licenses.remove)


def _license_change(call: Call, change: Any) -> dict[str, Any]:
    account = call.account
    rows = []
    for imei in call.body.devices():
        reason = change(account, imei)
        status = "Success" if reason is None else "Failure"
        rows.append({"deviceId": imei, "status": status, "resultReason": reason or "Success"})
    return {
        "accountName": account.name,
        "licTotalCount": account.license_count,
        "licUsedCount": account.license_used,
        "deviceList": rows,
    }


def _campaign(call: Call) -> Campaign:
    return campaign_requests.campaign_of(call, call.account, api="v2")


def _loose_row(state: ServiceState, campaign: Campaign) -> dict[str, Any]:
    """The reply under the newer paths: with the devices, and without dates that are not set."""
    row = {key: value for key, value in _row(state, campaign).items() if value is not None}
    return {**row, "deviceList": list(campaign.entries)}


def _row(state: ServiceState, campaign: Campaign) -> dict[str, Any]:
    plan = campaign.plan
    row: dict[str, Any] = {"id": campaign.id, "accountName": campaign.account.name}
    if campaign.name is not None:
        row["campaignName"] = campaign.name
    return {
        **row,
        "softwareName": campaign.package.name,
        "distributionType": campaign.protocol,
        "make": campaign.package.make,
        "model": campaign.package.model,
        "softwareFrom": campaign.version_from,
        "softwareTo": campaign.version_to,
        "startDate": day_text(plan.start),
        "endDate": day_text(plan.end),
        "downloadAfterDate": None if plan.download_day is None else day_text(plan.download_day),
        "downloadTimeWindowList": wire.window_rows(state, plan.download_windows),
        "installAfterDate": None if plan.install_day is None else day_text(plan.install_day),
        "installTimeWindowList": wire.window_rows(state, plan.install_windows),
        "status": campaign.status,
    }
