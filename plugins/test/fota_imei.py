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
  - Returns whether a value has 15 digits, of which the last is the check digit of the others.
positional: _input
options:
  _input:
    description: Value to test. Only text and integers can be an IMEI.
    type: raw
    required: true
  check_digit:
    description: Whether the check digit must be correct. Examples of the vendor have wrong ones.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Check the IMEIs of devices
  ansible.builtin.assert:
    that:
      - "'358000000000016' is thingspace.fota.fota_imei"
      - "'990003425730535' is not thingspace.fota.fota_imei"
      - "'990003425730535' is thingspace.fota.fota_imei(check_digit=false)"
"""

RETURN = r"""
_value:
  description: Whether the value is an IMEI.
  type: bool
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (  # noqa: E402
    is_imei,
)


def fota_imei(value: object, *, check_digit: object = True) -> bool:
    """Return whether a value is an IMEI."""
    return is_imei(value, check_digit=bool(check_digit))


class TestModule:
    """The class that the plugin loader expects."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"fota_imei": fota_imei}
