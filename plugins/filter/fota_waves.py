# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divide devices into waves, as a rollout does."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_waves
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Divide a list of devices into waves
description:
  - Assigns every device of a list to one wave, by the rules of
    M(thingspace.fota.fota_rollout_info). Use it in a playbook for FOTA v1, or to preview the waves
    of a rollout.
  - Devices are sorted by a hash of O(rollout) and their IMEI. The same devices always give the same
    waves, on every controller and for any order of the list.
  - All devices of the list are in scope. A rollout leaves out devices that already run the target
    or cannot get it, so its percentages may refer to fewer devices.
positional: _input, waves
options:
  _input:
    description:
      - Devices, as accepted by the filter P(thingspace.fota.fota_imeis#filter). From records, the
        keys that waves select devices by are read, C(groups) (or C(group_names)) and variables.
    type: raw
    required: true
  waves:
    description:
      - Waves in order, as C(waves) of
        O(thingspace.fota.fota_rollout_info#module:rollout). Each has a C(name) and one of C(count),
        C(percent), C(group), C(per_package) and C(rest). The last wave must have C(rest).
        C(percent) and C(per_package) may have C(at_least).
      - C(per_package) needs records with C(make), C(model) and C(version) (or C(firmware)), as
        returned by M(thingspace.fota.fota_device_info) and the inventory plugin
        P(thingspace.fota.fota_devices#inventory).
    type: list
    elements: dict
    required: true
  rollout:
    description: Name that determines the order of devices. With the name of a rollout, the order is
      the same as in the rollout.
    type: str
    required: true
seealso:
  - module: thingspace.fota.fota_rollout_info
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Divide the fleet of a v1 upgrade into waves
  ansible.builtin.set_fact:
    waves: "{{ devices | thingspace.fota.fota_waves(cut, rollout='trackers-02') }}"
  vars:
    devices:
      - '358000000000016'
      - '358000000000024'
      - '358000000000032'
    cut:
      - name: canary
        count: 1
      - name: rest
        rest: true

- name: Show the waves
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.devices | join(', ') }}"
  loop: "{{ waves }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description: The waves in order, each with C(name) and C(devices), its sorted IMEIs. A wave can be
    empty.
  type: list
  elements: dict
  sample:
    - name: canary
      devices: ['358000000000024']
    - name: rest
      devices: ['358000000000016', '358000000000032']
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402


def fota_waves(devices: object, waves: object, rollout: str) -> list[dict[str, Any]]:
    """Divide devices into waves.

    :raises AnsibleFilterError: devices or waves cannot be used; every reason is given.
    """
    # Here, because Ansible loads all filters of the collection to find one of them.
    from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.wave_preview import (  # noqa: E501
        cut_into_waves,
    )

    try:
        return cut_into_waves(devices, waves, rollout=rollout)
    except ValueError as error:
        raise AnsibleFilterError(f"fota_waves: {error}") from error


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        return {"fota_waves": fota_waves}
