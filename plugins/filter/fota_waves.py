# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices cut into waves, as a rollout would cut them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_waves
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Cut a list of devices into waves
description:
  - Puts every device of a list into one wave, by the rules of
    M(thingspace.fota.fota_rollout_info). A playbook on FOTA v1 can go by them, and a rollout can be
    looked at before there is one.
  - Devices stand in line by a hash of O(rollout) and IMEI. The same list gives the same waves at
    any time, on every controller, in whatever order it comes.
  - All devices of the list are in scope. A rollout leaves those out that run the target already, or
    cannot get it, so its shares may be of fewer devices.
positional: _input, waves
options:
  _input:
    description:
      - Devices, as the filter P(thingspace.fota.fota_imeis#filter) takes them. Of records, what the
        waves choose by is read, C(groups) (or C(group_names)) and variables.
    type: raw
    required: true
  waves:
    description:
      - Waves in order, as C(waves) of
        O(thingspace.fota.fota_rollout_info#module:rollout). Each has a C(name) and one of C(count),
        C(percent), C(group), C(per_package), and C(rest) as the last one, which must be there.
        C(percent) and C(per_package) may have C(at_least).
      - C(per_package) needs records that tell C(make), C(model) and C(version) (or C(firmware)), as
        M(thingspace.fota.fota_device_info) and the inventory plugin
        P(thingspace.fota.fota_devices#inventory) give them.
    type: list
    elements: dict
    required: true
  rollout:
    description: Name that the line depends on. With that of a rollout the line is the same.
    type: str
    required: true
seealso:
  - module: thingspace.fota.fota_rollout_info
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Cut the fleet of a v1 upgrade into waves
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

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.devices | join(', ') }}"
  loop: "{{ waves }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description: The waves in order, each with C(name) and C(devices), its IMEIs in line. One may be
    empty.
  type: list
  elements: dict
  sample:
    - name: canary
      devices: ['358000000000024']
    - name: rest
      devices: ['358000000000016', '358000000000032']
"""

from collections.abc import Callable  # noqa: E402 - documentation stands before the imports
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.wave_preview import (  # noqa: E402
    cut_into_waves,
)


def fota_waves(devices: object, waves: object, rollout: str) -> list[dict[str, Any]]:
    """Cut devices into waves.

    :raises AnsibleFilterError: devices or waves cannot be used; every reason is named.
    """
    try:
        return cut_into_waves(devices, waves, rollout=rollout)
    except ValueError as error:
        raise AnsibleFilterError(f"fota_waves: {error}") from error


class FilterModule:
    """What the plugin loader looks for."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        return {"fota_waves": fota_waves}
