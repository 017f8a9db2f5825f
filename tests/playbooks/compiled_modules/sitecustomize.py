# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile what a module brings along once for all tests, as Python does for files.

Ansible sends a module as a zip archive of sources, so each start compiles a hundred of them anew.
Python imports this file by its name at its start, where PYTHONPATH names its folder.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import zipimport
from types import CodeType

try:
    FOLDER = os.environ["FOTA_COMPILED"]
    _compile = zipimport._compile_source  # type: ignore[attr-defined]
except (KeyError, AttributeError):
    pass
else:
    import _imp

    def compile_once(path: str, source: bytes) -> CodeType:
        """Give the code of a source, which names the file by itself and the version of Python."""
        name = f"{sys.implementation.cache_tag}-{_imp.source_hash(0, source).hex()}"  # type: ignore[attr-defined]
        file = os.path.join(FOLDER, name)
        with contextlib.suppress(OSError), open(file, "rb") as kept:
            return marshal.load(kept)  # noqa: S302 - we wrote it
        code: CodeType = _compile(path, source)
        os.makedirs(FOLDER, exist_ok=True)
        with open(f"{file}.{os.getpid()}", "wb") as written:
            marshal.dump(code, written)
        os.replace(written.name, file)
        return code

    zipimport._compile_source = compile_once  # type: ignore[attr-defined]
