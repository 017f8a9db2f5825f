# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hints on what to do after a refusal of the service (contract sections 2, 10 and 11). Pure."""

from __future__ import annotations

from .._model.text import count
from .error_bodies import ErrorBody
from .settings import variable

# Known messages of INVALID_PARAMETER, in lower case, as parts of the text (contract section 10).
_PARAMETERS = {
    "device list is empty": "Specify at least one device.",
    "invalid state date": "Check the start date: YYYY-MM-DD, not in the past.",
    "inactive account": "The account is not active. Contact Verizon, or use another account.",
    "index exceeds number of devices": "Read the list again from its beginning.",
    "input binding error": "The request body was empty or invalid. Please report this as a bug.",
    "invalid account name format": "Write the account as ##########-#####.",
    "invalid device id format": "Specify each device as an IMEI with 15 digits.",
    "invalid index value": "Read the list again from its beginning.",
    "lastseendeviceid not valid": "Read the list again from its beginning.",
}

_BY_CODE = {
    "900901": "The bearer token was rejected. Check that the key is active for this host.",
    "900902": "The bearer token did not arrive. A proxy may have removed the Authorization header.",
    "900906": f"The host has no such resource. Check base_url ({variable('base_url')}).",
}

# For reads of one campaign or upgrade, whose id is the only thing that can be wrong.
_BY_OPERATION = {
    "v1GetUpgrade": "Check upgrade_id and account. fota_upgrade_info without upgrade_id lists all"
    " upgrades.",
    "v2GetCampaign": "Check campaign_id, type and account. fota_campaign_info without campaign_id"
    " lists all campaigns; this was a search for a campaign of type software.",
    "v3GetCampaign": "Check campaign_id, type and account. fota_campaign_info without campaign_id"
    " lists all campaigns; this was a search for a campaign of type firmware.",
}

_BY_STATUS = {
    401: "Check that the credentials belong to this host and are still active.",
    403: "The application key or user does not have permission. Check the account, and that the"
    " key is subscribed to Software Management Services.",
    404: f"Check the ids, and base_url ({variable('base_url')}), the part of the URL before /fota.",
    405: f"Check base_url ({variable('base_url')}), the part of the URL before /fota.",
    413: "Send fewer devices in one call.",
}

# For replies that cannot be used, to a read and to a write.
NOT_USED = (
    "The reply was not used. Try again later. If this persists, check base_url and proxies: the"
    " reply may not come from the service."
)
NOT_REPEATED = "The call was not repeated. Read the state before the next step."


def for_refusal(status: int, error: ErrorBody, operation: str = "") -> str:
    """Return a hint for a 4xx reply, by code, known message, operation or status."""
    code = error.code or ""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if "sessiontoken." in code.lower():
        return "The M2M session was rejected right after its renewal. Log out, then try again."
    if code.endswith("INVALID_PARAMETER"):
        message = (error.message or "").lower()
        for known, hint in _PARAMETERS.items():
            if known in message:
                return hint
        if operation in _BY_OPERATION:
            return _BY_OPERATION[operation]
    return _BY_STATUS.get(
        status, "Nothing was done. Correct the error in the message, then run again."
    )


def for_given_token(option: str) -> str:
    """Return a hint for a rejected token that was given by the user and is never renewed."""
    instead = {
        "bearer_token": ("client_id", "client_secret"),
        "session_token": ("username", "password"),
    }[option]
    credentials = " and ".join(f"{name} ({variable(name)})" for name in instead)
    return (
        f"{option} ({variable(option)}) is not renewed automatically and may have expired."
        f" Set a new one, or use {credentials} instead."
    )


def for_login(
    kind: str,
    *,
    key_refused: bool,
    minutes: int | None,
    directory: str,
    cache_was_new: bool,
) -> str:
    """Return a hint for a rejected login, or for an unclear reply (``unexpected_reply``).

    :param minutes: how long the rejection is recorded in ``directory``; None for no time limit.
    :param cache_was_new: ``directory`` may be one that each job throws away.
    """
    names = ("client_id", "client_secret") if key_refused else ("username", "password")
    options = " and ".join(f"{name} ({variable(name)})" for name in names)
    pause = "" if minutes is None else f" for {count(minutes, 'minute')}"
    danger = (
        "the service may lock an application whose secret is rejected again and again"
        if key_refused
        else "five rejected logins in a row lock the user"
    )
    again = f"The login is not tried again{pause}, because {danger}."
    if cache_was_new:
        again = (
            f"This token cache was empty at the start. Jobs that keep it do not try the login"
            f" again{pause}, but every job that starts with an empty one, such as in a container"
            f" that is thrown away, tries it at once, and {danger}. Correct the credentials before"
            f" the next job, and set token_cache ({variable('token_cache')}) to a directory that"
            " all jobs share."
        )
    again += (
        " To try again immediately, use other credentials, run the playbook"
        f" thingspace.fota.logout, or empty the token cache ({directory})."
    )
    if kind == "locked_out":
        return f"Only Verizon support can unlock the user. {again}"
    if kind == "unexpected_reply":
        return (
            "Check base_url and proxies: this reply does not come from the service, which may"
            f" still have rejected the login. {again}"
        )
    return f"Check {options}. {again}"
