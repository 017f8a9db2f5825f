# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices that a task declares, in a list or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.imei import DeviceIds, ImeiCheck, check_device_ids
from ..devices_file import read_devices_file


def declared_devices(params: Mapping[str, Any], *, field: str = "devices") -> DeviceIds | None:
    """Check the devices that are declared, in a list or a file; None when none are.

    :param field: the list as the person knows it; the file's option is that and ``_file``.
    :raises InvalidValue: a list without a device, a value that is no IMEI, or a file that cannot
        be used.
    """
    values, path = params.get("devices"), params.get("devices_file")
    if path is not None:
        option = f"{field}_file"
        if values is not None:
            raise InvalidValue(option, path, f"{field} are declared, too: give one of the two")
        check = ImeiCheck(params["imei_check"])
        imeis = (one.imei for one in read_devices_file(path, option=option, check=check))
        return check_device_ids(imeis, field=option, check=check)
    if values is None:
        return None
    if not values:
        raise InvalidValue(field, values, "is an empty list: name at least one device")
    return check_device_ids(values, field=field, check=ImeiCheck(params["imei_check"]))
