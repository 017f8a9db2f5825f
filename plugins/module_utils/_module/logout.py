# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_logout``: end the shared session and delete its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context

LOGOUT_OPTIONS: dict[str, dict[str, Any]] = {"revoke": {"type": "bool", "default": False}}


def log_out(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """End the session that all tasks share; delete its tokens and the note of a rejected login.

    Check mode neither calls the service nor deletes anything, so that a session which has expired
    unnoticed still counts.
    """
    revoke, check = params["revoke"], context.check_mode
    if check:
        session = context.client.has_session()
        bearer = revoke and context.client.has_bearer()
    else:
        session, bearer = context.client.logout(revoke=revoke)
    was, is_ = ("is", "would be") if check else ("was", "is")
    parts = [f"the session {is_} ended" if session else f"there {was} no session to end"]
    if revoke:
        nothing = f"there {was} no bearer token to revoke"
        parts.append(f"the bearer token {is_} revoked" if bearer else nothing)
    return {"changed": session or bearer, "msg": context.headline(", and ".join(parts))}
