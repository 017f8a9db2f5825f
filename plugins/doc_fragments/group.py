# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of options that a module accepts only for C(module_defaults) of the group."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments C(thingspace.fota.group.<option>), for modules that do not use the option."""

    IMEI_CHECK = r"""
options:
  imei_check:
    description: Has no effect on this module. It is accepted so that C(module_defaults) of the
      group C(thingspace.fota.fota) can set it.
    type: str
    choices: [warn, strict, 'off']
    version_added: 0.6.0
"""

    WAIT = r"""
options:
  wait:
    description: Has no effect on this module. It is accepted so that C(module_defaults) of the
      group C(thingspace.fota.fota) can set it.
    type: bool
    version_added: 0.6.0
"""

    WAIT_TIMEOUT = r"""
options:
  wait_timeout:
    description: Has no effect on this module. It is accepted so that C(module_defaults) of the
      group C(thingspace.fota.fota) can set it.
    type: float
    version_added: 0.6.0
"""

    WAIT_DELAY = r"""
options:
  wait_delay:
    description: Has no effect on this module. It is accepted so that C(module_defaults) of the
      group C(thingspace.fota.fota) can set it.
    type: float
    version_added: 0.6.0
"""
