#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End the session that all tasks share."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_logout
short_description: End the session that all tasks share
version_added: 0.3.0
description:
  - Ends the M2M session of O(username) and deletes its tokens from O(token_cache). The next task
    logs in again.
  - Also deletes the record of a rejected login, so that the next task tries to log in immediately.
    Use this after the user was unlocked or the password was corrected.
  - The tokens are deleted even if the service cannot be reached. The session then ends by itself
    after 20 idle minutes.
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
options:
  revoke:
    description:
      - Whether to revoke the bearer token, too, for example because credentials have leaked.
      - The bearer token then ends for every user of the key O(client_id), on every machine. All of
        them request a new one. This needs O(client_id) and O(client_secret).
    type: bool
    default: false
    version_added: 0.9.0
attributes:
  check_mode:
    support: full
    details:
      - The service is not called, so an expired session counts as a session.
  diff_mode:
    support: none
seealso:
  - module: thingspace.fota.fota_device_info
"""

EXAMPLES = r"""
- name: End the session when the work is done
  thingspace.fota.fota_logout:
    timeout: 30

- name: End the session and the bearer token, because they may be known to others
  thingspace.fota.fota_logout:
    revoke: true
"""

RETURN = r"""
msg:
  sample: the session is ended
  # The rest is written by tests/tools/update_return_blocks.py: msg
  description: Summary in one line. It starts with C(SIMULATED) if the service is a simulator.
  returned: always
  type: str
failure:
  returned: on failure
  sample:
    kind: unavailable
    http_status: 503
    error_code: null
    error_message: Service Unavailable
    operation: endM2MSession
    hint: Nothing was written. Check the service, base_url and proxies, or try later.
  # The rest is written by tests/tools/update_return_blocks.py: failure_facts
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
# The rest is written by tests/tools/update_return_blocks.py: service
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
"""

from ansible_collections.thingspace.fota.plugins.module_utils._module.logout import (
    LOGOUT_OPTIONS,
    log_out,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(log_out, LOGOUT_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
