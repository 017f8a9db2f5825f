# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixture ``awx``: starts jobs as AWX does, against a simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.tests.awx.jobs import Awx
from ansible_collections.thingspace.fota.tests.contract.fixtures import simulator
from ansible_collections.thingspace.fota.tests.contract.interpreters import interpreter
from ansible_collections.thingspace.fota.tests.playbooks.conftest import run_playbook

__all__ = ["run_playbook", "simulator"]


@pytest.fixture
def awx(tmp_path: Path) -> Callable[[Any], Awx]:
    """Makes an AWX with the credential of a simulator."""

    def make(sim: Any) -> Awx:
        cache = tmp_path / "tokens"
        cache.mkdir(mode=0o700)
        inputs = {
            "account": "0000123456-00001",
            "client_id": "simulator-key",
            "client_secret": "simulator-secret",
            "username": "simulator-user",
            "password": "simulator-password",
            "token_cache": str(cache),
            "base_url": sim.url,
        }
        return Awx(tmp_path, interpreter("FOTA_RUNNER_PYTHON", "ansible-runner"), inputs)

    return make
