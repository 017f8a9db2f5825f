# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of the service, and their paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from .errors import ConfigurationError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Kind(Enum):
    """The kind of a call, which decides how it may be repeated. Some reads use POST.

    A repeatable write changes only what the service remembers about devices, so it can be sent
    again after a lost reply. Like any write, it is not sent in check mode (contract section 14,
    question 30).
    """

    READ = "read"
    WRITE = "write"
    REPEATABLE_WRITE = "repeatable write"
    AUTH = "auth"

    @property
    def writes(self) -> bool:
        """Whether it is not allowed in check mode."""
        return self in {Kind.WRITE, Kind.REPEATABLE_WRITE}

    @property
    def repeatable(self) -> bool:
        """Whether it can be sent again when it is unknown whether it was carried out."""
        return self in {Kind.READ, Kind.REPEATABLE_WRITE}


@dataclass(frozen=True)
class Operation:
    """One operation of the contract (section 3): its operationId, method and path template.

    ``path`` is relative to the base URL, for example
    ``/fota/v3/campaigns/{account}/{campaign_id}``. ``may_be_empty`` is set where an empty reply to
    a read means that there is nothing (contract section 8), ``confidential`` where a reply has
    secrets, so that errors do not quote it.
    """

    id: str
    method: str
    path: str
    kind: Kind
    may_be_empty: bool = False
    confidential: bool = False

    def url_path(self, params: Mapping[str, str]) -> str:
        """The path with every placeholder filled by exactly one percent-encoded segment.

        Raises ``ConfigurationError`` for a value that cannot be one segment: empty, ``.``,
        ``..`` or text without a UTF-8 form. Raises ``KeyError`` when a placeholder has no
        value, which is a bug in the caller.
        """

        def fill(match: re.Match[str]) -> str:
            return _segment(match[1], params[match[1]], operation=self.id)

        return _PLACEHOLDER.sub(fill, self.path)


def _segment(name: str, value: str, *, operation: str) -> str:
    # A dot segment survives percent-encoding: clients and gateways resolve "%2E%2E" as well.
    if value in {"", ".", ".."}:
        raise ConfigurationError(
            f"{name}: {value!r} cannot be part of a path",
            operation=operation,
            hint=f"Set {name} to a valid value.",
        )
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{name}: {value!r} contains characters that are not valid text",
            operation=operation,
            hint=f"Set {name} to UTF-8 text.",
        ) from error
