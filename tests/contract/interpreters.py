# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters of tools whose dependencies cannot live beside the collection's own."""

from __future__ import annotations

import os

import pytest


def interpreter(variable: str, package: str) -> str:
    """The Python that ``variable`` names, in whose environment ``package`` is installed.

    Without it the test is skipped, but fails where everything has to run (``CI``, ``FOTA_FULL``).
    """
    python = os.environ.get(variable)
    if python:
        return python
    reason = f"{variable} does not name a Python that has {package}"
    if os.environ.get("CI") or os.environ.get("FOTA_FULL"):
        pytest.fail(reason)
    pytest.skip(reason)
