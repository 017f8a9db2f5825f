# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures ``run_playbook`` (see ``runner``) and ``simulator`` (see the contract tests).

Use::

    def test_something(run_playbook, simulator):
        sim = simulator(start="2026-03-02T08:00:00Z")
        sim.refuse_writes = True
        run = run_playbook("thingspace.fota.campaign", "--check", variables={...}, simulator=sim)
        assert run.succeeded()["Create, change or cancel the campaign"]["changed"]
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.thingspace.fota.tests.contract.fixtures import simulator
from ansible_collections.thingspace.fota.tests.playbooks.runner import PlaybookRunner

__all__ = ["simulator"]

# Ansible's own modules start an eighth of a second sooner through a pipe than as a file, and
# collecting garbage takes a tenth of all time.
QUICK = {"ANSIBLE_PIPELINING": "true", "RESULTS_WITHOUT_GC": "true"}


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children hear SIGINT, also where the tests run as a background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run_playbook(tmp_path: Path) -> Iterator[PlaybookRunner]:
    """Runs playbooks below ``tmp_path``; ends what a failed test left."""
    yield from ended(PlaybookRunner(tmp_path / "ansible", QUICK))


@pytest.fixture
def run_unpiped(tmp_path: Path) -> Iterator[PlaybookRunner]:
    """The same with the default of Ansible, by which modules are files for a while."""
    yield from ended(PlaybookRunner(tmp_path / "ansible"))


def ended(runner: PlaybookRunner) -> Iterator[PlaybookRunner]:
    """A runner whose playbooks are ended after the test."""
    yield runner
    for running in runner.started:
        if running.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
