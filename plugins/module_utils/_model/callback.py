# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback listener of an account, which receives a message for each change of an upgrade.

Its URL is a secret, as messages are not signed: whoever knows the URL can send some.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .wire import as_object, as_rows, text

SERVICE = "Fota"


@dataclass(frozen=True)
class Listener:
    """A listener; only v1 has a user name and password, which each message contains."""

    url: str = field(repr=False)
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be shown."""
        return tuple(value for value in (self.url, self.password) if value)

    def is_kept_by(self, other: Listener) -> bool:
        """Whether another one has all that is declared here.

        A password that the service does not return cannot be compared.
        """
        return (
            self.url == other.url
            and self.username in ("", other.username)
            and (not other.password or self.password in ("", other.password))
        )


def read_listener(reply: object) -> Listener | None:
    """Read the listener that is registered; an empty reply, list or URL means that none is.

    v1 returns a list or an object (contract section 8).
    """
    if reply is None:
        return None
    what = "callback listener"
    rows = as_rows(reply, what) if isinstance(reply, list) else [reply]
    listeners = [
        Listener(text(row, "url"), text(row, "username"), text(row, "password"))
        for row in (as_object(one, what, "url") for one in rows)
        if text(row, "name") in ("", SERVICE)
    ]
    return next((listener for listener in listeners if listener.url), None)


def write_listener(listener: Listener, *, named: bool) -> dict[str, str]:
    """Give the body that registers a listener.

    :param named: with the name of the callback service, and with credentials, as in v1.
    """
    if not named:
        return {"url": listener.url}
    body = {"name": SERVICE, "url": listener.url}
    if listener.username:
        body["username"] = listener.username
    if listener.password:
        body["password"] = listener.password
    return body


def read_registration(reply: object) -> None:
    """Check that a reply confirms a registration; only what is read afterwards counts."""
    as_object(reply, "callback registration", "url", "serviceName", "accountName")
