# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines to paste are YAML that reads what was meant, whatever a wave is called."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.overrides import (
    accept_entry,
    approval_entry,
)

NAMES = ("pilot", "wave-2", "on", "Yes", "y", "010", "1_000", "null", "1e3", "-", "2026-01-02")


@pytest.mark.parametrize("name", NAMES)
def test_a_wave_may_be_called_like_a_value_of_yaml(name: str) -> None:
    approval = {"wave": name, "digest": "3f9c01020304", "failures": 0}
    assert yaml.safe_load(approval_entry(approval)) == approval
    accept = {"wave": name, "failures": 2, "up_to": 2, "generations": ["123456"]}
    pasted = yaml.safe_load(accept_entry(accept))
    assert pasted == {**accept, "by": "your name", "reason": "why"}
