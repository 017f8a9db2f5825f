# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-cases of the modules, in process, against a judged simulator over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client import (
    clock,
    pace,
    transport,
)
from ansible_collections.thingspace.fota.tests.contract.fixtures import StartSimulator, simulator
from ansible_collections.thingspace.fota.tests.usecases.account import START, Account
from ansible_collections.thingspace.fota.tests.usecases.virtual_time import VirtualTime

__all__ = ["simulator"]


@pytest.fixture(autouse=True)
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """The client's pauses take no time, and its timeouts are met by pauses only."""
    virtual = VirtualTime()
    for module in (clock, pace, transport):
        monkeypatch.setattr(module, "time", virtual)
    return virtual


@pytest.fixture
def account(simulator: StartSimulator, tmp_path: Path) -> Account:
    """The main account of a simulator with a frozen clock and default switches."""
    return Account(simulator(start=START), tmp_path / "tokens")


@pytest.fixture
def account_with(simulator: StartSimulator, tmp_path: Path) -> Callable[..., Account]:
    """A factory of accounts: takes what ``simulator`` takes."""

    def start(**options: Any) -> Account:
        return Account(simulator(**{"start": START, **options}), tmp_path / "tokens")

    return start
