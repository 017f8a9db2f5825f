# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the client tests; what they are made of is in ``client_rig``."""

from __future__ import annotations

from client_rig import clean_environment, ops, settings, sim

__all__ = ["clean_environment", "ops", "settings", "sim"]
