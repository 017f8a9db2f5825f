# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the options of a v1 upgrade; every bad value is reported before any call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.text import shown
from ..._plan.upgrade_plan import UpgradeSpec
from ..devices.declared import declared_devices, read_devices_mode
from ..options import (
    DECLARATION_OPTIONS,
    DEVICE_OPTIONS,
    RESULT_OPTIONS,
    WAIT_FOR_STAGE_OPTIONS,
    read_first_and_last_day,
)

UPGRADE_OPTIONS: dict[str, dict[str, Any]] = {
    "upgrade_id": {"type": "str"},
    "package": {"type": "str", "aliases": ["firmware_name"]},
    **DECLARATION_OPTIONS,
    **DEVICE_OPTIONS,
    **WAIT_FOR_STAGE_OPTIONS,
    **RESULT_OPTIONS,
}


def read_upgrade_spec(params: Mapping[str, Any], account: str) -> tuple[UpgradeSpec, list[str]]:
    """Read the declared upgrade.

    :returns: the declaration and warnings for people.
    :raises InvalidValue: an option cannot be used, or the options cannot find the upgrade again.
    """
    devices = declared_devices(params)
    id_, package = params.get("upgrade_id") or None, params.get("package") or None
    if id_ is None:
        start_date = params.get("start_date")
        for option, value in (
            ("package", package),
            ("start_date", start_date),
            ("devices", devices),
        ):
            if not value:
                raise InvalidValue(
                    option,
                    params.get(option),
                    "is required without upgrade_id: an upgrade has no name, so package,"
                    " start_date and devices find it again",
                )
    start, end = read_first_and_last_day(params)
    spec = UpgradeSpec(
        subject=f"upgrade {id_}" if id_ else f"upgrade to {shown(package or '')} on {start}",
        account=account,
        present=params["state"] == "present",
        upgrade_id=id_,
        package=package,
        to_version=params.get("to_version") or None,
        start=start,
        end=end,
        devices=devices.ids if devices else None,
        devices_mode=read_devices_mode(params, devices),
        recreate=params["recreate"],
    )
    return spec, list(devices.warnings) if devices else []
