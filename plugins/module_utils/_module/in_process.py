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


def plain(value: Any) -> Any:
    """Give a value in the types that JSON has, as a module gets it. Dates become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)
