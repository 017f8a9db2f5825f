# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a value is an IMEI."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_imei
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Whether a value is an IMEI
description:
  - Tells whether a value is 15 digits of which the last one is the check digit of those before it.
positional: _input
options:
  _input:
    description: What to look at. Anything but text or a whole number is no IMEI.
    type: raw
    required: true
  check_digit:
    description: Whether the check digit must be right. The vendor's own examples have wrong ones.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: See that the devices are declared well
  ansible.builtin.assert:
    that:
      - "'358000000000016' is thingspace.fota.fota_imei"
      - "'990003425730535' is not thingspace.fota.fota_imei"
      - "'990003425730535' is thingspace.fota.fota_imei(check_digit=false)"
"""

RETURN = r"""
_value:
  description: Whether it is one.
  type: bool
"""

from collections.abc import Callable  # noqa: E402 - documentation stands before the imports

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (  # noqa: E402
    is_imei,
)


def fota_imei(value: object, *, check_digit: object = True) -> bool:
    """Tell whether a value is an IMEI."""
    return is_imei(value, check_digit=bool(check_digit))


class TestModule:
    """What the plugin loader looks for."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"fota_imei": fota_imei}
