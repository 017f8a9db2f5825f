# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults by name."""

from __future__ import annotations

import json

from . import backend, connection, pages, replies
from .fault import Fault

TABLE: dict[str, Fault] = {
    fault.name: fault for theme in (connection, replies, pages, backend) for fault in theme.FAULTS
}


def describe() -> str:
    """All faults as text."""
    lines = []
    for fault in TABLE.values():
        parameters = [
            f"{parameter.name}={json.dumps(parameter.default)}" for parameter in fault.parameters
        ]
        lines.append("  ".join([fault.name, *parameters]))
        duration = {None: ", for all calls from nth on", 1: ""}.get(
            fault.times, f", for {fault.times} calls"
        )
        lines.append(f"    {fault.meaning}{duration}")
    return "\n".join(lines)
