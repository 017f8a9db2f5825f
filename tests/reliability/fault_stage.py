# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small service for one case of faults, and controllers that do not wait long for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from ansible_collections.thingspace.fota.plugins.module_utils._client import backoff
from ansible_collections.thingspace.fota.plugins.module_utils._module.context import Context
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import Waiting
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    Request,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.fleet.generate import (
    software_packages,
    v1_firmware_packages,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.service import Handled
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, START, Account
from ansible_collections.thingspace.fota.tests.usecases.in_process import Wire, carried_by
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    device,
    imei,
    package,
)
from ansible_collections.thingspace.fota.tests.usecases.rollout_service import OVER, accepted
from ansible_collections.thingspace.fota.tests.usecases.virtual_time import VirtualTime

Row = dict[str, Any]

MODELS = {"alpha": 6, "beta": 5}
FIRMWARE_IMEIS = tuple(imei(0, number) for number in range(MODELS["alpha"]))
V1_IMEIS = tuple(imei(8, number) for number in range(4))
SOFTWARE_IMEIS = tuple(imei(9, number) for number in range(4))
V1_OLD = "VerizonFirmwareVersion-01"
SOFTWARE_FROM = "FOTA_Verizon_Model-A_00To01_HF"
SOFTWARE_TO = "FOTA_Verizon_Model-A_02To03_HF"
UPGRADES_OVER = frozenset({"RequestFailed", "Finished", "Cancelled", "UpgradeFailed"})

# Seconds. A faulty service is waited for as short as can be; a sound one as long as it may need.
IMPATIENT, PATIENT = 0.4, 20.0
SETTLING = Waiting(timeout=0.02, delay=0.01)
# No task here makes as many calls unless it does not end.
MOST_CALLS = 1000


@contextmanager
def quick_retries(read_timeout: float = PATIENT) -> Iterator[None]:
    """Repetitions almost without pauses, for clients made meanwhile."""
    usual = backoff.POLICY
    backoff.POLICY = backoff.RetryPolicy(
        first_pause=0.001, longest_pause=0.05, longest_retry_after=0.05, read_timeout=read_timeout
    )
    try:
        yield
    finally:
        backoff.POLICY = usual


