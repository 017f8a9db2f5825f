# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the service and of its gateway (CONTRACT section 10)."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """A reply that is an error: HTTP status, JSON body, extra headers."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers


def fota_error(code: str, message: str, *, status: int = 400) -> ServiceError:
    """An error with ``errorCode`` and ``errorMessage``."""
    return ServiceError(status, {"errorCode": code, "errorMessage": message})


def invalid(message: str) -> ServiceError:
    """An error with the only FOTA error code that is documented."""
    return fota_error("INVALID_PARAMETER", message)


def gateway_fault(status: int, code: str, message: str, description: str) -> ServiceError:
    """An error with ``fault``."""
    fault = {"code": code, "message": message, "description": description}
    return ServiceError(status, {"fault": fault})


def oauth_error(status: int, error: str, description: str) -> ServiceError:
    """An error of the token endpoint, with ``error`` and ``error_description``."""
    return ServiceError(status, {"error": error, "error_description": description})


def bad_bearer() -> ServiceError:
    return gateway_fault(
        401,
        "900901",
        "Invalid Credentials",
        "Access failure for API: token is inactive, invalid or expired",
    )


def missing_bearer() -> ServiceError:
    return gateway_fault(
        401, "900902", "Missing Credentials", "Required OAuth credentials not provided"
    )


def no_such_resource(status: int) -> ServiceError:
    return gateway_fault(
        status, "900906", "No matching resource found in the API for the given request", ""
    )


def wrong_method(allowed: list[str]) -> ServiceError:
    error = gateway_fault(405, "900905", "Method not allowed for given API resource", "")
    error.headers = (("Allow", ", ".join(allowed)),)
    return error
