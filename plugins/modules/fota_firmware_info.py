#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List firmware and software packages, and paths between versions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_firmware_info
short_description: List firmware and software packages, and paths between versions
version_added: 0.1.0
description:
  - Lists the firmware packages (FOTA v1 and v3) or software packages (FOTA v2) that are available
    to the account.
  - Finds the packages that lead from one version to another, in several steps if necessary.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.group.imei_check
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
options:
  api_version:
    description: Catalog to read. V(v1) and V(v3) contain firmware, V(v2) contains software.
    type: str
    choices: [v1, v2, v3]
    default: v3
  name:
    description: Name that a package must have.
    type: str
  make:
    description: Make that a package must be for.
    type: str
  model:
    description: Model that a package must be for.
    type: str
  protocol:
    description: Protocol of the packages, V(LWM2M), V(OMD-DM) or V(HTTP), as spelled in the
      catalog. Not supported for V(v1), because its catalog has no protocol.
    type: str
  from_version:
    description: Version that a package must start from. Not supported for V(v2).
    type: raw
  to_version:
    description: Version that a package must lead to. Not supported for V(v2).
    type: raw
  path:
    description: Also find the shortest sequence of packages from one version to another. Not
      supported for V(v2).
    type: dict
    suboptions:
      make:
        description: Make of the devices.
        type: str
        required: true
      model:
        description: Model of the devices.
        type: str
        required: true
      from_version:
        description: Version that the devices have.
        type: raw
        required: true
      to_version:
        description: Version that the devices should get.
        type: raw
        required: true
seealso:
  - module: thingspace.fota.fota_campaign
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: List the firmware of one model
  thingspace.fota.fota_firmware_info:
    make: SEQUANS Communications
    model: GM01Q
  register: firmware

- name: Find the packages from the current version to the newest one
  thingspace.fota.fota_firmware_info:
    path:
      make: SEQUANS Communications
      model: GM01Q
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657

- name: List software for HTTP devices
  thingspace.fota.fota_firmware_info:
    api_version: v2
    protocol: HTTP

- name: List firmware of FOTA v1
  thingspace.fota.fota_firmware_info:
    api_version: v1
"""

RETURN = r"""
packages:
  description: The packages that match all filters.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the package. Use it as C(package) of a campaign or upgrade.
      type: str
      returned: always
    make:
      description: Make of the devices.
      type: str
      returned: always
    model:
      description: Model of the devices.
      type: str
      returned: always
    from_version:
      description: Version that a device must have. Empty in v2.
      type: str
      returned: always
    to_version:
      description: Version that a device gets. Empty in v2.
      type: str
      returned: always
    protocol:
      description: Protocol, as spelled in the catalog. Empty in v1.
      type: str
      returned: always
    launch_date:
      description: Release time, as returned by the service.
      type: str
      returned: always
    release_note:
      description: Release note of the manufacturer, often empty.
      type: str
      returned: always
    platform:
      description: Platform of the devices. Only in v2.
      type: str
      returned: always
  sample:
    - name: VerizonSmartCommunities_LCO-277C4N_BG96MAR04A04M1G_BG96MAR04A04M1G_BETA0130B
      make: Verizon Smart Communities
      model: LCO-277C4N
      from_version: BG96MAR04A04M1G
      to_version: BG96MAR04A04M1G_BETA0130B
      protocol: LWM2M
      launch_date: '2012-04-23T18:25:43.511Z'
      release_note: ''
      platform: ''
path:
  description: The packages to install one after the other. Empty if the versions are equal.
  returned: when O(path) is given
  type: list
  elements: dict
  sample:
    - name: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657
msg:
  sample: 3 of 7 packages
  # The rest is written by tests/tools/update_return_blocks.py: msg
  description: Summary in one line. It starts with C(SIMULATED) if the service is a simulator.
  returned: always
  type: str
# The rest is written by tests/tools/update_return_blocks.py: service, failure
service:
  description: The service that replied.
  returned: always
  type: dict
  contains:
    host:
      description: Host and port of O(base_url).
      type: str
      returned: always
    simulated:
      description: Whether the service is the simulator of this collection. Null if the service
        did not reply.
      type: bool
      returned: always
  sample:
    host: thingspace.verizon.com
    simulated: false
failure:
  description: The error in a structured form. RV(msg) contains the same as text.
  type: dict
  contains:
    kind:
      description: One of V(invalid_value), V(refused_by_plan), V(configuration), V(login_rejected),
        V(locked_out), V(refused), V(unavailable), V(outcome_unknown), V(unexpected_reply),
        V(token_cache), V(devices_refused), V(ambiguous), V(not_cancelled), V(campaign_failed),
        V(timeout), V(no_path), V(results_file).
      type: str
      returned: always
    http_status:
      description: HTTP status of the reply.
      type: int
      returned: when the service replied
    error_code:
      description: Error code from the service.
      type: str
      returned: when the service returned one
    error_message:
      description: Error message from the service.
      type: str
      returned: when the service returned one
    operation:
      description: Operation that failed.
      type: str
      returned: when a call failed
    hint:
      description: What to do next.
      type: str
      returned: when there is a hint
  returned: on failure
  sample:
    kind: refused
    http_status: 400
    error_code: INVALID_PARAMETER
    error_message: Device list is empty
    operation: v3ScheduleCampaign
    hint: null
"""

from ansible_collections.thingspace.fota.plugins.module_utils._module.firmware.info import (
    FIRMWARE_INFO_OPTIONS,
    read_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(read_firmware, FIRMWARE_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
