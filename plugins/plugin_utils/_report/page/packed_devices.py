# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices for the script of a page: columns, coded and compressed, of any number of rows."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..rollout.moments import read_time

_DIGITS = frozenset("0123456789")
# Integers that JavaScript reads exactly.
_MOST_DIGITS = 15


def pack(
    rows: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    classes: Mapping[str, tuple[str, str]],
) -> str:
    """Give rows as base64 of zlib of JSON.

    A column of numbers has the differences between rows, one of times those in minutes, and one of
    few words has the words and their places.

    :param labels: the keys of the columns, with what a table calls them.
    :param classes: class and group by each word of the column ``class``.
    """
    columns = [
        {
            "key": key,
            "label": label,
            **_code(key, [row[key] for row in rows]),
        }
        for key, label in labels.items()
    ]
    outcomes = dict.fromkeys(row["class"] for row in rows)  # in the order of the words
    known = [classes[word] for word in outcomes]
    data = {
        "count": len(rows),
        "columns": columns,
        "classes": [{"kind": kind, "group": group} for kind, group in known],
    }
    text = json.dumps(data, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _code(key: str, values: list[Any]) -> dict[str, Any]:
    if key.endswith("_at"):
        return {"minutes": _deltas(map(_minutes, values))}
    if key == "class":
        return _words(values)
    if values and all(isinstance(value, int) for value in values):
        return {"deltas": _deltas(values), "digits": 0}
    texts = ["" if value is None else str(value) for value in values]
    width = len(texts[0]) if texts else 0
    if 0 < width <= _MOST_DIGITS and all(
        len(text) == width and {*text} <= _DIGITS for text in texts
    ):
        return {"deltas": _deltas(map(int, texts)), "digits": width}
    return {"texts": texts} if len({*texts}) > len(texts) // 2 else _words(texts)


def _words(texts: Sequence[str]) -> dict[str, Any]:
    places: dict[str, int] = {}
    at = [places.setdefault(text, len(places)) for text in texts]
    return {"words": list(places), "at": at}


def _deltas(numbers: Iterable[int | None]) -> list[int | None]:
    """Give the difference of each number to the one before it that is not None."""
    found: list[int | None] = []
    last = 0
    for number in numbers:
        found.append(None if number is None else number - last)
        last = last if number is None else number
    return found


def _minutes(text: object) -> int | None:
    moment = read_time(text) if text else None
    return None if moment is None else int(moment.timestamp() // 60)
