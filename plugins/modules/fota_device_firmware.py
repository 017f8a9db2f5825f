#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refresh and verify the firmware versions of devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_device_firmware
short_description: Refresh and verify the firmware versions of devices
version_added: 0.1.0
description:
  - Refreshes the firmware versions that ThingSpace has stored for devices, and compares them with
    an expected version (FOTA v3).
  - Does not change devices. The task reports a change only if a stored version has changed. In
    check mode, nothing is refreshed, and the stored versions are compared.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.devices.file
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
  - thingspace.fota.waiting
attributes:
  check_mode:
    support: partial
    details:
      - A refresh is a write, so check mode skips it and returns the versions stored by the service.
  diff_mode:
    support: full
options:
  state:
    description:
      - V(synchronized) reads the versions from the FOTA server, with 100 devices per call, and
        returns immediately.
      - V(reported) requests the version from each device. A device replies when it can be reached.
    type: str
    choices: [synchronized, reported]
    default: synchronized
  devices:
    description: IMEIs with 15 digits, quoted.
    type: list
    elements: str
  expect_version:
    description: Version that every device should run. Each device is compared with it. A different
      version does not fail the task.
    type: raw
  wait:
    description: Whether V(reported) waits until every device has replied. Never waits in check
      mode.
    type: bool
    default: true
  return_devices:
    description:
      - Which devices to return. V(attention) returns devices with an unknown version and, with
        O(expect_version), devices with a different version.
    type: str
    choices: [none, attention, all]
    default: attention
seealso:
  - module: thingspace.fota.fota_device_info
"""

EXAMPLES = r"""
- name: Verify that the pilot runs the new version
  thingspace.fota.fota_device_firmware:
    devices:
      - '358000000000016'
      - '358000000000024'
    expect_version: SR1.2.0.0-10657
  register: proof
  failed_when: proof.compliance.behind > 0

- name: Request the version from the device
  thingspace.fota.fota_device_firmware:
    state: reported
    devices:
      - '358000000000016'
    wait_timeout: 900
"""

RETURN = r"""
counts:
  description: Number of devices in V(total), with V(known) and V(unknown) version, and with a
    version that V(moved), which means that it changed.
  returned: always
  type: dict
  sample:
    total: 2
    known: 2
    unknown: 0
    moved: 1
versions:
  description: Number of devices by version.
  returned: always
  type: dict
  sample:
    SR1.2.0.0-10512: 1
    SR1.2.0.0-10657: 1
compliance:
  description: Number of devices that are V(at_target), V(behind) and V(unknown).
  returned: when O(expect_version) is given
  type: dict
  sample:
    at_target: 1
    behind: 1
    unknown: 0
devices:
  description: Devices selected by O(return_devices).
  returned: always
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    action:
      description: V(moved) if the stored version changed, otherwise V(none).
      type: str
      returned: always
    version:
      description: Current version. Empty if it is unknown.
      type: str
      returned: always
    previous_version:
      description: Version that was stored before.
      type: str
      returned: always
    refresh_time:
      description: Time when the version was read, as returned by the service.
      type: str
      returned: always
    reason:
      description: Reason why the version is unknown.
      type: str
      returned: always
    compliance:
      description: V(at_target), V(behind) or V(unknown).
      type: str
      returned: when O(expect_version) is given
  sample:
    - deviceId: '358000000000016'
      action: none
      version: SR1.2.0.0-10512
      previous_version: SR1.2.0.0-10512
      refresh_time: '2026-03-05T10:00:00Z'
      reason: ''
      compliance: behind
msg:
  sample: 1 of 2 devices on SR1.2.0.0-10657
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.firmware import (
    DEVICE_FIRMWARE_OPTIONS,
    refresh_device_firmware,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(refresh_device_firmware, DEVICE_FIRMWARE_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
