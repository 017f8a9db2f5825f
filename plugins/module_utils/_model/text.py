# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that people read: from the service, made safe to print, and numbers of things."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]")


def visible(value: object) -> str:
    """Return a value as one line of text, without escape sequences and control characters."""
    return "".join(c if c.isprintable() else " " for c in _ESCAPES.sub("", str(value)))


def count(number: int, noun: str) -> str:
    """Return a number of things, such as ``1 device`` and ``2 devices``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
