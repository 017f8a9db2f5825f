# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``module_defaults`` of the group may hold is accepted, and documented, by every module."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
    GROUP_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.rehearse import (
    REHEARSAL_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task
from ansible_collections.thingspace.fota.plugins.module_utils._module.wait.wait import (
    WAIT_MODULE_OPTIONS,
)
from ansible_collections.thingspace.fota.tests.tools.update_return_blocks import OFFLINE

OF_ACTIONS = {"fota_rehearsal": REHEARSAL_OPTIONS, "fota_wait": WAIT_MODULE_OPTIONS}
"""The options of modules whose action plugin does all of the work."""

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.thingspace.fota.plugins"
GROUP: list[str] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))[
    "action_groups"
]["fota"]


def test_the_group_has_every_module_that_calls_the_service() -> None:
    modules = sorted(file.stem for file in (ROOT / "plugins/modules").glob("fota_*"))
    assert sorted([*GROUP, *OFFLINE]) == modules


@pytest.mark.parametrize("name", GROUP)
def test_every_module_accepts_and_documents_what_the_group_sets(name: str) -> None:
    module: Any = import_module(f"{PLUGINS}.modules.{name}")
    own = OF_ACTIONS.get(name) or module.TASK.options
    task = Task(lambda _context, _params: {}, own)
    assert {*CONNECTION_OPTIONS, *GROUP_OPTIONS} <= {*task.all_options}
    fragments = yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]
    documented = {f"thingspace.fota.group.{option}" for option in GROUP_OPTIONS.keys() - own.keys()}
    assert documented == {each for each in fragments if each.startswith("thingspace.fota.group.")}
