#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Register and remove the callback listener of the account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_callback
short_description: Register and remove the callback listener of the account
version_added: 0.7.0
description:
  - Registers the URL to which the service sends a message for each change of an upgrade, and
    removes it. The module is idempotent.
  - Each version of the service has one listener for the whole account. Registering another one
    ends the messages to the first, so the module does this only with O(replace=true).
  - Messages are not signed. Whoever knows the URL can send some, so use a long random path, and
    treat a message only as a reason to read the service. The URL and the password are never
    returned.
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
      - In check mode, the client itself refuses every write.
  diff_mode:
    support: full
options:
  api_version:
    description: Version of the service whose messages the listener gets.
    type: str
    choices: [v1, v2, v3]
    default: v3
  state:
    description:
      - V(present) registers the listener.
      - V(absent) removes the listener if its URL is O(url), or whatever it is with O(replace=true).
    type: str
    choices: [present, absent]
    default: present
  url:
    description:
      - URL of the listener. It must start with C(https://), in v1 also with C(http://). Its
        certificate must be signed by a public certificate authority.
      - Required, unless O(state=absent) and O(replace=true).
    type: str
  callback_username:
    description: User name that each message contains. Only for v1.
    type: str
  callback_password:
    description: Password that each message contains as plain text. Only for v1. It is compared with
      the password of the listener only if the service returns it.
    type: str
  replace:
    description: Whether to replace or remove a listener with another URL.
    type: bool
    default: false
seealso:
  - module: thingspace.fota.fota_callback_info
"""

EXAMPLES = r"""
- name: Receive messages of firmware campaigns
  thingspace.fota.fota_callback:
    url: https://hooks.example.com/6f1d0b6c8a8e4a7f9a53
  no_log: true

- name: Stop receiving them
  thingspace.fota.fota_callback:
    url: https://hooks.example.com/6f1d0b6c8a8e4a7f9a53
    state: absent
  no_log: true
"""

RETURN = r"""
action:
  description: Action that was taken, or would be taken without check mode. One of V(register),
    V(update), V(deregister), V(none).
  returned: success
  type: str
  sample: register
callback:
  description: The listener after the task, or as it would be without check mode.
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
  sample: 'callback of v3: register, a listener at hooks.example.com:443'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.ensure import (
    CALLBACK_OPTIONS,
    ensure_callback,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(ensure_callback, CALLBACK_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
