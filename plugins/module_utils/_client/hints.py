# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do about a refusal of the service (contract sections 2, 10 and 11). Pure."""

from __future__ import annotations

from .error_bodies import ErrorBody
from .settings import variable

# Messages known with INVALID_PARAMETER, lower case, as a part of the text (contract section 10).
_PARAMETERS = {
    "device list is empty": "Give at least one device.",
    "invalid state date": "Check the start date: YYYY-MM-DD, not in the past.",
    "inactive account": "The account is not active: ask Verizon, or use another account.",
    "index exceeds number of devices": "Read the list again from its beginning.",
    "input binding error": "The body was empty or not readable: report this as a bug.",
    "invalid account name format": "Write the account as ##########-#####.",
    "invalid device id format": "Give each device as an IMEI of 15 digits.",
    "invalid index value": "Read the list again from its beginning.",
    "invalid upgradeid": "Check the upgrade id; list the upgrades of the account by status.",
    "invalid uuid": "Check the campaign id; list the campaigns of the account by status.",
    "lastseendeviceid not valid": "Read the list again from its beginning.",
}

_BY_CODE = {
    "900901": "The bearer token was refused: check that the key is active for this host.",
    "900902": "The bearer token did not arrive: a proxy may strip the Authorization header.",
    "900906": f"No such resource at this host: check base_url ({variable('base_url')}).",
}

_BY_STATUS = {
    401: "Check that the credentials belong to this host and are still active.",
    403: "The application key or user may not do this: check the account, and that the key is"
    " subscribed to Software Management Services.",
    404: f"Check the ids, and base_url ({variable('base_url')}): everything before /fota.",
    405: f"Check base_url ({variable('base_url')}): everything before /fota.",
    413: "Send fewer devices in one call.",
}


def for_refusal(status: int, error: ErrorBody) -> str:
    """What to do after a 4xx: by code, by known message, by status, or that it is final."""
    code = error.code or ""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if "sessiontoken." in code.lower():
        return "The M2M session was refused right after it was renewed: log out, then try again."
    if code.endswith("INVALID_PARAMETER"):
        message = (error.message or "").lower()
        for known, hint in _PARAMETERS.items():
            if known in message:
                return hint
    return _BY_STATUS.get(status, "Nothing was done: correct what the message names, then repeat.")


def for_given_token(option: str) -> str:
    """What to do when a token given by the user is refused: it is never renewed."""
    instead = {
        "bearer_token": ("client_id", "client_secret"),
        "session_token": ("username", "password"),
    }[option]
    credentials = " and ".join(f"{name} ({variable(name)})" for name in instead)
    return (
        f"{option} ({variable(option)}) is used as given and may have expired:"
        f" give a new one, or {credentials} instead."
    )


def for_login(kind: str, *, key_refused: bool, minutes: int | None, directory: str) -> str:
    """What to do after a login that was refused, or by whom is unclear (``unexpected_reply``).

    :param minutes: for so long it is remembered in ``directory``; None until somebody acts.
    """
    names = ("client_id", "client_secret") if key_refused else ("username", "password")
    options = " and ".join(f"{name} ({variable(name)})" for name in names)
    while_ = "" if minutes is None else f" for {minutes} minutes"
    again = (
        f"It is not tried again{while_}, as five refused logins in a row lock the user; other"
        " credentials, a logout (playbook thingspace.fota.logout) or an emptied token cache"
        f" ({directory}) try at once."
    )
    if kind == "locked_out":
        return f"Only Verizon support can unlock the user. {again}"
    if kind == "unexpected_reply":
        return (
            "Check base_url and proxies: this is no reply of the service, which may have refused"
            f" the login all the same. {again}"
        )
    return f"Check {options}. {again}"
