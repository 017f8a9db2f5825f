# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is replaced at once: a reader sees what was in it before, or all of the new text."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def read_text(path: str) -> str:
    """Give what is in a file; empty where it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def replace_file(path: str, text: str, *, mode: int) -> None:
    """Replace a file, or create it.

    :raises OSError: it cannot be written; it stays as it was.
    """
    file = Path(path)
    # Whoever reads all files with the suffix of this one does not read the new one before.
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".new", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
        Path(name).chmod(mode)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
