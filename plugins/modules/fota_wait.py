#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for campaigns or a rollout, with progress. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_wait
short_description: Wait for FOTA campaigns or a rollout, and show their progress
version_added: 0.4.0
description:
  - Waits for campaigns, for FOTA v1 upgrades, or until there is something to do in a rollout, and
    prints the progress.
  - A progress line contains a bar, the devices by outcome, the statuses of the campaigns, the
    results per hour, the expected end and the latest end. Times are given by the clock of the
    service. They are calculated from the results so far, the announced attempts and the last day of
    the campaigns, and for a rollout from RV(next_check_after).
  - The first line is printed immediately, and the last one at the end. Between them, there is at
    most one line every O(progress_interval) seconds, and without changes one about every five
    minutes. Lines are written to standard error, which is not buffered by a pipe, contain no
    terminal codes, and are the same in the log of AWX. A task with C(no_log) prints no lines.
  - The wait continues while the service is unavailable, or while a gateway replies in its place
    with an error page, a 403 or an empty reply. It ends if the service itself refuses a call, or if
    the login is rejected.
  - After the timeout, or as soon as one of the campaigns or upgrades can no longer reach the
    awaited state, the task fails. The message contains the ids to continue with, and the result
    contains the last data that was read. Ctrl-C stops only this wait; the campaigns continue.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.rollout
  - thingspace.fota.devices.return
  - thingspace.fota.waiting
  - thingspace.fota.group.wait
attributes:
  action:
    description: The action plugin with this name does all of the work.
    support: full
    details:
      - It runs on the controller, regardless of the host of the task, with the Python interpreter
        of C(ansible-playbook).
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
    details:
      - Reads the state once, does not wait, prints no progress, and does not fail if the awaited
        state is not reached yet.
  diff_mode:
    support: partial
    details:
      - With O(rollout), returns the diff of M(thingspace.fota.fota_rollout_info).
options:
  type:
    description: V(firmware) waits for campaigns of FOTA v3, V(software) for those of FOTA v2.
    type: str
    choices: [firmware, software]
    default: firmware
  campaign_ids:
    description:
      - Ids of campaigns. If O(names) is also set, the module waits for all campaigns of both lists.
      - In check mode, an empty id represents a campaign that was not created by an earlier task in
        check mode.
    type: list
    elements: str
  names:
    description:
      - Names of campaigns. If several campaigns have the same name, the live campaign is used,
        otherwise the one that ended last. More than one live campaign is an error.
    type: list
    elements: str
  upgrade_ids:
    description: Ids of upgrades (FOTA v1).
    type: list
    elements: str
  rollout:
    description:
      - A declared rollout, as in M(thingspace.fota.fota_rollout_info).
      - The wait ends when there is something to do, when the phase changes, or when the rollout is
        over.
  state:
    description: Desired state of the rollout, as in M(thingspace.fota.fota_rollout_info).
    type: str
    choices: [running, paused, halted, planned]
    default: running
  journal:
    description: Journal of the rollout, as in M(thingspace.fota.fota_rollout_info).
    type: path
  last_run:
    description: Phase and passed waves of the last run, as in M(thingspace.fota.fota_rollout_info).
    type: dict
    aliases: [last_tick]
  imei_check:
    description: How to treat an IMEI in O(rollout) with a wrong check digit. An IMEI must always
      have 15 digits.
    type: str
    choices: [warn, strict, 'off']
    default: warn
  wait_for:
    description:
      - V(accepted) waits until the service has checked the request.
      - V(scheduled) waits until devices are being updated.
      - V(ended) waits until the campaign is over. It can end even if devices failed, so check the
        counts.
      - If a campaign ends in another way, for example because it was cancelled, the task fails. Not
        used for O(rollout).
    type: str
    choices: [accepted, scheduled, ended]
    default: ended
  progress_interval:
    description: Minimum number of seconds between two lines. The interval of polls is
      O(wait_delay).
    type: float
    default: 30.0
  return_devices:
    description:
      - Which devices to return. V(attention) returns devices that failed, were rejected or have an
        unknown status.
      - With V(none), the device reports of campaigns are not read, so there are no counts and no
        bar in the progress lines. If O(results_file) is set, they are read anyway.
    type: str
    choices: [none, attention, all]
    default: attention
  results_file:
    description:
      - File on the controller to write every device of the result to, as with
        O(return_devices=all), after the wait, even if the wait failed. For its name and format, see
        M(thingspace.fota.fota_campaign_info).
      - Not written in check mode.
    type: path
    version_added: 0.4.2
