# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet of the contract tests, the vendor documents' examples on it, and a tour of all calls.

The virtual clock of these tests begins at ``START``; the examples' dates are moved after it.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.thingspace.fota.tests.contract.wire import Answer, Wire

START = "2026-03-02T00:00:00Z"
FIRST_DAY = "2026-03-04"
LAST_DAY = "2026-03-07"
LATER_DAY = "2026-03-09"
UNKNOWN_ID = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
UNKNOWN_IMEI = "990000000000001"

MAIN = "0000123456-00001"
LARGE = "0402196254-00001"
MONTHLY = "0642233522-00001"

V3_PACKAGE = "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657"
V3_FROM, V3_TO = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
V2_PACKAGE = "FOTA_Verizon_Model-A_02To03_HF"
V2_FROM = "FOTA_Verizon_Model-A_00To01_HF"
V1_PACKAGE = "FOTA_Verizon_Model-A_01To02_HF"
FILE_VERSION = "7"
V1_FROM, V1_TO = "VerizonFirmwareVersion-01", "VerizonFirmwareVersion-02"

LISTENER = "https://hooks.example.com/fota"

LWM2M_IMEIS = [f"3511000000{n:05d}" for n in range(1, 31)]
OMADM_IMEIS = ["990003425730535", "990000473475989", "900000000000002", "900000000000003"]
HTTP_IMEIS = ["990013907835573", "990013907884259", "990013907833575"]
MONTHLY_IMEIS = [f"3522000000{n:05d}" for n in range(1, 5)]

_LWM2M = {"make": "SEQUANS Communications", "model": "GM01Q", "protocol": "LWM2M"}
_OMADM = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM"}
_HTTP = {"make": "Verizon", "model": "Model-A", "protocol": "HTTP"}
_FIRMWARE = [
    {
        "firmwareName": V3_PACKAGE,
        "firmwareFrom": V3_FROM,
        "firmwareTo": V3_TO,
        "launchDate": "2012-04-23T18:25:43.511Z",
        "make": "SEQUANS Communications",
        "model": "GM01Q",
        "protocol": "LWM2M",
    }
]


def fleet() -> dict[str, Any]:
    """A main account with every kind of device, and one with monthly licenses."""
    gm01q = [{**_LWM2M, "deviceId": imei, "firmware": V3_FROM} for imei in LWM2M_IMEIS]
    model_a = [{**_OMADM, "deviceId": imei, "firmware": V1_FROM} for imei in OMADM_IMEIS]
    item = {"name": V2_FROM, "version": V2_FROM}
    http = [{**_HTTP, "deviceId": imei, "softwareList": [item]} for imei in HTTP_IMEIS]
    monthly = [{**_LWM2M, "deviceId": imei, "firmware": V3_FROM} for imei in MONTHLY_IMEIS]
    return {
        "accounts": [
            {
                "name": MAIN,
                "devices": gm01q + model_a + http,
                "firmware": _FIRMWARE,
                "software": [
                    {
                        "softwareName": V2_PACKAGE,
                        "make": "Verizon",
                        "model": "Model-A",
                        "distributionType": "HTTP",
                        "from": V2_FROM,
                        "to": V2_PACKAGE,
                    }
                ],
                "v1_firmware": [
                    {
                        "firmwareName": V1_PACKAGE,
                        "make": "Verizon",
                        "model": "Model-A",
                        "fromVersion": V1_FROM,
                        "toVersion": V1_TO,
                    }
                ],
            },
            {
                "name": MONTHLY,
                "subscription": {"purchaseType": "TS-HFOTA-MRC", "licenseCount": 2},
                "devices": monthly,
                "firmware": _FIRMWARE,
            },
        ]
    }


def large_fleet() -> dict[str, Any]:
    """An account whose lists take several pages in every family."""
    generate = [
        {**_LWM2M, "count": 2100, "versions": {V3_FROM: 1.0}, "licensed": 1.0},
        {**_HTTP, "count": 1100, "software": {V2_FROM: 1.0}},
    ]
    return {"accounts": [{"name": LARGE, "generate": generate}]}


def v3_campaign(**changes: object) -> dict[str, Any]:
    """Body of a v3 schedule call."""
    return {
        "campaignName": "Smart FOTA - test 4",
        "firmwareName": V3_PACKAGE,
        "firmwareFrom": V3_FROM,
        "firmwareTo": V3_TO,
        "protocol": "LWM2M",
        "startDate": FIRST_DAY,
        "endDate": LAST_DAY,
        "campaignTimeWindowList": [{"startTime": 18, "endTime": 22}],
        "deviceList": LWM2M_IMEIS[:3],
        "autoAssignLicenseFlag": False,
        "autoAddDevicesFlag": False,
    } | changes


