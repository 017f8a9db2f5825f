#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read upgrades of FOTA v1 and the state of their devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_upgrade_info
short_description: Read FOTA v1 upgrades and the state of their devices
version_added: 0.1.0
description:
  - Reads upgrades of FOTA v1 by id, or all of the last six months by firmware, day and state.
  - The service refreshes the status of devices about once a day.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
options:
  upgrade_id:
    description: Id of one upgrade. Takes no filter beside it.
    type: str
  package:
    description: Name of the firmware.
    type: str
    aliases: [firmware_name]
  start_date:
    description: First UTC day, C(YYYY-MM-DD).
    type: str
  states:
    description: What the status of an upgrade may mean. All when left out.
    type: list
    elements: str
    choices: [pending, queued, prescheduled, scheduled, ended, cancelled, aborted, request_failed,
      failed, unknown]
seealso:
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Upgrades that are under way
  thingspace.fota.fota_upgrade_info:
    states: [pending, queued, scheduled]

- name: All upgrades of one firmware, with every device
  thingspace.fota.fota_upgrade_info:
    package: FOTA_Verizon_Model-A_01To02_HF
    return_devices: all
"""

RETURN = r"""
upgrades:
  description: The upgrades.
  returned: success
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: Id that the service gave. Empty for an upgrade that check mode would schedule.
      type: str
      returned: always
    status:
      description: Status word of the service, verbatim.
      type: str
      returned: when there is an upgrade
    state:
      description: >-
        What the word means, one of V(pending), V(queued), V(scheduled) (in progress), V(ended),
        V(request_failed),
        V(failed), V(unknown).
      type: str
      returned: when there is an upgrade
    package:
      description: Name of the firmware.
      type: str
      returned: when there is an upgrade
    to_version:
      description: Version that devices get.
      type: str
      returned: when there is an upgrade
    start_date:
      description: First UTC day.
      type: str
      returned: when there is an upgrade
    end_date:
      description: Last UTC day, where the service tells it.
      type: str
      returned: when there is an upgrade
    counts:
      description: Devices by what their status means (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: always
    devices:
      description: Devices that O(return_devices) asks for.
      type: list
      elements: dict
      returned: always
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status word of the service, verbatim.
          type: str
          returned: when the service lists the device
        state:
          description: What the word means.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason of the service, or of this module.
          type: str
          returned: always
        updated_time:
          description: When the status changed, as the service writes it.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Last attempt, as the service writes it.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Next attempt, as the service writes it.
          type: str
          returned: when the service lists the device
  sample:
    - upgrade_id: e3a8d88a-04c6-4ef3-b039-89b62f91e962
      status: RequestPending
      state: pending
      package: FOTA_Verizon_Model-A_01To02_HF
      to_version: VerizonFirmwareVersion-02
      start_date: '2026-03-03'
      end_date: '2026-03-08'
      counts:
        pending: 2
      devices: []
results_file:
  description: The file that was written, or in check mode would be.
  returned: when O(results_file) is given
  type: dict
  contains:
    path:
      description: Its path.
      type: str
      returned: always
    devices:
      description: Devices in it, one a line.
      type: int
      returned: always
  sample:
    path: /var/tmp/meters.csv
    devices: 10000
service:
  description: Which service answered.
  returned: always
  type: dict
  contains:
    host:
      description: Host and port of O(base_url).
      type: str
      returned: always
    simulated:
      description: Whether it is the simulator of this collection.
      type: bool
      returned: always
  sample:
    host: thingspace.verizon.com
    simulated: false
msg:
  description: One line for people. It begins with C(SIMULATED) when the service is a simulator.
  returned: always
  type: str
  sample: 1 upgrades
failure:
  description: What went wrong, for programs; RV(msg) says the same for people.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(invalid_value), V(refused_by_plan), V(configuration), V(login_rejected),
        V(locked_out), V(refused),
        V(unavailable), V(outcome_unknown), V(unexpected_reply), V(token_cache),
        V(devices_refused), V(ambiguous),
        V(not_cancelled), V(campaign_failed), V(timeout), V(no_path),
        V(results_file).
      type: str
      returned: always
    http_status:
      description: HTTP status of the refusal.
      type: int
      returned: when the service answered
    error_code:
      description: Code of the service.
      type: str
      returned: when the service gave one
    error_message:
      description: Text of the service.
      type: str
      returned: when the service gave one
    operation:
      description: The call that failed.
      type: str
      returned: when a call failed
    hint:
      description: What to do next.
      type: str
      returned: when there is advice
  sample:
    kind: refused
    http_status: 400
    error_code: INVALID_PARAMETER
    error_message: Device list is empty
    operation: v3ScheduleCampaign
    hint: null
"""

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import run_module
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)


def main() -> None:
    run_module(read_upgrades, UPGRADE_INFO_OPTIONS)


if __name__ == "__main__":
    main()
