# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet made of what was read of a real account, so that something can be rehearsed on a copy.

It holds IMEIs, models, versions and packages, and no name, number or secret of the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..state.records import APIS_OF_PROTOCOL

ACCOUNT = "0000000000-00001"  # nobody's, in the documented shape
_READ = {"now", "devices", "packages", "subscription", "qualified"}


def copy_account(read: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fleet object (see ``fleet``) of an account, which is then called ``ACCOUNT``.

    ``read`` holds ``now`` (RFC 3339), rows of ``devices`` and ``packages`` and the ``subscription``
    as the info modules return them, and the names of ``qualified`` packages, whose pilot is done.
    Packages of other models are left out. So are licences of other devices, with the places that
    they take. Raises ``ValueError`` if something else is given or something is missing.
    """
    if set(read) != _READ:
        raise ValueError(f"copy: needs {', '.join(sorted(_READ))}, and got {', '.join(read)}")
    devices = [_device(row) for row in read["devices"]]
    models = {(row["make"], row["model"]) for row in devices}
    bought = read["subscription"]
    free = max(0, bought["license_count"] - bought["license_used_count"])
    return {
        "start": read["now"],
        "accounts": [
            {
                "name": ACCOUNT,
                "subscription": {
                    "purchaseType": ",".join(bought["purchase_types"]),
                    "licenseCount": free + sum(row["licensed"] for row in devices),
                },
                "devices": devices,
                "firmware": [
                    _package(row, qualified=row["name"] in read["qualified"])
                    for row in read["packages"]
                    if (row["make"], row["model"]) in models
                ],
            }
        ],
    }


def _device(row: Mapping[str, Any]) -> dict[str, Any]:
    # A protocol that the simulator does not know is one that no package is for.
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
