#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign and remove licenses, and keep the list of cancellation candidates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_license
short_description: Assign and remove licenses, and keep the list of cancellation candidates
version_added: 0.7.0
description:
  - Assigns monthly licenses (TS-HFOTA-MRC) to devices and removes them. The module is idempotent,
    and returns the result for each device. An account that pays per upgrade needs no licenses.
  - Before a license is assigned, the module checks that enough licenses are free for all devices
    that need one. Otherwise, it fails and assigns none.
  - A license can be removed only while it is unused. After a completed upgrade, it stays with the
    device for good. Removing the license of a device also cancels its scheduled upgrade, and in v3
    ends the monitoring of its reachability.
  - When the number of licenses of the account is reduced, devices in the list of cancellation
    candidates lose their licenses first.
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
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the client itself refuses every write.
  diff_mode:
    support: full
options:
  api_version:
    description: Version of the service to use. All versions share the licenses of the account.
    type: str
    choices: [v1, v2, v3]
    default: v3
  state:
    description:
      - V(assigned) assigns licenses to O(devices) without one, and V(removed) removes the
        licenses of O(devices).
      - V(candidates) changes the list of cancellation candidates as O(devices_mode) says. It needs
        O(api_version=v1) or O(api_version=v2).
    type: str
    choices: [assigned, removed, candidates]
    default: assigned
  devices:
    description:
      - IMEIs with 15 digits, quoted. Required if O(devices_file) is omitted.
      - An empty list empties the list of cancellation candidates, with O(devices_mode=exact).
    type: list
    elements: str
  devices_mode:
    description:
      - How O(devices) change the list of cancellation candidates, with O(state=candidates).
      - V(at_least) adds missing devices and keeps others.
      - V(exact) also removes devices that are not in O(devices).
      - V(remove) removes the devices in O(devices).
    type: str
    choices: [at_least, exact, remove]
    default: at_least
seealso:
  - module: thingspace.fota.fota_license_info
"""

EXAMPLES = r"""
- name: Assign licenses before an upgrade
  thingspace.fota.fota_license:
    devices:
      - '358000000000016'
      - '358000000000024'

- name: Let one of them lose its license first when there are fewer
  thingspace.fota.fota_license:
    api_version: v1
    state: candidates
    devices:
      - '358000000000024'

- name: Remove the license of a device that is not upgraded
  thingspace.fota.fota_license:
    state: removed
    devices:
      - '358000000000024'
"""

RETURN = r"""
counts:
  description: Number of devices in V(total), of those whose license was V(assigned) or
    V(removed), and of V(unchanged) and V(failed) devices. With O(state=candidates), V(added)
    instead of V(assigned).
  returned: when the devices were read
  type: dict
  sample:
    total: 2
    assigned: 2
    removed: 0
    unchanged: 0
    failed: 0
seats:
  description: Number of licenses that the account has V(bought), and how many are V(used) and
    V(free) after the task.
  returned: when the devices were read, unless O(state=candidates)
  type: dict
  sample:
    bought: 100
    used: 2
    free: 98
devices:
  # The rest is written by tests/tools/update_return_blocks.py: device_outcomes
  description: Devices selected by O(return_devices). V(attention) selects devices that the
    service refused to change.
  returned: when the devices were read
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    action:
      description: Action that was taken, or would be taken without check mode. One of V(add),
        V(remove), V(none).
      type: str
      returned: always
    status:
      description: Result as returned by the service. Empty if it did not return one.
      type: str
      returned: always
    reason:
      description: Reason from the service or from this module.
      type: str
      returned: always
    failed:
      description: Whether the device was to be changed, and was not.
      type: bool
      returned: always
  sample: []
msg:
  sample: licenses assigned to 2 of 2 devices, 98 of 100 licenses free
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.licenses.ensure import (
    LICENSE_OPTIONS,
    ensure_licenses,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(ensure_licenses, LICENSE_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
