# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files as module results."""

from __future__ import annotations

from typing import Any

from ..._model.configuration_file import ConfigurationFile


def view_file(file: ConfigurationFile) -> dict[str, Any]:
    """Give a file as a module result."""
    return {
        "file_name": file.name,
        "file_version": file.version,
        "make": file.make,
        "model": file.model,
        "target_path": file.target_path,
        "launch_date": file.launch_date,
        "release_note": file.release_note,
        "protocol": file.protocol,
        "platform": file.platform,
    }
