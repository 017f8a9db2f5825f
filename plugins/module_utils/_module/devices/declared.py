# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices that a task declares, in a list or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.imei import DeviceIds, ImeiCheck, check_device_ids, split_ids
from ..._plan.device_difference import DevicesMode
from ..devices_file import read_devices_file


def declared_devices(params: Mapping[str, Any], *, field: str = "devices") -> DeviceIds | None:
    """Check the devices that are declared, in a list or a file; None when none are.

    :param field: the name of the list in errors; the name of the file is that and ``_file``.
    :raises InvalidValue: a list is empty, a value is not an IMEI, or a file cannot be used.
    """
    values, path = params.get("devices"), params.get("devices_file")
    if path is not None:
        option = f"{field}_file"
        if values is not None:
            raise InvalidValue(option, path, f"{field} is given, too: give only one")
        check = ImeiCheck(params["imei_check"])
        lines = read_devices_file(
            path, option=option, check=check, column=params.get("imei_column") or None
        )
        return check_device_ids((line.imei for line in lines), field=option, check=check)
    if values is None:
        return None
    if not values:
        raise InvalidValue(field, values, "must name at least one device")
    # Ansible makes one text a list by its commas only.
    values = [imei for value in values for imei in split_ids(value) or [value]]
    return check_device_ids(values, field=field, check=ImeiCheck(params["imei_check"]))


def read_devices_mode(
    params: Mapping[str, Any], devices: DeviceIds | None, prefix: str = ""
) -> DevicesMode:
    """Read what the declared devices mean for those that are there.

    :raises InvalidValue: the mode needs devices, and none are declared.
    """
    mode = DevicesMode(params["devices_mode"])
    if mode is not DevicesMode.AT_LEAST and devices is None and params["state"] == "present":
        raise InvalidValue(f"{prefix}devices_mode", mode.value, "needs devices")
    return mode
