# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``fota_campaigns``: poll campaigns, and put one event for each change."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import Any, Protocol

from ...module_utils._client.backoff import RetryPolicy, pause
from ...module_utils._client.errors import (
    FotaError,
    ServiceRefused,
    ServiceUnavailable,
    UnexpectedReply,
)
from ...module_utils._client.transport import REQUESTS_IMPORT_ERROR
from ...module_utils._model.errors import InvalidValue, MalformedReply
from ...module_utils._model.times import DATEUTIL_IMPORT_ERROR
from ...module_utils._module.context import open_context
from ...module_utils._module.events.watch import Watched, describe, look
from ...module_utils._module.failure import describe_failure
from ...module_utils._plan.campaign_changes import Change, baseline, find_changes
from .arguments import CAMPAIGNS_OPTIONS, InvalidArguments, check_arguments
from .pace import Pace
from .state_file import StateFile

log = logging.getLogger("thingspace.fota.events")

LONGEST_PAUSE = 900.0  # seconds, after errors of the service


class Queue(Protocol):
    """What ``ansible-rulebook`` gives to a source."""

    async def put(self, item: Any) -> None:
        """Take one event; waits while there are too many."""


async def watch_campaigns(queue: Queue, args: Mapping[str, Any]) -> None:
    """Put events until the task is cancelled.

    :raises InvalidArguments: an argument cannot be used; the service was not called.
    :raises FotaError: the service rejected the login, which is not tried again.
    """
    source = CampaignSource(check_arguments(CAMPAIGNS_OPTIONS, args))
    try:
        await source.run(queue)
    finally:
        source.close()


class CampaignSource:
    """Polls one account.

    :raises InvalidArguments: an argument cannot be used.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        for library, error in (
            ("requests", REQUESTS_IMPORT_ERROR),
            ("python-dateutil", DATEUTIL_IMPORT_ERROR),
        ):
            if error is not None:
                raise InvalidArguments([f"install {library} for the Python of ansible-rulebook"])
        try:
            self._watched = Watched.declared(params)
            # In check mode the client writes nothing, whatever happens.
            self._context = open_context(params, check_mode=True)
        except (InvalidValue, FotaError) as error:
            raise InvalidArguments([describe_failure(error)[0]]) from error
        self._policy = RetryPolicy(first_pause=params["interval"], longest_pause=LONGEST_PAUSE)
        self._pace = Pace.declared(params)
        self._file = StateFile(
            params["state_file"],
            {
                "base_url": params["base_url"],
                "account": params["account"],
                "type": self._watched.type.value,
                "rollout": self._watched.rollout,
            },
        )
        self._known = self._file.read()
        self._failures = 0

    def close(self) -> None:
        """Close the connections. The session stays open for others."""
        self._context.client.close()

    async def run(self, queue: Queue) -> None:
        """Poll, and put events, until this is cancelled or fails."""
        self._pace.note("start", urgent=True)
        tasks = [asyncio.create_task(self._poll(queue)), asyncio.create_task(self._due(queue))]
        try:
            done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _due(self, queue: Queue) -> None:
        async for reasons in self._pace.due():
            await queue.put(due_event(self._context.account, reasons))

    async def _poll(self, queue: Queue) -> None:
        while True:
            try:
                changes = await asyncio.to_thread(self._look)
            except (ServiceRefused, ServiceUnavailable, UnexpectedReply, MalformedReply) as error:
                self._failures += 1
                self._report(error)
            else:
                if self._failures:
                    log.warning("%s answers again", self._context.client.host)
                self._failures = 0
                await self._put(queue, changes)
            await asyncio.sleep(
                pause(self._failures + 1, chance=random.random() / 5, policy=self._policy)
            )

    def _look(self) -> list[Change]:
        """Read the service; the first look without a state file finds no changes."""
        seen = look(self._context, self._watched, self._known or {})
        if self._known is None:
            self._known = baseline(seen)
            self._file.write(self._known)
            return []
        return find_changes(self._known, seen)

    async def _put(self, queue: Queue, changes: list[Change]) -> None:
        """Put changes, and remember each once it is put: a crash repeats one, and loses none."""
        known = self._known
        if known is None:
            raise AssertionError("there are no changes before the first look")
        for change in changes:
            if change.kind:
                await queue.put({"fota": describe(self._context, self._watched, change)})
                self._pace.note("change")
            change.apply(known)
            await asyncio.to_thread(self._file.write, known)

    def _report(self, error: Exception) -> None:
        """Log the first failure in a row, and then the 10th, 100th and so on."""
        if str(self._failures).strip("0") != "1":
            return
        if isinstance(error, MalformedReply):
            message = str(error)
        else:
            message, _payload = describe_failure(error)  # type: ignore[arg-type]
        log.warning("poll %d in a row failed: %s", self._failures, message)


def due_event(account: str | None, reasons: Mapping[str, int]) -> dict[str, Any]:
    """Give the event that says that a run should be made, and why."""
    return {"fota": {"event": "run_due", "account": account, "reasons": dict(reasons)}}
