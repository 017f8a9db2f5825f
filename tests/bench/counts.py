# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted and not timed: how rollouts end, and what becomes of writes under faults.

It runs in processes of its own, which give way to any other.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.tests.bench import (
    forecast_coverage,
    rollout_statistics,
)
from ansible_collections.thingspace.fota.tests.bench.harness import Record
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_run import fuzz
from ansible_collections.thingspace.fota.tests.playbooks.test_secrets import search_secrets
from ansible_collections.thingspace.fota.tests.reliability.fault_matrix import run_matrix
from ansible_collections.thingspace.fota.tests.reliability.kill_points import run_kills
from ansible_collections.thingspace.fota.tests.reliability.rivals import run_rivals

GOALS = {
    **forecast_coverage.GOALS,
    "stopped_bad_firmware_rate": (">=", 0.99),
    "completed_good_firmware_rate": (">=", 0.95),
    "needless_stop_50": ("<=", 0.04),
    "needless_stop_300": ("<=", 0.07),
    "needless_stop_5000": ("<=", 0.02),
    "touched_bad_p90_300": ("<=", 93),
    "cohort_false_halt_rate": ("<=", 0.05),
    "duplicates": ("==", 0),
    "lost_devices": ("==", 0),
    "secret_leaks": ("==", 0),
}
# Everything takes more than half an hour: all faults, kills and rivals, and a thousand rollouts of
# each kind. Without it, a part of those that `make test` takes, and fewer rollouts.
EVERYTHING = os.environ.get("FOTA_ALL") == "1"
RIVALRIES, FUZZ_SECONDS = (50, 120) if EVERYTHING else (3, 10)
MATRIX_SHARES = 8
MATRIX_SHARES_TAKEN = MATRIX_SHARES if EVERYTHING else 2
LEAST_URGENT = 19  # for os.nice
# The part, its key in the table, and the number in what it counted.
COUNTED = (
    ("matrix", "fault_cases", "fault_cases"),
    ("kills", "kill_points", "kill_points"),
    ("rivals", "rivalries", "rivalries"),
    ("secrets", "secret_leaks", "secret_leaks"),
    ("fuzz", "fuzz_inputs", "inputs"),
)


class Counts:
    """Counting under way; as a context it leaves no process behind."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            os.cpu_count(),
            multiprocessing.get_context("spawn"),
            initializer=os.nice,
            initargs=(LEAST_URGENT,),
        )
        submit = self._pool.submit
        self._matrix = [
            submit(run_matrix, full=EVERYTHING, share=slice(start, None, MATRIX_SHARES))
            for start in range(MATRIX_SHARES_TAKEN)
        ]
        self._others: dict[str, Future[dict[str, Any]]] = {
            "kills": submit(run_kills, full=EVERYTHING),
            "rivals": submit(run_rivals, seeds=range(RIVALRIES)),
            "secrets": submit(search_for_secrets),
            "fuzz": submit(fuzz, seconds=FUZZ_SECONDS),
        }
        self._rollouts = rollout_statistics.begin(self._pool, all_of_them=EVERYTHING)
        self._forecasts = forecast_coverage.begin(self._pool)

    def __enter__(self) -> Counts:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def finish(self, record: Record) -> None:
        """Wait for the end of all parts, and record each."""
        with record.part("rollout_statistics"):
            tallies = rollout_statistics.tally(self._rollouts)
            print(rollout_statistics.tell(tallies), flush=True)
            record.keys |= rollout_statistics.rates(tallies, self._rollouts)
            record.counted["rollout_statistics"] = rollout_statistics.as_json(tallies)
        with record.part("forecasts"):
            coverage = forecast_coverage.finish(self._forecasts)
            print("\n".join(forecast_coverage.describe(coverage)), flush=True)
            record.keys |= forecast_coverage.keys(coverage)
            record.counted["forecasts"] = asdict(coverage)
        faults: dict[str, dict[str, Any]] = {}
        record.counted["bad_weather"] = faults
        for name, key, counted in COUNTED:
            with record.part(name):
                if name == "matrix":
                    faults[name] = added_up(future.result() for future in self._matrix)
                else:
                    faults[name] = self._others[name].result()
                record.keys[key] = faults[name][counted]
        found = sum(len(part.get("findings", ())) for part in faults.values())
        print(f"  faults: {found} findings", flush=True)
        writers = [faults[name] for name in ("matrix", "kills", "rivals") if name in faults]
        for key in ("duplicates", "lost_devices"):
            record.keys[key] = sum(part[key] for part in writers)
        record.save()


def added_up(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add what several processes counted."""
    counts: Counter[str] = Counter()
    findings: dict[str, Any] = {}
    for part in parts:
        counts.update({name: count for name, count in part.items() if name != "findings"})
        findings |= part["findings"]
    return {**counts, "findings": findings}


def search_for_secrets() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return search_secrets(Path(folder))
