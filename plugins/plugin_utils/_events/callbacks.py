# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``fota_callbacks``: listen, and put one event for all callbacks of a while."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .arguments import CALLBACKS_OPTIONS, ListenerSettings, check_arguments, read_listener
from .campaigns import Queue, due_event
from .listener import CallbackListener
from .pace import Pace

log = logging.getLogger("thingspace.fota.events")


async def receive_callbacks(queue: Queue, args: Mapping[str, Any]) -> None:
    """Put events until the task is cancelled.

    :raises InvalidArguments: an argument cannot be used; nothing listens.
    :raises OSError: the port is in use, or the address is not one of this machine.
    """
    params = check_arguments(CALLBACKS_OPTIONS, args)
    await listen(queue, read_listener(params), Pace.declared(params))


async def listen(queue: Queue, settings: ListenerSettings, pace: Pace) -> None:
    """Put an event whenever the pace says that callbacks are due."""
    listener = CallbackListener(settings, lambda: pace.note("callback"))
    async with listener.listening() as port:
        log.info("listening for callbacks on port %d", port)
        # Callbacks that came while nothing listened are lost; the first run makes up for them.
        pace.note("start", urgent=True)
        async for reasons in pace.due():
            await queue.put(due_event(None, reasons))
