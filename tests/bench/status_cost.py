# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and decide one run of a rollout in this process, as the module does.

Takes JSON: the connection, the account, the declared rollout and how many devices it has. Prints
the seconds and the peak memory in MB.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.module_utils._module.context import open_context
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import GARBAGE_THRESHOLDS

KILOBYTES_A_MEGABYTE = 1024


def main() -> None:
    asked = json.load(sys.stdin)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    options = {**CONNECTION_OPTIONS, **ROLLOUT_OPTIONS}
    params = {name: option.get("default") for name, option in options.items()}
    params |= {"account": asked["account"], "rollout": asked["rollout"], **asked["connection"]}
    begun = time.perf_counter()
    context = open_context(params, check_mode=False)
    with context.client:
        result = inform_on_rollout(context, params)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_A_MEGABYTE
    if result["counts"].get("pending") != asked["expected"] or result["would_change"]:
        raise SystemExit(f"not the rollout to be measured: {result['msg']}")
    print(json.dumps({"seconds": round(seconds, 3), "mb": round(peak, 1)}))


if __name__ == "__main__":
    main()
