#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print lines as text. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_print
short_description: Print lines as text
version_added: 0.7.0
description:
  - Prints lines as they are, such as those of the filter P(thingspace.fota.fota_report#filter).
    M(ansible.builtin.debug) prints them as a list in JSON.
  - Terminal escape sequences are removed, and other nonprintable characters are replaced, as names
    and statuses can contain anything that was sent to the service.
  - The lines go to standard output, or to standard error if the stdout callback writes JSON. A task
    with C(no_log) prints nothing.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info_module
attributes:
  action:
    description: The action plugin with this name does all of the work.
    support: full
    details:
      - It runs on the controller, regardless of the host of the task.
  async:
    description: Can be run with C(async).
    support: none
options:
  lines:
    description: Lines to print. A string is one line.
    type: list
    elements: str
    required: true
seealso:
  - plugin: thingspace.fota.fota_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the plan of a rollout
  thingspace.fota.fota_rollout_info:
    state: planned
    rollout:
      name: meters-10657
      target:
        - make: SEQUANS Communications
          model: GM01Q
          version: SR1.2.0.0-10657
      devices:
        - '358000000000016'
        - '358000000000024'
      waves:
        - name: all
          rest: true
  register: rollout_planned

- name: Print the plan
  thingspace.fota.fota_print:
    lines: "{{ rollout_planned | thingspace.fota.fota_report('plan') }}"
"""

RETURN = r"""
lines:
  description: The lines as they were printed.
  returned: always
  type: list
  elements: str
  sample: ['rollout meters-10657: running']
"""
