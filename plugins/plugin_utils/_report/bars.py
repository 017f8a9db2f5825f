# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars of devices as plain text."""

from __future__ import annotations

BAR_WIDTH = 20

# Devices that are verified, failed, pending, and all others.
BLOCKS = "█✗░·"
ASCII = "#x-."


def draw_bar(
    verified: int, failed: int, pending: int, total: int, *, width: int = BAR_WIDTH, ascii_: bool
) -> str:
    """Draw a bar of devices, such as ``[######x----.........]``.

    Whoever is there has a character, however few they are, as far as the width allows: of 1 000
    devices a single failure shows. Numbers that do not fit are cut to ``total``.

    :param total: all devices, those with another state included; 0 gives an empty bar.
    :param width: characters between the brackets, at least 4.
    :param ascii_: use characters that every terminal has.
    """
    parts = [max(verified, 0), max(failed, 0), max(pending, 0)]
    parts.append(max(total - sum(parts), 0))
    cells = _share(parts, max(width, len(parts)))
    marks = ASCII if ascii_ else BLOCKS
    drawn = "".join(mark * number for mark, number in zip(marks, cells, strict=True))
    return f"[{drawn or marks[-1] * max(width, len(parts))}]"


def prints_blocks(encoding: str | None) -> bool:
    """Tell whether bars can be printed in an encoding as they are."""
    try:
        BLOCKS.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _share(parts: list[int], width: int) -> list[int]:
    """Share the width out in proportion; whoever is there gets one cell at least."""
    total = sum(parts)
    if not total:
        return [0] * len(parts)
    cells = [max(number * width // total, number > 0) for number in parts]
    while sum(cells) < width:
        short = [number / total - cell / width for number, cell in zip(parts, cells, strict=True)]
        cells[short.index(max(short))] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells
