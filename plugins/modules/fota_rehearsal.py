#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse a rollout on a copy of the account. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_rehearsal
short_description: Rehearse a firmware rollout on a simulated copy of the account
version_added: 0.7.0
description:
  - Copies the devices of a rollout and their packages from the account, which is only read, to the
    simulator of this collection. Runs the same declaration there with a virtual clock, until the
    rollout is over.
  - Returns when each wave would start and pass, when and why the rollout would halt, how many
    devices would have been touched by then, and the odds of its gates.
  - Campaigns are not copied. The rehearsal starts with the current versions of devices.
  - Every run makes the decision of M(thingspace.fota.fota_rollout_info) and its writes, as the role
    C(thingspace.fota.rollout) does, but runs no hooks and writes no journal.
  - The task succeeds, whatever the result of the rehearsal.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.connection
  - thingspace.fota.rollout
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
attributes:
  action:
    description: The action plugin with this name does all of the work.
    support: full
    details:
      - It runs on the controller, regardless of the host of the task, with the Python interpreter
        of C(ansible-playbook). The simulator runs in the same process.
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
    details:
      - The account is only read, and the rehearsal is the same. O(copy_to) is written, too.
  diff_mode:
    support: N/A
    details:
      - The account is only read.
options:
  rollout:
    description: The declared rollout, as in M(thingspace.fota.fota_rollout_info). Its type must be
      V(firmware).
    required: true
  imei_check:
    description: How to treat an IMEI in O(rollout) with a wrong check digit. An IMEI must always
      have 15 digits.
    type: str
    choices: [warn, strict, 'off']
    default: warn
  failure_rates:
    description: Fraction of devices that fail, from 0 to 1, by make and model, such as
      V({"SEQUANS Communications GM01Q":0.02}).
    type: dict
    default: {}
  failure_rate:
    description: The same for all other models.
    type: float
    default: 0.0
  silent_rate:
    description: Fraction of all devices that do not reply after the attempt.
    type: float
    default: 0.0
  seed:
    description: Seed that selects the devices that fail.
    type: int
    default: 1
  start:
    description: Virtual time to start at, in RFC 3339. By default, the time at which the account
      was read.
    type: str
  approve:
    description: Whether to approve waves that wait for an approval. Otherwise, the rehearsal ends
      there.
    type: bool
    default: true
  max_runs:
    description: Maximum number of runs.
    type: int
    default: 60
  copy_to:
    description: JSON file on the controller to write the copy to. It is a fleet file of the
      simulator, without name, number or secret of the account.
    type: path
  copy_from:
    description: Such a file, to rehearse without the account, which is not called then.
    type: path
seealso:
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Rehearse with bad firmware
  thingspace.fota.fota_rehearsal:
    rollout:
      name: meters-10657
      target:
        - make: SEQUANS Communications
          model: GM01Q
          version: SR1.2.0.0-10657
      devices:
        - '358000000000016'
        - '358000000000024'
        - '358000000000032'
      waves:
        - name: pilot
          count: 1
        - name: all
          rest: true
    failure_rates:
      SEQUANS Communications GM01Q: 0.5
  register: rehearsed

- name: Show the rehearsal
  ansible.builtin.debug:
    msg: "{{ rehearsed | thingspace.fota.fota_report('rehearsal') }}"
"""

RETURN = r"""
rehearsal:
  description: The result of the rehearsal.
  returned: success
  type: dict
  contains:
    rollout:
      description: Name of the rollout.
      type: str
      returned: always
    phase:
      description: Phase of the last run, as in M(thingspace.fota.fota_rollout_info).
      type: str
      returned: always
    why:
      description: One sentence on the phase.
      type: str
      returned: always
    started:
      description: Virtual time of the first run.
      type: str
      returned: always
    ended:
      description: Virtual time of the last run.
      type: str
      returned: always
    over:
      description: Whether the rollout is over, so that nothing more would happen by itself.
      type: bool
      returned: always
    unfinished:
      description: Why the rehearsal ended before the rollout was over. V(approval) if a wave waits
        for an approval and O(approve) is V(false), V(runs) after O(max_runs), otherwise empty.
      type: str
      returned: always
    runs:
      description: Number of runs.
      type: int
      returned: always
    devices:
      description: Number of devices in the copy.
      type: int
      returned: always
    touched:
      description: Number of devices on which firmware was installed or attempted.
      type: int
      returned: always
    waves:
      description: The waves in order.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the wave.
          type: str
          returned: always
        verdict:
          description: Verdict of its gate in the last run.
          type: str
          returned: always
        devices:
          description: Number of devices in the wave.
          type: int
          returned: always
        starts:
          description: First UTC day of its campaigns. Empty without a campaign.
          type: str
          returned: always
        passes:
          description: Virtual time of the run in which it had passed. Empty if it has not.
          type: str
          returned: always
        touched:
          description: Number of devices on which firmware was installed or attempted.
          type: int
          returned: always
        odds:
          description: Chance that the gate stops firmware that fails at a rate, as in
            M(thingspace.fota.fota_rollout_info).
          type: list
          elements: dict
          returned: always
        verified:
          description: Number of verified devices.
          type: int
          returned: always
        failed:
          description: Number of failed devices.
          type: int
          returned: always
    needless_stop:
      description: Chance that one of the gates stops good firmware, as in
        M(thingspace.fota.fota_rollout_info).
      type: dict
      returned: always
    stops:
      description: Cohorts that halted, and the rollout if it is halted or held in the end.
      type: list
      elements: dict
      returned: always
      contains:
        at:
          description: Virtual time of the run that stopped.
          type: str
          returned: always
        what:
          description: The cohort or the rollout.
          type: str
          returned: always
        why:
          description: The reason.
          type: str
          returned: always
        touched:
          description: Number of devices that had been touched by then.
          type: int
          returned: always
    timeline:
      description: The runs in order, each with C(at), C(phase), C(why), C(touched) and C(verified).
      type: list
      elements: dict
      returned: always
  sample:
    rollout: meters-10657
    phase: halted
    why: 'wave pilot: 3 failures of 3 attempted, at most 2 are tolerated'
    started: '2026-03-02T08:00:00Z'
    ended: '2026-03-05T12:00:00Z'
    over: true
    unfinished: ''
    runs: 9
    devices: 3
    touched: 3
    waves: []
    needless_stop:
      failure_rate: 0.02
      chance: 0.01
    stops:
      - at: '2026-03-05T12:00:00Z'
        what: the rollout is halted
        why: 'wave pilot: 3 failures of 3 attempted, at most 2 are tolerated'
        touched: 3
    timeline: []
msg:
  sample: 'rehearsal of meters-10657: completed; 3 of 3 devices verified'
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
