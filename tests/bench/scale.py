# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of 100 000 devices: beside what a user would do instead, and beside what is possible.

All of it asks one simulator, 50 ms away unless said. The account of the plays has 10 000 devices,
that of the rollout 100 000. Task time is the wall time of a play less that of an empty play.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._api.v3 import FotaV3
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignRequest,
    CampaignType,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    generate_fleet,
)

from .harness import (
    CREDENTIALS,
    LATENCY_MS,
    ROOT,
    RUNS,
    SLOW_RUNS,
    Record,
    Simulator,
    play,
    rollout_play,
    run_script,
    time_play,
)

SMALL, LARGE, ONE_MODEL = "0000123456-00001", "0000123456-00100", "0000123456-00050"
FEW, MANY = 10_000, 100_000
CONNECTIONS, SYNC_PER_CALL, PAGE = 8, 100, 1000
REPORTED, ONE_PAGE = 50_000, 1_000
LOOPED_HOSTS, FORKS = 200, "5"
KEYS = ["make", "model", "firmware", "protocol", "license", "reachability"]
GOALS = {
    "sync_10k_vs_uri_loop": (">=", 25),
    "sync_10k_vs_limit": ("<=", 1.5),
    "status_50k_vs_script": (">=", 3),
    "status_50k_vs_limit": ("<=", 2.0),
    "status_1k_vs_sdk": ("<=", 2.5),
    # It was 40 when each task packed and started a module; those on the controller do not.
    "per_device_tasks_vs_bulk": (">=", 10),
    "inventory_10k_vs_static": ("<=", 1.2),
    "inventory_10k_keyed_vs_static": ("<=", 5),
    "memory_100k_mb": ("<=", 400),
    "growth_10k_100k": ("<=", 12),
    "logins_200_tasks": ("==", 1),
    "tick_100k_seconds": ("<=", 25),
}


def make_fleet() -> dict[str, Any]:
    """Three accounts; every package has had its pilot."""
    small, large, one_model = (
        generate_fleet(devices=count, account=account, behind=1)
        for count, account in ((FEW, SMALL), (MANY, LARGE), (REPORTED + ONE_PAGE, ONE_MODEL))
    )
    (reported, *_others) = one_model["accounts"][0]["generate"]
    one_model["accounts"][0]["generate"] = [{**reported, "count": REPORTED + ONE_PAGE}]
    fleet = {**small, "accounts": [part["accounts"][0] for part in (small, large, one_model)]}
    for account in fleet["accounts"]:
        for package in account["firmware"]:
            package["qualified"] = True
    return fleet


