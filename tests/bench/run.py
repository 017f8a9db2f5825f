# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection beside what a user would do instead, on one and the same simulator.

``make bench`` runs this. It prints a table and writes ``build/bench.json`` with the raw numbers.
Task time is the wall time of a play less that of an empty play; medians of 5, or of 3 for what is
slow. What is only counted runs beside the demo, which has no goal and only looks slower for it.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.tests.bench import counts, scale
from ansible_collections.thingspace.fota.tests.bench.harness import (
    LATENCY_MS,
    SLOW_RUNS,
    Record,
    Simulator,
    play,
    run_play,
    run_script,
)
from ansible_collections.thingspace.fota.tests.bench.idle_run import (
    compare_with_any_play,
    count_calls,
)
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

RESULT = ROOT / "build" / "bench.json"
DEVICES, HOSTS = 1000, 20
FEW_PLANNED, MANY_PLANNED = 10_000, 100_000
GOALS = {
    **scale.GOALS,
    "logins_20_hosts": ("==", 1),
    "failed_logins_20_hosts_wrong_password": ("==", 1),
    "idle_tick_calls": ("<=", 40),
    "idle_run_vs_any_play": ("<=", 1.8),
    "plan_100k_seconds": ("<=", 10),
    "plan_100k_mb": ("<=", 500),
    "forecast_100k_seconds": ("<=", 1),
    "plan_growth_10k_100k": ("<=", 12),
    **counts.GOALS,
}


class Bench:
    """All measurements; every play has a home and a token cache of its own."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.keys = self.record.keys

    def count_logins(self, simulator: Simulator) -> None:
        """20 hosts at once, with the right password and with a wrong one."""
        task = {"thingspace.fota.fota_firmware_info": {}}
        inventory = ",".join(f"host{number}" for number in range(HOSTS)) + ","
        arguments = ("--inventory", inventory, "--forks", "10")
        wrong = {"THINGSPACE_PASSWORD": "not-the-password"}
        for name, environment in (
            ("logins_20_hosts", {}),
            ("failed_logins_20_hosts_wrong_password", wrong),
        ):
            simulator.forget_calls()
            run_play(simulator, play(task, hosts="all"), *arguments, **environment)
            self.keys[name] = simulator.count("startM2MSession")

    def time_demo(self) -> None:
        """The demo as ``make demo`` runs it, without the making of its venv."""
        with tempfile.TemporaryDirectory() as folder:
            runner = PlaybookRunner(Path(folder))
            inventory = str(ROOT / "playbooks" / "inventory" / "demo.yml")
            begun = time.monotonic()
            ended = runner("thingspace.fota.demo", "--inventory", inventory)
            if ended.status:
                raise SystemExit(ended.output)
            self.keys["demo_seconds"] = round(time.monotonic() - begun, 1)

    def measure_memory(self, simulator: Simulator, ids: list[str]) -> None:
        """Peak resident memory of a process that does one sync of all devices."""
        with tempfile.TemporaryDirectory() as folder:
            self.keys["peak_mb"] = run_script(
                "peak_memory.py", url=simulator.url, devices=ids, token_cache=folder
            )

    def measure_plan(self) -> None:
        """Time and memory to decide one run of a big rollout in its middle, the dearest moment."""
        seconds, megabytes, forecasts = {}, [], []
        for devices in (FEW_PLANNED, MANY_PLANNED):
            name = f"plan_{devices}"
            runs = [run_script("rollout_plan_cost.py", str(devices)) for _time in range(SLOW_RUNS)]
            self.record.raw[name] = [run["seconds"] for run in runs]
            seconds[devices] = statistics.median(self.record.raw[name])
            forecasts.append(statistics.median(run["forecast_seconds"] for run in runs))
            megabytes.append(statistics.median(run["mb"] for run in runs))
            print(f"  {name}: {seconds[devices]:.2f} s, {megabytes[-1]:.0f} MB", flush=True)
        few, many = seconds[FEW_PLANNED], seconds[MANY_PLANNED]
        self.keys["plan_100k_seconds"] = round(many, 2)
        self.keys["forecast_100k_seconds"] = round(forecasts[-1], 2)
        self.keys["plan_100k_mb"] = max(megabytes)
        self.keys["plan_growth_10k_100k"] = round(many / few, 2)


def table(keys: dict[str, float]) -> str:
    lines = [f"{'key':<42} {'value':>10}  goal"]
    for key, value in keys.items():
        sign, goal = GOALS.get(key, ("", ""))
        lines.append(f"{key:<42} {value:>10}  {sign} {goal}".rstrip())
    return "\n".join(lines)


def measure_at_scale(bench: Bench) -> None:
    print(f"at scale, {LATENCY_MS} ms latency", flush=True)
    with Simulator(scale.make_fleet()) as simulator, tempfile.TemporaryDirectory() as folder:
        scale_bench = scale.ScaleBench(simulator, bench.record, Path(folder))
        ids = scale_bench.some_devices(DEVICES)
        with bench.record.part("logins"):
            bench.count_logins(simulator)
        with bench.record.part("memory"):
            bench.measure_memory(simulator, ids)
        scale_bench.run()


def main() -> int:
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        **{name: version(name) for name in ("ansible-core", "requests", "python-dateutil")},
    }
    record = Record(RESULT, about={"latency_ms": LATENCY_MS, "machine": machine})
    bench = Bench(record)
    with record.part("scale"):
        measure_at_scale(bench)
    with record.part("plan"):
        bench.measure_plan()
    with record.part("idle_run"):
        compare_with_any_play(record)
    print("the demo, and beside it what is counted", flush=True)
    with record.part("counts"), counts.Counts() as counting:
        with record.part("idle_calls"):
            record.keys["idle_tick_calls"] = count_calls()
        with record.part("demo"):
            bench.time_demo()
        counting.finish(record)
    print(table(record.keys))
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"raw numbers in {RESULT.relative_to(ROOT)}")
    for name, why in record.failed.items():
        print(f"failed: {name}: {why}")
    return 1 if record.failed else 0


if __name__ == "__main__":
    sys.exit(main())