def v2_campaign(**changes: object) -> dict[str, Any]:
    """Body of a v2 schedule call."""
    return {
        "campaignName": "FOTA_Verizon_Upgrade",
        "softwareName": V2_PACKAGE,
        "softwareFrom": V2_FROM,
        "softwareTo": V2_PACKAGE,
        "distributionType": "HTTP",
        "startDate": FIRST_DAY,
        "endDate": LAST_DAY,
        "downloadAfterDate": FIRST_DAY,
        "downloadTimeWindowList": [{"startTime": 3, "endTime": 5}],
        "installAfterDate": FIRST_DAY,
        "installTimeWindowList": [{"startTime": 5, "endTime": 6}],
        "deviceList": HTTP_IMEIS[:2],
    } | changes


def v1_upgrade(**changes: object) -> dict[str, Any]:
    """Body of a v1 schedule call."""
    return {
        "accountName": MAIN,
        "firmwareName": V1_PACKAGE,
        "firmwareTo": V1_TO,
        "startDate": FIRST_DAY,
        "deviceList": OMADM_IMEIS[:2],
    } | changes


def v3_dates(**changes: object) -> dict[str, Any]:
    """Body of a v3 date change."""
    windows = [{"startTime": 14, "endTime": 18}]
    dates = {"startDate": FIRST_DAY, "endDate": LATER_DAY}
    return dates | {"campaignTimeWindowList": windows} | changes


def v2_dates(**changes: object) -> dict[str, Any]:
    """Body of a v2 date change."""
    return {
        "startDate": FIRST_DAY,
        "endDate": LATER_DAY,
        "downloadAfterDate": FIRST_DAY,
        "downloadTimeWindowList": [{"startTime": 3, "endTime": 4}],
        "installAfterDate": FIRST_DAY,
        "installTimeWindowList": [{"startTime": 5, "endTime": 6}],
    } | changes


def file_campaign(name: str, **changes: object) -> dict[str, Any]:
    """Body of a v2 call that schedules a configuration file."""
    return {
        "campaignName": "Configuration",
        "fileName": name,
        "fileVersion": FILE_VERSION,
        "distributionType": "HTTP",
        "startDate": FIRST_DAY,
        "endDate": LAST_DAY,
        "deviceList": HTTP_IMEIS[2:],
    } | changes


def file_form(**changes: str) -> tuple[bytes, str]:
    """A form that uploads a configuration file, and its content type."""
    texts = {"fileVersion": FILE_VERSION, "make": "Verizon", "model": "Model-A"}
    texts |= {"localTargetPath": "/etc/meter.conf"} | changes
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in texts.items()]
    parts.append('name="fileupload"; filename="meter.conf"\r\n\r\ninterval = 15')
    head = "Content-Disposition: form-data; "
    body = "".join(f"--edge\r\n{head}{part}\r\n" for part in parts) + "--edge--\r\n"
    return body.encode(), "multipart/form-data; boundary=edge"


def devices(*imeis: str) -> dict[str, Any]:
    """Body of the calls that take devices only."""
    return {"deviceList": list(imeis)}


