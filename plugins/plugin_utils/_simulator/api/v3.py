# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The v3 operations of the API: firmware campaigns of LWM2M devices."""

from __future__ import annotations

from typing import Any

from ..state.campaign import PRESCHEDULED, Campaign, DeviceEntry
from ..state.clock import HOUR, MINUTE, day_text, go_text, rfc3339
from ..state.records import PAGE, Device, page_after
from ..state.service_state import ServiceState
from . import campaign_requests, wire
from .errors import invalid
from .exchange import Listed
from .rows import SharedFields, device_row, row, shared_json
from .wire import Call

SYNC_LIMIT = 100
# From a report request to the device's answer.
REPORT_TIME = 15 * MINUTE
CONNECTED_EVERY = HOUR

REPORT_STATUSES = (
    "CampaignRequestPending",
    "CampaignRequestFailed",
    "CampaignRequestQueued",
    "CampaignCancelled",
    "CampaignAborted",
    "CampaignFailed",
    "CampaignScheduled",
    "CampaignEnded",
)


def list_firmware(call: Call) -> list[dict[str, str]]:
    account = call.account
    protocol = call.choice("protocol", ("LWM2M", "OMD-DM", "HTTP", "all"))
    if protocol is None:
        raise invalid("Invalid protocol")
    return [
        {
            "firmwareName": package.name,
            "firmwareFrom": package.version_from,
            "firmwareTo": package.version_to,
            "launchDate": package.launched,
            "releaseNote": package.note,
            "model": package.model,
            "make": package.make,
            "protocol": package.protocol,
        }
        for package in account.packages["v3"]
        if package.listed and protocol in ("all", package.protocol)
    ]


def sync_firmware(call: Call) -> dict[str, Any]:
    """ThingSpace asks the FOTA server, not the devices."""
    account = call.account
    reason_key, time_key = (
        ("reason", "firmwareVersionUpdateTime")
        if call.state.switches["sync_keys"] == "sdk"
        else ("Reason", "VersionUpdateTime")
    )
    rows = []
    for imei in call.body.devices(limit=SYNC_LIMIT):
        device = account.devices.get(imei)
        if device is not None:
            call.state.refresh(device)
            rows.append(
                {
                    "deviceId": imei,
                    "status": "FirmwareVersionUpdateSuccess",
                    reason_key: "",
                    "firmwareVersion": device.reported_firmware,
                    time_key: rfc3339(call.state.now),
                }
            )
        elif call.state.switches["unknown_devices"] == "row":
            rows.append(
                {
                    "deviceId": imei,
                    "status": "FirmwareVersionUpdateFailed",
                    reason_key: "Device not found",
                    "firmwareVersion": "",
                    time_key: "",
                }
            )
    return {"accountName": account.name, "deviceFirmwarVersionList": rows}


def report_firmware(call: Call) -> dict[str, Any]:
    """Ask a device; the device query returns its answer later, unless it is silent."""
    account = call.account
    device = account.devices.get(call.device_id)
    if device is None:
        raise invalid("Device not found")
    state = call.state
    state.events.push(state.now + REPORT_TIME, _answer, state, device)
    return {"accountName": account.name, "requestId": state.new_id()}


def _answer(state: ServiceState, device: Device) -> None:
    if not device.dead:
        state.refresh(device)


def schedule(call: Call) -> dict[str, Any]:
    account, state, body = call.account, call.state, call.body
    protocol = body.text("protocol")
    if protocol not in ("LWM2M", "OMA", "HTTP"):
        raise invalid("Invalid protocol")
    version_from, version_to = body.text("firmwareFrom"), body.text("firmwareTo")
    devices = body.devices(limit=wire.device_limit(state))
    plan = campaign_requests.v3_plan(state, body)
    wire.check_new_dates(state, plan.start, plan.end, message="Invalid startDate")
    package = campaign_requests.package_for(
        call,
        account,
        api="v3",
        name=body.text("firmwareName"),
        version_from=version_from,
        version_to=version_to,
    )
    campaign_requests.require_pilot(call, account, package, devices)
    campaign = call.campaigns.create(
        account,
        api="v3",
        name=campaign_requests.campaign_name(call, account, body),
        package=package,
        version_from=version_from,
        version_to=version_to,
        protocol=protocol,
        plan=plan,
        devices=devices,
        auto_assign=body.flag("autoAssignLicenseFlag"),
        auto_add=body.flag("autoAddDevicesFlag"),
    )
    return _created(state, campaign)


