# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection beside what a user would do instead, on one and the same simulator.

``make bench`` runs this. It prints a table and writes ``build/bench.json`` with the raw numbers.
Task time is the wall time of a play less that of an empty play; medians of 5, or of 3 for what is
slow.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import make_importable

make_importable()

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.generate import (
    generate_fleet,
)
from ansible_collections.thingspace.fota.tests.bench import rollout_statistics
from ansible_collections.thingspace.fota.tests.bench.idle_tick import count_calls
from ansible_collections.thingspace.fota.tests.fuzz.fuzz_run import fuzz
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_secrets import search_secrets
from ansible_collections.thingspace.fota.tests.reliability.fault_matrix import run_matrix
from ansible_collections.thingspace.fota.tests.reliability.kill_points import run_kills
from ansible_collections.thingspace.fota.tests.reliability.rivals import run_rivals

SIMULATOR = ROOT / "plugins" / "plugin_utils" / "_simulator"
RESULT = ROOT / "build" / "bench.json"
ACCOUNT = "0000123456-00001"
DEVICES, HOSTS, LATENCY_MS = 1000, 20, 50
FEW_PLANNED, MANY_PLANNED = 10_000, 100_000
RUNS, SLOW_RUNS = 5, 3
GOALS = {
    "sync_1000_vs_uri_loop": (">=", 4),
    "logins_20_hosts": ("==", 1),
    "failed_logins_20_hosts_wrong_password": ("==", 1),
    "idle_tick_calls": ("<=", 40),
    "plan_100k_seconds": ("<=", 10),
    "plan_100k_mb": ("<=", 500),
    "plan_growth_10k_100k": ("<=", 12),
    "stopped_bad_firmware_rate": (">=", 0.99),
    "completed_good_firmware_rate": (">=", 0.95),
    "duplicates": ("==", 0),
    "lost_devices": ("==", 0),
    "secret_leaks": ("==", 0),
}
# All faults, kills and rivals take a quarter of an hour; without it, those that `make test` takes.
EVERYTHING = os.environ.get("FOTA_ALL") == "1"
RIVALRIES, FUZZ_SECONDS = (50, 120) if EVERYTHING else (6, 20)


class Simulator:
    """A simulator in a process of its own, so that it does not share our processor time."""

    def __init__(self, fleet: dict[str, Any]) -> None:
        command = [sys.executable, str(SIMULATOR), "start", "--fleet", "-", "--idle-minutes", "5"]
        command += ["--latency-ms", str(LATENCY_MS), "--watch-pid", str(os.getpid())]
        told = subprocess.run(
            command, input=json.dumps(fleet), capture_output=True, text=True, check=True
        )
        self.url = json.loads(told.stdout)["url"]
        self.control_url = json.loads(told.stdout)["control"]

    def ask(self, path: str, *, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.control_url}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def count(self, operation: str) -> int:
        """How often an operation was called since the journal was cleared."""
        return sum(entry["operation"] == operation for entry in self.ask("journal")["journal"])

    def stop(self) -> None:
        subprocess.run([sys.executable, str(SIMULATOR), "stop", "--url", self.url], check=True)


def play(*tasks: dict[str, Any], hosts: str = "localhost") -> list[dict[str, Any]]:
    return [
        {
            "hosts": hosts,
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": list(tasks),
        }
    ]


def one_task(ids: list[str]) -> list[dict[str, Any]]:
    return play({"thingspace.fota.fota_device_firmware": {"devices": ids}})


def uri_loop(ids: list[str], url: str) -> list[dict[str, Any]]:
    """What a user would write without the collection: log in, then 100 devices a call."""
    parts = [ids[start : start + 100] for start in range(0, len(ids), 100)]
    token = {
        "url": f"{url}/ts/v1/oauth2/token",
        "method": "POST",
        "url_username": "simulator-key",
        "url_password": "simulator-secret",
        "force_basic_auth": True,
        "body_format": "form-urlencoded",
        "body": {"grant_type": "client_credentials"},
    }
    login = {
        "url": f"{url}/m2m/v1/session/login",
        "method": "POST",
        "headers": {"Authorization": "Bearer {{ token.json.access_token }}"},
        "body_format": "json",
        "body": {"username": "simulator-user", "password": "simulator-password"},
    }
    sync = {
        "url": f"{url}/fota/v3/firmware/{ACCOUNT}/devices",
        "method": "PUT",
        "headers": {
            "Authorization": "Bearer {{ token.json.access_token }}",
            "VZ-M2M-Token": "{{ session.json.sessionToken }}",
        },
        "body_format": "json",
        "body": {"deviceList": "{{ item }}"},
        "return_content": True,
    }
    return play(
        {"ansible.builtin.uri": token, "register": "token"},
        {"ansible.builtin.uri": login, "register": "session"},
        {
            "ansible.builtin.uri": sync,
            "loop": parts,
            "loop_control": {"label": "{{ item | length }} devices"},
        },
    )


