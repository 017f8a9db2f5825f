# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small fleet, and a client with one method per operation of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.wire import Answer, Wire

ACCOUNT = "0000123456-00001"
MONTHLY = "0000123456-00002"
PACKAGE = {
    "firmwareName": "Maker_M1_A_B",
    "firmwareFrom": "A",
    "firmwareTo": "B",
    "make": "Maker",
    "model": "M1",
    "protocol": "LWM2M",
}
SOFTWARE = {
    "softwareName": "App_02",
    "make": "Maker",
    "model": "H1",
    "distributionType": "HTTP",
    "from": "App_01",
    "to": "App_02",
}
V1_PACKAGE = {
    "firmwareName": "O_A_B",
    "make": "Maker",
    "model": "O1",
    "fromVersion": "A",
    "toVersion": "B",
}


def imei(number: int) -> str:
    """LWM2M devices are 1 to 99, OMA-DM devices 101 to 199, HTTP devices 201 to 299."""
    return f"99000000000{number:04d}"


def fleet(**outcomes: Any) -> dict[str, Any]:
    """Thirty LWM2M, ten OMA-DM and ten HTTP devices; ``outcomes`` is the default rule."""
    return {
        "accounts": [
            {
                "name": ACCOUNT,
                "subscription": {
                    "purchaseType": "TS-HFOTA-MRC,TS-HFOTA-EVNT",
                    "licenseCount": 20,
                },
                "devices": [
                    *(_device(number, "M1", "LWM2M", firmware="A") for number in range(1, 31)),
                    *(_device(number, "O1", "OMADM", firmware="A") for number in range(101, 111)),
                    *(
                        _device(number, "H1", "HTTP", softwareList=[{"name": "App_01"}])
                        for number in range(201, 211)
                    ),
                ],
                "firmware": [PACKAGE],
                "software": [SOFTWARE],
                "v1_firmware": [V1_PACKAGE],
            },
            {
                "name": MONTHLY,
                "subscription": {"purchaseType": "TS-HFOTA-MRC", "licenseCount": 2},
                "devices": [
                    _device(31, "M1", "LWM2M", firmware="A", licensed=True),
                    *(_device(number, "M1", "LWM2M", firmware="A") for number in range(32, 36)),
                ],
                "firmware": [PACKAGE],
            },
        ],
        "outcomes": {"default": outcomes},
    }


def _device(number: int, model: str, protocol: str, **more: Any) -> dict[str, Any]:
    return {
        "deviceId": imei(number),
        "make": "Maker",
        "model": model,
        "protocol": protocol,
        **more,
    }


