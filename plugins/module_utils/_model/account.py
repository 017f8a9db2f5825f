# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account names, which are part of nearly every path of the service."""

from __future__ import annotations

import re

from .errors import InvalidValue

# Documented form. Published examples violate it, so other forms only warn (contract section 12).
DOCUMENTED_SHAPE = re.compile(r"[0-9]{10}-[0-9]{5}")
PATH_SAFE = re.compile(r"[A-Za-z0-9._-]+")


def check_account(account: str | None) -> str | None:
    """Check an account name before any call.

    :returns: a warning if the form is not the documented one, otherwise None.
    :raises InvalidValue: it is empty, or has characters that are not allowed in a path.
    """
    if not account:
        raise InvalidValue("account", account, "is required. Set account or THINGSPACE_ACCOUNT")
    if not PATH_SAFE.fullmatch(account) or account in (".", ".."):
        raise InvalidValue(
            "account", account, "has characters that are not allowed in an account name"
        )
    if not DOCUMENTED_SHAPE.fullmatch(account):
        return f"account: {account} does not have the documented form ##########-#####"
    return None
