# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generates fleets from the models, packages and versions in the vendor's documentation.

A fleet is the JSON object of a fleet file, so that it can be printed, edited and used again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

MAIN_ACCOUNT = "0000123456-00001"
V1_ACCOUNT = "0402196254-00001"
V1_SECOND_ACCOUNT = "0242078689-00001"
EMPTY_ACCOUNT = "0642233522-00001"

# Make, model, prefix of package names, and versions in order. The last version of each model is
# fictitious, so that there are upgrade paths of two steps.
_MODELS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "Verizon Smart Communities",
        "LCO-277C4N",
        "VerizonSmartCommunities_LCO-277C4N",
        ("BG96MAR04A04M1G", "BG96MAR04A04M1G_BETA0130B", "BG96MAR04A04M1G_BETA0201A"),
    ),
    (
        "SEQUANS Communications",
        "GM01Q",
        "SEQUANSCommunications_GM01Q",
        ("SR1.2.0.0-10512", "SR1.2.0.0-10657", "SR1.2.0.0-10801"),
    ),
    (
        "Nordic Semiconductor ASA",
        "nRF9160",
        "NordicSemiconductorASA_nRF9160",
        (
            "ee58ac77-f1fd-4960-8dc4-4d32e118a6d4",
            "4325d595-7b69-4474-ba39-9c177930aac3",
            "c1b2a8d0-5e3f-4b7c-9a61-0f2d7e84b935",
        ),
    ),
)

_V1_MODEL = {"make": "Verizon", "model": "Model-A", "protocol": "OMADM"}
_V2_MODEL = {"make": "Verizon", "model": "Model-A", "protocol": "HTTP"}
_V1_IMEIS = ("990003425730535", "990000473475989")
_V1_SECOND_IMEIS = ("900000000000002", "900000000000003")
_V2_IMEIS = ("990013907835573", "990013907884259", "990013907833575")
# The devices in the examples of this collection's documentation.
_EXAMPLE_IMEIS = tuple(f"3580000000000{tail}" for tail in ("16", "24", "32", "40", "57"))
_V2_FROM = "FOTA_Verizon_Model-A_00To01_HF"
_V2_TO = "FOTA_Verizon_Model-A_02To03_HF"


def firmware_packages() -> list[dict[str, Any]]:
    """Rows of the v3 firmware list: every step from one version to the next."""
    return [
        {
            "firmwareName": f"{prefix}_{before}_{after}",
            "firmwareFrom": before,
            "firmwareTo": after,
            "launchDate": f"20{12 + 4 * step}-04-23T18:25:43.511Z",
            "releaseNote": "",
            "make": make,
            "model": model,
            "protocol": "LWM2M",
        }
        for make, model, prefix, versions in _MODELS
        for step, (before, after) in enumerate(pairwise(versions))
    ]


def v1_firmware_packages() -> list[dict[str, Any]]:
    """Rows of the v1 firmware list."""
    return [
        {
            "firmwareName": f"FOTA_Verizon_Model-A_{step:02d}To{step + 1:02d}_HF",
            "participantName": V1_ACCOUNT,
            "launchDate": "2018-04-01T16:03:00.000Z",
            "releaseNote": "",
            "model": "Model-A",
            "make": "Verizon",
            "fromVersion": f"VerizonFirmwareVersion-{step:02d}",
            "toVersion": f"VerizonFirmwareVersion-{step + 1:02d}",
        }
        for step in (1, 2)
    ]


def software_packages() -> list[dict[str, Any]]:
    """Rows of the v2 software list. The service does not return ``from`` and ``to``."""
    return [
        {
            "softwareName": name,
            "launchDate": "2020-08-01T00:00:00.000Z",
            "releaseNote": "",
            "model": "Model-A",
            "make": "Verizon",
            "distributionType": "HTTP",
            "devicePlatformId": "IoT",
            "from": before,
            "to": name,
        }
        for before, name in ((_V2_FROM, _V2_TO), (_V2_TO, "FOTA_Verizon_Model-A_03To04_HF"))
    ]


def generate_fleet(
    *,
    devices: int,
    seed: int = 1,
    account: str = MAIN_ACCOUNT,
    behind: float = 0.7,
    licensed: float = 1.0,
) -> dict[str, Any]:
    """One account with equally many devices of three models.

    ``behind`` is the share of devices on the oldest version; the others have the next version.
    ``licensed`` is the share with a monthly license.
    """
    counts = [devices // 3 + (index < devices % 3) for index in range(3)]
    return {
        "seed": seed,
        "accounts": [
            {
                "name": account,
                "subscription": {
                    "purchaseType": "TS-HFOTA-MRC,TS-HFOTA-EVNT",
                    "licenseCount": devices,
                },
                "generate": [
                    {
                        "count": count,
                        "make": make,
                        "model": model,
                        "protocol": "LWM2M",
                        "versions": {versions[0]: behind, versions[1]: 1 - behind},
                        "licensed": licensed,
                    }
                    for count, (make, model, _prefix, versions) in zip(counts, _MODELS, strict=True)
                ],
                "firmware": firmware_packages(),
            }
        ],
    }


def default_fleet(*, seed: int = 1) -> dict[str, Any]:
    """The accounts, devices and packages in the vendor's documentation, and some more."""
    fleet = generate_fleet(devices=60, seed=seed)
    main = fleet["accounts"][0]
    main["subscription"]["licenseCount"] = 500
    main["software"] = software_packages()
    main["v1_firmware"] = v1_firmware_packages()
    main["devices"] = [
        {
            **_V2_MODEL,
            "deviceId": imei,
            "licensed": True,
            "softwareList": [{"name": _V2_FROM, "version": _V2_FROM}],
        }
        for imei in _V2_IMEIS
    ]
    make, model, _prefix, versions = _MODELS[1]
    main["devices"] += [
        {
            "deviceId": imei,
            "make": make,
            "model": model,
            "protocol": "LWM2M",
            "firmware": versions[0],
            "licensed": True,
        }
        for imei in _EXAMPLE_IMEIS
    ]
    main["generate"].append(
        {**_V2_MODEL, "count": 6, "software": {_V2_FROM: 1.0}, "licensed": 1.0},
    )
    main["generate"].append(
        {**_V1_MODEL, "count": 6, "versions": {"VerizonFirmwareVersion-01": 1.0}, "licensed": 1.0},
    )
    for name, named in ((V1_ACCOUNT, _V1_IMEIS), (V1_SECOND_ACCOUNT, _V1_SECOND_IMEIS)):
        fleet["accounts"].append(
            {
                "name": name,
                "participant": V1_ACCOUNT,
                "subscription": {"purchaseType": "TS-HFOTA-EVNT", "licenseCount": 0},
                "devices": [
                    {**_V1_MODEL, "deviceId": imei, "firmware": "VerizonFirmwareVersion-01"}
                    for imei in named
                ],
                "generate": [
                    {**_V1_MODEL, "count": 8, "versions": {"VerizonFirmwareVersion-01": 1.0}},
                    {**_V2_MODEL, "count": 4, "software": {_V2_FROM: 1.0}},
                ],
                "software": software_packages(),
                "v1_firmware": v1_firmware_packages(),
            }
        )
    sequans = generate_fleet(devices=12, seed=seed, account=EMPTY_ACCOUNT)["accounts"][0]
    fleet["accounts"].append(sequans)
    return fleet
