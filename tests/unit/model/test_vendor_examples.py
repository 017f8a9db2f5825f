# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example replies of the vendor's documents, read into records word for word."""

from __future__ import annotations

import json
from datetime import date

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    Campaign,
    CampaignDevice,
    CampaignRequest,
    CampaignType,
    Change,
    DeviceChange,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign_wire import (
    read_campaign,
    read_device_changes,
    write_device_change,
    write_request,
    write_schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import (
    Package,
    SyncResult,
    read_packages,
    read_success,
    read_sync_results,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.status import CampaignState
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import (
    Upgrade,
    UpgradeRequest,
    read_upgrade,
    write_upgrade_change,
    write_upgrade_request,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.windows import Window

SOFTWARE_CAMPAIGN = """{
  "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
  "accountName": "0402196254-00001",
  "campaignName": "FOTA_Verizon_Upgrade",
  "softwareName": "FOTA_Verizon_Model-A_02To03_HF",
  "distributionType": "HTTP",
  "make": "Verizon",
  "model": "Model-A",
  "softwareFrom": "FOTA_Verizon_Model-A_00To01_HF",
  "softwareTo": "FOTA_Verizon_Model-A_02To03_HF",
  "startDate": "2020-08-21",
  "endDate": "2020-08-22",
  "downloadAfterDate": "2020-08-21",
  "downloadTimeWindowList": [{"startTime": 20, "endTime": 21}],
  "installAfterDate": "2020-08-21",
  "installTimeWindowList": [{"startTime": 22, "endTime": 23}],
  "status": "CampaignRequestPending"
}"""

SOFTWARE_DATES_CHANGED = """{
  "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
  "accountName": "0402196254-00001",
  "campaignName": "FOTA_Verizon_Upgrade",
  "softwareName": "FOTA_Verizon_Model-A_02To03_HF",
  "distributionType": "HTTP",
  "make": "Verizon",
  "model": "Model-A",
  "softwareFrom": "FOTA_Verizon_Model-A_00To01_HF",
  "softwareTo": "FOTA_Verizon_Model-A_02To03_HF",
  "startDate": "2020-08-21",
  "endDate": "2020-08-22",
  "downloadAfterDate": "2020-08-21",
  "downloadTimeWindowList": [{"startTime": 3, "endTime": 4}, {"startTime": 5, "endTime": 6}],
  "installAfterDate": "2020-08-21",
  "installTimeWindowList": [{"startTime": 5, "endTime": 6}, {"startTime": 6, "endTime": 7}],
  "status": "RequestPending"
}"""

FIRMWARE_CAMPAIGN = """{
  "id": "f858b8c4-2153-11ec-8c44-aeb16d1aa652",
  "accountName": "0642233522-00001",
  "campaignName": "Smart FOTA - test 4",
  "protocol": "LWM2M",
  "make": "SEQUANS Communications",
  "model": "GM01Q",
  "status": "CampaignPreScheduled",
  "startDate": "2021-09-29",
  "endDate": "2021-10-01",
  "firmwareName": "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657",
  "firmwareFrom": "SR1.2.0.0-10512",
  "firmwareTo": "SR1.2.0.0-10657",
  "timeWindowList": [{"startTime": 18, "endTime": 22}]
}"""

FIRMWARE_DATES_CHANGED = """{
  "id": "4e03b882-936a-11ec-931f-76f56843c393",
  "accountName": "0000123456-00001",
  "campaignName": "modify-campaign-test-1",
  "firmwareName": "NordicSemiconductorASA_nRF9160_ee58ac77_4325d595",
  "protocol": "LWM2M",
  "firmwareFrom": "ee58ac77-f1fd-4960-8dc4-4d32e118a6d4",
  "firmwareTo": "4325d595-7b69-4474-ba39-9c177930aac3",
  "make": "Nordic Semiconductor ASA",
  "model": "nRF9160",
  "status": "CampaignRequestQueued",
  "startDate": "2022-02-23",
  "endDate": "2022-02-24",
  "campaignTimeWindowList": [{"startTime": 14, "endTime": 18}]
}"""

V3_DEVICES_CHANGED = """{
  "accountName": "0000123456-00001",
  "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
  "campaignId": "",
  "deviceList": [
    {
      "deviceId": "15-digit IMEI",
      "status": "AddDeviceSucceed",
      "Reason": "Device added Successfully"
    }
  ]
}"""

UPGRADE_CREATED = """{
  "id": "e3a8d88a-04c6-4ef3-b039-89b62f91e962",
  "accountName": "0242078689-00001",
  "firmwareName": "FOTA_Verizon_Model-A_01To02_HF",
  "firmwareTo": "VerizonFirmwareVersion-02",
  "startDate": "2018-04-01",
  "status": "RequestPending",
  "deviceList": [
    {"deviceId": "990003425730535", "status": "RequestPending"},
    {"deviceId": "990000473475989", "status": "RequestPending"}
  ]
}"""

UPGRADE_QUEUED = """{
  "id": "60b5d639-ccdc-4db8-8824-069bd94c95bf",
  "accountName": "0402196254-00001",
  "firmwareName": "FOTA_Verizon_Model-A_01To02_HF",
  "firmwareTo": "VerizonFirmwareVersion-02",
  "startDate": "2018-04-01",
  "status": "Queued",
  "deviceList": [
    {"deviceId": "900000000000002", "status": "Device Accepted", "resultReason": "success"},
    {"deviceId": "900000000000003", "status": "Device Accepted", "resultReason": "success"}
  ]
}"""

V1_FIRMWARE = """[
  {
    "firmwareName": "FOTA_Verizon_Model-A_01To02_HF",
    "participantName": "0402196254-00001",
    "launchDate": "2018-04-01T16:03:00.000Z",
    "releaseNote": "",
    "model": "Model-A",
    "make": "Verizon",
    "fromVersion": "VerizonFirmwareVersion-01",
    "toVersion": "VerizonFirmwareVersion-02"
  }
]"""

V3_FIRMWARE = """[
  {
    "firmwareName": "VerizonSmartCommunities_LCO-277C4N_BG96MAR04A04M1G_BETA0130B",
    "firmwareFrom": "BG96MAR04A04M1G",
    "firmwareTo": "BG96MAR04A04M1G_BETA0130B",
    "launchDate": "2012-04-23T18:25:43.511Z",
    "releaseNote": "",
    "model": "LCO-277C4N",
    "make": "Verizon Smart Communities",
    "protocol": "LWM2M"
  }
]"""

SYNCHRONIZED = """{
  "accountName": "0000123456-00001",
  "deviceFirmwarVersionList": [
    {
      "deviceId": "15-digit IMEI",
      "status": "FirmwareVersionUpdateSuccess",
      "Reason": "",
      "firmwareVersion": "SR1.2.0.0-10657",
      "VersionUpdateTime": "2012-04-23T18:25:43.511Z"
    }
  ]
}"""

SYNCHRONIZED_LATER = """{
  "accountName": "0000123456-00001",
  "deviceFirmwarVersionList": [
    {
      "deviceId": "15-digit IMEI",
      "status": "FirmwareVersionUpdateSuccess",
      "firmwareVersion": "SR1.2.0.0-10657"
    }
  ]
}"""


def test_software_campaign() -> None:
    campaign = read_campaign(json.loads(SOFTWARE_CAMPAIGN), CampaignType.SOFTWARE)
    assert campaign == Campaign(
        id="60b5d639-ccdc-4db8-8824-069bd94c95bf",
        type=CampaignType.SOFTWARE,
        name="FOTA_Verizon_Upgrade",
        package="FOTA_Verizon_Model-A_02To03_HF",
        from_version="FOTA_Verizon_Model-A_00To01_HF",
        to_version="FOTA_Verizon_Model-A_02To03_HF",
        protocol="HTTP",
        make="Verizon",
        model="Model-A",
        status="CampaignRequestPending",
        schedule=Schedule(
            start=date(2020, 8, 21),
            end=date(2020, 8, 22),
            download_after=date(2020, 8, 21),
            download_windows=(Window(20, 21),),
            install_after=date(2020, 8, 21),
            install_windows=(Window(22, 23),),
        ),
    )
    assert campaign.state is CampaignState.PENDING


def test_software_campaign_request() -> None:
    """What the same document sends to create it."""
    request = CampaignRequest(
        type=CampaignType.SOFTWARE,
        name="FOTA_Verizon_Upgrade",
        package="FOTA_Verizon_Model-A_02To03_HF",
        from_version="FOTA_Verizon_Model-A_00To01_HF",
        to_version="FOTA_Verizon_Model-A_02To03_HF",
        protocol="HTTP",
        schedule=read_campaign(json.loads(SOFTWARE_CAMPAIGN), CampaignType.SOFTWARE).schedule,
        devices=("990013907835573", "990013907884259"),
    )
    assert write_request(request) == {
        "campaignName": "FOTA_Verizon_Upgrade",
        "softwareName": "FOTA_Verizon_Model-A_02To03_HF",
        "softwareFrom": "FOTA_Verizon_Model-A_00To01_HF",
        "softwareTo": "FOTA_Verizon_Model-A_02To03_HF",
        "distributionType": "HTTP",
        "startDate": "2020-08-21",
        "endDate": "2020-08-22",
        "downloadAfterDate": "2020-08-21",
        "downloadTimeWindowList": [{"startTime": 20, "endTime": 21}],
        "installAfterDate": "2020-08-21",
        "installTimeWindowList": [{"startTime": 22, "endTime": 23}],
        "deviceList": ["990013907835573", "990013907884259"],
    }


def test_software_dates_changed() -> None:
    campaign = read_campaign(json.loads(SOFTWARE_DATES_CHANGED), CampaignType.SOFTWARE)
    assert campaign.status == "RequestPending"
    assert campaign.state is CampaignState.PENDING
    assert campaign.schedule.download_windows == (Window(3, 4), Window(5, 6))
    assert campaign.schedule.install_windows == (Window(5, 6), Window(6, 7))


def test_firmware_campaign() -> None:
    campaign = read_campaign(json.loads(FIRMWARE_CAMPAIGN), CampaignType.FIRMWARE)
    assert campaign == Campaign(
        id="f858b8c4-2153-11ec-8c44-aeb16d1aa652",
        type=CampaignType.FIRMWARE,
        name="Smart FOTA - test 4",
        package="SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657",
        from_version="SR1.2.0.0-10512",
        to_version="SR1.2.0.0-10657",
        protocol="LWM2M",
        make="SEQUANS Communications",
        model="GM01Q",
        status="CampaignPreScheduled",
        schedule=Schedule(
            start=date(2021, 9, 29), end=date(2021, 10, 1), windows=(Window(18, 22),)
        ),
    )
    assert campaign.state is CampaignState.PRESCHEDULED


def test_firmware_campaign_request_always_sends_both_flags() -> None:
    request = CampaignRequest(
        type=CampaignType.FIRMWARE,
        name="Smart FOTA - test 4",
        package="SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657",
        from_version="SR1.2.0.0-10512",
        to_version="SR1.2.0.0-10657",
        protocol="LWM2M",
        schedule=Schedule(
            start=date(2021, 9, 29), end=date(2021, 10, 1), windows=(Window(18, 22),)
        ),
        devices=("990013907835573",),
    )
    assert write_request(request) == {
        "campaignName": "Smart FOTA - test 4",
        "firmwareName": "SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657",
        "firmwareFrom": "SR1.2.0.0-10512",
        "firmwareTo": "SR1.2.0.0-10657",
        "protocol": "LWM2M",
        "startDate": "2021-09-29",
        "endDate": "2021-10-01",
        "campaignTimeWindowList": [{"startTime": 18, "endTime": 22}],
        "deviceList": ["990013907835573"],
        "autoAssignLicenseFlag": False,
        "autoAddDevicesFlag": False,
    }


def test_firmware_dates_changed() -> None:
    campaign = read_campaign(json.loads(FIRMWARE_DATES_CHANGED), CampaignType.FIRMWARE)
    assert campaign.state is CampaignState.QUEUED
    assert campaign.schedule == Schedule(
        start=date(2022, 2, 23), end=date(2022, 2, 24), windows=(Window(14, 18),)
    )
    assert write_schedule(campaign.schedule, CampaignType.FIRMWARE) == {
        "startDate": "2022-02-23",
        "endDate": "2022-02-24",
        "campaignTimeWindowList": [{"startTime": 14, "endTime": 18}],
    }


def test_devices_changed() -> None:
    changes = read_device_changes(json.loads(V3_DEVICES_CHANGED))
    assert changes == [
        DeviceChange("15-digit IMEI", "AddDeviceSucceed", "Device added Successfully")
    ]
    assert changes[0].succeeded
    assert write_device_change(Change.REMOVE, ("990013907884259",)) == {
        "Type": "remove",
        "deviceList": ["990013907884259"],
    }


def test_upgrade_created() -> None:
    upgrade = read_upgrade(json.loads(UPGRADE_CREATED))
    assert upgrade == Upgrade(
        id="e3a8d88a-04c6-4ef3-b039-89b62f91e962",
        package="FOTA_Verizon_Model-A_01To02_HF",
        to_version="VerizonFirmwareVersion-02",
        status="RequestPending",
        start=date(2018, 4, 1),
        end=None,
        devices=(
            CampaignDevice("990003425730535", "RequestPending"),
            CampaignDevice("990000473475989", "RequestPending"),
        ),
    )
    assert upgrade.state is CampaignState.PENDING
    assert upgrade.device_ids == {"990003425730535", "990000473475989"}


def test_upgrade_queued() -> None:
    upgrade = read_upgrade(json.loads(UPGRADE_QUEUED))
    assert upgrade.state is CampaignState.QUEUED
    assert upgrade.devices[1] == CampaignDevice("900000000000003", "Device Accepted", "success")


def test_upgrade_request_and_change() -> None:
    request = UpgradeRequest(
        account="0402196254-00001",
        package="FOTA_Verizon_Model-A_01To02_HF",
        to_version="VerizonFirmwareVersion-02",
        start=date(2018, 4, 1),
        end=None,
        devices=("990003425730535", "990000473475989"),
    )
    body = {
        "accountName": "0402196254-00001",
        "firmwareName": "FOTA_Verizon_Model-A_01To02_HF",
        "firmwareTo": "VerizonFirmwareVersion-02",
        "startDate": "2018-04-01",
        "deviceList": ["990003425730535", "990000473475989"],
    }
    assert write_upgrade_request(request) == body
    later = UpgradeRequest(**{**vars(request), "end": date(2018, 4, 8)})
    assert write_upgrade_request(later) == {**body, "endDate": "2018-04-08"}
    assert write_upgrade_change(Change.APPEND, ["990003425730535"]) == {
        "type": "append",
        "deviceList": ["990003425730535"],
    }


def test_firmware_lists_of_v1_and_v3() -> None:
    assert read_packages(json.loads(V1_FIRMWARE), "v1ListFirmware") == [
        Package(
            name="FOTA_Verizon_Model-A_01To02_HF",
            make="Verizon",
            model="Model-A",
            from_version="VerizonFirmwareVersion-01",
            to_version="VerizonFirmwareVersion-02",
            launch_date="2018-04-01T16:03:00.000Z",
        )
    ]
    assert read_packages(json.loads(V3_FIRMWARE), "v3ListFirmware") == [
        Package(
            name="VerizonSmartCommunities_LCO-277C4N_BG96MAR04A04M1G_BETA0130B",
            make="Verizon Smart Communities",
            model="LCO-277C4N",
            from_version="BG96MAR04A04M1G",
            to_version="BG96MAR04A04M1G_BETA0130B",
            protocol="LWM2M",
            launch_date="2012-04-23T18:25:43.511Z",
        )
    ]


def test_both_replies_of_a_synchronize_call() -> None:
    first, later = (
        read_sync_results(json.loads(text)) for text in (SYNCHRONIZED, SYNCHRONIZED_LATER)
    )
    assert first == [
        SyncResult(
            device_id="15-digit IMEI",
            status="FirmwareVersionUpdateSuccess",
            version="SR1.2.0.0-10657",
            reason="",
            updated="2012-04-23T18:25:43.511Z",
        )
    ]
    assert first[0].succeeded
    assert (later[0].version, later[0].updated) == ("SR1.2.0.0-10657", "")


def test_cancel() -> None:
    assert read_success(json.loads('{"success": true}')) is True
