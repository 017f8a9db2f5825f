#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upload a configuration file for HTTP devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_file
short_description: Upload a configuration file for HTTP devices
version_added: 0.7.0
description:
  - Uploads a configuration file for HTTP devices of one make and model (FOTA v2). The module is
    idempotent.
  - A file counts as uploaded if the account has one with the same O(file_version), O(make),
    O(model) and O(target_path). The service does not return the content of a file, so it cannot
    be compared. Give each content a version of its own.
  - The service can neither replace nor delete a file.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.connection
  - thingspace.fota.group.imei_check
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the client itself refuses every write. The name that the service gives the
        file is unknown.
  diff_mode:
    support: full
options:
  path:
    description: The file to upload, on the host where the task runs, with at most 32 MiB.
    type: path
    required: true
  file_name:
    description: Name of the upload. By default, that of O(path) without its directory.
    type: str
  file_version:
    description: Version of the file. Quote it.
    type: raw
    required: true
  make:
    description: Make of the devices.
    type: str
    required: true
  model:
    description: Model of the devices.
    type: str
    required: true
  target_path:
    description: Path on the device where the file is put.
    type: str
    required: true
seealso:
  - module: thingspace.fota.fota_file_info
"""

EXAMPLES = r"""
- name: Write the configuration
  ansible.builtin.copy:
    dest: "{{ playbook_dir }}/meter.conf"
    content: interval = 15
    mode: u=rw,go=r

- name: Upload the configuration
  thingspace.fota.fota_file:
    path: "{{ playbook_dir }}/meter.conf"
    file_version: '7'
    make: Verizon
    model: Model-A
    target_path: /etc/meter.conf
"""

RETURN = r"""
file:
  description: The file as the service lists it, or as it would be without check mode.
  returned: success
  type: dict
  contains:
    file_name:
      description: Name from the service, which it makes of make, model and the name of the
        upload. Empty for a file that was not uploaded in check mode.
      type: str
      returned: always
    file_version:
      description: Version.
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
    target_path:
      description: Path on the device.
      type: str
      returned: always
    launch_date:
      description: Time when the file was published, as returned by the service.
      type: str
      returned: always
    release_note:
      description: Release note.
      type: str
      returned: always
    protocol:
      description: Distribution type, as returned by the service.
      type: str
      returned: always
    platform:
      description: Platform of the devices, as returned by the service.
      type: str
      returned: always
  sample:
    file_name: Verizon_Model-A_meter.conf
    file_version: '7'
    make: Verizon
    model: Model-A
    target_path: /etc/meter.conf
    launch_date: '2026-03-02T00:00:00Z'
    release_note: ''
    protocol: HTTP
    platform: IoT
msg:
  sample: 'file Verizon_Model-A_meter.conf, version 7: uploaded'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.files.ensure import (
    FILE_OPTIONS,
    ensure_file,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(ensure_file, FILE_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
