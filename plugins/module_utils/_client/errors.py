# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the client layer, each with the structured failure that all modules return."""

from __future__ import annotations

from typing import ClassVar


class FotaError(Exception):
    """An error with a message and structured data.

    ``str(error)`` is one readable line. ``kind`` is a word that a playbook can test;
    ``http_status``, ``error_code`` and ``error_message`` come from the service (contract
    section 10), ``operation`` is the operationId, and ``hint`` says what to do next.
    A subclass with only one kind sets it by default.
    """

    default_kind: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        operation: str | None = None,
        http_status: int | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind or self.default_kind
        self.operation = operation
        self.http_status = http_status
        self.error_code = error_code
        self.error_message = error_message
        self.hint = hint

    def payload(self) -> dict[str, object]:
        """The failure as returned by every module (the message itself is returned in ``msg``)."""
        return {
            "kind": self.kind,
            "http_status": self.http_status,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "operation": self.operation,
            "hint": self.hint,
        }


class ConfigurationError(FotaError):
    """Missing or conflicting options, found before any call."""

    default_kind = "configuration"


class LoginRejected(FotaError):
    """The service rejected the key and secret or the user and password; never retried.

    Kind ``login_rejected``, or ``locked_out`` once the service says the user is locked.
    """

    default_kind = "login_rejected"


class ServiceRefused(FotaError):
    """The service answered 4xx: final, and nothing was done."""

    default_kind = "refused"


class ServiceUnavailable(FotaError):
    """No usable answer within the deadline; nothing was written."""

    default_kind = "unavailable"


class WriteOutcomeUnknown(FotaError):
    """A write was sent without a clear answer; read the service before the next step."""

    default_kind = "outcome_unknown"


class CheckModeWrite(FotaError):
    """A write reached the transport in check mode, which is a bug in the caller."""

    default_kind = "check_mode"


class UnexpectedReply(FotaError):
    """A reply outside the contract: a redirect, a login reply not from the service, or a success
    that is an error or not the documented JSON.
    """

    default_kind = "unexpected_reply"


class TokenCacheError(FotaError):
    """The shared token cache cannot be used safely; logins without it could lock the user."""

    default_kind = "token_cache"
