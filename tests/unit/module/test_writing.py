# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A write whose effect cannot be read has an unknown outcome, whatever the read says of itself.

Places: a lost reply and then failing reads (all writers); an answered write and then failing reads.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    FotaError,
    ServiceRefused,
    ServiceUnavailable,
    WriteOutcomeUnknown,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.waiting import READ_ONCE
from ansible_collections.thingspace.fota.plugins.module_utils._module.writing import (
    write_and_read,
    write_once,
)

LOST = WriteOutcomeUnknown("no reply to the write")
AWAY = ServiceUnavailable("no answer to the read", hint="try later")
CONTEXT: Any = SimpleNamespace(settling=READ_ONCE, sleep=lambda _seconds: None)


def fails(error: FotaError) -> Any:
    def call() -> NoReturn:
        raise error

    return call


def test_a_lost_reply_stays_unknown_where_the_reads_fail() -> None:
    with pytest.raises(WriteOutcomeUnknown) as caught:
        write_once(CONTEXT, fails(LOST), fails(AWAY), bool)
    assert caught.value is LOST


@pytest.mark.parametrize(
    ("write", "read", "kind"),
    [
        (fails(LOST), fails(AWAY), "outcome_unknown"),
        (lambda: None, fails(AWAY), "outcome_unknown"),
        (fails(ServiceRefused("no")), fails(AWAY), "refused"),
        (fails(LOST), lambda: False, "outcome_unknown"),
        (lambda: None, lambda: True, None),
    ],
)
def test_what_was_sent_is_never_called_unwritten(write: Any, read: Any, kind: str | None) -> None:
    _there, failure = write_and_read(CONTEXT, write, read, bool)
    assert (failure.kind if failure else None) == kind
