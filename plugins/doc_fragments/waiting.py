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
      - Maximum number of seconds to wait. After that, the task fails and returns the last state and
        the id that you need to continue.
      - The wait continues while the service is unavailable, or while a gateway replies in its place
        with an error page, a 403 or an empty reply. It ends if the service itself refuses a call.
    type: float
    default: 600.0
  wait_delay:
    description:
      - Seconds between two polls. After ten polls, the interval grows up to ten times this value
        or five minutes. The service publishes no rate limit; on a real account, do not poll much
        more often than every 30 seconds.
    type: float
    default: 30.0
"""

    CAMPAIGN = r"""
options:
  wait:
    description:
      - Whether to wait for O(wait_for) after all writes. Never waits in check mode.
    type: bool
    default: false
  wait_for:
    description:
      - V(accepted) waits until the service has checked the request. The service first replies with
        success, even to a request that it refuses later.
      - V(scheduled) waits until devices are being updated.
      - V(ended) waits until the campaign is over. It can end even if devices failed, so check the
        counts.
      - If one of several is over without reaching this, the task fails at once and names it.
    type: str
    choices: [accepted, scheduled, ended]
    default: accepted
"""
