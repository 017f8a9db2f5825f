# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of rollouts for pages: moments of the demo's rollout, and fleets of any size and name."""

from __future__ import annotations

import copy
import functools
import json
import random
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from jinja2 import Template

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import Rollout

DEMO = Path(__file__).parents[2] / "playbooks/vars/demo.yml"
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"quoted\" 'twice' & `ticked`",
    "right\u202eto\u2066left",
    "{{ 7 * 7 }} {% raw %}",
    '=HYPERLINK("http://example.com")',
    "| a | b |\n# heading",
    "\x1b[31mred\x1b[0m",
    "метр-7 水表 عداد",
    "🛰️ satellite",
    "a" * 300,
)
"""Names that somebody could give to a device."""

Facts = dict[str, Any]


@functools.cache
def demo_moments() -> dict[str, Facts]:
    """Run the rollout of the demo on a simulator; gives its facts when it is planned, running,
    halted and over, with all devices."""
    values = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    plain = {name: value for name, value in values.items() if name.startswith(("demo_meter",
             "demo_cabinet", "demo_tracker"))}  # fmt: skip
    fleet, spec = (_filled(values[name], plain) for name in ("demo_service", "demo_rollout"))
    imeis = [f"3580000000{model}{number:04}" for model in (1, 2, 3) for number in range(1, 101)]
    spec["devices"] = [
        {"imei": imei, "host": f"canary-{imei[-5:]}", "groups": ["canary"]}
        if int(imei[-4:]) <= 5
        else {"imei": imei, "host": f"site-{imei[-5:]}"}
        for imei in imeis
    ]
    spec["approved"], spec["accept"] = [], []
    found: dict[str, Facts] = {}
    with ExitStack() as stack, TemporaryDirectory() as folder:
        sim = StartSimulator(stack)(fleet, start=values["demo_start"])
        rollout = Rollout(Account(sim, Path(folder) / "tokens"), {})
        rollout.spec = spec
        found["plan"] = rollout.decide(state="planned")
        for _run in range(60):
            facts = rollout.run_once()
            phase = facts["phase"]
            found[phase] = facts
            if phase == "awaiting_approval":
                spec["approved"] = facts["overrides"]["approved"]
            elif phase == "halted":
                spec["accept"] = [
                    {**each, "by": "the night shift", "reason": "loose antennas"}
                    for each in facts["overrides"]["accept"]
                    if "cohort" not in each
                ]
            elif facts["next_check_after"] is None:
                break
            else:
                sim.advance(hours=24)
    return {name: json.loads(json.dumps(facts)) for name, facts in found.items()}


def _filled(value: Any, plain: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, plain) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, plain) for inner in value]
    return Template(value).render(plain) if isinstance(value, str) and "demo_" in value else value


def with_devices(facts: Facts, count: int, *, seed: int = 1) -> Facts:
    """Give facts with so many devices instead, each with a name, a result and a campaign of its
    own kind; the counts are those of the devices."""
    dice = random.Random(seed)
    facts = copy.deepcopy(facts)
    kinds = ("verified",) * 90 + ("failed", "silent", "pending", "pending", "unreached")
    waves = facts["waves"]
    campaigns = [f"{dice.getrandbits(128):032x}" for _campaign in range(max(1, count // 500))]
    devices = []
    for number in range(count):
        imei = 350000000000000 + number * 7919 + dice.randrange(7000)
        kind = dice.choice(kinds)
        day, minute = dice.randrange(20), dice.randrange(1440)
        devices.append(
            {
                "deviceId": str(imei),
                "host": f"meter-{number:06}.{dice.choice(('north', 'south'))}.example",
                "wave": dice.choice(waves)["name"],
                "class": kind,
                "reason": "Firmware update failed" if kind == "failed" else f"runs {kind}",
                "make": "SEQUANS Communications",
                "model": dice.choice(("GM01Q", "GM02S", "BG96")),
                "version": "SR1.2.0.0-10657" if kind == "verified" else "SR1.2.0.0-10512",
                "target": "SR1.2.0.0-10657",
                "standing": "at_target" if kind == "verified" else "behind",
                "path": [],
                "from_version": "SR1.2.0.0-10512",
                "campaign_id": dice.choice(campaigns),
                "attempts": 0 if kind in ("pending", "unreached") else 1,
                "result_at": f"2026-03-{day + 1:02}T{minute // 60:02}:{minute % 60:02}:00Z"
                if kind in ("verified", "failed")
                else None,
            }
        )
    facts["devices"] = devices
    counts = {kind: sum(each["class"] == kind for each in devices) for kind in dict.fromkeys(kinds)}
    facts["counts"] = {"selected": count, "in_scope": count, **counts}
    return facts


def with_hostile_names(facts: Facts) -> Facts:
    """Give facts in which the service and the inventory have said what could be markup."""
    facts = copy.deepcopy(facts)
    for number, device in enumerate(facts["devices"]):
        name = HOSTILE[number % len(HOSTILE)]
        device["host"] = name
        device["reason"] = f"{name} reason"
        device["version"] = f"{name} version"
    name = HOSTILE[1]
    for wave in facts["waves"]:
        wave["name"] = wave["why"] = name
        for cohort in wave["cohorts"]:
            cohort["model"] = cohort["from_version"] = name
    for own in facts["campaigns"]:
        own["package"] = own["status"] = own["zone"] = name
    for cohort in facts["cohorts"]:
        cohort["package"] = name
    for accept in facts["overrides"]["accept"]:
        accept["wave"] = name
    facts["given"]["accept"] = [{**accept, "by": name, "reason": name, "cohort": ""}
                                for accept in facts["overrides"]["accept"]]  # fmt: skip
    facts["why"], facts["blockers"], facts["remarks"] = name, [name], [name]
    facts["clusters"] = [
        {"what": name, "value": name, "failures": 3, "attempted": 3, "all_failures": 3,
         "all_attempted": 9}
    ]  # fmt: skip
    return facts