class Tour:
    """Makes every call once, with good input, whatever each is answered.

    ``answers`` holds the last answer by operationId; ``hurry`` moves the clock by hours.
    """

    def __init__(self, wire: Wire, hurry: Any) -> None:
        self.answers: dict[str, Answer] = {}
        self._wire = wire
        self._hurry = hurry

    def make(self) -> dict[str, Answer]:
        """v1, v2 and v3, writes included, then the session's end."""
        self._v3()
        self._v2()
        self._v1()
        self._hurry(24 * 8)
        self._histories()
        wire = self._wire
        logout = wire.send("POST", "/m2m/v1/session/logout", headers=wire.tokens())
        self.answers["endM2MSession"] = logout
        return self.answers

    def _call(self, name: str, method: str, path: str, payload: object = None) -> Answer:
        self.answers[name] = self._wire.call(method, f"/fota{path}", payload)
        return self.answers[name]

    def _v3(self) -> None:
        root, one = "/v3", LWM2M_IMEIS[0]
        self._call("v3ListFirmware", "GET", f"{root}/firmware/{MAIN}?protocol=all")
        sync = devices(*LWM2M_IMEIS[:5])
        self._call("v3SyncDeviceFirmware", "PUT", f"{root}/firmware/{MAIN}/devices", sync)
        self._call("v3ReportDeviceFirmware", "PUT", f"{root}/firmware/{MAIN}/async/{one}")
        self._call("v3ListDevices", "GET", f"{root}/devices/{MAIN}?protocol=LWM2M")
        self._call("v3QueryDevices", "POST", f"{root}/devices/{MAIN}", devices(one))
        self._call("v3GetSubscription", "GET", f"{root}/subscriptions/{MAIN}")
        self._licenses("v3", one)
        status = "/index/0"
        self._call("v3GetLicenseStatusDocsPath", "GET", f"{root}/licenses/{MAIN}{status}")
        path = f"{root}/campaigns/firmware/{MAIN}"
        created = self._call("v3ScheduleCampaign", "POST", path, v3_campaign())
        campaign = _id(created)
        more, less = LWM2M_IMEIS[5], LWM2M_IMEIS[2]
        change = {"Type": "append", "deviceList": [more]}
        self._call("v3UpdateCampaignDevices", "PUT", f"{path}/{campaign}", change)
        change = {"Type": "remove", "deviceList": [less]}
        docs_path = f"{root}/campaigns/{MAIN}/{campaign}"
        self._call("v3UpdateCampaignDevicesDocsPath", "PUT", docs_path, change)
        self._call("v3UpdateCampaignDates", "PUT", f"{path}/{campaign}/dates", v3_dates())
        self._hurry(1)
        self._call("v3GetCampaign", "GET", f"{root}/campaigns/{MAIN}/{campaign}")
        report = f"{root}/reports/{MAIN}"
        query = "campaignStatus=CampaignRequestQueued&lastSeenCampaignId=0"
        self._call("v3ListCampaignsByStatus", "GET", f"{report}/firmware/campaigns?{query}")
        self._call("v3ListCampaignsByStatusDocsPath", "GET", f"{report}/campaigns?{query}")
        self._call("v3ListCampaignDevices", "GET", f"{report}/campaigns/{campaign}/devices")
        doomed = _id(self._wire.call("POST", f"/fota{path}", v3_campaign(deviceList=[less])))
        self._call("v3CancelCampaign", "DELETE", f"{root}/campaigns/{MAIN}/{doomed}")
        self._listener("v3")

    def _v2(self) -> None:
        root, one = "/v2", HTTP_IMEIS[0]
        self._call("v2ListSoftware", "GET", f"{root}/software/{MAIN}?distributionType=HTTP")
        self._call("v2ListDevices", "GET", f"{root}/devices/{MAIN}?lastSeenDeviceId=0")
        self._call("v2GetSubscription", "GET", f"{root}/subscriptions/{MAIN}")
        self._licenses("v2", one)
        path = f"{root}/campaigns/{MAIN}"
        campaign = _id(self._call("v2ScheduleCampaign", "POST", path, v2_campaign()))
        change = {"Type": "remove", "deviceList": [HTTP_IMEIS[1]]}
        self._call("v2UpdateCampaignDevices", "PUT", f"{path}/{campaign}", change)
        self._call("v2UpdateCampaignDates", "PUT", f"{path}/{campaign}/dates", v2_dates())
        self._hurry(1)
        self._call("v2GetCampaign", "GET", f"{path}/{campaign}")
        report = f"{root}/reports/{MAIN}/campaigns"
        query = "campaignStatus=CampaignRequestQueued"
        self._call("v2ListCampaignsByStatus", "GET", f"{report}?{query}")
        self._call("v2ListCampaignDevices", "GET", f"{report}/{campaign}/devices")
        alias = f"{root}/campaigns/software/{MAIN}"
        body = v2_campaign(deviceList=[HTTP_IMEIS[2]])
        doomed = _id(self._call("v2ScheduleHttpSoftwareCampaign", "POST", alias, body))
        self._call("v2CancelCampaign", "DELETE", f"{path}/{doomed}")
        self._candidates("v2", one, "")
        self._listener("v2")
        self._files(f"{root}/files/{MAIN}", f"{root}/campaigns/files/{MAIN}")
        self._logging(f"{root}/logging/{MAIN}/devices", one)

    def _v1(self) -> None:
        root, one = "/v1", OMADM_IMEIS[0]
        self._call("v1ListFirmware", "GET", f"{root}/firmware/{MAIN}")
        self._call("v1ListDevices", "GET", f"{root}/devices/{MAIN}/index/0?clientType=OMADM")
        self._call("v1GetSubscription", "GET", f"{root}/subscriptions/{MAIN}")
        self._licenses("v1", one)
        created = self._call("v1ScheduleUpgrade", "POST", f"{root}/upgrades", v1_upgrade())
        path = f"{root}/upgrades/{MAIN}/upgrade"
        change = {"type": "append", "deviceList": [OMADM_IMEIS[2]]}
        self._call("v1UpdateUpgradeDevices", "PUT", f"{path}/{_id(created)}", change)
        self._hurry(1)
        self._call("v1GetUpgrade", "GET", f"{path}/{_id(created)}")
        report = f"{root}/reports/{MAIN}/status/Queued/index/0"
        self._call("v1ListUpgradesByStatus", "GET", report)
        body = v1_upgrade(deviceList=[OMADM_IMEIS[3]])
        doomed = _id(self._wire.call("POST", f"/fota{root}/upgrades", body))
        self._call("v1CancelUpgrade", "DELETE", f"{path}/{doomed}")
        self._candidates("v1", one, "/index/0")
        path = f"{root}/callbacks/{MAIN}"
        listener = {"name": "Fota", "url": LISTENER, "username": "user", "password": "pass"}
        self._wire.call("GET", f"/fota{path}")  # whose reply is empty
        self._call("v1RegisterCallback", "POST", path, listener)
        self._call("v1ListCallbacks", "GET", path)
        self._call("v1DeregisterCallback", "DELETE", f"{path}/name/Fota")

    def _licenses(self, version: str, imei: str) -> None:
        root = f"/{version}/licenses/{MAIN}"
        status = f"{root}/index/0" if version == "v1" else root
        self._call(f"{version}AssignLicenses", "POST", f"{root}/assign", devices(imei))
        self._call(f"{version}GetLicenseStatus", "GET", status)
        self._call(f"{version}RemoveLicenses", "POST", f"{root}/remove", devices(imei))

    def _candidates(self, version: str, imei: str, tail: str) -> None:
        root = f"/{version}/licenses/{MAIN}"
        self._wire.call("POST", f"/fota{root}/assign", devices(imei))
        path = f"{root}/cancel"
        self._call(f"{version}CreateCancelCandidates", "POST", path, devices(imei))
        self._call(f"{version}ListCancelCandidates", "GET", f"{path}{tail}")
        self._call(f"{version}DeleteCancelCandidates", "DELETE", path)

    def _listener(self, version: str) -> None:
        path = f"/{version}/callbacks/{MAIN}"
        self._wire.call("GET", f"/fota{path}")  # whose reply is empty
        self._call(f"{version}RegisterCallback", "POST", path, {"url": LISTENER})
        self._call(f"{version}UpdateCallback", "PUT", path, {"url": f"{LISTENER}/2"})
        self._call(f"{version}GetCallback", "GET", path)
        self._call(f"{version}DeregisterCallback", "DELETE", path)

    def _files(self, path: str, campaigns: str) -> None:
        body, kind = file_form()
        headers = self._wire.tokens() | {"Content-Type": kind}
        uploaded = self._wire.send("POST", f"/fota{path}", body=body, headers=headers)
        self.answers["v2UploadFile"] = uploaded
        self._call("v2ListFiles", "GET", f"{path}?distributionType=HTTP")
        name = uploaded.json["fileName"] if uploaded.status == 200 else "unknown"
        self._call("v2ScheduleFileCampaign", "POST", campaigns, file_campaign(name))

    def _logging(self, path: str, imei: str) -> None:
        self._call("v2EnableLogging", "PUT", path, {"deviceIds": HTTP_IMEIS})
        self._call("v2EnableDeviceLogging", "PUT", f"{path}/{imei}")
        self._call("v2ListLoggingDevices", "GET", path)
        self._hurry(24)
        self._call("v2GetDeviceLogs", "GET", f"{path}/{imei}/logs")
        self._call("v2GetCheckInHistory", "GET", f"{path}/{imei}/checkInHistory")
        self._call("v2DisableDeviceLogging", "DELETE", f"{path}/{imei}")
        self._call("v2DisableLogging", "DELETE", f"{path}?deviceIds={HTTP_IMEIS[1]}")

    def _histories(self) -> None:
        for version, imei in (("v3", LWM2M_IMEIS), ("v2", HTTP_IMEIS), ("v1", OMADM_IMEIS)):
            path = f"/{version}/reports/{MAIN}/devices/{imei[0]}"
            self._call(f"{version}GetDeviceHistory", "GET", path)


def _id(created: Answer) -> str:
    """The id of what was created; an unknown one when the service refused."""
    return str(created.json["id"]) if created.status == 200 else UNKNOWN_ID