class Controller(Account):
    """One controller with a token cache of its own.

    :ivar timeout: seconds that one call may take.
    :ivar line: options of the way to the service, such as a proxy.
    :param sleep: waits until the next look, if not really.
    """

    timeout = PATIENT

    def __init__(
        self,
        sim: SimulatorServer,
        token_cache: Path,
        *,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(sim, token_cache)
        self.line: Row = {}
        self._sleep = sleep

    def run(
        self,
        use_case: Callable[..., dict[str, Any]],
        options: dict[str, dict[str, Any]],
        **given: Any,
    ) -> dict[str, Any]:
        def settle_soon(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
            context.settling = SETTLING
            return use_case(context, params)

        more = {"timeout": self.timeout, "imei_check": "off", "max_connections": 2}
        return super().run(settle_soon, options, **{**more, **self.line, **given})

    def _look_again(self, seconds: float) -> None:
        if self._sleep is None:
            super()._look_again(seconds)
            return
        self._sleep(seconds)
        self.before_each_look()


class Stage:
    """A simulator with a few devices of every version of the API.

    :ivar operator: the controller of those who prepare the case.
    :ivar endless: the faults of :meth:`order` were ended since the calls did not end.
    :param sockets: listen, for what is about connections; else it is called in this process.
    """

    def __init__(self, folder: Path, *, sockets: bool, **options: Any) -> None:
        self.sim = SimulatorServer(small_fleet(), start=START, **options)
        self.endless = False
        self._wire = None if sockets else Wire(self.sim, VirtualTime())
        self._calls = 0
        self._handle = self.sim._service.handle
        vars(self.sim._service)["handle"] = self._count
        self._folder = folder
        self._caches = 0
        self._stack = ExitStack()
        self.operator = self.controller()

    def __enter__(self) -> Stage:
        if self._wire is None:
            self.sim.start()
        else:
            self._stack.enter_context(carried_by(self._wire))
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()
        # Closing waits for a thread that looks up now and then; nothing here depends on it.
        Thread(target=self.sim.close, daemon=True).start()

    def order(self, rules: list[Row]) -> None:
        """Faults until they are cleared, or until a task has made more calls than any needs."""
        self._calls, self.endless = 0, False
        self.sim.faults(rules)

    def _count(self, request: Request) -> Handled:
        self._calls += 1
        if self._calls > MOST_CALLS and not self.endless:
            self.endless = True
            self.sim.faults([])
        return self._handle(request)

    def controller(self) -> Controller:
        """A controller that has never logged in."""
        self._caches += 1
        return Controller(
            self.sim,
            self._folder / f"{self.sim.port}-{self._caches}",
            sleep=self._wire and self._wire.time.sleep,
        )


def small_fleet() -> Row:
    """Two models of firmware devices, v1 devices and software devices."""
    other = {"make": "Verizon", "model": "Model-A"}
    software = [{"name": SOFTWARE_FROM, "version": SOFTWARE_FROM}]
    return {
        "seed": 7,
        "accounts": [
            {
                "name": ACCOUNT,
                "devices": [
                    *(
                        device(imei(place, number), model)
                        for place, (model, count) in enumerate(MODELS.items())
                        for number in range(count)
                    ),
                    *(
                        {**other, "deviceId": one, "protocol": "OMADM", "firmware": V1_OLD}
                        for one in V1_IMEIS
                    ),
                    *(
                        {**other, "deviceId": one, "protocol": "HTTP", "softwareList": software}
                        for one in SOFTWARE_IMEIS
                    ),
                ],
                "firmware": [package(model) for model in MODELS],
                "v1_firmware": v1_firmware_packages(),
                "software": software_packages(),
            }
        ],
    }


def live_work(sim: SimulatorServer, *, dates: bool) -> list[Row]:
    """Every live campaign and upgrade with the devices that the service took or is checking."""
    rows = [
        {
            "api": one["api"],
            "name": one.get("campaignName", ""),
            "package": one["package"],
            **({"start": one["startDate"], "end": one["endDate"]} if dates else {}),
            "devices": sorted(_kept(one)),
        }
        for one in [*sim.campaigns(), *sim.upgrades()]
        if one["status"] not in (UPGRADES_OVER if one["api"] == "v1" else OVER)
    ]
    return sorted(rows, key=lambda row: (row["api"], row["name"], row["devices"]))


def _kept(work: Row) -> list[str]:
    return accepted(work) or [
        imei
        for imei, entry in work["devices"].items()
        if not (entry["settled"] and not entry["attempts"])
    ]


def known_versions(sim: SimulatorServer) -> dict[str, str]:
    """What the service believes that each firmware device runs."""
    return {
        one["deviceId"]: one["reported_firmware"]
        for one in sim.devices()
        if one["protocol"] == "LWM2M"
    }


def account_facts(sim: SimulatorServer) -> Row:
    """What the account has besides its campaigns and upgrades."""
    state = sim._service.state
    account = state.accounts[ACCOUNT]
    return {
        "licensed": account.licensed_imeis().ascending(),
        "candidates": sorted(account.cancel_candidates),
        "logging": sorted(
            imei for imei, periods in account.logging.items() if periods[-1].end > state.now
        ),
        "files": [(file.name, file.version) for file in account.files],
        "listeners": {api: listener.url for api, listener in account.listeners.items()},
    }


def duplicates(sim: SimulatorServer) -> list[str]:
    """Names that two live campaigns have, and devices accepted twice for one target."""
    live = [one for one in sim.campaigns() if one["status"] not in OVER]
    names = Counter((one["api"], one["campaignName"]) for one in live)
    taken = Counter(
        (one["api"], imei, one["to"]) for one in sim.campaigns() for imei in accepted(one)
    )
    taken.update(
        ("v1", imei, one["package"])
        for one in sim.upgrades()
        if one["status"] not in UPGRADES_OVER
        for imei in _kept(one)
    )
    return [str(key) for key, count in [*names.items(), *taken.items()] if count > 1]
