#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conclude a run of a rollout. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_rollout_result
short_description: Conclude a run of a staged firmware rollout
version_added: 0.7.0
description:
  - Prints what a run did, how the rollout stands now, and what comes next, as at most 13 lines of
    text. Adds a line to the journal, and sets the statistic C(fota_rollout) for later jobs of a
    workflow.
  - The role C(thingspace.fota.rollout) ends every run with this task. It calls no service. What it
    prints is made of the results of M(thingspace.fota.fota_rollout_info) and of the tasks that
    carried out RV(thingspace.fota.fota_rollout_info#module:actions).
  - Waves are printed as bars, C(#) for verified, C(x) for failed, C(-) for pending and C(.) for all
    other devices, or as blocks where the terminal can print them. Colors are used if Ansible uses
    them.
  - The statistic has the keys C(rollout), C(phase), C(passed), C(digest), C(counts), C(awaiting),
    C(halted_cohorts), C(unstoppable), C(next_check_after), C(did), C(stands), C(next) and
    C(last_run). It has at most 4 kB. Long lists are cut, and their last entry says how many are
    missing.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
attributes:
  action:
    description: The action plugin with this name does all of the work.
    support: full
    details:
      - It runs on the controller, regardless of the host of the task. The journal is a file there.
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
    details:
      - Adds no line to the journal and writes no metrics.
  diff_mode:
    support: N/A
    details:
      - Changes nothing but the journal and the metrics.
options:
  decision:
    description: Result of M(thingspace.fota.fota_rollout_info) that the run carried out.
    type: dict
    required: true
  status:
    description: Result of M(thingspace.fota.fota_rollout_info) that was read after the writes. If
      something was written and this is missing or the read failed, the result says so.
    type: dict
    default: {}
  state:
    description: State of the run, as in M(thingspace.fota.fota_rollout_info).
    type: str
    choices: [running, paused, halted, planned]
    default: running
  refreshed:
    description: Result of M(thingspace.fota.fota_device_firmware).
    type: dict
    default: {}
  cancelled:
    description: Result of a loop of M(thingspace.fota.fota_campaign) over C(actions.cancel).
    type: dict
    default: {}
  aborted:
    description: The same for C(actions.abort).
    type: dict
    default: {}
  shortened:
    description: The same for C(actions.shorten).
    type: dict
    default: {}
  assigned:
    description: Result of M(thingspace.fota.fota_license) for C(actions.assign).
    type: dict
    default: {}
    version_added: 0.9.0
  created:
    description: Result of M(thingspace.fota.fota_campaign) for C(actions.create).
    type: dict
    default: {}
  failed:
    description: The task that failed, with C(task) and C(message). Empty if none has failed.
    type: dict
    default: {}
  print:
    description: What to print. V(plan) prints the plan of O(decision) in place of the result.
    type: str
    choices: [result, plan, nothing]
    default: result
  next_step:
    description: What an operator does next, in place of what the rollout waits for.
    type: str
    default: ''
  journal:
    description: File in JSON Lines format to add a line to. Empty for no journal.
    type: path
    default: ''
  metrics:
    description: File in the text format of Prometheus to replace with the metrics of the rollout.
      Empty for none. If it cannot be written, there is a warning.
    type: path
    default: ''
    version_added: 0.9.0
  metrics_mode:
    description: Permissions of O(metrics), as an octal number in quotes.
    type: raw
    default: '0644'
    version_added: 0.9.0
seealso:
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Judge a rollout
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
  register: rollout_decision

- name: Print its status
  thingspace.fota.fota_rollout_result:
    decision: "{{ rollout_decision }}"
    state: planned
"""

RETURN = r"""
lines:
  description: The lines as they were printed, and those of the result with O(print=nothing).
  returned: always
  type: list
  elements: str
  sample: ['RESULT  rollout meters: running; 5 of 20 devices verified']
phase:
  description: Phase of the rollout after the run, as in M(thingspace.fota.fota_rollout_info).
  returned: always
  type: str
  sample: running
did:
  description: What the run did, and what was refused. Empty if it did nothing.
  returned: always
  type: list
  elements: str
  sample: ['created 2 campaigns with 10 devices']
stands:
  description: The phase, the waves as bars, halted cohorts, and devices that cannot be stopped.
  returned: always
  type: list
  elements: str
  sample:
    - 'rollout meters: running; 5 of 20 devices verified'
    - 'canary [####################] 5 of 5 verified; passed'
    - 'all    [--------------------] 0 of 15 verified, 15 pending; running'
next:
  description: What the rollout waits for, until when and who acts, with the lines to paste.
  returned: always
  type: list
  elements: str
  sample: ['waits for the devices of wave all; run again after 2026-03-03 06:00 UTC']
awaiting:
  description: What waits for an operator, as in M(thingspace.fota.fota_rollout_info).
  returned: always
  type: list
  elements: dict
  sample: []
journal_head:
  description: Head of the chain of the journal with the new line. Empty if no line was added.
  returned: success
  type: str
  sample: 3f9c2b7e1d0a4c55b8e6f1a2937d4c0e5b6a7f8091c2d3e4f5a6b7c8d9e0f1a2
msg:
  description: Why the line could not be added to the journal.
  returned: on failure
  type: str
  sample: 'journal /var/log/meters.jsonl: cannot be written: Permission denied'
"""
