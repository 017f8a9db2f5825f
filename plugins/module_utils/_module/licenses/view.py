# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licenses as module results."""

from __future__ import annotations

from typing import Any

from ..._plan.license_plan import Seats


def view_seats(seats: Seats) -> dict[str, Any]:
    """Give the number of licenses as a module result, and what devices need if any are named."""
    view = {"bought": seats.bought, "used": seats.used, "free": seats.free}
    if seats.needed is None:
        return view
    return {**view, "needed": seats.needed, "short": seats.short}