def get_campaign(call: Call) -> dict[str, Any]:
    campaign = _campaign(call)
    row = _row(call.state, campaign, windows_key=call.state.switches["windows_key"])
    if call.state.switches["auto_flags"] == "echoed":
        row["autoAssignLicenseFlag"] = campaign.auto_assign
        row["autoAddDevicesFlag"] = campaign.auto_add
    return row


def change_devices(call: Call) -> dict[str, Any]:
    campaign = _campaign(call)
    verb, devices = wire.device_change(call)
    results = campaign_requests.apply_device_change(call, campaign, verb, devices)
    return {
        "accountName": campaign.account.name,
        "id": campaign.id,
        "campaignId": "",
        "deviceList": wire.device_change_rows(call, verb, results),
    }


def change_dates(call: Call) -> dict[str, Any]:
    campaign = _campaign(call)
    campaign_requests.apply_dates(
        call, campaign, campaign_requests.v3_plan(call.state, call.body, old=campaign)
    )
    return _created(call.state, campaign)


def cancel(call: Call) -> dict[str, bool]:
    return campaign_requests.apply_delete(call, _campaign(call))


def list_campaigns(call: Call) -> dict[str, Any]:
    account = call.account
    statuses: tuple[str, ...] = REPORT_STATUSES
    if call.state.switches["prescheduled"] != "hidden":
        statuses += (PRESCHEDULED,)
    return campaign_requests.campaign_page(
        call,
        account,
        api="v3",
        statuses=statuses,
        row=lambda campaign: _created(call.state, campaign),
    )


def list_campaign_devices(call: Call) -> Listed:
    return campaign_requests.device_report(call, _campaign(call), _device_status)


def _device_status(imei: str, entry: DeviceEntry) -> str:
    members = _status_members(entry.status, entry.reason, entry.updated, entry.recent, entry.next)
    return row(imei, members)


@shared_json
def _status_members(
    status: str, reason: str, updated: float, recent: float | None, following: float | None
) -> dict[str, Any]:
    members = {"status": status, "resultReason": reason, "updatedTime": rfc3339(updated)}
    if recent is not None:
        members["recentAttemptTime"] = rfc3339(recent)
    if following is not None:
        members["nextAttemptTime"] = rfc3339(following)
    return members


def device_history(call: Call) -> list[dict[str, Any]]:
    account = call.account
    id_key = call.state.switches["history_id"]
    return [
        {
            "deviceId": imei,
            id_key: campaign.id,
            "accountName": account.name,
            "firmwareName": campaign.package.name,
            "firmwareFrom": campaign.version_from,
            "firmwareTo": campaign.version_to,
            "startDate": day_text(campaign.plan.start),
            "reportUpdatedTime": go_text(entry.updated),
            "status": entry.status,
            "reason": entry.reason,
        }
        for imei, campaign, entry in campaign_requests.history(call, account, api="v3")
    ]


def list_devices(call: Call) -> Listed:
    account = call.account
    page = call.page(f"v3/devices/{account.name}", account.imeis("v3", _protocol_filter(call)))
    head = {
        "accountName": account.name,
        "hasMoreData": page.more,
        "lastSeenDeviceId": page.cursor,
        "maxPageSize": PAGE,
    }
    rows = [device_row(account.devices[imei], _listed_members) for imei in page.imeis]
    return Listed(head, "deviceList", rows)


