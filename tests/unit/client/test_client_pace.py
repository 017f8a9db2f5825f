# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pace for all threads: each call at its own turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client import pace
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    ConfigurationError,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.pace import RequestPace
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)


class Clock:
    """Time that stands still, and what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(pace, "time", found)
    return found


def test_calls_of_all_threads_go_at_even_distances(clock: Clock) -> None:
    steady = RequestPace(4)
    with ThreadPoolExecutor(8) as pool:
        for call in [pool.submit(steady.wait) for _call in range(9)]:
            call.result()
    assert sorted(clock.slept) == [place / 4 for place in range(9)]


def test_without_a_pace_nothing_is_slept(clock: Clock) -> None:
    RequestPace(None).wait()
    assert clock.slept == []


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_pace_is_positive(value: float) -> None:
    settings = ConnectionSettings(bearer_token="b", session_token="s", requests_per_second=value)
    with pytest.raises(ConfigurationError, match="requests_per_second"):
        settings.validate()
