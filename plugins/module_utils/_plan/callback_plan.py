# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a callback listener: another one is replaced only where that is declared."""

from __future__ import annotations

from enum import Enum

from .._model.callback import Listener
from .refusal import PlanRefused


class Step(Enum):
    """What is done to the listener that is registered."""

    REGISTER = "register"
    UPDATE = "update"
    DEREGISTER = "deregister"
    NONE = "none"


def plan_registration(
    declared: Listener, current: Listener | None, *, replace: bool, known_as: str
) -> Step:
    """Decide how the declared listener becomes the one that is registered.

    :param known_as: what a message may say of the current one.
    :raises PlanRefused: another one is registered, and is not to be replaced.
    """
    if current is None:
        return Step.REGISTER
    if declared.is_kept_by(current):
        return Step.NONE
    if replace or declared.url == current.url:
        return Step.UPDATE
    raise PlanRefused(
        "callback",
        f"another listener is registered, at {known_as}. The account has only one for this version"
        " of the service",
        hint="set replace: true if the other one does not need its messages any longer",
    )


def plan_removal(declared: Listener | None, current: Listener | None, *, replace: bool) -> Step:
    """Decide whether to remove the listener that is registered.

    :param replace: whether to remove it also if it is not the declared one.
    """
    if current is None:
        return Step.NONE
    is_declared = declared is not None and declared.url == current.url
    return Step.DEREGISTER if replace or is_declared else Step.NONE
