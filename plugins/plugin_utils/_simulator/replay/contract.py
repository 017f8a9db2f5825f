# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document of the service, as far as exchanges are judged by it.

``contract.json`` is generated from the document (see CONTRIBUTING). Objects are closed and words
are those that are known, so every new member or word of the service is found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..state.json_types import is_integer

_CONTRACT = Path(__file__).with_name("contract.json")
# The reply of these operations is empty when no listener is registered (CONTRACT section 8).
MAY_BE_EMPTY = frozenset({"v1ListCallbacks", "v2GetCallback", "v3GetCallback"})
# A word that the published filter lacks; clients may ask for it (CONTRACT section 14, question 2).
UNPUBLISHED_FILTER = ("campaignStatus", "CampaignPreScheduled")
JSON = "application/json"
_EXPLAINED = 120

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. Bodies are schemas by media type, those of replies also by status."""

    name: str
    method: str
    template: tuple[str, ...]
    parameters: tuple[tuple[str, str, bool, Any], ...]
    request: Mapping[str, Any]
    replies: Mapping[str, Mapping[str, Any]]

    def params(self, path: str) -> dict[str, str]:
        """The values of the parameters in a path; empty for another path."""
        segments = path.strip("/").split("/")
        if len(segments) != len(self.template):
            return {}
        pairs = zip(self.template, segments, strict=True)
        return {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}


@cache
def operations() -> dict[str, Operation]:
    """Every operation by its operationId."""
    return {
        name: Operation(
            name,
            row["method"],
            tuple(row["path"].strip("/").split("/")),
            tuple(tuple(parameter) for parameter in row["parameters"]),
            row["request"],
            row["replies"],
        )
        for name, row in _document()["operations"].items()
    }


def reply_problems(
    operation: Operation, status: int, media_type: str, body: Any, *, is_empty: bool
) -> Iterator[str]:
    """What the document does not allow in a reply.

    :param body: decoded JSON; None for a body that is not JSON.
    """
    bodies = operation.replies.get(str(status), operation.replies.get(f"{status // 100}XX"))
    if bodies is None:
        yield f"HTTP {status} is not documented"
        return
    if is_empty:
        if bodies and operation.name not in MAY_BE_EMPTY:
            yield "the body is empty"
        return
    if not bodies:
        yield "a body where none is documented"
    elif media_type not in bodies:
        yield f"content type {media_type or 'is missing'}, documented is {', '.join(bodies)}"
    elif media_type == JSON:
        yield from schema_problems(bodies[JSON], body)


def request_problems(
    operation: Operation, path: str, query: Mapping[str, str], sent: Any
) -> Iterator[str]:
    """What the document does not allow in a request with a JSON body or without one."""
    known = {
        name: schema for name, place, _must, schema in operation.parameters if place == "query"
    }
    for name, value in query.items():
        if name not in known:
            yield f"query parameter {name} is not documented"
        elif (name, value) != UNPUBLISHED_FILTER:
            yield from _named(f"query parameter {name}", schema_problems(known[name], value))
    for name, place, required, schema in operation.parameters:
        if place == "query" and required and name not in query:
            yield f"query parameter {name} is missing"
        if place == "path" and name in operation.params(path):
            problems = schema_problems(schema, operation.params(path)[name])
            yield from _named(f"path parameter {name}", problems)
    if JSON in operation.request and sent is not None:
        yield from _named("request", schema_problems(operation.request[JSON], sent))


def schema_problems(schema: Any, value: Any) -> Iterator[str]:
    """What a schema does not allow; rows of lists are ``[]``, so that equal problems are equal."""
    return _problems(schema, value, "")


def _named(what: str, problems: Iterator[str]) -> Iterator[str]:
    return (f"{what}: {problem}" for problem in problems)


@lru_cache(1)
def _document() -> Any:
    return json.loads(_CONTRACT.read_text(encoding="utf-8"))


def _problems(schema: Any, value: Any, at: str) -> Iterator[str]:
    while "$ref" in schema:
        schema = _document()["schemas"][schema["$ref"]]
    for keyword, check in _CHECKS.items():
        if keyword in schema:
            yield from check(schema, value, at)


def _check_type(schema: Any, value: Any, at: str) -> Iterator[str]:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_TYPES[name](value) for name in types):
        yield f"{at or 'the body'}: must be {' or '.join(types)}, is {_short(value)}"


def _check_enum(schema: Any, value: Any, at: str) -> Iterator[str]:
    if value not in schema["enum"]:
        yield f"{at or 'the value'}: {_short(value)} is not a documented value"


def _check_format(schema: Any, value: Any, at: str) -> Iterator[str]:
    check = _FORMATS.get(schema["format"])
    if check is not None and isinstance(value, str) and not check(value):
        yield f"{at or 'the value'}: {_short(value)} is not a {schema['format']}"


def _check_pattern(schema: Any, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{at or 'the value'}: {_short(value)} does not match {schema['pattern']}"


def _check_range(schema: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        yield f"{at or 'the value'}: {value} is out of range"


def _check_items(schema: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        return
    fewest, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not fewest <= len(value) <= most:
        size = "few" if len(value) < fewest else "many"
        yield f"{at or 'the list'}: {len(value)} rows are too {size}"
    for item in value:
        yield from _problems(schema.get("items", {}), item, f"{at}[]")


def _check_members(schema: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    for name, member in value.items():
        place = f"{at}.{name}" if at else name
        if name in known:
            yield from _problems(known[name], member, place)
        elif more is False:
            yield f"{place}: is not documented"
        elif isinstance(more, dict):
            yield from _problems(more, member, place)


def _check_required(schema: Any, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in schema["required"]:
            if name not in value:
                yield f"{f'{at}.{name}' if at else name}: is missing"


def _check_any(schema: Any, value: Any, at: str) -> Iterator[str]:
    found = [list(_problems(branch, value, at)) for branch in _branches(schema)]
    if found and all(found):
        yield " or ".join(dict.fromkeys(branch[0] for branch in found))


def _check_all(schema: Any, value: Any, at: str) -> Iterator[str]:
    for branch in schema["allOf"]:
        yield from _problems(branch, value, at)


def _branches(schema: Any) -> list[Any]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _EXPLAINED else f"{text[:_EXPLAINED]} ..."


def _is_day(text: str) -> bool:
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    found = _RFC3339.fullmatch(text)
    if found is None or not _is_day(found[1]):
        return False
    return int(found[2]) < 24 and int(found[3]) < 60 and int(found[4]) < 60


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: is_integer(value) or (isinstance(value, float) and value.is_integer()),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_day,
    "date-time": _is_time,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
}
_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "type": _check_type,
    "enum": _check_enum,
    "format": _check_format,
    "pattern": _check_pattern,
    "minimum": _check_range,
    "items": _check_items,
    "properties": _check_members,
    "required": _check_required,
    "anyOf": _check_any,
    "oneOf": _check_any,
    "allOf": _check_all,
}
