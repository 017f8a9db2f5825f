# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The 26 methods of the vendor documents and where each lives on the wire (CONTRACT section 4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VendorMethod:
    """One documented method.

    ``document`` and ``title`` are the vendor's own headings; ``sdk`` is ``controller.method`` of
    ``sdksio-verizon-apis-sdk`` 2.0.0, or None when that SDK lacks it. Several methods may be the
    same operation under another name.
    """

    number: int
    document: str
    title: str
    operation_id: str
    sdk: str | None


VENDOR_METHODS: tuple[VendorMethod, ...] = (
    VendorMethod(
        1,
        "Firmwareupgrades",
        "Firmware Query Using GET",
        "v1ListFirmware",
        "firmware_v1.list_available_firmware",
    ),
    VendorMethod(
        2,
        "Firmwareupgrades",
        "Schedule Firmware Upgrade Using POST",
        "v1ScheduleUpgrade",
        "firmware_v1.schedule_firmware_upgrade",
    ),
    VendorMethod(
        3,
        "Firmwareupgrades",
        "Firmware Upgrade Request Using GET",
        "v1GetUpgrade",
        "firmware_v1.list_firmware_upgrade_details",
    ),
    VendorMethod(
        4,
        "Firmwareupgrades",
        "Firmware Upgrade Updatet Using PUT",
        "v1UpdateUpgradeDevices",
        "firmware_v1.update_firmware_upgrade_devices",
    ),
    VendorMethod(
        5,
        "Firmwareupgrades",
        "Cancel Firmware Upgrade Using DELETE",
        "v1CancelUpgrade",
        "firmware_v1.cancel_scheduled_firmware_upgrade",
    ),
    VendorMethod(
        6,
        "Firmware",
        "List of Available Firmware",
        "v3ListFirmware",
        "firmware_v3.list_available_firmware",
    ),
    VendorMethod(
        7,
        "Firmware",
        "Synchronize Device Firmware",
        "v3SyncDeviceFirmware",
        "firmware_v3.synchronize_device_firmware",
    ),
    VendorMethod(
        8,
        "Firmware",
        "Report Device Firmware",
        "v3ReportDeviceFirmware",
        "firmware_v3.report_device_firmware",
    ),
    VendorMethod(
        9,
        "Campaigns",
        "Schedule Software Upgrade",
        "v2ScheduleCampaign",
        "campaigns_v2.schedule_campaign_firmware_upgrade",
    ),
    VendorMethod(
        10,
        "Campaigns",
        "Get Software Upgrade Details",
        "v2GetCampaign",
        "campaigns_v2.get_campaign_information",
    ),
    VendorMethod(
        11,
        "Campaigns",
        "Update Software Upgrade",
        "v2UpdateCampaignDevices",
        "campaigns_v2.update_campaign_firmware_devices",
    ),
    VendorMethod(
        12,
        "Campaigns",
        "Cancel Scheduled Software Upgrade",
        "v2CancelCampaign",
        "campaigns_v2.cancel_campaign",
    ),
    VendorMethod(
        13,
        "Campaigns",
        "Change Campaign Dates and Time Windows",
        "v2UpdateCampaignDates",
        "campaigns_v2.update_campaign_dates",
    ),
    VendorMethod(
        14,
        "Campaigns",
        "Schedule a Firmware Upgrade",
        "v3ScheduleCampaign",
        "campaigns_v3.schedule_campaign_firmware_upgrade",
    ),
    VendorMethod(
        15,
        "Campaigns",
        "Add or Remove Devices",
        "v3UpdateCampaignDevices",
        "campaigns_v3.update_campaign_firmware_devices",
    ),
    VendorMethod(
        16,
        "Campaigns",
        "Change Campaign Dates Time",
        "v3UpdateCampaignDates",
        "campaigns_v3.update_campaign_dates",
    ),
    VendorMethod(
        17,
        "Campaigns",
        "Retrieve Campaign Level Information",
        "v3GetCampaign",
        "campaigns_v3.get_campaign_information",
    ),
    VendorMethod(
        18,
        "Campaigns",
        "Delete a Campaign",
        "v3CancelCampaign",
        "campaigns_v3.cancel_campaign",
    ),
    VendorMethod(
        19,
        "Firmware V3",
        "List Available Firmware",
        "v3ListFirmware",
        "firmware_v3.list_available_firmware",
    ),
    VendorMethod(
        20,
        "Firmware V3",
        "Synchronize Device Firmware",
        "v3SyncDeviceFirmware",
        "firmware_v3.synchronize_device_firmware",
    ),
    VendorMethod(
        21,
        "Firmware V3",
        "Report Device Firmware",
        "v3ReportDeviceFirmware",
        "firmware_v3.report_device_firmware",
    ),
    VendorMethod(
        22,
        "Campaigns V2",
        "Update Campaign Firmware Devices",
        "v2UpdateCampaignDevices",
        "campaigns_v2.update_campaign_firmware_devices",
    ),
    VendorMethod(
        23,
        "Campaigns V2",
        "Cancel Campaign",
        "v2CancelCampaign",
        "campaigns_v2.cancel_campaign",
    ),
    VendorMethod(
        24,
        "Campaigns V2",
        "Update Campaign Dates",
        "v2UpdateCampaignDates",
        "campaigns_v2.update_campaign_dates",
    ),
    VendorMethod(
        25,
        "Campaigns V2",
        "Schedule Campaign Firmware Upgrade",
        "v2ScheduleCampaign",
        "campaigns_v2.schedule_campaign_firmware_upgrade",
    ),
    VendorMethod(
        26,
        "Campaigns V2",
        "Get Campaign Information",
        "v2GetCampaign",
        "campaigns_v2.get_campaign_information",
    ),
)
