#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the devices of the account, their versions, licenses and histories."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_device_info
short_description: Read the devices of the account, their versions, licenses and histories
version_added: 0.1.0
description:
  - Reads all devices of the account, or the given devices, with the firmware version that
    ThingSpace has stored.
  - Does not contact devices. Use M(thingspace.fota.fota_device_firmware) to refresh the stored
    versions.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.devices.file
  - thingspace.fota.devices.results
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
options:
  api_version:
    description: Version of the service to read from.
    type: str
    choices: [v1, v2, v3]
    default: v3
  devices:
    description: IMEIs with 15 digits, quoted. If both this option and O(devices_file) are omitted,
      all devices of the account are read.
    type: list
    elements: str
  make:
    description: Make that a device must have.
    type: str
  model:
    description: Model that a device must have.
    type: str
  firmware:
    description: Firmware version that a device must have.
    type: raw
  protocol:
    description: Protocol that a device must have, as returned by the service.
    type: str
  gather:
    description:
      - Additional data to read. V(history) needs one call per device, so it requires O(devices) or
        O(devices_file).
      - V(campaigns) reads the campaigns in the histories, and those that are not over, each with
        its device report. It can be used since 0.7.0, and not with V(v1) of O(api_version).
    type: list
    elements: str
    choices: [history, campaigns, licenses, subscription]
    default: []
  return_devices:
    description: V(none) returns only the counts. Use it for many devices, together with
      O(results_file) if needed.
    type: str
    choices: [none, all]
    default: all
seealso:
  - module: thingspace.fota.fota_device_firmware
"""

EXAMPLES = r"""
- name: Count devices by firmware version
  thingspace.fota.fota_device_info:
    return_devices: none
  register: fleet

- name: Read all devices of one model, and the licenses
  thingspace.fota.fota_device_info:
    make: SEQUANS Communications
    model: GM01Q
    gather: [licenses, subscription]

- name: Read the history of one device
  thingspace.fota.fota_device_info:
    devices:
      - '358000000000016'
    gather: [history]
"""

RETURN = r"""
counts:
  description: Number of devices in V(total), by make and model, and by firmware version.
  returned: success
  type: dict
  sample:
    total: 2
    by_model:
      SEQUANS Communications GM01Q: 2
    by_firmware:
      SR1.2.0.0-10512: 2
devices:
  description: The devices that match all filters.
  returned: success
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI. Empty for a line of the account whose device has no IMEI.
      type: str
      returned: always
    mdn:
      description: Phone number (MDN) of the device.
      type: str
      returned: always
    make:
      description: Make.
      type: str
      returned: always
    model:
      description: Model.
      type: str
      returned: always
    firmware:
      description: Version stored by ThingSpace. Empty in v2, which has only software.
      type: str
      returned: always
    protocol:
      description: Protocol as returned by the service.
      type: str
      returned: always
    fota_eligible:
      description: Whether the device can be upgraded over the air.
      type: bool
      returned: always
    license_assigned:
      description: Whether a monthly license is assigned to the device.
      type: bool
      returned: always
    status:
      description: Status of the line.
      type: str
      returned: always
    refresh_time:
      description: Time of the last refresh of this data, as returned by the service.
      type: str
      returned: always
    upgrade_time:
      description: Time of the last upgrade, as returned by the service.
      type: str
      returned: always
    last_connection_time:
      description: Time of the last connection, as returned by the service.
      type: str
      returned: always
    software:
      description: Software on the device, with C(name), C(version) and C(upgrade_time).
      type: list
      elements: dict
      returned: always
  sample:
    - deviceId: '358000000000016'
      mdn: '5550000001'
      make: SEQUANS Communications
      model: GM01Q
      firmware: SR1.2.0.0-10512
      protocol: LWM2M
      fota_eligible: true
      license_assigned: true
      status: Active
      refresh_time: '2026-03-02 00:00:00 +0000 UTC'
      upgrade_time: ''
      last_connection_time: '2026-03-02T00:00:00Z'
      software: []
not_found:
  description: Requested devices that the account does not have.
  returned: when O(devices) or O(devices_file) is given
  type: list
  elements: str
  sample: []
history:
  description: Past campaigns and upgrades of the devices.
  returned: when O(gather) contains V(history)
  type: list
  elements: dict
  sample:
    - deviceId: '358000000000016'
      campaign_id: f858b8c4-2153-11ec-8c44-aeb16d1aa652
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657
      start_date: '2026-03-03'
      status: UpgradeSuccess
      reason: Success
      updated_time: '2026-03-04 10:00:00 +0000 UTC'
campaigns:
  description: Campaigns that have or had these devices, the oldest first, with the keys of
    M(thingspace.fota.fota_campaign_info) and those below. Campaigns that the service has not kept
    are missing.
  returned: when O(gather) contains V(campaigns)
  type: list
  elements: dict
  contains:
    rollout:
      description: Name of the rollout. Empty for a campaign that does not belong to one.
      type: str
      returned: always
    wave:
      description: Number of the wave in the rollout. V(99) are devices that no wave has reached,
        which are tried once more. Null for a campaign that does not belong to a rollout.
      type: int
      returned: always
    attempt:
      description: Number of the attempt, like RV(campaigns[].wave).
      type: int
      returned: always
    devices:
      description: Those of the devices that are in the report of the campaign, as in
        M(thingspace.fota.fota_campaign_info).
      type: list
      elements: dict
      returned: always
  sample:
    - campaign_id: f858b8c4-2153-11ec-8c44-aeb16d1aa652
      name: tsr.meters-10657.5d1c5b.w01.8a1f0e.t01.a1.n1
      status: CampaignEnded
      state: ended
      type: firmware
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657
      protocol: LWM2M
      make: SEQUANS Communications
      model: GM01Q
      start_date: '2026-03-03'
      end_date: '2026-03-06'
      windows: []
      rollout: meters-10657
      wave: 1
      attempt: 1
      devices:
        - deviceId: '358000000000016'
          status: UpgradeSuccess
          state: success
          reason: Success
          updated_time: '2026-03-04 10:00:00 +0000 UTC'
          recent_attempt_time: '2026-03-04 09:58:00 +0000 UTC'
          next_attempt_time: '0001-01-01 00:00:00 +0000 UTC'
licenses:
  description: Licenses of the account, with their number in V(total) and V(assigned), and the
    devices with a license.
  returned: when O(gather) contains V(licenses)
  type: dict
  sample:
    total: 100
    assigned: 1
    devices:
      - deviceId: '358000000000016'
        assignment_time: '2026-01-01 00:00:00 +0000 UTC'
subscription:
  description: Subscription of the account.
  returned: when O(gather) contains V(subscription)
  type: dict
  sample:
    purchase_types: [TS-HFOTA-EVNT, TS-HFOTA-MRC]
    license_count: 100
    license_used_count: 1
    update_time: '2026-01-01 00:00:00 +0000 UTC'
msg:
  sample: 2 devices
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.info import (
    DEVICE_INFO_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.device_story import (
    inform_on_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(inform_on_devices, DEVICE_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
