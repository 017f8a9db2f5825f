# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts the data of a real account to a fleet, to rehearse changes on a copy.

The fleet has IMEIs, models, versions and packages, but no name, number or secret of the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..state.records import APIS_OF_PROTOCOL

ACCOUNT = "0000000000-00001"  # fictitious, in the documented format
_KEYS = {"now", "devices", "packages", "subscription", "qualified"}


def copy_account(original: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fleet object (see ``fleet_file``) with the account, which is renamed ``ACCOUNT``.

    ``original`` has ``now`` (RFC 3339), the rows of ``devices`` and ``packages`` and the
    ``subscription`` as the info modules return them, and the names of ``qualified`` packages,
    which have had a pilot. Packages of models without a device are left out, and licenses of
    devices that are not in ``devices``. Raises ``ValueError`` for missing or unknown keys.
    """
    if set(original) != _KEYS:
        raise ValueError(
            f"copy: the keys must be {', '.join(sorted(_KEYS))}, not {', '.join(original)}"
        )
    devices = [_device(row) for row in original["devices"]]
    models = {(row["make"], row["model"]) for row in devices}
    subscription = original["subscription"]
    free = max(0, subscription["license_count"] - subscription["license_used_count"])
    return {
        "start": original["now"],
        "accounts": [
            {
                "name": ACCOUNT,
                "subscription": {
                    "purchaseType": ",".join(subscription["purchase_types"]),
                    "licenseCount": free + sum(row["licensed"] for row in devices),
                },
                "devices": devices,
                "firmware": [
                    _package(row, qualified=row["name"] in original["qualified"])
                    for row in original["packages"]
                    if (row["make"], row["model"]) in models
                ],
            }
        ],
    }


def _device(row: Mapping[str, Any]) -> dict[str, Any]:
    # No package is for a protocol that is unknown to the simulator.
    protocol = row["protocol"] if row["protocol"] in APIS_OF_PROTOCOL else "NONE"
    return {
        "deviceId": row["deviceId"],
        "make": row["make"],
        "model": row["model"],
        "protocol": protocol,
        "firmware": row["firmware"],
        "status": row["status"],
        "eligible": row["fota_eligible"] is not False,
        "licensed": bool(row["license_assigned"]),
    }


def _package(row: Mapping[str, Any], *, qualified: bool) -> dict[str, Any]:
    return {
        "firmwareName": row["name"],
        "make": row["make"],
        "model": row["model"],
        "firmwareFrom": row["from_version"],
        "firmwareTo": row["to_version"],
        "protocol": row["protocol"],
        "launchDate": row["launch_date"],
        "qualified": qualified,
    }
