# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of the API with their methods and paths (CONTRACT section 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import callbacks, cancel_candidates, device_logging, files, subscriptions, v1, v2, v3
from .errors import no_such_resource, wrong_method

READ, WRITE, AUTH = "read", "write", "auth"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. Authentication operations have no handler, as they need no session."""

    operation: str
    kind: str
    method: str
    template: str
    handler: Callable[..., Any] | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.template.split("/")[1:])


_A = "{accountName}"
_C = "{accountName}/{campaignId}"
_U = "{accountName}/upgrade/{upgradeId}"

_CANCEL_CANDIDATES = (
    ("v1", "ListCancelCandidates", READ, "GET", "/index/{startIndex}", cancel_candidates.list_v1),
    ("v2", "ListCancelCandidates", READ, "GET", "", cancel_candidates.list_v2),
    *(
        (api, f"{verb}CancelCandidates", WRITE, method, "", handler)
        for api in ("v1", "v2")
        for verb, method, handler in (
            ("Create", "POST", cancel_candidates.create),
            ("Delete", "DELETE", cancel_candidates.delete),
        )
    ),
)
_LOGGING = (
    ("ListLoggingDevices", READ, "GET", "", device_logging.list_devices),
    ("EnableLogging", WRITE, "PUT", "", device_logging.enable),
    ("DisableLogging", WRITE, "DELETE", "", device_logging.disable),
    ("EnableDeviceLogging", WRITE, "PUT", "/{deviceId}", device_logging.enable_device),
    ("DisableDeviceLogging", WRITE, "DELETE", "/{deviceId}", device_logging.disable_device),
    ("GetDeviceLogs", READ, "GET", "/{deviceId}/logs", device_logging.logs),
    ("GetCheckInHistory", READ, "GET", "/{deviceId}/checkInHistory", device_logging.check_ins),
)

ROUTES = (
    Route("requestOAuthToken", AUTH, "POST", "/api/ts/v1/oauth2/token"),
    Route("revokeOAuthToken", AUTH, "POST", "/api/ts/v1/oauth2/revoke"),
    Route("startM2MSession", AUTH, "POST", "/api/m2m/v1/session/login"),
    Route("endM2MSession", AUTH, "POST", "/api/m2m/v1/session/logout"),
    *(
        Route(operation, kind, method, f"/api/fota/{path}", handler)
        for operation, kind, method, path, handler in (
            ("v1ListFirmware", READ, "GET", f"v1/firmware/{_A}", v1.list_firmware),
            ("v1ScheduleUpgrade", WRITE, "POST", "v1/upgrades", v1.schedule),
            ("v1GetUpgrade", READ, "GET", f"v1/upgrades/{_U}", v1.get_upgrade),
            ("v1UpdateUpgradeDevices", WRITE, "PUT", f"v1/upgrades/{_U}", v1.change_devices),
            ("v1CancelUpgrade", WRITE, "DELETE", f"v1/upgrades/{_U}", v1.cancel),
            (
                "v1ListDevices",
                READ,
                "GET",
                f"v1/devices/{_A}/index/{{startIndex}}",
                v1.list_devices,
            ),
            (
                "v1ListUpgradesByStatus",
                READ,
                "GET",
                f"v1/reports/{_A}/status/{{upgradeStatus}}/index/{{startIndex}}",
                v1.list_upgrades,
            ),
            (
                "v1GetDeviceHistory",
                READ,
                "GET",
                f"v1/reports/{_A}/devices/{{deviceId}}",
                v1.device_history,
            ),
            ("v1AssignLicenses", WRITE, "POST", f"v1/licenses/{_A}/assign", v1.assign_licenses),
            ("v1RemoveLicenses", WRITE, "POST", f"v1/licenses/{_A}/remove", v1.remove_licenses),
            (
                "v1GetLicenseStatus",
                READ,
                "GET",
                f"v1/licenses/{_A}/index/{{startIndex}}",
                v1.license_status,
            ),
            (
                "v1GetSubscription",
                READ,
                "GET",
                f"v1/subscriptions/{_A}",
                subscriptions.get_subscription,
            ),
            ("v2ListSoftware", READ, "GET", f"v2/software/{_A}", v2.list_software),
            ("v2ScheduleCampaign", WRITE, "POST", f"v2/campaigns/{_A}", v2.schedule),
            (
                "v2ScheduleHttpSoftwareCampaign",
                WRITE,
                "POST",
                f"v2/campaigns/software/{_A}",
                v2.schedule_software,
            ),
            ("v2GetCampaign", READ, "GET", f"v2/campaigns/{_C}", v2.get_campaign),
            ("v2UpdateCampaignDevices", WRITE, "PUT", f"v2/campaigns/{_C}", v2.change_devices),
            ("v2CancelCampaign", WRITE, "DELETE", f"v2/campaigns/{_C}", v2.cancel),
            ("v2UpdateCampaignDates", WRITE, "PUT", f"v2/campaigns/{_C}/dates", v2.change_dates),
            ("v2ListDevices", READ, "GET", f"v2/devices/{_A}", v2.list_devices),
            (
                "v2ListCampaignsByStatus",
                READ,
                "GET",
                f"v2/reports/{_A}/campaigns",
                v2.list_campaigns,
            ),
            (
                "v2ListCampaignDevices",
                READ,
                "GET",
                f"v2/reports/{_A}/campaigns/{{campaignId}}/devices",
                v2.list_campaign_devices,
            ),
            (
                "v2GetDeviceHistory",
                READ,
                "GET",
                f"v2/reports/{_A}/devices/{{deviceId}}",
                v2.device_history,
            ),
            ("v2GetLicenseStatus", READ, "GET", f"v2/licenses/{_A}", v2.license_status),
            ("v2AssignLicenses", WRITE, "POST", f"v2/licenses/{_A}/assign", v2.assign_licenses),
            ("v2RemoveLicenses", WRITE, "POST", f"v2/licenses/{_A}/remove", v2.remove_licenses),
            (
                "v2GetSubscription",
                READ,
                "GET",
                f"v2/subscriptions/{_A}",
                subscriptions.get_subscription,
            ),
            ("v3ListFirmware", READ, "GET", f"v3/firmware/{_A}", v3.list_firmware),
            ("v3SyncDeviceFirmware", WRITE, "PUT", f"v3/firmware/{_A}/devices", v3.sync_firmware),
            (
                "v3ReportDeviceFirmware",
                WRITE,
                "PUT",
                f"v3/firmware/{_A}/async/{{deviceId}}",
                v3.report_firmware,
            ),
            ("v3ScheduleCampaign", WRITE, "POST", f"v3/campaigns/firmware/{_A}", v3.schedule),
            (
                "v3UpdateCampaignDevices",
                WRITE,
                "PUT",
                f"v3/campaigns/firmware/{_C}",
                v3.change_devices,
            ),
            (
                "v3UpdateCampaignDates",
                WRITE,
                "PUT",
                f"v3/campaigns/firmware/{_C}/dates",
                v3.change_dates,
            ),
            ("v3GetCampaign", READ, "GET", f"v3/campaigns/{_C}", v3.get_campaign),
            ("v3CancelCampaign", WRITE, "DELETE", f"v3/campaigns/{_C}", v3.cancel),
            (
                "v3UpdateCampaignDevicesDocsPath",
                WRITE,
                "PUT",
                f"v3/campaigns/{_C}",
                v3.change_devices,
            ),
            (
                "v3ListCampaignsByStatus",
                READ,
                "GET",
                f"v3/reports/{_A}/firmware/campaigns",
                v3.list_campaigns,
            ),
            (
                "v3ListCampaignsByStatusDocsPath",
                READ,
                "GET",
                f"v3/reports/{_A}/campaigns",
                v3.list_campaigns,
            ),
            (
                "v3ListCampaignDevices",
                READ,
                "GET",
                f"v3/reports/{_A}/campaigns/{{campaignId}}/devices",
                v3.list_campaign_devices,
            ),
            (
                "v3GetDeviceHistory",
                READ,
                "GET",
                f"v3/reports/{_A}/devices/{{deviceId}}",
                v3.device_history,
            ),
            ("v3ListDevices", READ, "GET", f"v3/devices/{_A}", v3.list_devices),
            ("v3QueryDevices", READ, "POST", f"v3/devices/{_A}", v3.query_devices),
            ("v3GetLicenseStatus", READ, "GET", f"v3/licenses/{_A}", v3.license_status),
            (
                "v3GetLicenseStatusDocsPath",
                READ,
                "GET",
                f"v3/licenses/{_A}/index/{{lastSeenDeviceId}}",
                v3.license_status_by_index,
            ),
            ("v3AssignLicenses", WRITE, "POST", f"v3/licenses/{_A}/assign", v3.assign_licenses),
            ("v3RemoveLicenses", WRITE, "POST", f"v3/licenses/{_A}/remove", v3.remove_licenses),
            (
                "v3GetSubscription",
                READ,
                "GET",
                f"v3/subscriptions/{_A}",
                subscriptions.get_subscription,
            ),
            *(
                (f"{api}{operation}", kind, method, f"{api}/licenses/{_A}/cancel{path}", handler)
                for api, operation, kind, method, path, handler in _CANCEL_CANDIDATES
            ),
            ("v1ListCallbacks", READ, "GET", f"v1/callbacks/{_A}", callbacks.list_v1),
            ("v1RegisterCallback", WRITE, "POST", f"v1/callbacks/{_A}", callbacks.register_v1),
            (
                "v1DeregisterCallback",
                WRITE,
                "DELETE",
                f"v1/callbacks/{_A}/name/{{service}}",
                callbacks.deregister_v1,
            ),
            *(
                (f"{api}{operation}Callback", kind, method, f"{api}/callbacks/{_A}", handler)
                for api in ("v2", "v3")
                for operation, kind, method, handler in (
                    ("Get", READ, "GET", callbacks.get),
                    ("Register", WRITE, "POST", callbacks.register),
                    ("Update", WRITE, "PUT", callbacks.register),
                    ("Deregister", WRITE, "DELETE", callbacks.deregister),
                )
            ),
            *(
                (f"v2{operation}", kind, method, f"v2/logging/{_A}/devices{path}", handler)
                for operation, kind, method, path, handler in _LOGGING
            ),
            ("v2ListFiles", READ, "GET", f"v2/files/{_A}", files.list_files),
            ("v2UploadFile", WRITE, "POST", f"v2/files/{_A}", files.upload),
            (
                "v2ScheduleFileCampaign",
                WRITE,
                "POST",
                f"v2/campaigns/files/{_A}",
                v2.schedule_file,
            ),
        )
    ),
)

# Two paths of one operation (Q3); the switch v3_paths disables one of them.
HIDDEN_BY = {
    "sdk": frozenset({"v3ListCampaignsByStatusDocsPath", "v3GetLicenseStatusDocsPath"}),
    "docs": frozenset({"v3ListCampaignsByStatus", "v3GetLicenseStatus"}),
    "both": frozenset[str](),
}

# No path has a parameter among its first segments: version and subject.
_FIRST = 4
_BY_FIRST: dict[tuple[str, ...], list[tuple[Route, tuple[str, ...]]]] = {}
for _route in ROUTES:
    _BY_FIRST.setdefault(_route.parts[:_FIRST], []).append((_route, _route.parts))


def match(
    method: str, segments: list[str], *, paths: str, unknown_status: int
) -> tuple[Route, dict[str, str]]:
    """The route and its path parameters. Literal segments have precedence over parameters.

    ``paths`` is the switch ``v3_paths``. Raises the gateway's error for an unknown path or a
    method that the path does not have.
    """
    found: list[tuple[int, Route, dict[str, str]]] = []
    for route, parts in _BY_FIRST.get(tuple(segments[:_FIRST]), ()):
        if len(parts) != len(segments) or route.operation in HIDDEN_BY[paths]:
            continue
        params: dict[str, str] = {}
        for part, value in zip(parts, segments, strict=True):
            if part.startswith("{"):
                params[part[1:-1]] = value
            elif part != value:
                break
        else:
            if all(params.values()):
                found.append((len(params), route, params))
    if not found:
        raise no_such_resource(unknown_status)
    # The path is chosen before the method is checked.
    fewest = min(count for count, _route, _params in found)
    named = {route.method: (route, params) for count, route, params in found if count == fewest}
    if method not in named:
        raise wrong_method(sorted(named))
    return named[method]
