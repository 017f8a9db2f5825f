#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the rollouts of one or several accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_overview_info
short_description: Read the rollouts of one or several accounts
version_added: 0.7.0
description:
  - Finds the rollouts of accounts by the names of their campaigns, and returns what these campaigns
    do. No declaration is needed.
  - A declaration is needed for the phase of a rollout, for example to know whether a wave has
    passed or waits for an approval. So the result says only what campaigns show, and with
    O(journals) the phase after the last run.
  - An account that cannot be read, or only in part, does not hide the others, and neither does a
    journal. The module then fails, and its result contains everything else.
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
  accounts:
    description: Accounts to read, in order. By default, O(account) is read.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the account in the result. It must be unique.
        type: str
        required: true
      connection:
        description: Options of the connection for this account. What is omitted is taken from the
          options of the task and their environment variables.
        type: dict
        default: {}
        suboptions:
          account:
            description: As O(account).
            type: str
          client_id:
            description: As O(client_id).
            type: str
          client_secret:
            description: As O(client_secret).
            type: str
          username:
            description: As O(username).
            type: str
          password:
            description: As O(password).
            type: str
          bearer_token:
            description: As O(bearer_token).
            type: str
          session_token:
            description: As O(session_token).
            type: str
          base_url:
            description: As O(base_url).
            type: str
          validate_certs:
            description: As O(validate_certs).
            type: bool
          ca_path:
            description: As O(ca_path).
            type: path
          proxies:
            description: As O(proxies).
            type: dict
          timeout:
            description: As O(timeout).
            type: float
          token_cache:
            description: As O(token_cache).
            type: path
          max_connections:
            description: As O(max_connections).
            type: int
          requests_per_second:
            description: As O(requests_per_second).
            type: float
          record:
            description: As O(record).
            type: path
  types:
    description: Types of campaigns to read. V(firmware) is FOTA v3, V(software) is FOTA v2.
    type: list
    elements: str
    choices: [firmware, software]
    default: [firmware]
  device_reports:
    description: Whether to read the device report of each campaign of a rollout, which takes one
      call or more for each. Without them, C(counts) is empty.
    type: bool
    default: true
  journals:
    description: Journals of rollouts on the host where the task runs, as written by the role
      C(thingspace.fota.rollout). A journal whose hash chain does not hold tells no phase.
    type: list
    elements: path
    default: []
seealso:
  - module: thingspace.fota.fota_campaign_info
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Read the rollouts of the account
  thingspace.fota.fota_overview_info:
    types: [firmware]
  register: overview

- name: Show them
  ansible.builtin.debug:
    msg: "{{ overview | thingspace.fota.fota_report('overview') }}"

- name: Read the rollouts of named accounts, without device reports
  thingspace.fota.fota_overview_info:
    accounts:
      - name: meters
        connection:
          account: 0000123456-00001
    device_reports: false
"""

RETURN = r"""
accounts:
  description: The accounts in order.
  returned: when something was read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the account.
      type: str
      returned: always
    account:
      description: The account.
      type: str
      returned: always
    host:
      description: Host and port of the service.
      type: str
      returned: always
    simulated:
      description: Whether the service is the simulator of this collection. Null if the service did
        not reply.
      type: bool
      returned: always
    now:
      description: Time of the service. Null if the account could not be read.
      type: str
      returned: always
    other_campaigns:
      description: Number of campaigns that do not belong to a rollout.
      type: int
      returned: always
    unread:
      description: What could not be read, and why.
      type: list
      elements: str
      returned: always
    failure:
      description: The error as in RV(failure), if nothing could be read.
      type: dict
      returned: always
    rollouts:
      description: The rollouts, those with campaigns under way first.
      type: list
      elements: dict
      returned: always
      contains:
        rollout:
          description: Name of the rollout.
          type: str
          returned: always
        type:
          description: V(firmware) or V(software).
          type: str
          returned: always
        activity:
          description: V(running) (a campaign has started), V(unknown) (a started campaign has an
            unknown status), V(scheduled) (the next campaign has not started), V(queued) (the
            service checks the next campaign), V(cancelled) or V(refused) (so did the last campaign
            end, and none is under way) or V(idle) (none is under way).
          type: str
          returned: always
        since:
          description: UTC day on which the first started campaign began, or on which the last
            campaign was over. Null if campaigns only wait.
          type: str
          returned: always
        starts:
          description: UTC day on which the next campaign starts. Null if none waits.
          type: str
          returned: always
        first_day:
          description: First UTC day of all campaigns.
          type: str
          returned: always
        last_day:
          description: Last UTC day of all campaigns.
          type: str
          returned: always
        wave:
          description: Number of the last wave that has a campaign. V(99) are devices that no wave
            has reached, which are tried once more.
          type: int
          returned: always
        targets:
          description: Each C(make), C(model) and C(version) that campaigns lead to.
          type: list
          elements: dict
          returned: always
        campaigns:
          description: Number of campaigns by normalized status.
          type: dict
          returned: always
        devices:
          description: Number of devices that campaigns have or had.
          type: int
          returned: always
        counts:
          description: Number of these devices by the normalized status in the newest campaign of
            each (V(pending), V(success), V(failed), V(rejected), V(stopped), V(unknown)), or
            V(unreached) if this campaign is over without a result. A success is not verified by
            reading the version again.
          type: dict
          returned: always
        journal:
          description: C(phase) after the last run of the rollout, time C(at) of that run, and time
            C(since) of the first run that ended with this phase. Null if no journal is of the
            rollout.
          type: dict
          returned: always
        journal_problem:
          description: Why a journal of the rollout tells no phase. Empty if there is no problem.
          type: str
          returned: always
  sample:
    - name: 0000123456-00001
      account: 0000123456-00001
      host: thingspace.verizon.com
      simulated: false
      now: '2026-03-04T08:00:00Z'
      other_campaigns: 2
      unread: []
      failure: null
      rollouts:
        - rollout: meters-10657
          type: firmware
          activity: running
          since: '2026-03-03'
          starts: null
          first_day: '2026-03-03'
          last_day: '2026-03-06'
          wave: 1
          targets:
            - make: SEQUANS Communications
              model: GM01Q
              version: SR1.2.0.0-10657
          campaigns:
            scheduled: 1
          devices: 20
          counts:
            pending: 12
            success: 8
          journal: null
          journal_problem: ''
unread_journals:
  description: Journals that could not be read or whose hash chain does not hold, and why.
  returned: when something was read
  type: list
  elements: str
  sample: []
msg:
  sample: 1 rollout in 1 account
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.overview import (
    OVERVIEW_OPTIONS,
    connect_first,
    inform_on_rollouts,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(inform_on_rollouts, OVERVIEW_OPTIONS, connect=connect_first)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
