# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that can wait."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments C(thingspace.fota.waiting) and its part for campaigns."""

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait at most. After them the task fails with the last state and the id to go on
        with.
      - A service that is away for a while is waited for, too. So is a gateway that answers in its
        place with an error page, a 403 or nothing. What the service itself refuses ends the wait.
    type: float
    default: 600.0
  wait_delay:
    description:
      - Seconds between two looks. After ten of them looks get rarer, up to ten times as far
        apart or five minutes. The service does not publish how often it may be asked; stay near
        one look in 30 seconds on a real account.
    type: float
    default: 30.0
"""

    CAMPAIGN = r"""
options:
  wait:
    description:
      - Whether to wait for O(wait_for) after everything was written. Never waits in check mode.
    type: bool
    default: false
  wait_for:
    description:
      - V(accepted) waits until the service has checked the request (it answers a refused one with
        success at first).
      - V(scheduled) waits until devices are being updated.
      - V(ended) waits until the campaign is over. It may have ended although devices failed, so
        look at the counts.
    type: str
    choices: [accepted, scheduled, ended]
    default: accepted
"""
