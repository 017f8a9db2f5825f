# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_callback``: register and remove the callback listener of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._api.callback_service import CallbackService
from ..._client.errors import FotaError
from ..._model.callback import Listener
from ..._model.errors import InvalidValue
from ..._plan.callback_plan import Step, plan_registration, plan_removal
from ..context import Context
from ..writing import write_and_read
from .listener import VERSION_OPTION, address_of, read_listener_option, view_listener

CALLBACK_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": VERSION_OPTION,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "url": {"type": "str", "no_log": True},
    "callback_username": {"type": "str"},
    "callback_password": {"type": "str", "no_log": True},
    "replace": {"type": "bool", "default": False},
}


def ensure_callback(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the listener to the declared state.

    :raises InvalidValue: an option cannot be used; nothing was called.
    :raises PlanRefused: another listener is registered; nothing was written.
    :raises FotaError: a call failed, or the service does not return the listener afterwards.
    """
    declared, warnings = read_listener_option(params)
    present, replace = params["state"] == "present", params["replace"]
    if declared is None and (present or not replace):
        raise InvalidValue(
            "url", None, "is required; only state: absent with replace: true removes any listener"
        )
    context.warnings += warnings
    service: CallbackService = context.api(params["api_version"])
    # A gateway sends empty replies, too, and a registration would replace another listener.
    current = service.get_listener() or service.get_listener()
    if present and declared is not None:
        known_as = address_of(current) if current else ""
        step = plan_registration(declared, current, replace=replace, known_as=known_as)
        after = current if step is Step.NONE else declared
    else:
        step = plan_removal(declared, current, replace=replace)
        after = current if step is Step.NONE else None
    if step is not Step.NONE and not context.check_mode:
        after = _write(context, service, step, declared)
    view = view_listener(after, declared)
    version = params["api_version"]
    where = f"a listener at {view['address']}" if view["registered"] else "no listener"
    return {
        "changed": step is not Step.NONE,
        "action": step.value,
        "callback": view,
        "diff": {"before": view_listener(current, declared), "after": view},
        "msg": context.headline(f"callback of {version}: {step.value}, {where}"),
    }


def _write(
    context: Context, service: CallbackService, step: Step, declared: Listener | None
) -> Listener | None:
    """Write once and read; gives the listener that is registered afterwards."""

    def send() -> None:
        if step is Step.DEREGISTER or declared is None:
            service.deregister_listener()
        elif step is Step.UPDATE:
            service.update_listener(declared)
        else:
            service.register_listener(declared)

    def has_arrived(listener: Listener | None) -> bool:
        if step is Step.DEREGISTER or declared is None:
            return listener is None
        return listener is not None and declared.is_kept_by(listener)

    there, failure = write_and_read(context, send, service.get_listener, has_arrived)
    if failure is not None:
        raise failure
    if not has_arrived(there):
        raise FotaError(
            f"callback: {step.value} was confirmed by the service, which does not return it",
            kind="outcome_unknown",
            hint="another controller may have changed the listener; run again",
        )
    return there
