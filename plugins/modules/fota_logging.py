#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn verbose logging of devices on and off."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_logging
short_description: Turn verbose logging of devices on and off
version_added: 0.7.0
description:
  - Turns verbose logging of HTTP devices (FOTA v2) on and off. The module is idempotent.
  - Logging can be on for 20 devices of the account, and ends by itself after 7 days. The service
    keeps logs for 30 days. M(thingspace.fota.fota_logging_info) reads them.
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
      - In check mode, the client itself refuses every write. Whether the service has the devices
        is not checked.
  diff_mode:
    support: full
options:
  devices:
    description:
      - IMEIs with 15 digits, quoted. Required if O(devices_file) is omitted. At most 20, unless
        O(devices_mode=remove).
      - An empty list turns logging off for all devices, with O(devices_mode=exact).
    type: list
    elements: str
  devices_mode:
    description:
      - V(at_least) turns logging on for O(devices).
      - V(exact) also turns it off for all other devices.
      - V(remove) turns it off for O(devices).
    type: str
    choices: [at_least, exact, remove]
    default: at_least
seealso:
  - module: thingspace.fota.fota_logging_info
"""

EXAMPLES = r"""
- name: Log only what these devices do
  thingspace.fota.fota_logging:
    devices:
      - '990013907835573'
      - '990013907884259'
    devices_mode: exact
    imei_check: 'off'

- name: Turn logging off for all devices
  thingspace.fota.fota_logging:
    devices: []
    devices_mode: exact
"""

RETURN = r"""
counts:
  description: Number of devices in V(total), of those whose logging was V(enabled) or
    V(disabled), and of V(unchanged) and V(failed) devices.
  returned: when the devices were read
  type: dict
  sample:
    total: 1
    enabled: 1
    disabled: 0
    unchanged: 0
    failed: 0
logging:
  description: All devices with logging on after the task, or without check mode.
  returned: when the devices were read
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    expiry_date:
      description: Day on which logging ends by itself. Empty if it is not turned on yet.
      type: str
      returned: always
  sample:
    - deviceId: '990013907835573'
      expiry_date: '2026-03-09'
free:
  description: For how many more devices logging can be turned on.
  returned: when the devices were read
  type: int
  sample: 19
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
  sample: logging is on for 1 device
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.device_logging.ensure import (
    LOGGING_OPTIONS,
    ensure_logging,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(ensure_logging, LOGGING_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
