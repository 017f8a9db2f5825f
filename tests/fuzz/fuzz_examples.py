# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole replies of the service, one of each kind: what the fuzzing spoils."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    CampaignName,
    Cohort,
    generation,
)
from ansible_collections.thingspace.fota.tests.unit.model import test_vendor_examples as vendor

MAKE, MODEL = "Sensors Inc", "alpha"
IMEI, OTHER_IMEI = "350000000000000", "350000000000001"
# What the simulator's clock would say beside these replies.
DATE = "Wed, 04 Mar 2026 10:00:00 GMT"

_NAME = CampaignName(
    "meters",
    generation(MAKE, MODEL, "B"),
    wave=1,
    cohort=Cohort("LWM2M", MAKE, MODEL, "A").code,
    batch=1,
    attempt=1,
    count=2,
)

CAMPAIGN: dict[str, Any] = {
    "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
    "accountName": "0000123456-00001",
    "campaignName": str(_NAME),
    "firmwareName": "alpha-A-B",
    "firmwareFrom": "A",
    "firmwareTo": "B",
    "protocol": "LWM2M",
    "make": MAKE,
    "model": MODEL,
    "status": "CampaignScheduled",
    "startDate": "2026-03-03",
    "endDate": "2026-03-05",
    "campaignTimeWindowList": [{"startTime": 1, "endTime": 5}],
}
CAMPAIGNS = (
    CAMPAIGN,
    *(
        json.loads(text)
        for text in (
            vendor.SOFTWARE_CAMPAIGN,
            vendor.SOFTWARE_DATES_CHANGED,
            vendor.FIRMWARE_CAMPAIGN,
            vendor.FIRMWARE_DATES_CHANGED,
        )
    ),
)
CAMPAIGN_PAGE: dict[str, Any] = {"hasMoreFlag": False, "campaignList": [CAMPAIGN]}
UPGRADES = tuple(json.loads(text) for text in (vendor.UPGRADE_CREATED, vendor.UPGRADE_QUEUED))
UPGRADE_PAGE: dict[str, Any] = {"hasMoreData": False, "reportList": list(UPGRADES)}
DEVICE_CHANGES = (json.loads(vendor.V3_DEVICES_CHANGED),)
PACKAGES: dict[str, Any] = {
    "v1": json.loads(vendor.V1_FIRMWARE),
    "v3": [
        *json.loads(vendor.V3_FIRMWARE),
        {
            "firmwareName": "alpha-A-B",
            "make": MAKE,
            "model": MODEL,
            "firmwareFrom": "A",
            "firmwareTo": "B",
            "launchDate": "2026-01-01T00:00:00Z",
            "releaseNote": "",
            "protocol": "LWM2M",
        },
    ],
    "v2": [
        {
            "softwareName": "meter-2",
            "launchDate": "2026-01-01T00:00:00Z",
            "releaseNote": "",
            "model": MODEL,
            "make": MAKE,
            "distributionType": "HTTP",
            "devicePlatformId": "IoT",
        }
    ],
}
SYNCHRONIZED = tuple(json.loads(text) for text in (vendor.SYNCHRONIZED, vendor.SYNCHRONIZED_LATER))
REPORT: dict[str, Any] = {
    "hasMoreFlag": False,
    "lastSeenDeviceId": OTHER_IMEI,
    "maxPageSize": 1000,
    "deviceList": [
        {
            "deviceId": IMEI,
            "status": "UpgradeSuccess",
            "resultReason": "",
            "updatedTime": "2026-03-03T09:00:00.000Z",
            "recentAttemptTime": "2026-03-03 08:40:00.000 +0000 UTC",
            "nextAttemptTime": "",
        },
        {
            "deviceId": OTHER_IMEI,
            "status": "UpgradePending",
            "resultReason": "",
            "recentAttemptTime": "2026-03-03T08:40:00Z",
            "nextAttemptTime": "2026-03-04T08:40:00Z",
        },
    ],
}
DEVICES: dict[str, Any] = {
    "hasMoreData": False,
    "lastSeenDeviceId": OTHER_IMEI,
    "maxPageSize": 1000,
    "deviceList": [
        {
            "deviceId": imei,
            "mdn": "5550000001",
            "make": MAKE,
            "model": MODEL,
            "status": "Active",
            "protocol": "LWM2M",
            "firmware": version,
            "fotaEligible": True,
            "licenseAssigned": True,
            "refreshTime": "2026-03-04T09:00:00Z",
            "upgradeTime": "0001-01-01 00:00:00 +0000 UTC",
            "requestStatus": "success",
            "softwareList": [{"name": "meter-1", "version": "1", "upgradeTime": "2026-01-01"}],
        }
        for imei, version in ((IMEI, "B"), (OTHER_IMEI, "A"))
    ],
}
HISTORY: list[dict[str, Any]] = [
    {
        "deviceId": IMEI,
        "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
        "campaignId": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
        "firmwareFrom": "A",
        "firmwareTo": "B",
        "startDate": "2026-03-03",
        "upgradeStartTime": "2026-03-03T08:40:00Z",
        "status": "UpgradeSuccess",
        "reason": "",
    }
]
SUBSCRIPTION: dict[str, Any] = {
    "accountName": "0000123456-00001",
    "purchaseType": "TS-HFOTA-EVNT,TS-HFOTA-MRC",
    "licenseCount": 10,
    "licenseUsedCount": 2,
    "updateTime": "2026-03-01T00:00:00Z",
}
LICENSES: dict[str, Any] = {
    "hasMoreData": False,
    "lastSeenDeviceId": IMEI,
    "totalLicense": 10,
    "totalLicenses": 10,
    "assignedLicenses": 2,
    "deviceList": [{"deviceId": IMEI, "assignmentTime": "2026-03-01T00:00:00Z"}],
}
CANDIDATES: dict[str, Any] = {
    "count": 1,
    "hasMoreData": False,
    "updateTime": "2026-03-01T00:00:00Z",
    "deviceList": [IMEI],
}
_LISTENER = {"url": "https://hooks.example.com/fota", "username": "u", "password": "p"}
LISTENERS: tuple[Any, ...] = (
    {"url": "https://[::1/fota"},
    {"url": "https://hooks.example.com:99999999/fota"},
    [{"aname": "0000123456-00001", "name": "Fota", **_LISTENER}],
)
LOGGING: tuple[Any, ...] = (
    [{"deviceId": IMEI, "expiryDate": "2026-03-09"}],
    [{"deviceId": IMEI, "logTime": "x", "logType": "Event", "eventLog": "x"}],
    [{"deviceId": IMEI, "clientType": "HTTP", "result": "Success", "timeCompleted": "x"}],
)
_FILE = {"fileName": "n", "fileVersion": "1", "make": "m", "model": "o", "localTargetPath": "/p"}
FILES: tuple[Any, ...] = ([_FILE, _FILE], {"AvailableFilesResponse": [_FILE]})
ERRORS = (
    {"errorCode": "INVALID_PARAMETER", "errorMessage": "Device list is empty"},
    {"fault": {"code": "900901", "message": "Invalid Credentials", "description": "x"}},
    {"error": "invalid_client", "error_description": "no client", "cause": ""},
    {"errorCode": "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "errorMessage": "old"},
)
TOKENS = {
    "access_token": "a-token",
    "token_type": "Bearer",
    "expires_in": 3600,
    "sessionToken": "bcce3ea6-fe4f-4952-bacf-eadd80718e83",
}
SPEC: dict[str, Any] = {
    "name": "meters",
    "target": [{"make": MAKE, "model": MODEL, "version": "B"}],
    "devices": [IMEI, {"imei": OTHER_IMEI, "host": "h", "groups": ["canary"], "region": "north"}],
    "gate": {"soak_hours": 0, "approval": False, "max_failure_rate": "0.1", "max_failures": 3},
    "waves": [
        {"name": "pilot", "per_package": 5, "at_least": 2, "retry": 1, "days": 3},
        {"name": "broad", "percent": 25.5, "gate": {"approval": "yes", "min_sample": 2}},
        {"name": "all", "rest": True},
    ],
    "limits": {"max_campaign_devices": 100, "max_creates": 2, "max_exposure": 50},
    "timing": {"verify_grace_hours": 2},
    "calendar": {
        "windows": ["22:00-04:00"],
        "timezone": "America/Chicago",
        "freeze": [{"from": "2026-12-20", "to": "2027-01-02", "why": "holidays"}],
        "lead_hours": 6,
    },
    "approved": [{"wave": "broad", "digest": "abcdef", "failures": 0}],
    "accept": [{"wave": "pilot", "failures": 1, "up_to": 2, "by": "me", "reason": "known"}],
    "require_digest": "abcd",
    "qualified_packages": ["alpha-A-B"],
    "late_joiners": "last",
    "on_halt": "abort",
    "retry": 1,
    "sweep": True,
}
SOFTWARE_SPEC: dict[str, Any] = {
    "name": "meters",
    "type": "software",
    "target": [{"make": MAKE, "model": MODEL, "version": "2"}],
    "packages": [{"name": "meter-2", "from": "1", "to": "2", "make": MAKE, "model": MODEL}],
    "devices": [IMEI, OTHER_IMEI],
    "verify": "reported_is_enough",
}
