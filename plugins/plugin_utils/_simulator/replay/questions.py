# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open questions about the service (CONTRACT section 14), and what can settle each.

Most are settled by switches, which name their questions in the table. The others have facts that a
person judges, or nothing in the traffic of a client can settle them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from .recording import Exchange
from .story import DEVICE_CHANGES, SCHEDULES, Story

QUESTIONS: Mapping[int, str] = {
    1: "Is campaignName unique, and what limits its length?",
    2: "Where do PreScheduled campaigns appear in reports?",
    3: "Which paths have v3 campaign reports and license status?",
    4: "Which body does a v3 device change have?",
    5: "What does DELETE do to a campaign that has started?",
    6: "What does DELETE do to a campaign that has ended, or to an unknown id?",
    7: "Which HTTP status and code refuse a write that the state does not allow?",
    8: "What is the outcome of a write after a timeout or an error of the server?",
    9: "In which time zone are the hours of time windows?",
    10: "Can a campaign start today, or in the past?",
    11: "How long can a campaign be, and can time windows overlap?",
    12: "How many devices can one call have?",
    13: "Does adding a present device, or removing an absent one, fail?",
    14: "Which words say that a device change, a sync or a license failed?",
    15: "Are removed devices still in the device report?",
    16: "Is the device report empty while the campaign is RequestPending?",
    17: "Does a date change without time windows clear them?",
    18: "In which order are time windows returned?",
    19: "Does GET return the automatic flags of a v3 campaign?",
    20: "How does the service refuse an expired M2M session?",
    21: "Is there a rate limit, and does the service send Retry-After?",
    22: "Can a cancelled v1 upgrade be read?",
    23: "Does the v1 license status take an IMEI as cursor?",
    24: "What do v2 and v3 callbacks look like, and are they repeated?",
    25: "Is a firmware that is not listed accepted?",
    26: "In which order are campaigns listed?",
    27: "Does a sync return every IMEI that was asked for?",
    28: "How long are v2 and v3 campaigns kept?",
    29: "What becomes of devices without a license?",
    30: "May check mode synchronize and report?",
    31: "Which HTTP status does the code of a session have?",
    32: "Does a new login end the older session of the same user?",
    33: "Is a v1 startDate without a time zone accepted?",
    34: "Does the service answer an error with HTTP 200?",
}

SHOWN_BY: Mapping[int, str] = {
    1: "create two campaigns of the same name",
    2: "read a v3 campaign while it is PreScheduled, with the reports by status, and the history of"
    " one of its devices",
    3: "list v3 campaigns; the second path is tried when the first is unknown",
    4: "add a device to a v3 campaign",
    5: "abort a v3 and a v2 campaign after their start, and read them",
    6: "cancel a campaign that has ended",
    7: "cancel a campaign that has ended",
    9: "read the device report of a v3 campaign with time windows after its attempts",
    10: "create a campaign that starts today",
    11: "create a campaign of more than 31 days with overlapping time windows",
    12: "create campaigns for more than 100 and more than 1000 devices",
    13: "add a device twice to a v3 campaign",
    14: "add a device twice to a v3 campaign, and remove one",
    15: "remove a device from a campaign, and read its device report on the same day",
    16: "read the device report at once after the creation",
    17: "change the dates of a campaign without its time windows",
    18: "create a campaign with time windows that are not in order and touch each other",
    19: "read a v3 campaign",
    20: "read something more than 20 minutes after the last call",
    21: "record at least 100 calls",
    22: "cancel a v1 upgrade before its start, and read it",
    25: "list the packages, then create a campaign of another one",
    26: "list at least six campaigns of a status",
    27: "synchronize a device that is not in the account",
    28: "list campaigns of more than six months ago",
    29: "create a campaign for a device without a license, and read its device report",
    31: "read something more than 20 minutes after the last call",
    32: "record two controllers with separate token caches at the same time",
    33: "schedule a v1 upgrade with a time that has no time zone, with another client",
    34: "any recording shows it when it happens",
}
"""The calls that show the answer to a question."""

NOT_IN_TRAFFIC: Mapping[int, str] = {
    8: "a lost reply does not say what became of its call; the facts list what was lost",
    23: "the documentation answers it",
    24: "the service sends callbacks to a listener, not to a client",
    30: "it is a decision of the client",
}
"""Questions that a recording cannot settle, and why."""


