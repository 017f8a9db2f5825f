# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide a run in the middle of a big rollout in this process, as the module does beside reads.

Takes the number of devices, and prints seconds and peak memory in MB as JSON. The seconds are of
the processor, as nothing waits here, from the start of the process to the result as JSON; the reads
are not in them, nor what stands in for them. What they have read is in the memory. A forecast with
all changes that would help is measured apart.
"""

from __future__ import annotations

import gc
import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import PILOT_DEVICES
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    RESULT_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import GARBAGE_THRESHOLDS
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    decide,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.spec_reader import (
    read_spec,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.forecast.forecast import (
    forecast,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.observation.observed import (
    Observed,
    OwnCampaign,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    ROLLOUT,
    bad,
    day,
    device,
    find_zone,
    good,
    imei,
    own,
    package,
    row,
    seen,
    target,
    upgraded,
)

KILOBYTES_A_MEGABYTE = 1024
MODELS = [f"M{number}" for number in range(6)]
REGIONS = 8
# The share of a model's devices in each of the first three waves; the pilot has 20.
SHARES = (0, 0.05, 0.20)
WAVES = [
    {"name": "pilot", "per_package": 5, "at_least": 60, "diversity": ["region"]},
    {"name": "early", "percent": 5},
    {"name": "some", "percent": 20},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
]
CAMPAIGN_DEVICES = 1000
# The phase, and the waves that have passed.
EXPECTED = ("running", ["pilot", "early"])


def declaration(count: int) -> dict[str, Any]:
    """A rollout as a playbook gives it; nobody approves, and what has failed stays failed."""
    return {
        "name": ROLLOUT,
        "target": [target(model) for model in MODELS],
        "devices": [
            {
                "imei": imei(number),
                "host": f"meter-{number}",
                "groups": ["meters", f"site-{number % 100}"],
                "region": f"region-{number % REGIONS}",
            }
            for number in range(count)
        ],
        "waves": WAVES,
        "gate": {"approval": False},
        "retry": 0,
    }


def untouched(count: int) -> Observed:
    """What is read before the rollout has begun."""
    devices = (device(imei(n), model=MODELS[n % len(MODELS)]) for n in range(count))
    return seen(devices, catalog=[package(model) for model in MODELS])


def in_the_middle(count: int) -> Observed:
    """What is read once two waves have passed and half of the third has told its results.

    One of a hundred devices has failed.
    """
    before = untouched(count)
    devices = dict(before.devices)
    campaigns: list[OwnCampaign] = []
    for place, model in enumerate(MODELS):
        of_model = [imei(number) for number in range(place, count, len(MODELS))]
        mine = list(of_model)
        for wave, share in enumerate(SHARES, 1):
            over = wave < len(SHARES)
            when = -1000 + 300 * wave if over else -10
            size = PILOT_DEVICES if wave == 1 else math.ceil(len(of_model) * share)
            members, mine = mine[:size], mine[size:]
            for batch, start in enumerate(range(0, size, CAMPAIGN_DEVICES), 1):
                part = members[start : start + CAMPAIGN_DEVICES]
                told = part if over else part[: len(part) // 2]
                failed = {one for n, one in enumerate(told) if n % 100 == 99}
                rows = [bad(one, when) if one in failed else good(one, when) for one in told]
                rows += [row(one) for one in part[len(told) :]]
                devices |= {one: upgraded(one, model=model) for one in told if one not in failed}
                campaigns.append(
                    own(
                        rows,
                        "CampaignEnded" if over else "CampaignScheduled",
                        start=when // 24 - 1,
                        end=when // 24 + 2 if over else 5,
                        campaign_id=f"c-{model}-{wave}-{batch}",
                        model=model,
                        wave=wave,
                        batch=batch,
                    )
                )
    return Observed(**{**vars(before), "devices": devices, "own": tuple(campaigns)})


def main() -> None:
    count = int(sys.argv[1])
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    begun = time.process_time()
    raw = declaration(count)
    read = in_the_middle(count)
    stood_in = time.process_time() - begun
    spec = read_spec(raw, find_zone=find_zone)
    decision = decide(spec, read)
    view = view_decision(decision, RESULT_OPTIONS["return_devices"]["default"])
    json.dumps(view)
    seconds = time.process_time() - stood_in
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_A_MEGABYTE
    passed = [wave["name"] for wave in view["waves"] if wave["verdict"] == "pass"]
    if (view["phase"], passed) != EXPECTED:
        raise SystemExit(f"not the rollout to be measured: {view['why']}")
    print(
        json.dumps(
            {
                "seconds": round(seconds, 3),
                "mb": round(peak, 1),
                "forecast_seconds": round(time_forecast(raw, count), 3),
                "why": view["why"],
            }
        )
    )


def time_forecast(raw: dict[str, Any], count: int) -> float:
    """Give the seconds of a forecast before the first wave, and of all changes that would help."""
    spec = read_spec({**raw, "deadline": str(day(3))}, find_zone=find_zone)
    decision = decide(spec, untouched(count))
    begun = time.process_time()
    found = forecast(decision)
    seconds = time.process_time() - begun
    if not found.late or not found.changes:
        raise SystemExit("nothing is late")
    return seconds


if __name__ == "__main__":
    main()
