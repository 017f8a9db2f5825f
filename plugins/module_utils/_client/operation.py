# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation of the service is, and how its path is filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from .errors import ConfigurationError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Kind(Enum):
    """What a call may do, which decides how it may be repeated. Some reads are POST."""

    READ = "read"
    WRITE = "write"
    AUTH = "auth"


@dataclass(frozen=True)
class Operation:
    """One operation of the contract (section 3): its operationId, method and path template.

    ``path`` hangs under the base URL, for example
    ``/fota/v3/campaigns/{account}/{campaign_id}``.
    """

    id: str
    method: str
    path: str
    kind: Kind

    def url_path(self, params: Mapping[str, str]) -> str:
        """The path with every placeholder filled by exactly one percent-encoded segment.

        Raises ``ConfigurationError`` for a value that cannot be one segment: empty, ``.``,
        ``..`` or text without a UTF-8 form. Raises ``KeyError`` when a placeholder has no
        value, which is a mistake of the caller.
        """

        def fill(match: re.Match[str]) -> str:
            return _segment(match[1], params[match[1]], operation=self.id)

        return _PLACEHOLDER.sub(fill, self.path)


def _segment(name: str, value: str, *, operation: str) -> str:
    # A dot segment survives percent-encoding: clients and gateways resolve "%2E%2E" as well.
    if value in {"", ".", ".."}:
        raise ConfigurationError(
            f"{name} {value!r} cannot be part of a path",
            operation=operation,
            hint=f"Give {name} a real value.",
        )
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{name} {value!r} holds characters that are not text",
            operation=operation,
            hint=f"Give {name} as UTF-8 text.",
        ) from error
