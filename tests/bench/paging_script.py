# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many would write to read a campaign: one ``requests`` session that follows one cursor.

Takes JSON: ``url``, ``account``, ``campaign``, ``credentials`` and ``times``. Prints the seconds of
each reading, logging in left out.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import requests


def log_in(url: str, credentials: dict[str, str]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    token = session.post(
        f"{url}/ts/v1/oauth2/token",
        auth=(credentials["client_id"], credentials["client_secret"]),
        data={"grant_type": "client_credentials"},
    ).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    words = {name: credentials[name] for name in ("username", "password")}
    told = session.post(f"{url}/m2m/v1/session/login", json=words).json()
    session.headers["VZ-M2M-Token"] = told["sessionToken"]
    return session


def read(session: requests.Session, address: str) -> list[dict[str, Any]]:
    devices: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    while True:
        page = session.get(address, params=query).json()
        devices += page["deviceList"]
        if not page["hasMoreData"]:
            return devices
        query = {"lastSeenDeviceId": page["lastSeenDeviceId"]}


def main() -> None:
    asked = json.load(sys.stdin)
    session = log_in(asked["url"], asked["credentials"])
    reports = f"{asked['url']}/fota/v3/reports/{asked['account']}"
    address = f"{reports}/campaigns/{asked['campaign']}/devices"
    seconds = []
    for _time in range(asked["times"]):
        begun = time.perf_counter()
        found = read(session, address)
        seconds.append(time.perf_counter() - begun)
        if len(found) != asked["expected"]:
            raise SystemExit(f"{len(found)} devices, not {asked['expected']}")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
