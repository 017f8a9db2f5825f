# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_upgrade_info``: v1 upgrades by id, package, first day or state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.text import count
from ..context import Context
from ..options import RESULT_OPTIONS, STATES_OPTION, read_day
from .search import list_all_upgrades
from .view import upgrade_rows, view_upgrade

UPGRADE_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "upgrade_id": {"type": "str"},
    "package": {"type": "str", "aliases": ["firmware_name"]},
    "start_date": {"type": "str"},
    **STATES_OPTION,
    **RESULT_OPTIONS,
}


def read_upgrades(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read upgrades by id, or of every status of the last six months.

    :raises InvalidValue: ``start_date`` is not a date.
    :raises TaskFailure: the results file could not be written.
    """
    start = read_day(params, "start_date")
    package, states = params.get("package"), params.get("states")
    if params.get("upgrade_id") and (package or start):
        raise InvalidValue("upgrade_id", params["upgrade_id"], "must be given without filters")
    found = (
        [context.v1.get_upgrade(params["upgrade_id"])]
        if params.get("upgrade_id")
        else list_all_upgrades(context.v1)
    )
    kept = [
        upgrade
        for upgrade in found
        if (not package or upgrade.package == package)
        and (not start or upgrade.start == start)
        and (not states or upgrade.state.value in states)
    ]
    result = {
        "changed": False,
        "upgrades": [view_upgrade(upgrade, params["return_devices"]) for upgrade in kept],
        "msg": context.headline(count(len(kept), "upgrade")),
    }
    return context.conclude(result, upgrade_rows(kept))
