# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that ``awx_setup`` creates, as AWX sees them."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._project.awx_objects import (
    _with_braces,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._project.skeleton import SKELETON


@cache
def objects() -> dict[str, Any]:
    """The data file, with the braces that AWX renders."""
    text = (SKELETON / "awx_objects.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = _with_braces(yaml.safe_load(text))
    return found


def named(variable: str, name: str) -> dict[str, Any]:
    """One object by its name."""
    (found,) = (entry for entry in objects()[variable] if entry["name"] == name)
    return dict(found)


def questions(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The questions of the survey of a template or workflow, by their variables."""
    asked = entry.get("survey_spec", {}).get("spec", ()) if entry.get("survey_enabled") else ()
    return {question["variable"]: question for question in asked}