seealso:
  - module: thingspace.fota.fota_campaign
  - module: thingspace.fota.fota_campaign_info
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Create the campaign
  thingspace.fota.fota_campaign:
    name: meters-pilot
    package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    start_date: "2026-03-03"
    end_date: "2026-03-10"
    windows:
      - start: 18
        end: 22
    devices:
      - "358000000000016"
      - "358000000000024"
    imei_check: "off"
  register: declared

- name: Wait until the campaign is over, for at most three weeks
  thingspace.fota.fota_wait:
    campaign_ids: ["{{ declared.campaign.campaign_id }}"]
    wait_timeout: 1814400

- name: Wait until there is something to do in a rollout
  thingspace.fota.fota_wait:
    rollout:
      name: meters-10657
      target:
        - make: SEQUANS Communications
          model: GM01Q
          version: SR1.2.0.0-10657
      devices:
        - "358000000000032"
    wait_timeout: 86400
    progress_interval: 120
"""

RETURN = r"""
campaigns:
  description: The campaigns, those of O(campaign_ids) first.
  returned: with O(campaign_ids) or O(names)
  # The rest is written by tests/tools/update_return_blocks.py: campaigns
  type: list
  elements: dict
  contains:
    campaign_id:
      description: Id from the service. Empty for a campaign that was not created in check
        mode.
      type: str
      returned: when there is a campaign
    name:
      description: Name of the campaign.
      type: str
      returned: always
    status:
      description: Status as returned by the service.
      type: str
      returned: when there is a campaign
    state:
      description: Normalized status. One of V(pending), V(queued), V(prescheduled), V(scheduled),
        V(ended), V(cancelled), V(aborted), V(request_failed), V(failed), V(unknown).
      type: str
      returned: when there is a campaign
    type:
      description: V(firmware) or V(software).
      type: str
      returned: when there is a campaign
    package:
      description: Name of the package.
      type: str
      returned: when there is a campaign
    from_version:
      description: Version that devices must have.
      type: str
      returned: when there is a campaign
    to_version:
      description: Version that devices get.
      type: str
      returned: when there is a campaign
    protocol:
      description: Protocol as returned by the service.
      type: str
      returned: when there is a campaign
    make:
      description: Make of the devices. Empty if not known yet.
      type: str
      returned: when there is a campaign
    model:
      description: Model of the devices. Empty if not known yet.
      type: str
      returned: when there is a campaign
    start_date:
      description: First UTC day.
      type: str
      returned: when there is a campaign
    end_date:
      description: Last UTC day.
      type: str
      returned: when there is a campaign
    windows:
      description: Hours in which a firmware campaign is active.
      type: list
      elements: dict
      returned: for a firmware campaign
    download_after_date:
      description: First UTC day of downloads.
      type: str
      returned: for a software campaign
    download_windows:
      description: Hours in which devices download.
      type: list
      elements: dict
      returned: for a software campaign
    install_after_date:
      description: First UTC day of installations.
      type: str
      returned: for a software campaign
    install_windows:
      description: Hours in which devices install.
      type: list
      elements: dict
      returned: for a software campaign
    auto_assign_license:
      description: Whether licenses are assigned to unlicensed devices.
      type: bool
      returned: when the service returns it
    auto_add_devices:
      description: Whether matching devices of the account are added automatically.
      type: bool
      returned: when the service returns it
    counts:
      description: Number of devices by normalized status (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: when O(return_devices) is not V(none), or O(results_file) is given
    devices:
      description: Devices selected by O(return_devices).
      type: list
      elements: dict
      returned: when O(return_devices) is not V(none), or O(results_file) is given
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status as returned by the service.
          type: str
          returned: when the service lists the device
        state:
          description: Normalized status.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason from the service or from this module.
          type: str
          returned: always
        updated_time:
          description: Time of the last change of the status, as returned by the service.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Time of the last attempt, as returned by the service.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Time of the next attempt, as returned by the service.
          type: str
          returned: when the service lists the device
  sample:
    - campaign_id: f858b8c4-2153-11ec-8c44-aeb16d1aa652
      name: meters-pilot
      status: CampaignEnded
      state: ended
      type: firmware
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657
      protocol: LWM2M
      make: SEQUANS Communications
      model: GM01Q
      start_date: '2026-03-03'
      end_date: '2026-03-10'
      windows:
        - start: 18
          end: 22
      counts:
        success: 2
      devices: []
upgrades:
  description: The upgrades.
  returned: with O(upgrade_ids)
  # The rest is written by tests/tools/update_return_blocks.py: upgrades
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: Id from the service. Empty for an upgrade that was not created in check
        mode.
      type: str
      returned: always
    status:
      description: Status as returned by the service.
      type: str
      returned: when there is an upgrade
    state:
      description: Normalized status. One of V(pending), V(queued), V(scheduled) (in progress),
        V(ended), V(request_failed), V(failed), V(unknown).
      type: str
      returned: when there is an upgrade
    package:
      description: Name of the firmware.
      type: str
      returned: when there is an upgrade
    to_version:
      description: Version that devices get.
      type: str
      returned: when there is an upgrade
    start_date:
      description: First UTC day.
      type: str
      returned: when there is an upgrade
    end_date:
      description: Last UTC day, if the service returns it.
      type: str
      returned: when there is an upgrade
    counts:
      description: Number of devices by normalized status (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: always
    devices:
      description: Devices selected by O(return_devices).
      type: list
      elements: dict
      returned: always
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status as returned by the service.
          type: str
          returned: when the service lists the device
        state:
          description: Normalized status.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason from the service or from this module.
          type: str
          returned: always
        updated_time:
          description: Time of the last change of the status, as returned by the service.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Time of the last attempt, as returned by the service.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Time of the next attempt, as returned by the service.
          type: str
          returned: when the service lists the device
  sample:
    - upgrade_id: e3a8d88a-04c6-4ef3-b039-89b62f91e962
      status: Finished
      state: ended
      package: FOTA_Verizon_Model-A_01To02_HF
      to_version: VerizonFirmwareVersion-02
      start_date: '2026-03-03'
      end_date: '2026-03-08'
      counts:
        success: 2
      devices: []
elapsed:
  description: Duration of the wait in seconds.
  returned: when something was read
  type: float
  sample: 529261.3
rollout:
  description: Name of the rollout. With it come all other facts that
    M(thingspace.fota.fota_rollout_info) returns, such as RV(phase) and C(actions).
  returned: with O(rollout)
  type: str
  sample: meters-10657
phase:
  description: Status of the rollout.
  returned: with O(rollout)
  type: str
  sample: running
would_change:
  returned: with O(rollout)
  # The rest is written by tests/tools/update_return_blocks.py: would_change
  description: Whether campaigns are to be created, cancelled or shortened. A refresh is not
    a change.
  type: bool
  sample: true
next_check_after:
  returned: with O(rollout)
  sample: '2026-03-05T00:00:00Z'
  # The rest is written by tests/tools/update_return_blocks.py: next_check_after
  description: When to run again, UTC. Null when nothing more is due.
  type: str
msg:
  sample: waited 6 d 3 h, campaign pilot f858b8c4-2153-11ec-8c44-aeb16d1aa652 is CampaignEnded
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
