# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the service as they may be shown."""

from __future__ import annotations

from .._model.text import visible


def show(value: object) -> str:
    """Give a value as text on one line, without anything that is not seen."""
    return visible(str(value))
