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
  - Reads upgrades of FOTA v1 by id, or all upgrades of the last six months, filtered by firmware,
    start date and state.
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
  - thingspace.fota.group.imei_check
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
options:
  upgrade_id:
    description: Id of one upgrade. It cannot be combined with filters.
    type: str
  package:
    description: Name of the firmware.
    type: str
    aliases: [firmware_name]
  start_date:
    description: First UTC day of the upgrades to return, in the form C(YYYY-MM-DD).
    type: str
  states:
    description: Normalized status of the upgrades to return. By default, all upgrades are returned.
    type: list
    elements: str
    choices: [pending, queued, prescheduled, scheduled, ended, cancelled, aborted, request_failed,
      failed, unknown]
seealso:
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Read live upgrades
  thingspace.fota.fota_upgrade_info:
    states: [pending, queued, scheduled]

- name: Read all upgrades of one firmware, with all devices
  thingspace.fota.fota_upgrade_info:
    package: FOTA_Verizon_Model-A_01To02_HF
    return_devices: all
"""

RETURN = r"""
upgrades:
  description: The upgrades.
  returned: success
  # The rest is written by tests/tools/update_return_blocks.py: upgrades
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: Id from the service. Empty for an upgrade that was not created in check
        mode.
      type: str
      returned: always
    status:
      description: Status as returned by the service.
      type: str
      returned: when there is an upgrade
    state:
      description: Normalized status. One of V(pending), V(queued), V(scheduled) (in progress),
        V(ended), V(request_failed), V(failed), V(unknown).
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
      description: Last UTC day, if the service returns it.
      type: str
      returned: when there is an upgrade
    counts:
      description: Number of devices by normalized status (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: always
    devices:
      description: Devices selected by O(return_devices).
      type: list
      elements: dict
      returned: always
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status as returned by the service.
          type: str
          returned: when the service lists the device
        state:
          description: Normalized status.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason from the service or from this module.
          type: str
          returned: always
        updated_time:
          description: Time of the last change of the status, as returned by the service.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Time of the last attempt, as returned by the service.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Time of the next attempt, as returned by the service.
          type: str
          returned: when the service lists the device
  sample:
    - upgrade_id: e3a8d88a-04c6-4ef3-b039-89b62f91e962
      status: Finished
      state: ended
      package: FOTA_Verizon_Model-A_01To02_HF
      to_version: VerizonFirmwareVersion-02
      start_date: '2026-03-03'
      end_date: '2026-03-08'
      counts:
        success: 2
      devices: []
msg:
  sample: 1 upgrade
  # The rest is written by tests/tools/update_return_blocks.py: msg
  description: Summary in one line. It starts with C(SIMULATED) if the service is a simulator.
  returned: always
  type: str
# The rest is written by tests/tools/update_return_blocks.py: results_file, service, failure
results_file:
  description: The file that was written, or would be written without check mode.
  returned: when O(results_file) is given and the devices were read
  type: dict
  contains:
    path:
      description: Path of the file.
      type: str
      returned: always
    devices:
      description: Number of devices in the file, one per line.
      type: int
      returned: always
  sample:
    path: /var/tmp/meters.csv
    devices: 10000
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.info import (
    UPGRADE_INFO_OPTIONS,
    read_upgrades,
)

TASK = Task(read_upgrades, UPGRADE_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
