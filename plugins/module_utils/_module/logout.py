# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_logout``: end the shared session and delete its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context

LOGOUT_OPTIONS: dict[str, dict[str, Any]] = {}


def log_out(context: Context, _params: Mapping[str, Any]) -> dict[str, Any]:
    """End the session that all tasks share; delete its tokens and the note of a rejected login.

    Check mode neither calls the service nor deletes anything, so that a session which has expired
    unnoticed still counts.
    """
    if context.check_mode:
        known = context.client.has_session()
        text = "the session would be ended" if known else "there is no session to end"
        return {"changed": known, "msg": context.headline(text)}
    ended = context.client.logout()
    text = "the session is ended" if ended else "there was no session to end"
    return {"changed": ended, "msg": context.headline(text)}
