# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of a CSV file that people open in a spreadsheet."""

from __future__ import annotations

import json

from .text import visible

# A spreadsheet reads a cell that begins like this as a formula; full-width signs count as well.
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")


def cell(value: object) -> str:
    """Give a value as a cell of CSV: one line of printable text, never a formula.

    Lists of texts are joined by semicolons; other lists and mappings are JSON.
    """
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ";".join(value)
    text = value if isinstance(value, str) else json.dumps(value)
    if not text.isprintable():
        text = visible(text)
    return f"'{text}" if text.lstrip()[:1] in _FORMULA else text
