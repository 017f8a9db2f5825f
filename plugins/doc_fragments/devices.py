# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that take devices."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments C(thingspace.fota.devices) and its part for results."""

    DOCUMENTATION = r"""
options:
  imei_check:
    description:
      - What a wrong check digit of an IMEI in O(devices) means. That it has 15 digits is checked
        always.
    type: str
    choices: [warn, strict, 'off']
    default: warn
"""

    RETURN = r"""
options:
  return_devices:
    description:
      - Which devices to return. V(attention) gives those that failed, were rejected or have a
        status that is not known.
    type: str
    choices: [none, attention, all]
    default: attention
"""

    MODE = r"""
options:
  devices_mode:
    description:
      - V(at_least) adds devices that are missing and leaves others alone.
      - V(exact) also removes those that are not in O(devices).
      - V(remove) removes those in O(devices), and never creates anything.
    type: str
    choices: [at_least, exact, remove]
    default: at_least
"""
