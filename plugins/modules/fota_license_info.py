#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the licenses of the account, and how many devices need."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_license_info
short_description: Read the licenses of the account, and how many devices need
version_added: 0.7.0
description:
  - Reads the subscription of the account, how many licenses it has bought, uses and can still
    assign, and the devices with a license.
  - For given devices, also reads how many licenses they need, and how many the account is short of.
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
      all devices with a license are returned.
    type: list
    elements: str
  gather:
    description:
      - Additional data to read. V(models) counts the devices with and without a license by make,
        model and version, and V(candidates) reads the list of cancellation candidates, which v3
        does not have.
    type: list
    elements: str
    choices: [models, candidates]
    default: []
  return_devices:
    description: V(none) returns only the counts. Use it for many devices, together with
      O(results_file) if needed.
    type: str
    choices: [none, all]
    default: all
seealso:
  - module: thingspace.fota.fota_license
"""

EXAMPLES = r"""
- name: Fail early if there are too few licenses for an upgrade
  thingspace.fota.fota_license_info:
    devices:
      - '358000000000016'
      - '358000000000024'
    gather: [models]
  register: licenses
  failed_when: licenses.licenses_required and licenses.seats.short > 0

- name: Read the cancellation candidates
  thingspace.fota.fota_license_info:
    api_version: v1
    gather: [candidates]
    return_devices: none
"""

RETURN = r"""
subscription:
  description: Subscription of the account.
  returned: success
  type: dict
  sample:
    purchase_types: [TS-HFOTA-EVNT, TS-HFOTA-MRC]
    license_count: 100
    license_used_count: 1
    update_time: '2026-01-01 00:00:00 +0000 UTC'
seats:
  description: Number of licenses that the account has V(bought), and how many are V(used) and
    V(free). If devices are given, also how many they have V(needed) and how many are V(short).
  returned: success
  type: dict
  sample:
    bought: 100
    used: 1
    free: 99
    needed: 1
    short: 0
licenses_required:
  description: Whether only devices with a license can be upgraded, as the account does not pay per
    upgrade.
  returned: success
  type: bool
  sample: true
devices:
  description: The given devices that the account has, or all devices with a license.
  returned: success
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    licensed:
      description: Whether the device has a license.
      type: bool
      returned: always
    assignment_time:
      description: Time when the license was assigned, as returned by the service.
      type: str
      returned: always
  sample:
    - deviceId: '358000000000016'
      licensed: true
      assignment_time: '2026-01-01 00:00:00 +0000 UTC'
    - deviceId: '358000000000024'
      licensed: false
      assignment_time: ''
not_found:
  description: Requested devices that the account does not have.
  returned: when O(devices) or O(devices_file) is given
  type: list
  elements: str
  sample: []
models:
  description: Number of devices, and of those with and without a license, by make, model and
    version.
  returned: when O(gather) contains V(models)
  type: list
  elements: dict
  sample:
    - make: SEQUANS Communications
      model: GM01Q
      firmware: SR1.2.0.0-10512
      devices: 2
      licensed: 1
      unlicensed: 1
candidates:
  description: IMEIs of the devices that lose their licenses first.
  returned: when O(gather) contains V(candidates)
  type: list
  elements: str
  sample: []
msg:
  sample: 1 of 100 licenses used, 99 free, 1 needed, 0 short
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.info import (
    LICENSE_INFO_OPTIONS,
    read_license_info,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(read_license_info, LICENSE_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
