#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read which devices have verbose logging on, their logs and their check-ins."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_logging_info
short_description: Read which devices have verbose logging on, their logs and their check-ins
version_added: 0.7.0
description:
  - Reads which HTTP devices (FOTA v2) have verbose logging on, and the logs and check-ins of given
    devices.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.devices.file
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
options:
  devices:
    description: IMEIs with 15 digits, quoted. If both this option and O(devices_file) are
      omitted, all devices with logging on are returned.
    type: list
    elements: str
  gather:
    description:
      - Additional data to read. V(logs) are kept for 30 days, and V(check_ins) are the contacts
        of a device with the server. Both need one call per device, so they require O(devices) or
        O(devices_file).
    type: list
    elements: str
    choices: [logs, check_ins]
    default: []
  return_files:
    description: Whether to return the binary file of each log entry. It can be large.
    type: bool
    default: false
seealso:
  - module: thingspace.fota.fota_logging
"""

EXAMPLES = r"""
- name: Read which devices have logging on
  thingspace.fota.fota_logging_info:

- name: Read why a device does not update
  thingspace.fota.fota_logging_info:
    devices:
      - '990013907835573'
    gather: [logs, check_ins]
    imei_check: 'off'
"""

RETURN = r"""
logging:
  description: The devices with logging on, or those of the given devices.
  returned: success
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
  returned: success
  type: int
  sample: 19
logs:
  description: Entries of the logs. The C(file) of an entry is in base64.
  returned: when O(gather) contains V(logs)
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    time:
      description: Time of the entry, as returned by the service.
      type: str
      returned: always
    type:
      description: Type of the entry, such as C(SoftwareUpdate), as returned by the service.
      type: str
      returned: always
    event:
      description: Text of the entry.
      type: str
      returned: always
    file_name:
      description: Name of the binary file of the entry.
      type: str
      returned: always
    file:
      description: The binary file of the entry in base64.
      type: str
      returned: when O(return_files=true)
  sample:
    - deviceId: '990013907835573'
      time: '2026-03-03T00:00:00Z'
      type: SoftwareUpdate
      event: Download started
      file_name: 990013907835573-1.log
check_ins:
  description: Contacts of the devices with the server.
  returned: when O(gather) contains V(check_ins)
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    time:
      description: Time of the end of the contact, as returned by the service.
      type: str
      returned: always
    client_type:
      description: Type of the client, as returned by the service.
      type: str
      returned: always
    result:
      description: Result, as returned by the service.
      type: str
      returned: always
    failure_type:
      description: Type of the failure, if there was one.
      type: str
      returned: always
  sample:
    - deviceId: '990013907835573'
      time: '2026-03-03T00:00:00Z'
      client_type: HTTP
      result: Success
      failure_type: ''
msg:
  sample: logging is on for 1 device
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.device_logging.info import (
    LOGGING_INFO_OPTIONS,
    read_logging,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(read_logging, LOGGING_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
