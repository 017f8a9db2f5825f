# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the calls of a tick that finds nothing to do, logins included.

The account has 1 000 devices in a rollout of 24 campaigns, and 200 campaigns of others that ended.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.usecases.account import Account
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    Rollout,
    fleet,
    imei,
    write_campaigns,
)

# Three waves of eight models make 24 campaigns.
MODELS = {f"model-{number}": 125 for number in range(8)}
FOREIGN = 200
START = "2026-03-02T08:00:00Z"


def count_calls() -> int:
    """Run the rollout to its end, and give the calls of one tick more."""
    with tempfile.TemporaryDirectory() as folder:
        sim = SimulatorServer(fleet({**MODELS, "of-others": FOREIGN}), start=START)
        with sim:
            account = Account(sim, Path(folder) / "tokens")
            first = (sim.now + timedelta(days=1)).date()
            write_campaigns(
                account,
                [
                    {
                        "name": f"of-others-{number}",
                        "package": "of-others-A-B",
                        "from_version": "A",
                        "to_version": "B",
                        "start_date": first.isoformat(),
                        "end_date": first.isoformat(),
                        "devices": [imei(len(MODELS), number)],
                    }
                    for number in range(FOREIGN)
                ],
            )
            proved = [f"{model}-A-B" for model in MODELS]
            rollout = Rollout(account, MODELS, qualified_packages=proved)
            rollout.run()
            rollout.sim.advance(hours=48)
            if (len(sim.campaigns()), rollout.decide()["phase"]) != (24 + FOREIGN, "completed"):
                raise SystemExit(f"not the account to be measured: {rollout.decide()['msg']}")
            sim.clear_journal()
            rollout.account = Account(sim, Path(folder) / "tokens of another controller")
            rollout.run_once()
            return len(sim.journal())