def timed(run: Callable[[], PlaybookRun]) -> float:
    begun = time.monotonic()
    ended = run()
    seconds = time.monotonic() - begun
    if ended.status:
        raise SystemExit(ended.output)
    return seconds


class Bench:
    """One run of all measurements; every play has a home and a token cache of its own."""

    def __init__(self, simulator: Simulator, ids: list[str]) -> None:
        self.simulator = simulator
        self.ids = ids
        self.raw: dict[str, list[float]] = {}
        self.keys: dict[str, float] = {}
        self.rollouts: dict[str, object] = {}
        self.weather: dict[str, object] = {}

    def run(self, plays: list[dict[str, Any]], *arguments: str, **environment: str) -> PlaybookRun:
        with tempfile.TemporaryDirectory() as folder:
            runner = PlaybookRunner(Path(folder))
            return runner(plays, *arguments, simulator=self.simulator, environment=environment)

    def measure(self, name: str, times: int, plays: list[dict[str, Any]]) -> float:
        self.raw[name] = [timed(lambda: self.run(plays)) for _time in range(times)]
        print(f"  {name}: {statistics.median(self.raw[name]):.2f} s", flush=True)
        return statistics.median(self.raw[name])

    def compare_sync(self) -> None:
        empty = self.measure("empty_play_s", RUNS, play())
        module = self.measure("one_task_play_s", RUNS, one_task(self.ids)) - empty
        loop = self.measure("uri_loop_play_s", SLOW_RUNS, uri_loop(self.ids, self.simulator.url))
        self.keys["sync_1000_vs_uri_loop"] = round((loop - empty) / module, 2)

    def count_logins(self) -> None:
        tasks = [{"thingspace.fota.fota_firmware_info": {}} for _task in range(3)]
        inventory = ",".join(f"host{number}" for number in range(HOSTS)) + ","
        arguments = ("--inventory", inventory, "--forks", "10")
        self.simulator.ask("journal", method="DELETE")
        timed(lambda: self.run(play(*tasks, hosts="all"), *arguments))
        self.keys["logins_20_hosts"] = self.simulator.count("startM2MSession")
        self.simulator.ask("journal", method="DELETE")
        wrong = {"THINGSPACE_PASSWORD": "not-the-password"}
        self.run(play(*tasks, hosts="all"), *arguments, **wrong)
        self.keys["failed_logins_20_hosts_wrong_password"] = self.simulator.count("startM2MSession")

    def time_demo(self) -> None:
        """The demo as ``make demo`` runs it, without the making of its venv."""
        with tempfile.TemporaryDirectory() as folder:
            runner = PlaybookRunner(Path(folder))
            inventory = str(ROOT / "playbooks" / "inventory" / "demo.yml")
            self.raw["demo_s"] = [
                timed(lambda: runner("thingspace.fota.demo", "--inventory", inventory))
                for _time in range(SLOW_RUNS)
            ]
        self.keys["demo_seconds"] = round(statistics.median(self.raw["demo_s"]), 1)

    def measure_memory(self) -> None:
        """Peak resident memory of a process that does one sync of all devices."""
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run(
                [sys.executable, str(Path(__file__).with_name("peak_memory.py"))],
                input=json.dumps(
                    {"url": self.simulator.url, "devices": self.ids, "token_cache": folder}
                ),
                capture_output=True,
                text=True,
                check=True,
            )
        self.keys["peak_mb"] = round(float(told.stdout), 1)

    def measure_plan(self) -> None:
        """Time and memory to decide one tick of a big rollout, at the worse of two moments."""
        script = Path(__file__).with_name("rollout_plan_cost.py")
        seconds: dict[int, list[float]] = {}
        megabytes = []
        for devices in (FEW_PLANNED, MANY_PLANNED):
            for moment in ("fresh", "middle"):
                runs = []
                for _time in range(SLOW_RUNS):
                    command = [sys.executable, str(script), str(devices), moment]
                    told = subprocess.run(command, capture_output=True, text=True, check=True)
                    runs.append(json.loads(told.stdout))
                name = f"plan_{devices}_{moment}"
                self.raw[f"{name}_s"] = [run["seconds"] for run in runs]
                median = statistics.median(self.raw[f"{name}_s"])
                peak = statistics.median(run["mb"] for run in runs)
                print(f"  {name}: {median:.2f} s, {peak:.0f} MB", flush=True)
                seconds.setdefault(devices, []).append(median)
                megabytes.append(peak)
        few, many = seconds[FEW_PLANNED], seconds[MANY_PLANNED]
        self.keys["plan_100k_seconds"] = round(max(many), 2)
        self.keys["plan_100k_mb"] = max(megabytes)
        growth = max(much / little for little, much in zip(few, many, strict=True))
        self.keys["plan_growth_10k_100k"] = round(growth, 2)

    def count_rollouts(self) -> None:
        """How rollouts of bad and of good firmware end."""
        tallies = rollout_statistics.run_all()
        print(rollout_statistics.tell(tallies), flush=True)
        self.keys |= rollout_statistics.rates(tallies)
        self.rollouts = rollout_statistics.as_json(tallies)

    def count_bad_weather(self) -> None:
        """What became of writes in bad weather, of killed controllers, of secrets and nonsense."""
        matrix = run_matrix(full=EVERYTHING)
        kills = run_kills(full=EVERYTHING)
        rivals = run_rivals(seeds=range(RIVALRIES))
        with tempfile.TemporaryDirectory() as folder:
            secrets = search_secrets(Path(folder))
        fuzzed = fuzz(seconds=FUZZ_SECONDS)
        parts = (matrix, kills, rivals)
        self.keys |= {
            "fault_cases": matrix["fault_cases"],
            "kill_points": kills["kill_points"],
            "rivalries": rivals["rivalries"],
            "duplicates": sum(part["duplicates"] for part in parts),
            "lost_devices": sum(part["lost_devices"] for part in parts),
            "secret_leaks": secrets["secret_leaks"],
            "fuzz_inputs": fuzzed["inputs"],
        }
        self.weather = {
            "matrix": matrix,
            "kills": kills,
            "rivals": rivals,
            "secrets": secrets,
            "fuzz": fuzzed,
        }
        found = sum(len(part["findings"]) for part in (*parts, fuzzed))
        print(f"  bad weather: {found} findings", flush=True)


