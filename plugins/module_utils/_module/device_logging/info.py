# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_logging_info``: devices with logging on, their logs and their check-ins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.text import count
from ..context import Context
from ..devices.declared import declared_devices
from ..options import DEVICE_OPTIONS
from .view import view_check_ins, view_logging, view_logs

LOGGING_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["logs", "check_ins"],
        "default": [],
    },
    "return_files": {"type": "bool", "default": False},
    **DEVICE_OPTIONS,
}


def read_logging(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read which devices have logging on, and what ``gather`` asks for of the devices named.

    :raises InvalidValue: an option cannot be used; nothing was called.
    """
    declared = declared_devices(params)
    gather = frozenset(params["gather"])
    if gather and declared is None:
        raise InvalidValue("gather", min(gather), "needs devices: each takes one call")
    if params["return_files"] and "logs" not in gather:
        raise InvalidValue("return_files", "true", "needs gather: [logs]")
    ids = declared.ids if declared else ()
    context.warnings += declared.warnings if declared else ()
    service = context.v2
    listed = service.list_logging()
    result: dict[str, Any] = {
        "changed": False,
        **view_logging(listed),
        "msg": context.headline(f"logging is on for {count(len(listed), 'device')}"),
    }
    if declared is not None:
        result["logging"] = [one for one in result["logging"] if one["deviceId"] in declared.ids]
    if "logs" in gather:
        logs = [log for found in service.client.map(service.get_device_logs, ids) for log in found]
        result["logs"] = view_logs(logs, with_files=params["return_files"])
    if "check_ins" in gather:
        found = service.client.map(service.get_check_ins, ids)
        result["check_ins"] = view_check_ins(item for history in found for item in history)
    return result
