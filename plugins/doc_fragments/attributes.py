# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that every module documents."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments C(thingspace.fota.attributes) and its parts."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when in diff mode.
"""

    ACTIONGROUP_FOTA = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/thingspace.fota.fota) in C(module_defaults) to set the connection
      options, C(imei_check), C(wait), C(wait_timeout) and C(wait_delay) of all modules once.
    support: full
    membership:
      - thingspace.fota.fota
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads data.
  diff_mode:
    support: N/A
    details:
      - This module only reads data.
"""
