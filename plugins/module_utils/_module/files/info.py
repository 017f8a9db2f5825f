# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_file_info``: the configuration files of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.text import count
from ..context import Context
from ..options import filter_records, warn_of_lookalikes
from .view import view_file

_FILTERS = ("make", "model")

FILE_INFO_OPTIONS: dict[str, dict[str, Any]] = {name: {"type": "str"} for name in _FILTERS}


def read_file_info(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the files of the account that match all filters."""
    found = context.v2.list_files()
    context.warnings += warn_of_lookalikes(found, params, _FILTERS)
    kept = filter_records(found, params, _FILTERS)
    return {
        "changed": False,
        "files": [view_file(file) for file in kept],
        "msg": context.headline(count(len(kept), "file")),
    }