class ScaleBench:
    """Measures into a record."""

    def __init__(self, simulator: Simulator, record: Record, folder: Path) -> None:
        self._simulator = simulator
        self._record = record
        self._folder = folder
        self._connection = {
            "base_url": simulator.url,
            "token_cache": str(folder / "tokens"),
            **CREDENTIALS,
        }
        self._oldest: dict[str, str] = {}
        self._listed: dict[str, Any] = {}
        self._ids = {account: self._list(account) for account in (SMALL, LARGE)}
        self._few = folder / "few.txt"
        self._few.write_text("\n".join(self._ids[SMALL]) + "\n", encoding="utf-8")

    def some_devices(self, count: int) -> list[str]:
        """Give some devices of the account of the plays."""
        return self._ids[SMALL][:count]

    def run(self) -> None:
        """Measure everything, each part for itself."""
        for part in (
            self.compare_sync,
            self.compare_reports,
            self.compare_tasks,
            self.compare_inventories,
            self.measure_rollout,
        ):
            with self._record.part(part.__name__):
                part()

    def _list(self, account: str) -> list[str]:
        with Client(ConnectionSettings(**self._connection)) as client:
            devices = FotaV3(client, account).list_devices()
        self._oldest |= {device.model: device.firmware for device in devices}
        return [device.device_id for device in devices]

    def compare_sync(self) -> None:
        """The firmware of 10 000 devices, 100 a call."""
        sim, record = self._simulator, self._record
        one_task = play({"thingspace.fota.fota_device_firmware": {"devices_file": str(self._few)}})
        plays = record.take_in_turn(
            RUNS,
            empty_play=lambda: time_play(sim, play()),
            sync_10k_play=lambda: time_play(sim, one_task),
        )
        empty = plays["empty_play"]
        ours = plays["sync_10k_play"] - empty
        loop = uri_loop(sim.url, self._few)
        theirs = record.take("sync_10k_uri_play", SLOW_RUNS, lambda: time_play(sim, loop)) - empty
        record.keys["sync_10k_vs_uri_loop"] = round(theirs / ours, 1)
        seconds = self._phase("sync", devices=self._ids[SMALL], expected=FEW)
        least = math.ceil(FEW / SYNC_PER_CALL / CONNECTIONS) * LATENCY_MS / 1000
        record.keys["sync_10k_vs_limit"] = round(seconds / least, 2)

    def compare_reports(self) -> None:
        """The device reports of a campaign with 50 000 devices, and of one with 1 000."""
        sim, record = self._simulator, self._record
        big, small = self._create(REPORTED), self._create(ONE_PAGE)
        asked = {
            "url": sim.url,
            "account": ONE_MODEL,
            "campaign": big,
            "credentials": CREDENTIALS,
            "times": RUNS,
            "expected": REPORTED,
        }
        record.raw["status_50k_script"] = run_script("paging_script.py", **asked)
        script = statistics.median(record.raw["status_50k_script"])
        ours = self._phase("report", account=ONE_MODEL, campaign=big, expected=REPORTED)
        record.keys["status_50k_vs_script"] = round(script / ours, 2)
        least = math.ceil(REPORTED / PAGE / CONNECTIONS) * LATENCY_MS / 1000
        record.keys["status_50k_vs_limit"] = round(ours / least, 2)
        if python := os.environ.get("FOTA_SDK_PYTHON"):
            self._compare_with_sdk(python, small)

    def _compare_with_sdk(self, python: str, campaign: str) -> None:
        """A whole play with one task against a script; and what a play with any task takes."""
        sim = self._simulator
        ours = play({"thingspace.fota.fota_campaign_info": {"campaign_id": campaign}})
        least = play({"ansible.builtin.command": "true"})
        seconds = self._record.take_in_turn(
            RUNS,
            status_1k_play=lambda: time_play(sim, ours, THINGSPACE_ACCOUNT=ONE_MODEL),
            status_1k_sdk=lambda: self._time_sdk(python, campaign),
            command_play=lambda: time_play(sim, least),
        )
        sdk = seconds["status_1k_sdk"]
        self._record.keys["status_1k_vs_sdk"] = round(seconds["status_1k_play"] / sdk, 2)
        self._record.keys["any_play_vs_sdk"] = round(seconds["command_play"] / sdk, 2)

    def compare_tasks(self) -> None:
        """200 devices as hosts with a task each, against one task for all of them.

        The logins are those of these 200 tasks: the more hosts, the more tasks may want to log in.
        """
        sim, record = self._simulator, self._record
        ids = self._ids[SMALL][:LOOPED_HOSTS]
        each = play(
            {"thingspace.fota.fota_device_firmware": {"devices": ["{{ inventory_hostname }}"]}}
        )
        each[0]["hosts"] = "all"
        arguments = ("--inventory", ",".join(ids) + ",", "--forks", FORKS)
        logins = []

        def one_by_one() -> float:
            sim.forget_calls()
            seconds = time_play(sim, each, *arguments)
            logins.append(sim.count("startM2MSession"))
            return seconds

        many = record.take("task_per_device_play", SLOW_RUNS, one_by_one)
        record.keys["logins_200_tasks"] = max(logins)
        bulk = play({"thingspace.fota.fota_device_firmware": {"devices": ids}})
        one = record.take("bulk_task_play", RUNS, lambda: time_play(sim, bulk))
        empty = record.take("empty_play", RUNS, lambda: time_play(sim, play()))
        record.keys["per_device_tasks_vs_bulk"] = round((many - empty) / (one - empty), 1)

    def compare_inventories(self) -> None:
        """``ansible-inventory --list`` of 10 000 devices from the service and from a JSON file."""
        record, folder = self._record, self._folder
        grouped = folder / "grouped.thingspace_fota.yml"
        grouped.write_text(json.dumps({"plugin": PLUGIN, "group_by": KEYS}), encoding="utf-8")
        keyed = folder / "keyed.thingspace_fota.yml"
        keyed_groups = [{"key": f"fota_{key}", "prefix": key} for key in KEYS]
        keyed.write_text(
            json.dumps({"plugin": PLUGIN, "keyed_groups": keyed_groups}), encoding="utf-8"
        )
        static = folder / "static.json"
        ours = record.take("inventory_group_by", SLOW_RUNS, lambda: self._time_inventory(grouped))
        static.write_text(as_static(self._listed), encoding="utf-8")
        plain = record.take("inventory_static", SLOW_RUNS, lambda: self._time_inventory(static))
        slow = record.take("inventory_keyed", SLOW_RUNS, lambda: self._time_inventory(keyed))
        record.keys["inventory_10k_vs_static"] = round(ours / plain, 2)
        record.keys["inventory_10k_keyed_vs_static"] = round(slow / plain, 2)

    def measure_rollout(self) -> None:
        """A run that finds all devices in campaigns and nothing to do; no latency."""
        record = self._record
        self._simulator.set_latency(0)
        costs = {}
        for account, count in ((SMALL, FEW), (LARGE, MANY)):
            rollout = self._begin_rollout(account)
            runs = [
                run_script(
                    "status_cost.py",
                    connection=self._connection,
                    account=account,
                    rollout=rollout,
                    expected=count,
                )
                for _time in range(RUNS if count == FEW else SLOW_RUNS)
            ]
            for name in ("seconds", "mb"):
                record.raw[f"status_and_decide_{count}_{name}"] = [run[name] for run in runs]
            costs[count] = {
                name: statistics.median(run[name] for run in runs) for name in ("seconds", "mb")
            }
            print(f"  status_and_decide_{count}: {costs[count]}", flush=True)
        record.keys["memory_100k_mb"] = costs[MANY]["mb"]
        growth = max(costs[MANY][name] / costs[FEW][name] for name in ("seconds", "mb"))
        record.keys["growth_10k_100k"] = round(growth, 2)
        seconds = record.take(
            "tick_100k_play", SLOW_RUNS, lambda: self._run_rollout(LARGE, rollout)
        )
        record.keys["tick_100k_seconds"] = round(seconds, 1)

    def _begin_rollout(self, account: str) -> dict[str, Any]:
        """Declare a rollout of all devices in one wave, and create its campaigns."""
        file = self._folder / f"devices-{account}.txt"
        file.write_text("\n".join(self._ids[account]) + "\n", encoding="utf-8")
        with Client(ConnectionSettings(**self._connection)) as client:
            packages = FotaV3(client, account).list_firmware()
        first = [one for one in packages if self._oldest[one.model] == one.from_version]
        rollout = {
            "name": "bench",
            "target": [
                {"make": one.make, "model": one.model, "version": one.to_version} for one in first
            ],
            "devices_file": str(file),
            "waves": [{"name": "all", "rest": True, "gate": {"approval": False}}],
            "qualified_packages": [one.name for one in first],
            "limits": {"max_campaign_devices": FEW, "max_creates": 100},
        }
        self._run_rollout(account, rollout)
        self._simulator.ask("clock", method="POST", order={"advance_hours": 1})
        return rollout

    def _run_rollout(self, account: str, rollout: dict[str, Any]) -> float:
        return time_play(self._simulator, rollout_play(rollout), THINGSPACE_ACCOUNT=account)

    def _phase(self, what: str, *, account: str = SMALL, **given: Any) -> float:
        name = f"api_{what}"
        self._record.raw[name] = run_script(
            "api_phase.py",
            connection={**self._connection, "max_connections": CONNECTIONS},
            account=account,
            what=what,
            times=RUNS,
            **given,
        )
        median = statistics.median(self._record.raw[name])
        print(f"  {name}: {median:.3f} of {RUNS}", flush=True)
        return median

    def _create(self, count: int) -> str:
        """Create a campaign of so many devices, and give its id once its report is whole."""
        with Client(ConnectionSettings(**self._connection)) as client:
            service = FotaV3(client, ONE_MODEL)
            free = [one.device_id for one in service.list_devices()]
            for campaign in service.list_campaigns("CampaignScheduled"):
                taken = {row.device_id for row in service.list_campaign_devices(campaign.id)}
                free = [one for one in free if one not in taken]
            package = service.list_firmware()[0]
            start = client.now.date() + timedelta(days=1)
            request = CampaignRequest(
                type=CampaignType.FIRMWARE,
                name=f"bench-{count}",
                package=package.name,
                from_version=package.from_version,
                to_version=package.to_version,
                protocol=package.protocol,
                schedule=Schedule(start, start + timedelta(days=7)),
                devices=tuple(free[:count]),
            )
            campaign_id = service.create_campaign(request).id
            self._simulator.ask("clock", method="POST", order={"advance_hours": 1})
            found = len(service.list_campaign_devices(campaign_id))
            if found != count:
                raise SystemExit(f"the report has {found} devices, not {count}")
            return campaign_id

    def _time_sdk(self, python: str, campaign: str) -> float:
        """The vendor's SDK logs in, reads the campaign and its report, and logs out."""
        calls = ("campaigns_v3.get_campaign_information", SDK_REPORT)
        plan = {
            "url": self._simulator.url,
            "credentials": CREDENTIALS,
            "steps": [{"call": call, "arguments": [ONE_MODEL, campaign]} for call in calls],
        }
        script = ROOT / "tests" / "contract" / "sdk_drive.py"
        begun = time.monotonic()
        told = subprocess.run(
            [python, str(script)],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.monotonic() - begun
        report = json.loads(told.stdout)[1]
        if len(report["body"]["device_list"]) != ONE_PAGE:
            raise SystemExit(f"the SDK read another report: {report}")
        return seconds

    def _time_inventory(self, source: Path) -> float:
        begun = time.monotonic()
        self._listed = self._list_inventory(source)
        return time.monotonic() - begun

    def _list_inventory(self, source: Path) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run(
                [
                    str(Path(sys.executable).parent / "ansible-inventory"),
                    "-i",
                    str(source),
                    "--list",
                ],
                env={
                    **os.environ,
                    "HOME": folder,
                    "ANSIBLE_COLLECTIONS_PATH": str(collections_tree(self._folder)),
                    "THINGSPACE_ACCOUNT": SMALL,
                    "THINGSPACE_BASE_URL": self._simulator.url,
                    "THINGSPACE_TOKEN_CACHE": str(self._folder / "tokens"),
                    **{f"THINGSPACE_{name.upper()}": value for name, value in CREDENTIALS.items()},
                },
                cwd=folder,
                capture_output=True,
                text=True,
                check=True,
            )
        listed: dict[str, Any] = json.loads(told.stdout)
        if len(listed["_meta"]["hostvars"]) != FEW:
            raise SystemExit(f"{source.name}: {len(listed['_meta']['hostvars'])} hosts")
        return listed


PLUGIN = "thingspace.fota.fota_devices"
SDK_REPORT = "software_management_reports_v3.get_campaign_device_status"


def collections_tree(folder: Path) -> Path:
    """A collections path that leads to this checkout."""
    tree = folder / "tree"
    place = tree / "ansible_collections" / "thingspace" / "fota"
    if not place.exists():
        place.parent.mkdir(parents=True)
        place.symlink_to(ROOT)
    return tree


def as_static(listed: dict[str, Any]) -> str:
    """The same inventory as a file of the builtin YAML plugin, which JSON is."""
    variables = listed["_meta"]["hostvars"]
    groups = {
        name: {"hosts": dict.fromkeys(group["hosts"])}
        for name, group in listed.items()
        if name not in ("_meta", "all") and "hosts" in group
    }
    return json.dumps({"all": {"hosts": variables, "children": groups}})


def uri_loop(url: str, devices: Path) -> list[dict[str, Any]]:
    """What a user would write without the collection: log in, then 100 devices a call."""
    token = {
        "url": f"{url}/ts/v1/oauth2/token",
        "method": "POST",
        "url_username": CREDENTIALS["client_id"],
        "url_password": CREDENTIALS["client_secret"],
        "force_basic_auth": True,
        "body_format": "form-urlencoded",
        "body": {"grant_type": "client_credentials"},
    }
    login = {
        "url": f"{url}/m2m/v1/session/login",
        "method": "POST",
        "headers": {"Authorization": "Bearer {{ token.json.access_token }}"},
        "body_format": "json",
        "body": {name: CREDENTIALS[name] for name in ("username", "password")},
    }
    sync = {
        "url": f"{url}/fota/v3/firmware/{SMALL}/devices",
        "method": "PUT",
        "headers": {
            "Authorization": "Bearer {{ token.json.access_token }}",
            "VZ-M2M-Token": "{{ session.json.sessionToken }}",
        },
        "body_format": "json",
        "body": {"deviceList": "{{ item }}"},
        "return_content": True,
    }
    devices_in_tens = f"lookup('ansible.builtin.file', '{devices}').split()"
    return play(
        {"ansible.builtin.uri": token, "register": "token"},
        {"ansible.builtin.uri": login, "register": "session"},
        {
            "ansible.builtin.uri": sync,
            "loop": f"{{{{ {devices_in_tens} | batch({SYNC_PER_CALL}) }}}}",
            "loop_control": {"label": "{{ item | length }} devices"},
        },
    )
