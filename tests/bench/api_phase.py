# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time single reads and writes in this process, without Ansible; logged in already.

Takes JSON: the connection, the account, ``what`` (``sync`` of ``devices``, or ``report`` of
``campaign``) and ``times``. Prints the seconds of each.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.module_utils._api.v3 import (
    SYNC_DEVICES_PER_CALL,
    FotaV3,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    chunks,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import GARBAGE_THRESHOLDS


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    seconds = []
    with Client(ConnectionSettings(**asked["connection"])) as client:
        service = FotaV3(client, asked["account"])
        service.get_subscription()

        def sync() -> int:
            pages = client.map(
                service.sync_devices, chunks(asked["devices"], SYNC_DEVICES_PER_CALL)
            )
            return sum(map(len, pages))

        def report() -> int:
            return len(service.list_campaign_devices(asked["campaign"]))

        call: Callable[[], int] = {"sync": sync, "report": report}[asked["what"]]
        for _time in range(asked["times"]):
            begun = time.perf_counter()
            found = call()
            seconds.append(time.perf_counter() - begun)
            if found != asked["expected"]:
                raise SystemExit(f"{found} devices, not {asked['expected']}")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
