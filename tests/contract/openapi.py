# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document as something that can judge one exchange.

``OpenApiDocument`` finds the operation of a call and lists what is wrong with its reply or its
request. It is stricter than a client may be: a member that the document does not name and a
status word that it does not know are faults of the simulator, although a client tolerates both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import UUID
from xml.etree import ElementTree

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

DOCUMENT = Path(__file__).with_name("thingspace-fota.openapi.yaml")
API_PREFIX = "/api"
JSON = "application/json"
XML = "application/xml"
# Of a long page, the envelope and this many rows are judged.
REPLY_ROWS = 20
# One more than the largest maxItems of a request (100), so that an excess is still seen.
REQUEST_ROWS = 101
EXPLAINED = 300
# The reply of these operations is empty when no listener is registered (CONTRACT 8).
MAY_BE_EMPTY = frozenset({"v1ListCallbacks", "v2GetCallback", "v3GetCallback"})
# A real v3 status that the published filter lacks; clients may ask for it (CONTRACT 14, 2).
UNPUBLISHED_FILTER = ("campaignStatus", "CampaignPreScheduled")
# States that exist but have no published word (CONTRACT 5), by the schema of the word.
INFERRED_WORDS = {
    "/components/schemas/V1UpgradeStatus": ("Cancelled",),
    "/components/schemas/V3DeviceStatus/properties/status": ("DeviceRejected",),
}

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return DAY.fullmatch(value) is not None and bool(date.fromisoformat(value))


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if RFC3339.fullmatch(value) is None:
        return False
    return bool(datetime.fromisoformat(value[:19].upper()))


def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(UUID(value)) == value.lower()


def _formats() -> FormatChecker:
    """The formats that the document uses and this judge insists on."""
    checker = FormatChecker(formats=())
    for name, check in (("date", _is_date), ("date-time", _is_date_time), ("uuid", _is_uuid)):
        checker.checks(name, raises=ValueError)(check)
    return checker


class _Members:
    """The keyword ``properties``, which judges each plain value of a member once.

    Rows of devices differ in few of their members, and tests see them thousands of times.
    """

    def __init__(self) -> None:
        self._good: set[tuple[int, type, object]] = set()

    def __call__(
        self, validator: Any, members: Mapping[str, Any], row: object, _schema: object
    ) -> Iterator[ValidationError]:
        if not isinstance(row, dict):
            return
        for name, schema in members.items():
            if name not in row:
                continue
            value = row[name]
            plain = not isinstance(value, (dict, list))
            judged = id(schema), type(value), value if plain else None
            if judged in self._good:
                continue
            faults = list(validator.descend(value, schema, path=name, schema_path=name))
            if plain and not faults:
                self._good.add(judged)
            yield from faults


@dataclass(frozen=True)
class Body:
    """One media type of a request or reply; ``pointer`` leads to its schema, if it has one."""

    media_type: str
    pointer: str | None


@dataclass(frozen=True)
class Parameter:
    """A path or query parameter with the JSON pointer of its schema."""

    name: str
    place: str
    required: bool
    pointer: str


@dataclass(frozen=True)
class Operation:
    """One method of one path template, with everything a judgement needs."""

    operation_id: str
    method: str
    template: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    request: tuple[Body, ...]
    replies: Mapping[str, tuple[Body, ...]]
    needs_session: bool

    def reply_bodies(self, status: int) -> tuple[Body, ...] | None:
        """Media types documented for an HTTP status; None when the status is not documented."""
        return self.replies.get(str(status), self.replies.get(f"{status // 100}XX"))

    def path_values(self, segments: tuple[str, ...]) -> dict[str, str]:
        """Values of the template's parameters, percent-decoded."""
        pairs = zip(self.template, segments, strict=True)
        return {name[1:-1]: unquote(value) for name, value in pairs if _is_template(name)}


@dataclass(frozen=True)
class Route:
    """Where a path leads: its operations by method (empty: no such path)."""

    segments: tuple[str, ...]
    operations: Mapping[str, Operation]


