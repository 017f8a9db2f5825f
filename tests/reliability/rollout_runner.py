# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that runs a rollout to its end, and may be killed at any moment.

It reads orders from its standard input, one JSON object a line: ``url``, ``control``, ``tokens``,
``models``, ``spec``, ``hours`` between runs (null: as each run says), ``halt_at`` (null: never).
Each order is carried out by a process of its own, forked so that it starts at once. Lines told:
``{"pid": N}``, then ``{"phase": ...}`` unless it died, then ``{"ended": wait status}``.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_importable

    make_importable()

from ansible_collections.thingspace.fota.tests.reliability.fault_stage import Controller
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import OVER, Rollout

MOST_RUNS = 60


class RemoteSimulator:
    """A simulator in another process, as far as a rollout moves it."""

    def __init__(self, url: str, control: str) -> None:
        self.url = url
        self._control = control

    @property
    def now(self) -> datetime:
        return _moment(self._ask("/", None)["now"])

    def set_now(self, moment: str) -> None:
        self._ask("/clock", {"set": moment})

    def advance(self, *, hours: float) -> None:
        self._ask("/clock", {"advance_hours": hours})

    def _ask(self, path: str, order: dict[str, Any] | None) -> Any:
        body = None if order is None else json.dumps(order).encode()
        with urllib.request.urlopen(self._control + path, data=body, timeout=300) as reply:
            return json.load(reply)


def run(order: dict[str, Any]) -> str:
    """Run from nothing to the end, or to the end of a halt; gives the last phase."""
    sim: Any = RemoteSimulator(order["url"], order["control"])
    controller = Controller(sim, Path(order["tokens"]))
    rollout = Rollout(controller, order["models"], **order["spec"])
    halt_at = order["halt_at"] and _moment(order["halt_at"])
    for _run in range(MOST_RUNS):
        halted = bool(halt_at) and sim.now >= halt_at
        decision = rollout.run_once(state="halted" if halted else "running")
        ended = decision["phase"] in OVER and not decision["would_change"]
        if ended and (halted or not halt_at):
            return str(decision["phase"])
        rollout.wait(decision, hours=order["hours"])
    raise AssertionError(f"not over after {MOST_RUNS} runs: {decision['msg']}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def tell(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _carry_out(order: dict[str, Any]) -> None:
    """In the forked process; never returns."""
    status = 1
    try:
        tell(phase=run(order))
        status = 0
    except Exception:  # noqa: BLE001 - the last line of a process, which tells what it was
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _carry_out(order)
        tell(pid=pid)
        tell(ended=os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
