# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ``ansible_collections.thingspace.fota``; count what is left out."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def _register(name: str, path: list[str]) -> None:
    """Put a package with a fixed search path into ``sys.modules``."""
    module = ModuleType(name)
    module.__path__ = path
    sys.modules.setdefault(name, module)


def make_importable() -> None:
    """Register the checkout under its collection name, whatever its folder is called."""
    _register("ansible_collections", [])
    _register("ansible_collections.thingspace", [])
    _register("ansible_collections.thingspace.fota", [str(ROOT)])


make_importable()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking thousands of collected tests again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Note at the first test how many ``make test`` leaves to ``make soak``."""
    taken = [item for item in items if not item.get_closest_marker("soak")]
    if taken and config.option.markexpr == "not soak":
        taken[0].user_properties.append(("left_to_soak", len(items) - len(taken)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print that number, in whichever process the test ran."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, count in report.user_properties if report.when == "call" else ():
            if name == "left_to_soak" and count:
                terminalreporter.write_line(f"{count} more cases in make soak")
