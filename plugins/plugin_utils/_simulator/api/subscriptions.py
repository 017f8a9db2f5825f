# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions: the same five fields in v1, v2 and v3."""

from __future__ import annotations

from typing import Any

from ..state.clock import go_text
from .wire import Call


def get_subscription(call: Call) -> dict[str, Any]:
    account = call.account
    return {
        "accountName": account.name,
        "purchaseType": account.purchase,
        "licenseCount": account.license_count,
        "licenseUsedCount": account.license_used,
        "updateTime": go_text(account.updated),
    }
