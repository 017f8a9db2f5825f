# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that do not count as callbacks: their replies, and how few lines they make in a log."""

from __future__ import annotations

import logging
from collections import Counter
from enum import Enum

log = logging.getLogger("thingspace.fota.events")


class Kind(Enum):
    """Why a request is refused: the HTTP status of the reply, and what the log says."""

    SENDER = 403, "from an address that is not in senders"
    PATH = 404, "for another path"
    METHOD = 405, "with a method that is not POST"
    SLOW = 408, "that was not complete in time"
    SIZE = 413, "with a body that is larger than max_body"
    HEAD = 400, "that is not HTTP, or whose head is too large"
    LENGTH = 411, "without the length of its body"
    BODY = 400, "with a body that is not a JSON object"
    SECRET = 401, "without the user name and password of the listener"

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


class Refused(Exception):
    """A request that changes nothing."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.words)
        self.kind = kind


class RefusalLog:
    """Logs the first request of each kind, and then the 10th, the 100th and so on.

    What a request contains is not logged: whoever reaches the port chooses it.
    """

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()

    def add(self, kind: Kind, sender: str) -> None:
        """Count a request.

        :param sender: its address, as the system or a trusted proxy gives it.
        """
        self.counts[kind] += 1
        number = self.counts[kind]
        if number == 1:
            log.warning(
                "refused a request %s (%s). Only the 10th, 100th, ... of these is logged again",
                kind.words,
                sender,
            )
        elif str(number).strip("0") == "1":
            log.warning("refused %d requests %s so far", number, kind.words)
