# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a device runs a version."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_at_version
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Whether a device runs a version
description:
  - Returns whether a device runs exactly the given version, by the same rule as
    M(thingspace.fota.fota_device_firmware). Firmware versions are compared for equality only,
    because they have no order.
  - Returns false for a device with an unknown version.
positional: _input, version
options:
  _input:
    description:
      - A record with C(version), C(firmware) or C(fota_firmware), such as a device of a module
        result, or the variables of a host of the inventory plugin
        P(thingspace.fota.fota_devices#inventory). A record without any of these keys is an error.
      - Or the version itself.
    type: raw
    required: true
  version:
    description: Version that the device should run.
    type: str
    required: true
seealso:
  - module: thingspace.fota.fota_device_firmware
"""

EXAMPLES = r"""
- name: Read the meters
  thingspace.fota.fota_device_info:
    model: GM01Q
  register: meters

- name: Show the meters that do not run the version yet
  ansible.builtin.debug:
    msg: "{{ meters.devices | reject('thingspace.fota.fota_at_version', 'SR1.2.0.0-10657')
      | thingspace.fota.fota_imeis }}"
"""

RETURN = r"""
_value:
  description: Whether the device runs the version.
  type: bool
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports

from ansible.errors import AnsibleFilterError  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.records import (  # noqa: E402
    is_at_version,
)


def fota_at_version(device: object, version: str) -> bool:
    """Return whether a device runs a version.

    :raises AnsibleFilterError: the record has no version, or no version is given.
    """
    try:
        return is_at_version(device, version)
    except ValueError as error:
        raise AnsibleFilterError(f"fota_at_version: {error}") from error


class TestModule:
    """The class that the plugin loader expects."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"fota_at_version": fota_at_version}