def table(keys: dict[str, float]) -> str:
    lines = [f"{'key':<42} {'value':>10}  goal"]
    for key, value in keys.items():
        sign, goal = GOALS.get(key, ("", ""))
        lines.append(f"{key:<42} {value:>10}  {sign} {goal}".rstrip())
    return "\n".join(lines)


def main() -> None:
    fleet = generate_fleet(devices=DEVICES)
    simulator = Simulator(fleet)
    try:
        ids = [row["deviceId"] for row in simulator.ask("state")["devices"]]
        bench = Bench(simulator, ids)
        print(f"{DEVICES} devices, {LATENCY_MS} ms latency", flush=True)
        bench.compare_sync()
        bench.count_logins()
        bench.measure_memory()
        bench.keys["idle_tick_calls"] = count_calls()
        bench.time_demo()
    finally:
        simulator.stop()
    bench.measure_plan()
    bench.count_rollouts()
    bench.count_bad_weather()
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        **{name: version(name) for name in ("ansible-core", "requests", "python-dateutil")},
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps(
            {
                "keys": bench.keys,
                "raw_seconds": bench.raw,
                "rollout_statistics": bench.rollouts,
                "bad_weather": bench.weather,
                "devices": DEVICES,
                "latency_ms": LATENCY_MS,
                "machine": machine,
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    print(table(bench.keys))
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"raw numbers in {RESULT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
