# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_callback_info``: the callback listener of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._api.callback_service import CallbackService
from ..context import Context
from .listener import VERSION_OPTION, read_listener_option, view_listener

CALLBACK_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": VERSION_OPTION,
    "url": {"type": "str", "no_log": True},
}


def read_callback(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the listener, and compare its URL with a given one.

    :raises InvalidValue: ``url`` cannot be used; nothing was called.
    """
    declared, _warnings = read_listener_option(params)
    service: CallbackService = context.api(params["api_version"])
    view = view_listener(service.get_listener(), declared)
    where = f"a listener at {view['address']}" if view["registered"] else "no listener"
    return {
        "changed": False,
        "callback": view,
        "msg": context.headline(f"callback of {params['api_version']}: {where}"),
    }
