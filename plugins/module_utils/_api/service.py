# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the typed methods of all versions: one call, one reader, no policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from .._client.client import Client
from .._client.errors import ServiceRefused, UnexpectedReply, WriteOutcomeUnknown
from .._client.hints import NOT_REPEATED, NOT_USED
from .._client.operation import Kind, Operation
from .._model.errors import MalformedReply
from .paging import Listing, Page, PageShape, Row, read_all_pages, read_page
from .ranges import Disorder, can_read_side_by_side, read_side_by_side

T = TypeVar("T")

# First cursor of paths that have it as a segment (contract section 9).
FIRST_INDEX = "0"
NO_SUCH_PATH_STATUS = 404
NO_SUCH_PATH_FAULT = "900906"


def no_such_path(error: ServiceRefused) -> bool:
    """Return whether the gateway does not have this path."""
    return error.http_status == NO_SUCH_PATH_STATUS or error.error_code == NO_SUCH_PATH_FAULT


class Service:
    """One version of the service for one account."""

    def __init__(self, client: Client, account: str) -> None:
        self.client = client
        self.account = account

    def _call(
        self,
        operation: Operation,
        read: Callable[[object], T],
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        **params: str,
    ) -> T:
        """Call ``operation`` and read its reply into records.

        :raises UnexpectedReply: the reply of a read does not have the documented form.
        :raises WriteOutcomeUnknown: the reply of a write does not; it may have been carried out.
        """
        reply = self._raw(operation, query=query, body=body, **params)
        return _understand(operation, lambda: read(reply))

    def _list(
        self,
        operation: Operation,
        shape: PageShape,
        read: Callable[[list[Row]], Sequence[T]],
        *,
        query: Mapping[str, str] | None = None,
        **params: str,
    ) -> Listing[T]:
        """Call ``operation`` for every page, devices side by side, and read all rows into records.

        The cursor goes into the path where it has a place there, else into the query.

        :param read: reads rows into records, one for one.
        :raises UnexpectedReply: a page has not the promised shape, or the list never ends.
        """

        def fetch(cursor: str | None) -> Page[T]:
            asked, place = dict(query or {}), dict(params)
            if "{index}" in operation.path:
                place["index"] = cursor or FIRST_INDEX
            elif cursor is not None:
                asked[shape.cursor] = cursor
            raw = self._raw(operation, query=asked, **place)
            return _understand(operation, lambda: read_page(raw, shape, operation.id, read))

        first = fetch(None)
        connections = self.client.connections
        if shape.by_imei and connections > 1 and can_read_side_by_side(first):
            try:
                return read_side_by_side(first, fetch, connections=connections)
            except (Disorder, ServiceRefused):
                # The service takes only cursors that it gave itself.
                first = fetch(None)
        return read_all_pages(fetch, operation.id, first=first)

    def _raw(
        self,
        operation: Operation,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        **params: str,
    ) -> object:
        return self.client.call(
            operation, params={"account": self.account, **params}, query=query, body=body
        )


def _understand(operation: Operation, read: Callable[[], T]) -> T:
    try:
        return read()
    except MalformedReply as error:
        what = str(error)
        if not what.startswith(operation.id):
            what = f"{operation.id}: {what}"
        if operation.kind is Kind.WRITE:
            raise WriteOutcomeUnknown(
                what, operation=operation.id, http_status=200, hint=NOT_REPEATED
            ) from error
        raise UnexpectedReply(
            what, operation=operation.id, http_status=200, hint=NOT_USED
        ) from error
