# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The v1 operations of the API: firmware upgrades of OMA-DM and LWM2M devices."""

from __future__ import annotations

from typing import Any

from ..state.campaign import StateError
from ..state.clock import NEVER, day_text, rfc3339
from ..state.records import PAGE, page_after
from ..state.upgrade import FINISHED, PENDING, Upgrade
from . import wire
from .errors import invalid
from .wire import Call

REPORT_STATUSES = (
    "RequestPending",
    "Queued",
    "RequestFailed",
    "InProgress",
    "Finished",
    "UpgradeFailed",
)


def list_firmware(call: Call) -> list[dict[str, str]]:
    """Firmware for models of which the account has a device."""
    account = call.account
    models = account.models("v1")
    return [
        {
            "firmwareName": package.name,
            "participantName": account.participant,
            "launchDate": package.launched,
            "releaseNote": package.note,
            "model": package.model,
            "make": package.make,
            "fromVersion": package.version_from,
            "toVersion": package.version_to,
        }
        for package in account.packages["v1"]
        if package.listed and (package.make, package.model) in models
    ]


def schedule(call: Call) -> dict[str, Any]:
    body, state = call.body, call.state
    account = call.account_named(body.text("accountName"))
    name, version_to = body.text("firmwareName"), body.text("firmwareTo")
    zone_optional = state.switches["v1_time_without_zone"] == "accepted"
    start = body.optional_day("startDate", with_time=True, zone_optional=zone_optional)
    if start is None:
        raise invalid("FotaPostUpgrades: invalid state date")
    end = body.optional_day("endDate", with_time=True, zone_optional=zone_optional)
    devices = body.devices(limit=wire.device_limit(state))
    wire.check_new_dates(state, start, end, message="FotaPostUpgrades: invalid state date")
    package = account.package("v1", name)
    if package is None or package.version_to != version_to:
        raise invalid("Invalid firmwareName" if package is None else "Invalid firmwareTo")
    upgrade = call.upgrades.create(account, package=package, start=start, end=end, devices=devices)
    row = _row(upgrade)
    row.pop("endDate", None)
    return row


def get_upgrade(call: Call) -> dict[str, Any]:
    return _row(_upgrade(call))


def change_devices(call: Call) -> dict[str, Any]:
    upgrade = _upgrade(call)
    body = call.body
    verb = body.text("type")
    if verb not in ("append", "remove"):
        raise invalid("Invalid type")
    devices = body.devices(limit=wire.device_limit(call.state))
    change = call.upgrades.add if verb == "append" else call.upgrades.remove
    try:
        results = change(upgrade, devices)
    except StateError as error:
        raise invalid(str(error)) from None
    return {
        "accountName": upgrade.account.name,
        "id": upgrade.id,
        "deviceList": wire.device_change_rows(call, verb, results),
    }


def cancel(call: Call) -> dict[str, bool]:
    upgrade = _upgrade(call)
    try:
        call.upgrades.cancel(upgrade)
    except StateError as error:
        if call.state.switches["delete_refusal"] == "success_false":
            return {"success": False}
        raise invalid(str(error)) from None
    return {"success": True}


def list_upgrades(call: Call) -> dict[str, Any]:
    """Oldest first. The cursor is a record number."""
    account = call.account
    status = call.params["upgradeStatus"]
    if status not in REPORT_STATUSES:
        raise invalid("Invalid upgrade status")
    first = int(call.number("startIndex"))
    found = call.upgrades.reported(account, status)
    page, more = found[first : first + PAGE], len(found) > first + PAGE
    return {
        "hasMoreFlag": more,
        "lastSeenUpgradeId": first + PAGE if more else 0,
        "reportList": [_row(upgrade) for upgrade in page] or None,
    }


