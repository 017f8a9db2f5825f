# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the contract tests."""

from __future__ import annotations

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator, simulator
from ansible_collections.thingspace.fota.tests.contract.scenario import START, fleet
from ansible_collections.thingspace.fota.tests.contract.walk import Walk

__all__ = ["simulator"]


@pytest.fixture
def walk(simulator: StartSimulator) -> Walk:
    """A judged simulator of the contract fleet with default switches, logged in."""
    return Walk(simulator(fleet(), start=START))
