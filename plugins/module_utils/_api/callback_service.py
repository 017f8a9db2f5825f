# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback listeners: one for each account and version (contract section 8)."""

from __future__ import annotations

from dataclasses import dataclass

from .._client.body import json_body
from .._client.operation import Kind, Operation
from .._model.callback import (
    Listener,
    read_listener,
    read_registration,
    write_listener,
)
from .._model.firmware import read_success
from .service import Service


@dataclass(frozen=True)
class CallbackOperations:
    """The operations of one version.

    :ivar update: replaces a listener; in v1, that is a registration.
    :ivar named: whether the body names the callback service, and has credentials.
    """

    get: Operation
    register: Operation
    update: Operation
    deregister: Operation
    named: bool = False


def read_operation(name: str, path: str) -> Operation:
    """Give the operation that reads the listener."""
    return Operation(name, "GET", path, Kind.READ, may_be_empty=True, confidential=True)


def callback_operations(version: str) -> CallbackOperations:
    """Give the operations of v2 or v3, which are the same under another path."""
    path = f"/fota/{version}/callbacks/{{account}}"
    return CallbackOperations(
        get=read_operation(f"{version}GetCallback", path),
        register=Operation(f"{version}RegisterCallback", "POST", path, Kind.WRITE),
        update=Operation(f"{version}UpdateCallback", "PUT", path, Kind.WRITE),
        deregister=Operation(f"{version}DeregisterCallback", "DELETE", path, Kind.WRITE),
    )


class CallbackService(Service):
    """The callback listener of the version given by ``callbacks``."""

    callbacks: CallbackOperations

    def get_listener(self) -> Listener | None:
        """Read the listener that is registered; None if none is."""
        return self._call(self.callbacks.get, read_listener)

    def register_listener(self, listener: Listener) -> None:
        """Register a listener, in place of any other."""
        self._send(self.callbacks.register, listener)

    def update_listener(self, listener: Listener) -> None:
        """Replace the listener that is registered."""
        self._send(self.callbacks.update, listener)

    def deregister_listener(self) -> bool | None:
        """Remove the listener; True, False, or None if the reply is unclear."""
        return self._call(self.callbacks.deregister, read_success)

    def _send(self, operation: Operation, listener: Listener) -> None:
        value = write_listener(listener, named=self.callbacks.named)
        body = json_body(value, secrets=listener.secrets)
        self._call(operation, read_registration, body=body)
