# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in real playbooks, a sample of what the matrix does in process.

In one play every host is a controller with an account, and faults, of its own. It is run with its
faults and once more after it; then all accounts are as the account without faults is.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    PlaybookRun,
    PlaybookRunner,
    TaskResult,
)
from ansible_collections.thingspace.fota.tests.reliability.fault_stage import (
    duplicates,
    live_work,
)
from ansible_collections.thingspace.fota.tests.unit.simulator.certificates import Authority
from ansible_collections.thingspace.fota.tests.unit.simulator.proxy import Proxy
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    ONE_LOOK_ONE_TRY,
    Rollout,
    fleet,
    imei,
)

pytestmark = pytest.mark.soak

START = "2026-03-02T08:00:00Z"
MODELS = {"alpha": 6}
DEVICES = [imei(0, number) for number in range(MODELS["alpha"])]
CAMPAIGN = {
    "name": "meters",
    "package": "alpha-A-B",
    "start_date": "2026-03-12",
    "end_date": "2026-03-19",
    "devices": DEVICES,
    "imei_check": "off",
}
CREATE, LIST, LOGIN = "v3ScheduleCampaign", "v3ListCampaignsByStatus", "startM2MSession"
CALM, EXPIRED, PROXY = "calm", "expired_certificate", "proxy_dies_after"


@dataclass(frozen=True)
class FaultCase:
    """What goes wrong, and how the task in it ends.

    :ivar kind: of the failure, empty if there is none.
    :ivar words: what a person reads of the failure, in part.
    :ivar writes: whether the first run writes.
    """

    rules: list[dict[str, Any]] = field(default_factory=list)
    kind: str = ""
    words: str = ""
    writes: bool = True


def fault_rule(fault: str, operation: str = CREATE, **more: Any) -> list[dict[str, Any]]:
    return [{"operation": operation, "fault": fault, **more}]


CASES = {
    CALM: FaultCase(),
    "reset_after": FaultCase(fault_rule("reset_after")),
    "503_before": FaultCase(
        fault_rule("status_503_before"), "outcome_unknown", "HTTP 503", writes=False
    ),
    "lockout": FaultCase(
        fault_rule("lockout", LOGIN), "locked_out", "is locked after", writes=False
    ),
    EXPIRED: FaultCase(kind="unavailable", words="certificate has expired", writes=False),
    PROXY: FaultCase(),
}


class Controllers:
    """One simulator, cache and way there for each case; a play has them as its hosts."""

    def __init__(self, simulator: StartSimulator, folder: Path, proxy: Proxy) -> None:
        self._folder = folder
        self._authority = Authority(folder)
        self._tls = self._authority.context(expired=True)
        self.sims = {name: self._start(simulator, name) for name in CASES}
        self._proxy = proxy
        self._dropped: list[str] = []
        proxy.drops = self._drops

    def inventory(self, number: int) -> str:
        """A file with all hosts; each has its own options in ``line``."""
        hosts = {name: {"line": self._line(name)} for name in self.sims}
        everywhere = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        file = self._folder / f"hosts-{number}.json"
        file.write_text(json.dumps({"all": {"hosts": hosts, "vars": everywhere}}))
        return str(file)

    def clear_up(self) -> None:
        """An hour later, support has unlocked users and the certificate is a new one."""
        for sim in self.sims.values():
            sim.faults([])
            sim.unlock()
            sim.advance(hours=1)
        self._tls.load_cert_chain(self._authority.server())

    def _start(self, simulator: StartSimulator, name: str) -> SimulatorServer:
        tls: ssl.SSLContext | None = self._tls if name == EXPIRED else None
        sim = simulator(fleet(MODELS), start=START, tls=tls)
        sim.faults(CASES[name].rules)
        return sim

    def _line(self, name: str) -> dict[str, Any]:
        return {
            "base_url": self.sims[name].url,
            "account": ACCOUNT,
            "client_id": "simulator-key",
            "client_secret": "simulator-secret",
            "username": "simulator-user",
            "password": "simulator-password",
            "token_cache": str(self._folder / f"tokens-{name}"),
            **({"ca_path": str(self._authority.bundle)} if name == EXPIRED else {}),
            **({"proxies": {"http": self._proxy.url}} if name == PROXY else {}),
        }

    def _drops(self) -> bool:
        if self._dropped or not self.sims[PROXY].campaigns():
            return False
        self._dropped.append("the reply to the creation")
        return True


@pytest.fixture
def controllers(simulator: StartSimulator, tmp_path: Path) -> Iterator[Controllers]:
    with Proxy() as proxy:
        yield Controllers(simulator, tmp_path, proxy)


