# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synchronize devices in this process, as the module does, and print its peak memory in MB."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.module_utils._module.context import (
    open_context,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)

KILOBYTES_A_MEGABYTE = 1024


def main() -> None:
    asked = json.load(sys.stdin)
    options = {**CONNECTION_OPTIONS, **DEVICE_FIRMWARE_OPTIONS}
    params = {name: option.get("default") for name, option in options.items()}
    params |= {
        "account": "0000123456-00001",
        "base_url": asked["url"],
        "client_id": "simulator-key",
        "client_secret": "simulator-secret",
        "username": "simulator-user",
        "password": "simulator-password",
        "token_cache": asked["token_cache"],
        "devices": asked["devices"],
    }
    context = open_context(params, check_mode=False)
    with context.client:
        result = refresh_device_firmware(context, params)
    assert result["counts"]["known"] == len(asked["devices"])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_A_MEGABYTE)


if __name__ == "__main__":
    main()
