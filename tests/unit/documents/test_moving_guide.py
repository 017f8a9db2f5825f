# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide on moving has a task for every method of the five documents of the vendor.

``tests/playbooks/test_documents.py`` runs the tasks and compares the calls with the methods.
"""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.contract.vendor_methods import VENDOR_METHODS
from ansible_collections.thingspace.fota.tests.tools.documents import GUIDES

GUIDE = (GUIDES / "moving_guide.rst").read_text(encoding="utf-8")
METHODS = {
    "FirmwareupgradesController": [
        *("firmware_query_using_get", "schedule_firmware_upgrade_using_post"),
        *("firmware_upgrade_request_using_get", "firmware_upgrade_updatet_using_put"),
        "cancel_firmware_upgrade_using_delete",
    ],
    "FirmwareController": [
        *("list_of_available_firmware", "synchronize_device_firmware", "report_device_firmware"),
    ],
    "CampaignsController": [
        *("schedule_software_upgrade", "get_software_upgrade_details", "update_software_upgrade"),
        *("cancel_scheduled_software_upgrade", "change_campaign_dates_and_time_windows"),
        *("schedule_a_firmware_upgrade", "add_or_remove_devices", "change_campaign_dates_time"),
        *("retrieve_campaign_level_information", "delete_a_campaign"),
    ],
    "FirmwareV3Controller": [
        *("list_available_firmware", "synchronize_device_firmware", "report_device_firmware"),
    ],
    "CampaignsV2Controller": [
        *("update_campaign_firmware_devices", "cancel_campaign", "update_campaign_dates"),
        *("schedule_campaign_firmware_upgrade", "get_campaign_information"),
    ],
}
EVERY = [f"{controller}.{method}" for controller, names in METHODS.items() for method in names]


def sections() -> list[str]:
    """The sections of the guide that are about one call each."""
    return re.split(r"^.+\n~~~+\n", GUIDE, flags=re.MULTILINE)[1:]


def test_no_method_is_forgotten() -> None:
    assert len(EVERY) == len(VENDOR_METHODS) == 26
    named = re.findall(r"``(\w+Controller\.\w+)``", GUIDE)
    assert sorted(named) == sorted(EVERY)


@pytest.mark.parametrize("method", EVERY)
def test_a_method_stands_beside_its_task_and_its_path(method: str) -> None:
    (section,) = (text for text in sections() if f"``{method}``" in text)
    (code,) = re.findall(r"code-block:: yaml(?:\+jinja)?\n\n((?:   .+\n)+)", section)
    (task,) = yaml.safe_load(code)
    assert any(key.startswith("thingspace.fota.") for key in task)
    assert re.search(r"``(GET|POST|PUT|DELETE) /fota/v[123]/", section)


def test_the_names_of_the_sdk_are_those_of_its_methods() -> None:
    named = set(re.findall(r"\(``(\w+_v[123]\.\w+)``\)", GUIDE))
    assert named == {method.sdk for method in VENDOR_METHODS}
