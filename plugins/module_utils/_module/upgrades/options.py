# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a v1 upgrade to its declaration; every bad value is named before any call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.times import check_date
from ..._plan.device_difference import DevicesMode
from ..._plan.upgrade_plan import UpgradeSpec
from ..devices.declared import declared_devices
from ..options import (
    DEVICE_OPTIONS,
    RESULTS_FILE_OPTION,
    RETURN_DEVICES_OPTION,
    WAIT_FOR_OPTION,
    WAIT_OPTIONS,
)

UPGRADE_OPTIONS: dict[str, dict[str, Any]] = {
    "upgrade_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "package": {"type": "str", "aliases": ["firmware_name"]},
    "to_version": {"type": "str"},
    "start_date": {"type": "str"},
    "end_date": {"type": "str"},
    "devices_mode": {
        "type": "str",
        "choices": [mode.value for mode in DevicesMode],
        "default": DevicesMode.AT_LEAST.value,
    },
    "recreate": {"type": "bool", "default": False},
    **DEVICE_OPTIONS,
    **WAIT_OPTIONS,
    **WAIT_FOR_OPTION,
    **RETURN_DEVICES_OPTION,
    **RESULTS_FILE_OPTION,
}


def read_upgrade_spec(params: Mapping[str, Any], account: str) -> tuple[UpgradeSpec, list[str]]:
    """Read the declared upgrade.

    :returns: the declaration and warnings for people.
    :raises InvalidValue: an option cannot be used, or it cannot be found again by what is given.
    """
    devices = declared_devices(params)
    if not params.get("upgrade_id"):
        given = {
            "package": params.get("package"),
            "start_date": params.get("start_date"),
            "devices": devices,
        }
        for option, value in given.items():
            if not value:
                raise InvalidValue(
                    option,
                    params.get(option),
                    "is required without upgrade_id: an upgrade has no name, so package,"
                    " start_date and devices find it again",
                )
    start = _day(params, "start_date")
    end = _day(params, "end_date")
    if start and end and end < start:
        raise InvalidValue("end_date", params["end_date"], f"is before start_date {start}")
    mode = DevicesMode(params["devices_mode"])
    if mode is not DevicesMode.AT_LEAST and devices is None and params["state"] == "present":
        raise InvalidValue("devices_mode", mode.value, "needs devices")
    subject = (
        f"upgrade {params['upgrade_id']}"
        if params.get("upgrade_id")
        else f"upgrade to {params['package']} on {start}"
    )
    spec = UpgradeSpec(
        subject=subject,
        account=account,
        present=params["state"] == "present",
        upgrade_id=params.get("upgrade_id") or None,
        package=params.get("package") or None,
        to_version=params.get("to_version") or None,
        start=start,
        end=end,
        devices=devices.ids if devices else None,
        devices_mode=mode,
        recreate=params["recreate"],
    )
    return spec, list(devices.warnings) if devices else []


def _day(params: Mapping[str, Any], option: str) -> Any:
    value = params.get(option)
    return None if value in (None, "") else check_date(value, field=option)