def media_type(headers: Mapping[str, str]) -> str:
    """The media type in lower case without parameters; empty when the header is missing."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


class OpenApiDocument:
    """The wire contract: routes, and validators compiled once per schema.

    Paths are judged with or without the leading ``/api``. All ``*_faults`` methods return
    readable sentences, nothing when all is well.
    """

    def __init__(self, path: Path = DOCUMENT) -> None:
        self.document: dict[str, Any] = _strict(_read(path))
        for pointer, words in INFERRED_WORDS.items():
            self.at(pointer)["enum"] += words
        self._formats = _formats()
        self._validator_class = extend(Draft202012Validator, {"properties": _Members()})
        self._validators: dict[str, Any] = {}
        # Tests repeat their calls thousands of times: what was judged before is not judged again.
        self._judged: dict[tuple[str, int, bytes], tuple[str, ...]] = {}
        self._asked: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._found: dict[str, Route] = {}

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Every operation by operationId."""
        return {op.operation_id: op for table in self._routes.values() for op in table.values()}

    def route(self, path: str) -> Route:
        """Resolve a request path; literal segments win over templates (CONTRACT 3, routing)."""
        if path not in self._found:
            self._found[path] = self._find(path)
        return self._found[path]

    def _find(self, path: str) -> Route:
        segments = tuple(path.removeprefix(API_PREFIX).strip("/").split("/"))
        matches = [t for t in self._routes if _matches(t, segments)]
        if not matches:
            return Route(segments, {})
        # The path is settled before the method: a create path is never campaign X of "firmware".
        best = min(matches, key=lambda template: [_is_template(name) for name in template])
        return Route(segments, self._routes[best])

    def reply_faults(
        self, operation: Operation, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """What is wrong with a reply. ``headers`` has lower-case names."""
        bodies = operation.reply_bodies(status)
        if bodies is None:
            return [f"status {status} is not documented for this operation"]
        return list(self._body_faults(operation, bodies, media_type(headers), body))

    def planted_faults(self, operation: Operation, status: int, body: bytes) -> list[str]:
        """Schema faults of a reply that a planted fault shaped.

        Such a reply may be undocumented, empty or no JSON (CONTRACT 10), and may carry unknown
        status words; where it is documented JSON its members still have to be right.
        """
        pointer = next((b.pointer for b in operation.reply_bodies(status) or () if b.pointer), None)
        try:
            value = json.loads(body)
        except ValueError:
            return []
        if pointer is None:
            return []
        errors = self._validator(pointer).iter_errors(_shorten(value, REPLY_ROWS))
        return [error.message for error in errors if error.validator not in ("enum", "anyOf")]

    def gateway_faults(self, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """Judge the reply to a path or method that the document does not have (CONTRACT 10)."""
        if status not in (400, 404, 405):
            return [f"status {status} for a path or method that does not exist"]
        pointer = "/components/schemas/GatewayFault"
        bodies = (Body(JSON, pointer), Body(XML, None))
        return list(self._body_faults(None, bodies, media_type(headers), body))

    def request_faults(
        self,
        operation: Operation,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> list[str]:
        """What is wrong with a request that the service accepted."""
        asked = operation.operation_id, path, query
        if asked not in self._asked:
            self._asked[asked] = tuple(self._parameter_faults(operation, path, query))
        faults = list(self._asked[asked])
        if operation.needs_session:
            if not headers.get("authorization", "").startswith("Bearer "):
                faults.append("no bearer in Authorization")
            if not headers.get("vz-m2m-token"):
                faults.append("no VZ-M2M-Token")
        if not operation.request:
            if body:
                faults.append("a body where none is documented")
            return faults
        wanted = {b.media_type: b for b in operation.request}
        sent = wanted.get(media_type(headers))
        if sent is None:
            faults.append(f"content type {headers.get('content-type')!r}, not {sorted(wanted)}")
        elif sent.media_type == JSON and sent.pointer is not None:
            faults += self._json_faults(sent.pointer, body, REQUEST_ROWS)
        return faults

    def _parameter_faults(self, operation: Operation, path: str, query: str) -> Iterator[str]:
        pairs = parse_qsl(query, keep_blank_values=True)
        known = {p.name: p for p in operation.parameters if p.place == "query"}
        for name, value in pairs:
            if name not in known:
                yield f"unknown query parameter {name!r}"
            elif (name, value) != UNPUBLISHED_FILTER:
                yield from self._value_faults(known[name], value)
        names = [name for name, _value in pairs]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"query parameter {name!r} sent more than once"
        for name, parameter in known.items():
            if parameter.required and name not in names:
                yield f"query parameter {name!r} is missing"
        values = operation.path_values(self.route(path).segments)
        for parameter in operation.parameters:
            if parameter.place == "path":
                yield from self._value_faults(parameter, values[parameter.name])

    def _value_faults(self, parameter: Parameter, value: str) -> Iterator[str]:
        for error in self._validator(parameter.pointer).iter_errors(value):
            yield f"{parameter.place} parameter {parameter.name!r}: {error.message}"

    def _body_faults(
        self, operation: Operation | None, bodies: tuple[Body, ...], media: str, body: bytes
    ) -> Iterator[str]:
        if not bodies:
            if body:
                yield "a body where none is documented"
            return
        if not body:
            if operation is None or operation.operation_id not in MAY_BE_EMPTY:
                yield "the body is empty"
            return
        found = next((b for b in bodies if b.media_type == media), None)
        if found is None:
            yield f"content type {media!r}, not {[b.media_type for b in bodies]}"
        elif media == XML:
            yield from _xml_faults(body)
        elif found.pointer is not None:
            yield from self._json_faults(found.pointer, body, REPLY_ROWS)

    def _json_faults(self, pointer: str, body: bytes, rows: int) -> tuple[str, ...]:
        """What is wrong with a body."""
        key = pointer, rows, blake2b(body, digest_size=16).digest()
        if key not in self._judged:
            self._judged[key] = tuple(self._new_json_faults(pointer, body, rows))
        return self._judged[key]

    def _new_json_faults(self, pointer: str, body: bytes, rows: int) -> Iterator[str]:
        try:
            value = json.loads(body)
        except ValueError as problem:
            yield f"the body is not JSON: {problem}"
            return
        for error in self._validator(pointer).iter_errors(_shorten(value, rows)):
            yield f"{error.json_path}: {_explain(error)}"

    def _validator(self, pointer: str) -> Any:
        if pointer not in self._validators:
            self._validators[pointer] = self._validator_class(
                self._whole(self.at(pointer)), format_checker=self._formats
            )
        return self._validators[pointer]

    def _whole(self, node: Any) -> Any:
        """A schema with what it refers to in place: following references takes most of the time."""
        if isinstance(node, list):
            return [self._whole(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._whole(self.at(node["$ref"].removeprefix("#")))
        return {key: self._whole(value) for key, value in node.items()}

    @cached_property
    def _routes(self) -> dict[tuple[str, ...], dict[str, Operation]]:
        table: dict[tuple[str, ...], dict[str, Operation]] = {}
        for path, item in self.document["paths"].items():
            template = tuple(path.strip("/").split("/"))
            table[template] = {
                method.upper(): self._operation(path, method, template) for method in item
            }
        return table

    def _operation(self, path: str, method: str, template: tuple[str, ...]) -> Operation:
        at = f"/paths/{_escape(path)}/{method}"
        raw = self.at(at)
        parameters = [
            self._deref(f"{at}/parameters/{n}") for n in range(len(raw.get("parameters", [])))
        ]
        replies = {
            status: self._bodies(self._deref(f"{at}/responses/{status}"))
            for status in raw["responses"]
        }
        return Operation(
            operation_id=raw["operationId"],
            method=method.upper(),
            template=template,
            parameters=tuple(self._parameter(pointer) for pointer in parameters),
            request=self._bodies(f"{at}/requestBody") if "requestBody" in raw else (),
            replies=replies,
            needs_session=any("vzM2MToken" in scheme for scheme in raw["security"]),
        )

    def _parameter(self, pointer: str) -> Parameter:
        raw = self.at(pointer)
        return Parameter(raw["name"], raw["in"], raw["required"], f"{pointer}/schema")

    def _bodies(self, pointer: str) -> tuple[Body, ...]:
        content = self.at(pointer).get("content", {})
        return tuple(Body(media, f"{pointer}/content/{_escape(media)}/schema") for media in content)

    def _deref(self, pointer: str) -> str:
        """Follow a parameter or response that is a reference to a component."""
        reference = self.at(pointer).get("$ref")
        return pointer if reference is None else str(reference).removeprefix("#")

    def at(self, pointer: str) -> Any:
        """What a JSON pointer leads to."""
        value: Any = self.document
        for part in pointer.strip("/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value


def _read(path: Path) -> Any:
    """A YAML file, parsed by libyaml where it is there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - it is a safe one


def _strict(node: Any) -> Any:
    """A copy whose object schemas are closed and whose known status words are an enumeration."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _strict(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        result.setdefault("additionalProperties", False)
    if node.get("type") == "string" and "x-known-values" in node:
        result["enum"] = list(node["x-known-values"])
    return result


def _explain(error: ValidationError) -> str:
    """The message, of a failed choice those of its branches; the middle of a long one is cut."""
    text = " or ".join(cause.message for cause in error.context or [error])
    return (
        text
        if len(text) <= EXPLAINED
        else f"{text[: EXPLAINED // 2]} ... {text[-EXPLAINED // 2 :]}"
    )


def _shorten(value: Any, rows: int) -> Any:
    """The same value with its list, or the lists of its envelope, cut to ``rows`` items."""
    if isinstance(value, list):
        return value[:rows]
    if isinstance(value, dict):
        return {k: v[:rows] if isinstance(v, list) else v for k, v in value.items()}
    return value


def _xml_faults(body: bytes) -> Iterator[str]:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        yield f"the body is not XML: {error}"
        return
    if root.tag.rpartition("}")[2] != "fault":
        yield f"XML root {root.tag!r} is not a gateway fault"


def _is_template(segment: str) -> bool:
    return segment.startswith("{")


def _matches(template: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(template) == len(segments) and all(
        (_is_template(name) and value != "") or name == value
        for name, value in zip(template, segments, strict=True)
    )


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