def play(*, repaired: bool) -> list[dict[str, Any]]:
    """Every host declares its campaign; whoever was locked out logs out first."""
    log_out = {"name": "Log out", "thingspace.fota.fota_logout": {}}
    declare = {"name": "Declare", "thingspace.fota.fota_campaign": CAMPAIGN}
    tasks = [{**log_out, "when": "inventory_hostname == 'lockout'"}] if repaired else []
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "strategy": "ansible.builtin.free",
            "module_defaults": {"group/thingspace.fota.fota": "{{ line }}"},
            "tasks": [*tasks, declare],
        }
    ]


def test_campaigns_are_as_without_faults(
    run_playbook: PlaybookRunner, controllers: Controllers
) -> None:
    forks = ("--forks", str(len(CASES)))
    arguments = ("--inventory", controllers.inventory(0), *forks)
    run = run_playbook(play(repaired=False), *arguments)
    told = {one.host: one for one in run.all("Declare")}
    assert_readable(run)
    findings = {
        name: found
        for name, sim in controllers.sims.items()
        if (found := find_wrong(CASES[name], told[name], sim))
    }
    assert findings == {}

    controllers.clear_up()
    again = run_playbook(play(repaired=True), *arguments)
    told_again = {one.host: one for one in again.all("Declare")}
    assert {
        name: one.result.get("msg") for name, one in told_again.items() if one.status != "ok"
    } == {}
    for sim in controllers.sims.values():
        sim.advance(hours=6)
    states = {name: live_work(sim, dates=True) for name, sim in controllers.sims.items()}
    assert states[CALM][0]["devices"] == DEVICES
    assert states == dict.fromkeys(CASES, states[CALM])
    doubled = {name: duplicates(sim) for name, sim in controllers.sims.items()}
    assert {name: found for name, found in doubled.items() if found} == {}
    changed = {name for name, one in told_again.items() if one.changed}
    assert changed == {name for name, one in CASES.items() if not one.writes}


def find_wrong(expected: FaultCase, told: TaskResult, sim: SimulatorServer) -> list[Any]:
    """What the first run did otherwise than its faults allow."""
    failed = told.status != "ok"
    message = str(told.result.get("msg", ""))
    failure = told.result.get("failure", {"kind": "", "hint": ""})
    checks = {
        f"failed: {message}": failed == bool(expected.kind),
        f"wrote: {sim.campaigns()}": bool(sim.campaigns()) == expected.writes,
        f"kind: {failure}": failure["kind"] == expected.kind,
        f"says: {message}": expected.words in message,
        f"is no line: {message!r}": message.isprintable() and len(message) < 900,
        f"says not what to do: {failure}": not failed or bool(failure["hint"]),
    }
    return [what for what, is_well in checks.items() if not is_well]


def assert_readable(run: PlaybookRun) -> None:
    """No traceback, no warning of a library, no address with credentials."""
    for word in ("Traceback", "urllib3", "HTTPSConnectionPool", "simulator-password"):
        assert word not in run.output, run.output


def test_a_rollout_goes_on_as_without_faults(
    run_playbook: PlaybookRunner, simulator: StartSimulator, tmp_path: Path
) -> None:
    spec = {
        "name": "meters",
        "target": [{"make": "Sensors Inc", "model": "alpha", "version": "B"}],
        "devices": DEVICES,
        **ONE_LOOK_ONE_TRY,
        "waves": [{"name": "pilot", "count": 5}, {"name": "all", "rest": True}],
    }
    calm, sim = (simulator(fleet(MODELS), start=START) for _sim in range(2))
    Rollout(Account(calm, tmp_path / "calm"), {}, **spec).run_once()
    sim.faults(fault_rule("endless_cursor", LIST, cursor="new"))

    def run_once() -> PlaybookRun:
        variables = {"rollout_spec": spec, "rollout_imei_check": "off"}
        return run_playbook("thingspace.fota.rollout", variables=variables, simulator=sim)

    run = run_once()
    assert_readable(run)
    assert run.status != 0
    assert run["Decide the next step"]["phase"] == "observation_failed"
    assert "never ends" in run["Decide the next step"]["msg"]
    assert sim.campaigns() == []

    sim.faults([])
    assert run_once().succeeded()["Decide the next step"]["phase"] == "planned"
    for one in (sim, calm):
        one.advance(hours=6)
    assert live_work(sim, dates=True) == live_work(calm, dates=True)
    assert duplicates(sim) == []
