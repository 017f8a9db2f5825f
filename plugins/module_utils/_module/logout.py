# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_logout``: the shared session ends, and what was remembered of it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context

LOGOUT_OPTIONS: dict[str, dict[str, Any]] = {}


def log_out(context: Context, _params: Mapping[str, Any]) -> dict[str, Any]:
    """End the session that all tasks share, and forget its tokens and a rejected login.

    Check mode neither calls the service nor forgets anything, so that a session which expired
    unnoticed counts as one there.
    """
    if context.check_mode:
        known = context.client.has_session()
        text = "the session would be ended" if known else "there is no session to end"
        return {"changed": known, "msg": context.headline(text)}
    ended = context.client.logout()
    text = "the session is ended" if ended else "there was no session to end"
    return {"changed": ended, "msg": context.headline(text)}