def names(story: Story) -> Iterator[str]:
    """The longest name that was accepted."""
    accepted = [str(call.request.get("campaignName") or "") for call in story.good(*SCHEDULES)]
    if any(accepted):
        yield f"a name of {max(map(len, accepted))} characters was accepted"


def refusals(story: Story) -> Iterator[str]:
    """How writes were refused."""
    found = Counter(
        f"{exchange.operation}: HTTP {exchange.status}, {exchange.answer.get('errorCode')}:"
        f" {exchange.answer.get('errorMessage')}"
        for exchange in story.exchanges
        if exchange.refused and exchange.method != "GET"
    )
    yield from _counted(found)


def lost(story: Story) -> Iterator[str]:
    """Writes without a usable reply."""
    found = Counter(
        f"{exchange.operation}: {'no reply' if exchange.status is None else exchange.status}"
        for exchange in story.exchanges
        if exchange.method != "GET" and (exchange.status is None or exchange.status >= 500)
    )
    yield from _counted(found)


def failure_words(story: Story) -> Iterator[str]:
    """Statuses of devices in replies to changes that are not those of a success."""
    changes = [
        *DEVICE_CHANGES,
        *("v3SyncDeviceFirmware", "v3AssignLicenses", "v3RemoveLicenses"),
        *(f"{api}{verb}Licenses" for api in ("v1", "v2") for verb in ("Assign", "Remove")),
    ]
    found: Counter[str] = Counter()
    for exchange in story.good(*changes):
        rows = exchange.rows("deviceList") + exchange.rows("deviceFirmwarVersionList")
        words = (str(row.get("status")) for row in rows)
        found.update(
            f"{exchange.operation}: {word}"
            for word in words
            if not word.endswith(("Succeed", "Success"))
        )
    yield from _counted(found)


def limits(story: Story) -> Iterator[str]:
    """Calls that were refused for their rate, and headers that announce limits."""
    found: Counter[str] = Counter()
    for exchange in story.exchanges:
        headers = [name for name in exchange.headers if "ratelimit" in name]
        if exchange.status in (429, 503):
            after = exchange.headers.get("retry-after", "none")
            found[f"HTTP {exchange.status}, Retry-After {after}"] += 1
        found.update(f"header {name}" for name in headers)
    yield from _counted(found)
    if not found and len(story.exchanges) >= _MANY:
        yield f"{len(story.exchanges)} calls without a limit, at most {_most(story)} in a minute"


def hidden_errors(story: Story) -> Iterator[str]:
    """Errors with HTTP 200."""
    found: Counter[str] = Counter()
    for exchange in story.exchanges:
        rows = exchange.body if isinstance(exchange.body, list) else [exchange.body]
        for row in rows if exchange.good else ():
            if isinstance(row, dict) and any(row.get(key) for key in _ERROR_KEYS):
                found[f"{exchange.operation}: HTTP {exchange.status} with an error"] += 1
    yield from _counted(found)


FACTS: Mapping[int, Callable[[Story], Iterator[str]]] = {
    1: names,
    7: refusals,
    8: lost,
    14: failure_words,
    21: limits,
    34: hidden_errors,
}
"""What a person needs to answer a question that no switch answers alone."""

_ERROR_KEYS = ("fault", "errorCode", "errorMessage", "error")
_MANY = 100


def _counted(found: Counter[str]) -> Iterator[str]:
    return (f"{text} ({times(count)})" for text, count in sorted(found.items()))


def times(count: int) -> str:
    """How often something was seen."""
    return "once" if count == 1 else f"{count} times"


def _most(story: Story) -> int:
    """The largest number of calls within a minute of the client's clock."""
    times = sorted(exchange.at for exchange in story.exchanges)
    first, most = 0, 0
    for place, at in enumerate(times):
        while times[first] < at - 60:
            first += 1
        most = max(most, place - first + 1)
    return most


def calls(exchanges: tuple[Exchange, ...]) -> dict[str, int]:
    """How often each operation was called."""
    return dict(sorted(Counter(exchange.operation for exchange in exchanges).items()))
