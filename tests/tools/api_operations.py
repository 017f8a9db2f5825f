# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All operations that the API layer can call, found in its modules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass

from ansible_collections.thingspace.fota.plugins.module_utils._api import (
    file_service,
    logging_service,
    v1,
    v2,
    v3,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import Operation


def api_operations() -> set[Operation]:
    """Operations of a module, of its services and of their groups of operations."""
    return {
        found
        for module in (file_service, logging_service, v1, v2, v3)
        for found in _operations(vars(module).values(), 3)
    }


def _operations(values: object, depth: int) -> Iterator[Operation]:
    for value in list(values):  # type: ignore[call-overload]
        if isinstance(value, Operation):
            yield value
        elif depth and (isinstance(value, type) or is_dataclass(value)):
            yield from _operations(vars(value).values(), depth - 1)
