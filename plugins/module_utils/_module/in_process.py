# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task must be given to run in the process of an action plugin as it does in a module's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._client.transport import REQUESTS_IMPORT_ERROR
from .._model.times import DATEUTIL_IMPORT_ERROR

HAS_LIBRARIES = REQUESTS_IMPORT_ERROR is None and DATEUTIL_IMPORT_ERROR is None
"""What the use-cases need can be imported by this interpreter."""


@contextmanager
def environment_of_task(variables: Mapping[str, Any]) -> Iterator[None]:
    """Let ``environment`` of the task hold as it does for a module, which is a process."""
    before = dict(os.environ)
    os.environ.update({str(name): str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
