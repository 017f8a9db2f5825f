# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a device runs the expected version."""

from __future__ import annotations

from enum import Enum


class Compliance(Enum):
    """``behind`` is any other known version; ``unknown`` means that none is known."""

    AT_TARGET = "at_target"
    BEHIND = "behind"
    UNKNOWN = "unknown"


def judge_version(version: str, expected: str) -> Compliance:
    """Compare version texts as they are: firmware versions have no order."""
    if not version:
        return Compliance.UNKNOWN
    return Compliance.AT_TARGET if version == expected else Compliance.BEHIND
