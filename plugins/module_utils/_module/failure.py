# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shape for every failure (kind, http_status, error_code, error_message, operation, hint)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._client.errors import FotaError
from .._model.errors import InvalidValue
from .._model.text import visible
from .._plan.refusal import PlanRefused
from .._plan.rollout.declaration.option_types import InvalidSpec

Failure = FotaError | InvalidValue | PlanRefused


class TaskFailure(Exception):
    """A failure after something was read or written, with the result so far.

    :ivar error: what failed.
    :ivar result: the result of the module so far.
    """

    def __init__(self, error: Failure, result: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.result = dict(result)


def describe_failure(error: Failure | TaskFailure) -> tuple[str, dict[str, Any]]:
    """Give the message for people and the payload for programs."""
    if isinstance(error, TaskFailure):
        return describe_failure(error.error)
    declared = isinstance(error, InvalidSpec)
    if isinstance(error, FotaError):
        payload = error.payload()
    else:
        payload = FotaError(
            str(error),
            kind="refused_by_plan" if isinstance(error, PlanRefused) else "invalid_value",
            hint=error.hint
            if isinstance(error, PlanRefused)
            else f"correct {'these errors' if declared else 'the value'} and run again",
        ).payload()
    if declared:
        # One mistake a line.
        return "\n".join(map(visible, str(error).splitlines())), payload
    hint = payload.get("hint")
    message = str(error)
    if hint and str(hint) not in message:
        message = f"{message.rstrip('.')}. What to do: {hint}"
    return visible(message), payload
