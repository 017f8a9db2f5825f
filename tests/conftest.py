# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ``ansible_collections.thingspace.fota``."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

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