def device_history(call: Call) -> list[dict[str, Any]]:
    account = call.account
    imei = call.device_id
    finished_only = call.state.switches["device_history"] == "finished"
    rows = []
    for work in call.state.history.get(imei, []):
        if not isinstance(work, Upgrade) or work.account is not account:
            continue
        entry = work.entries.get(imei)
        if entry is None or (finished_only and work.status != FINISHED):
            continue
        rows.append(
            {
                "deviceId": imei,
                "id": work.id,
                "accountName": account.name,
                "firmwareFrom": work.package.version_from,
                "firmwareTo": work.package.version_to,
                "startDate": day_text(work.start),
                "upgradeStartTime": NEVER if entry.recent is None else rfc3339(entry.recent),
                "status": entry.status,
                "reason": entry.reason,
            }
        )
    return rows


def list_devices(call: Call) -> dict[str, Any]:
    """The cursor is an IMEI as a number, and 0 after the last page."""
    account = call.account
    protocol = call.choice("clientType", ("OMADM", "LWM2M"))
    page, more = page_after(account.imeis("v1", protocol).ascending(), _imei_cursor(call))
    rows = []
    for imei in page:
        device = account.devices[imei]
        rows.append(
            {
                "deviceId": imei,
                "mdn": device.mdn,
                "model": device.model,
                "make": device.make,
                "firmware": device.reported_firmware,
                "fotaEligible": device.eligible,
                "licenseAssigned": device.licensed is not None,
                "upgradeTime": NEVER if device.upgraded is None else rfc3339(device.upgraded),
            }
        )
    return {
        "accountName": account.name,
        "hasMoreData": more,
        "lastSeenDeviceId": int(page[-1]) if more else 0,
        "deviceList": rows,
    }


def license_status(call: Call) -> dict[str, Any]:
    account = call.account
    page, more = page_after(account.licensed_imeis().ascending(), _imei_cursor(call))
    return {
        "accountName": account.name,
        "totalLicenses": account.license_count,
        "assignedLicenses": account.license_used,
        "hasMoreData": more,
        "lastSeenDeviceId": int(page[-1]) if more else 0,
        "deviceList": [
            {"deviceId": imei, "assignmentTime": rfc3339(account.devices[imei].licensed or 0)}
            for imei in page
        ],
    }


def assign_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, "LicenseAssign", call.licenses.assign)


def remove_licenses(call: Call) -> dict[str, Any]:
    return _license_change(call, "LicenseRemove", call.licenses.remove)


def _license_change(call: Call, prefix: str, change: Any) -> dict[str, Any]:
    account = call.account
    rows = []
    for imei in call.body.devices():
        reason = change(account, imei)
        status = f"{prefix}Success" if reason is None else f"{prefix}Failed"
        rows.append({"deviceId": imei, "status": status, "Reason": reason or "Success"})
    return {
        "accountName": account.name,
        "licCount": account.license_count,
        "licUsedCount": account.license_used,
        "deviceList": rows,
    }


def _imei_cursor(call: Call) -> str:
    """The cursor is a number without leading zeros; pad it to an IMEI."""
    number = call.number("startIndex")
    return number.zfill(15) if number.strip("0") else ""


def _upgrade(call: Call) -> Upgrade:
    account = call.account
    upgrade = call.upgrades.find(account, call.uuid("upgradeId", "Invalid upgradeId"))
    if upgrade is None:
        raise invalid("Invalid upgradeId")
    return upgrade


def _row(upgrade: Upgrade) -> dict[str, Any]:
    devices = []
    for imei, entry in upgrade.entries.items():
        row = {"deviceId": imei, "status": entry.status}
        if entry.status != PENDING:
            row["resultReason"] = entry.reason
        devices.append(row)
    result: dict[str, Any] = {
        "id": upgrade.id,
        "accountName": upgrade.account.name,
        "firmwareName": upgrade.package.name,
        "firmwareTo": upgrade.package.version_to,
        "startDate": day_text(upgrade.start),
        "status": upgrade.status,
        "deviceList": devices,
    }
    if upgrade.end is not None:
        result["endDate"] = day_text(upgrade.end)
    return result
