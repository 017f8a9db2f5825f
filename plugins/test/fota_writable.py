# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file can be written."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_writable
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.6.0
short_description: Whether a file can be written on the controller
description:
  - Returns whether a file can be written, or can be created together with its directories.
  - Nothing is written. A write can still fail later, for example because the disk is full.
positional: _input
options:
  _input:
    description: Path of the file. A relative path starts at the current directory.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Check that the journal can be written before the first change
  ansible.builtin.assert:
    that: journal is thingspace.fota.fota_writable
"""

RETURN = r"""
_value:
  description: Whether the file can be written.
  type: bool
"""

import os  # noqa: E402 - the documentation comes before the imports
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402


def fota_writable(path: object) -> bool:
    """Return whether a file can be written or created."""
    try:
        file = Path(os.path.realpath(os.path.expanduser(str(path))))
        if file.exists() and not (file.is_file() and os.access(file, os.W_OK)):
            return False
        # Ansible replaces a file by a new one, so the directory counts, too.
        folder = next(folder for folder in file.parents if folder.exists())
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except (OSError, ValueError):
        return False


class TestModule:
    """The class that the plugin loader expects."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"fota_writable": fota_writable}