def query_devices(call: Call) -> Listed:
    """The devices in the request; the switch decides about unknown devices (Q27)."""
    account = call.account
    protocol = _protocol_filter(call)
    connected = rfc3339(call.state.now // CONNECTED_EVERY * CONNECTED_EVERY)
    rows = []
    for imei in page_after(sorted(call.body.devices()), call.cursor())[0]:
        device = account.devices.get(imei)
        if device is not None and protocol in (None, device.protocol):
            seen = connected if device.died is None else rfc3339(device.died)
            rows.append(_queried_row(device, seen))
        elif device is None and call.state.switches["unknown_devices"] == "row":
            rows.append(row(imei, _unknown_members()))
    return Listed({"accountName": account.name, "deviceCount": len(rows)}, "deviceList", rows)


def _queried_row(device: Device, connected: str) -> str:
    return device_row(device, lambda shared: _queried_members(shared, connected))


@shared_json
def _listed_members(shared: SharedFields) -> dict[str, Any]:
    return {**_members(shared), "upgradeTime": go_text(shared.upgraded)}


@shared_json
def _queried_members(shared: SharedFields, connected: str) -> dict[str, Any]:
    seen = {} if shared.refreshed is None else {"lastConnectionTime": connected}
    return {**_members(shared), "statusTime": go_text(shared.upgraded), **seen}


@shared_json
def _unknown_members() -> dict[str, Any]:
    return {"requestStatus": "Failure", "resultReason": "Device not found"}


def license_status(call: Call) -> dict[str, Any]:
    return _licenses(call, call.request.query("lastSeenDeviceId") or "")


def license_status_by_index(call: Call) -> dict[str, Any]:
    """The path in the documentation, which ends with the cursor."""
    if call.state.switches["device_cursor"] == "opaque":
        return _licenses(call, call.params["lastSeenDeviceId"])
    return _licenses(call, call.number("lastSeenDeviceId").zfill(15))


def assign_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, "LicenseAssign", call.licenses.assign)


def remove_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, "LicenseRemove", call.licenses.remove)


def _licenses(call: Call, cursor: str) -> dict[str, Any]:
    account = call.account
    page = call.page(f"licences/{account.name}", account.licensed_imeis(), cursor)
    total = "totalLicenses" if call.state.switches["license_keys"] == "sdk" else "totalLicense"
    return {
        "accountName": account.name,
        total: account.license_count,
        "assignedLicenses": account.license_used,
        "hasMoreData": page.more,
        "lastSeenDeviceId": page.cursor,
        "maxPageSize": PAGE,
        "deviceList": [
            {"deviceId": imei, "assignmentTime": go_text(account.devices[imei].licensed)}
            for imei in page.imeis
        ],
    }


def _license_change(call: Call, prefix: str, change: Any) -> dict[str, Any]:
    account = call.account
    rows = []
    for imei in call.body.devices():
        reason = change(account, imei)
        status = f"{prefix}Success" if reason is None else f"{prefix}Failed"
        rows.append({"deviceId": imei, "status": status, "Reason": reason or ""})
    total = "licCount" if call.state.switches["license_keys"] == "sdk" else "licTotalCount"
    return {
        "accountName": account.name,
        total: account.license_count,
        "licUsedCount": account.license_used,
        "deviceList": rows,
    }


def _campaign(call: Call) -> Campaign:
    return campaign_requests.campaign_of(call, call.account, api="v3")


def _protocol_filter(call: Call) -> str | None:
    protocol = call.choice("protocol", ("LWM2M", "OMDADM", "OMADM", "HTTP"))
    return "OMADM" if protocol == "OMDADM" else protocol


def _row(state: ServiceState, campaign: Campaign, *, windows_key: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": campaign.id, "accountName": campaign.account.name}
    if campaign.name is not None:
        row["campaignName"] = campaign.name
    return {
        **row,
        "firmwareName": campaign.package.name,
        "protocol": campaign.protocol,
        "firmwareFrom": campaign.version_from,
        "firmwareTo": campaign.version_to,
        "make": campaign.package.make,
        "model": campaign.package.model,
        "status": campaign.status,
        "startDate": day_text(campaign.plan.start),
        "endDate": day_text(campaign.plan.end),
        windows_key: wire.window_rows(state, campaign.plan.windows),
    }


def _created(state: ServiceState, campaign: Campaign) -> dict[str, Any]:
    return _row(state, campaign, windows_key="campaignTimeWindowList")


def _members(shared: SharedFields) -> dict[str, Any]:
    return {
        "model": shared.model,
        "make": shared.make,
        "firmware": shared.reported_firmware,
        "fotaEligible": shared.eligible,
        "status": shared.status,
        "licenseAssigned": shared.licensed,
        "protocol": shared.protocol,
        "softwareList": [
            {"name": name, "version": version, "upgradeTime": go_text(upgraded)}
            for name, version, upgraded in shared.software
        ],
        "fileList": [],
        "createTime": go_text(shared.created),
        "updateTime": go_text(shared.refreshed),
        "refreshTime": go_text(shared.refreshed),
    }
