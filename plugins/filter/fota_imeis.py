# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IMEIs of devices, however a playbook holds them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_imeis
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Give the IMEIs of devices, checked and each once
description:
  - Gives the IMEIs of a list of devices as text, in the order of the list, each once.
  - That each has 15 digits is checked. Anything else is an error that names its place.
positional: _input
options:
  _input:
    description:
      - IMEIs, or records with C(imei) or C(deviceId) (in any spelling). Records are what the lookup
        C(thingspace.fota.fota_hosts) gives, devices of module results, and variables of hosts.
      - A result of a module stands for its C(devices).
    type: raw
    required: true
  check_digit:
    description: Whether a wrong check digit is an error, too.
    type: bool
    default: false
seealso:
  - plugin: thingspace.fota.fota_waves
    plugin_type: filter
  - plugin: thingspace.fota.fota_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the devices that are behind
  thingspace.fota.fota_device_firmware:
    devices: "{{ ['358000000000016', '358000000000024'] | thingspace.fota.fota_imeis }}"
    expect_version: SR1.2.0.0-10657
  register: behind

- name: Show which they are
  ansible.builtin.debug:
    msg: "{{ behind | thingspace.fota.fota_imeis | join(', ') }}"

- name: Devices of a group of the inventory
  ansible.builtin.debug:
    msg: "{{ groups.meters | default([]) | map('extract', hostvars) | thingspace.fota.fota_imeis }}"
"""

RETURN = r"""
_value:
  description: IMEIs of 15 digits, as text.
  type: list
  elements: str
"""

from collections.abc import Callable  # noqa: E402 - documentation stands before the imports

from ansible.errors import AnsibleFilterError  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (  # noqa: E402
    list_imeis,
)


def fota_imeis(devices: object, *, check_digit: object = False) -> list[str]:
    """Give the IMEIs of devices.

    :raises AnsibleFilterError: an entry has none.
    """
    try:
        return list_imeis(devices, check_digit=bool(check_digit))
    except ValueError as error:
        raise AnsibleFilterError(f"fota_imeis: {error}") from error


class FilterModule:
    """What the plugin loader looks for."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"fota_imeis": fota_imeis}