class ApiClient:
    """A client that is logged in to a simulator."""

    def __init__(self, sim: SimulatorServer) -> None:
        self.sim = sim
        self.wire = Wire(sim.url)
        self.wire.login()

    def ok(self, method: str, path: str, payload: object = None) -> Any:
        """The JSON of a call that must succeed."""
        answer = self.wire.call(method, f"/fota/{path}", payload)
        assert answer.status == 200, answer.body
        return answer.json

    def refused(self, method: str, path: str, payload: object = None) -> str:
        """The message of a call that must be refused with the service's 400."""
        answer = self.wire.call(method, f"/fota/{path}", payload)
        assert answer.status == 400, answer.body
        return str(answer.json["errorMessage"])

    def raw(self, method: str, path: str, payload: object = None) -> Answer:
        return self.wire.call(method, f"/fota/{path}", payload)

    # -- v3 -------------------------------------------------------------------------------------

    @staticmethod
    def v3_body(count: int = 5, **changes: Any) -> dict[str, Any]:
        """A campaign for the devices 1 to ``count``, from tomorrow on for three days."""
        return {
            "campaignName": "night",
            "firmwareName": PACKAGE["firmwareName"],
            "firmwareFrom": "A",
            "firmwareTo": "B",
            "protocol": "LWM2M",
            "startDate": "2026-03-03",
            "endDate": "2026-03-05",
            "campaignTimeWindowList": [{"startTime": 18, "endTime": 22}],
            "deviceList": [imei(number) for number in range(1, count + 1)],
            **changes,
        }

    def create(self, count: int = 5, *, account: str = ACCOUNT, **changes: Any) -> str:
        """Schedule a v3 campaign; its id."""
        path = f"v3/campaigns/firmware/{account}"
        return str(self.ok("POST", path, self.v3_body(count, **changes))["id"])

    def status(self, campaign: str, *, account: str = ACCOUNT, api: str = "v3") -> str:
        return str(self.ok("GET", f"{api}/campaigns/{account}/{campaign}")["status"])

    def rows(
        self, campaign: str, *, account: str = ACCOUNT, api: str = "v3"
    ) -> dict[str, dict[str, Any]]:
        """The campaign's device report by IMEI."""
        page = self.ok("GET", f"{api}/reports/{account}/campaigns/{campaign}/devices")
        return {row["deviceId"]: row for row in page["deviceList"]}

    def words(self, campaign: str, **where: str) -> list[str]:
        """The device statuses of a campaign, each once."""
        return sorted({str(row["status"]) for row in self.rows(campaign, **where).values()})

    def reported(self, status: str, *, api: str = "v3") -> list[str]:
        """Ids in the report by status."""
        middle = "firmware/campaigns" if api == "v3" else "campaigns"
        page = self.ok("GET", f"{api}/reports/{ACCOUNT}/{middle}?campaignStatus={status}")
        return [row["id"] for row in page["campaignList"] or []]

    def change(self, campaign: str, verb: str, *numbers: int) -> list[dict[str, str]]:
        """Add or remove devices of a v3 campaign; the per-device rows."""
        body = {"Type": verb, "deviceList": [imei(number) for number in numbers]}
        path = f"v3/campaigns/firmware/{ACCOUNT}/{campaign}"
        rows: list[dict[str, str]] = self.ok("PUT", path, body)["deviceList"]
        return rows

    def device(self, number: int) -> dict[str, Any]:
        """What the v3 device query says of one device."""
        body = {"deviceList": [imei(number)]}
        row: dict[str, Any] = self.ok("POST", f"v3/devices/{ACCOUNT}", body)["deviceList"][0]
        return row

    # -- v2 and v1 ------------------------------------------------------------------------------

    @staticmethod
    def v2_body(count: int = 3, **changes: Any) -> dict[str, Any]:
        """A campaign for the devices 201 and on, from tomorrow on for two days."""
        return {
            "campaignName": "apps",
            "softwareName": "App_02",
            "softwareFrom": "App_01",
            "softwareTo": "App_02",
            "distributionType": "HTTP",
            "startDate": "2026-03-03",
            "endDate": "2026-03-04",
            "downloadAfterDate": "2026-03-03",
            "downloadTimeWindowList": [{"startTime": 20, "endTime": 21}],
            "installAfterDate": "2026-03-03",
            "installTimeWindowList": [{"startTime": 22, "endTime": 23}],
            "deviceList": [imei(200 + number) for number in range(1, count + 1)],
            **changes,
        }

    def create_v2(self, count: int = 3, **changes: Any) -> str:
        body = self.v2_body(count, **changes)
        return str(self.ok("POST", f"v2/campaigns/{ACCOUNT}", body)["id"])

    @staticmethod
    def v1_body(count: int = 3, **changes: Any) -> dict[str, Any]:
        """An upgrade for the devices 101 and on, tomorrow."""
        return {
            "accountName": ACCOUNT,
            "firmwareName": "O_A_B",
            "firmwareTo": "B",
            "startDate": "2026-03-03",
            "deviceList": [imei(100 + number) for number in range(1, count + 1)],
            **changes,
        }

    def create_v1(self, count: int = 3, **changes: Any) -> str:
        return str(self.ok("POST", "v1/upgrades", self.v1_body(count, **changes))["id"])

    def upgrade(self, upgrade: str) -> dict[str, Any]:
        row: dict[str, Any] = self.ok("GET", f"v1/upgrades/{ACCOUNT}/upgrade/{upgrade}")
        return row


ClientFactory = Callable[..., ApiClient]
"""Starts a simulator and logs in to it."""
