#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the callback listener of the account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_callback_info
short_description: Read the callback listener of the account
version_added: 0.7.0
description:
  - Reads whether a listener is registered, and at which host. The URL and the password are never
    returned.
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
    description: Version of the service whose messages the listener gets.
    type: str
    choices: [v1, v2, v3]
    default: v3
  url:
    description: URL to compare with that of the listener.
    type: str
seealso:
  - module: thingspace.fota.fota_callback
"""

EXAMPLES = r"""
- name: Read who receives the messages of software campaigns
  thingspace.fota.fota_callback_info:
    api_version: v2
"""

RETURN = r"""
callback:
  description: The listener.
  returned: success
  type: dict
  contains:
    registered:
      description: Whether a listener is registered.
      type: bool
      returned: always
    address:
      description: Host and port of its URL. The rest of the URL is never returned.
      type: str
      returned: always
    as_declared:
      description: Whether its URL is that of O(url). Null if O(url) is not given.
      type: bool
      returned: always
    username:
      description: User name in the messages of v1.
      type: str
      returned: always
    has_password:
      description: Whether the messages of v1 contain a password.
      type: bool
      returned: always
  sample:
    registered: true
    address: hooks.example.com:443
    as_declared: true
    username: ''
    has_password: false
msg:
  sample: 'callback of v3: a listener at hooks.example.com:443'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.info import (
    CALLBACK_INFO_OPTIONS,
    read_callback,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(read_callback, CALLBACK_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
