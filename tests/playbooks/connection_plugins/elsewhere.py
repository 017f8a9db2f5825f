# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is this machine and does not say so: modules are packed and sent to it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: elsewhere
short_description: Send modules to this machine as to any other
description:
  - The connection V(local) under another name, by which tasks do not know the controller.
author:
  - thingspace.fota contributors
options: {}
"""

from ansible.plugins.connection import local  # noqa: E402 - documentation stands before


class Connection(local.Connection):
    """The plugin."""

    transport = "elsewhere"
