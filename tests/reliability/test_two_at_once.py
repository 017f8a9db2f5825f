# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two to eight controllers at once on one account: no duplicate, no device in two, one login each.

``FOTA_ALL_RIVALS=1`` runs fifty seeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ansible_collections.thingspace.fota.tests.reliability.rivals import SEEDS, run_seed

FEW = 4


@pytest.mark.parametrize("seed", range(SEEDS if os.environ.get("FOTA_ALL_RIVALS") else FEW))
def test_controllers_at_once(seed: int, record_property: Callable[[str, object], None]) -> None:
    result = run_seed(seed)
    record_property("rivalries", 1)
    record_property("rival_controllers", result.controllers)
    record_property("duplicates", len(result.duplicates))
    record_property("lost_devices", result.lost_devices)
    assert result.findings == []
    assert sum(result.phases.values()) == result.controllers
