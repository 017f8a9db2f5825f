# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why there is no plan; raised before anything is written."""

from __future__ import annotations

from datetime import date


class PlanRefused(ValueError):
    """What is declared cannot be reached from the current state.

    :ivar subject: the campaign or upgrade, as messages name it.
    :ivar reason: what prevents it.
    :ivar hint: what to do next.
    """

    def __init__(self, subject: str, reason: str, *, hint: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason
        self.hint = hint


def refuse_past(subject: str, option: str, day: date, today: date) -> None:
    """Refuse a day that is over at the service, in check mode as in a run.

    :raises PlanRefused: it is over.
    """
    if day < today:
        raise PlanRefused(
            subject,
            f"{option} {day} is before today at the service ({today})",
            hint=f"declare {today} or a later day",
        )
