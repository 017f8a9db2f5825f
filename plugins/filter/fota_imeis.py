# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extract the IMEIs of devices from lists, results and host variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_imeis
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Extract and check the IMEIs of devices
description:
  - Returns the IMEIs of a list of devices as text, in the order of the list, without duplicates.
  - Every IMEI must have 15 digits. Otherwise, the filter fails and reports the position of the
    entry.
positional: _input
options:
  _input:
    description:
      - IMEIs, or records with C(imei) or C(deviceId) (in any spelling). Such records are returned
        by the lookup C(thingspace.fota.fota_hosts), are the devices of module results, or are
        variables of hosts.
      - For the result of a module, its C(devices) are used.
    type: raw
    required: true
  check_digit:
    description: Whether a wrong check digit is also an error.
    type: bool
    default: false
seealso:
  - plugin: thingspace.fota.fota_waves
    plugin_type: filter
  - plugin: thingspace.fota.fota_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the devices that do not run the version
  thingspace.fota.fota_device_firmware:
    devices: "{{ ['358000000000016', '358000000000024'] | thingspace.fota.fota_imeis }}"
    expect_version: SR1.2.0.0-10657
  register: behind

- name: Show their IMEIs
  ansible.builtin.debug:
    msg: "{{ behind | thingspace.fota.fota_imeis | join(', ') }}"

- name: Show the IMEIs of a group of the inventory
  ansible.builtin.debug:
    msg: "{{ groups.meters | default([]) | map('extract', hostvars) | thingspace.fota.fota_imeis }}"
"""

RETURN = r"""
_value:
  description: IMEIs with 15 digits, as text.
  type: list
  elements: str
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports

from ansible.errors import AnsibleFilterError  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (  # noqa: E402
    list_imeis,
)


def fota_imeis(devices: object, *, check_digit: object = False) -> list[str]:
    """Return the IMEIs of devices.

    :raises AnsibleFilterError: an entry has no IMEI.
    """
    try:
        return list_imeis(devices, check_digit=bool(check_digit))
    except ValueError as error:
        raise AnsibleFilterError(f"fota_imeis: {error}") from error


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"fota_imeis": fota_imeis}
