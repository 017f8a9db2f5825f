# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures of the client layer: every one carries the payload all modules fail with."""

from __future__ import annotations

from typing import ClassVar


class FotaError(Exception):
    """One failure, ready for a person and for a program.

    ``str(error)`` is one readable line. ``kind`` is the word a playbook may branch on;
    ``http_status``, ``error_code`` and ``error_message`` are the service's own words
    (contract section 10), ``operation`` is the operationId, ``hint`` says what to do next.
    A subclass with one possible kind fills it in by itself.
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
        """The failure as every module returns it (the message itself goes to ``msg``)."""
        return {
            "kind": self.kind,
            "http_status": self.http_status,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "operation": self.operation,
            "hint": self.hint,
        }


class ConfigurationError(FotaError):
    """Missing or contradicting options, found before any call."""

    default_kind = "configuration"


class LoginRejected(FotaError):
    """The service refused key and secret or user and password: never retried.

    Kind ``login_rejected``, or ``locked_out`` once the service says the user is locked.
    """

    default_kind = "login_rejected"


class ServiceRefused(FotaError):
    """The service answered 4xx: final, and nothing was done."""

    default_kind = "refused"


class ServiceUnavailable(FotaError):
    """No usable answer within the deadline, and certainly nothing written."""

    default_kind = "unavailable"


class WriteOutcomeUnknown(FotaError):
    """A write left this machine and no clear answer came back: read before deciding."""

    default_kind = "outcome_unknown"


class CheckModeWrite(FotaError):
    """A write reached the transport in check mode, which is a bug of the caller."""

    default_kind = "check_mode"


class UnexpectedReply(FotaError):
    """A reply outside the contract: not JSON, a redirect, or a login that no service answered."""

    default_kind = "unexpected_reply"


class TokenCacheError(FotaError):
    """The shared token cache cannot be used safely, and logging in without it could lock out."""

    default_kind = "token_cache"
