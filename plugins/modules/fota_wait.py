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
  - Waits for campaigns, for FOTA v1 upgrades, or until something is to do in a rollout, and prints
    a line on how it stands while it waits.
  - A line has a bar, the devices by class, the statuses of the campaigns, the results in an hour,
    and when the end is expected and when it comes at the latest. Times are those of the service.
    They follow from the results so far, the attempts that are announced and the last day of the
    campaigns, and for a rollout from RV(next_check_after).
  - The first line comes at once, the last one at the end. In between there is at most one every
    O(progress_interval) seconds, and one without news about every five minutes. Lines go to
    the standard error output, which no pipe holds back, hold no terminal codes, and are the same in
    the log of AWX. A task with C(no_log) prints none.
  - A service that is away for a while is waited for like anything else. So is a gateway that
    answers in its place with an error page, a 403 or nothing. What the service itself refuses ends
    the wait, and so does a refused login.
  - When the time is over, or what is waited for cannot come any more, the task fails. The message
    has the ids with which to go on waiting, and the result what was read last. Nothing happens to
    the campaigns, not even when the wait is interrupted.
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
attributes:
  action:
    description: Has an action plugin of this name, which does all of it.
    support: full
    details:
      - It runs on the controller, whatever the host of the task is, and uses the Python of
        C(ansible-playbook).
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
    details:
      - Looks once, does not wait, prints no progress and does not fail for what is not there yet.
  diff_mode:
    support: partial
    details:
      - With O(rollout), the diff of M(thingspace.fota.fota_rollout_info).
options:
  type:
    description: V(firmware) waits for campaigns of FOTA v3, V(software) for those of FOTA v2.
    type: str
    choices: [firmware, software]
    default: firmware
  campaign_ids:
    description:
      - Ids of campaigns. With O(names), all of both are waited for.
      - In check mode an empty id stands for a campaign that a task before would have created.
    type: list
    elements: str
  names:
    description:
      - Names of campaigns. Of several with one name the live one is meant, else the one that ended
        last. More than one live campaign is an error.
    type: list
    elements: str
  upgrade_ids:
    description: Ids of upgrades (FOTA v1).
    type: list
    elements: str
  rollout:
    description:
      - A declared rollout, as in M(thingspace.fota.fota_rollout_info).
      - The wait is over when something is to do, when the phase changes, or when the rollout is
        over.
  state:
    description: What is wanted of the rollout, as in M(thingspace.fota.fota_rollout_info).
    type: str
    choices: [running, paused, halted, planned]
    default: running
  journal:
    description: Journal of the rollout, as in M(thingspace.fota.fota_rollout_info).
    type: path
  last_run:
    description: What is remembered of the last run, as in M(thingspace.fota.fota_rollout_info).
    type: dict
    aliases: [last_tick]
  imei_check:
    description: What a wrong check digit of an IMEI in O(rollout) means. That it has 15 digits is
      checked always.
    type: str
    choices: [warn, strict, 'off']
    default: warn
  wait_for:
    description:
      - V(accepted) waits until the service has checked the request.
      - V(scheduled) waits until devices are being updated.
      - V(ended) waits until the campaign is over. It may have ended although devices failed, so
        look at the counts.
      - A campaign that is over otherwise, such as one that was cancelled, fails the task. Has no
        meaning for O(rollout).
    type: str
    choices: [accepted, scheduled, ended]
    default: ended
  progress_interval:
    description: Seconds between two lines at least. Looks have their own pace, O(wait_delay).
    type: float
    default: 30.0
  return_devices:
    description:
      - Which devices to return. V(attention) gives those that failed, were rejected or have a
        status that is not known.
      - With V(none) the device reports of campaigns are not read at all, unless O(results_file) is
        given. There are no counts then, and no bar in the lines.
    type: str
    choices: [none, attention, all]
    default: attention
  results_file:
    description:
      - File to write every device of the result to, as with O(return_devices=all), once the wait is
        over, also when it is over in vain. It is on the controller. For its name and format see
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
- name: Declare the campaign
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

- name: Wait until it is over, at most three weeks
  thingspace.fota.fota_wait:
    campaign_ids: ["{{ declared.campaign.campaign_id }}"]
    wait_timeout: 1814400

- name: Wait until something is to do in a rollout
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
  type: list
  elements: dict
  contains:
    campaign_id:
      description: Id that the service gave. Empty for a campaign that check mode would create.
      type: str
      returned: when there is a campaign
    name:
      description: Its name.
      type: str
      returned: always
    status:
      description: Status word of the service, verbatim.
      type: str
      returned: when there is a campaign
    state:
      description: >-
        What the word means, one of V(pending), V(queued), V(prescheduled), V(scheduled), V(ended),
        V(cancelled),
        V(aborted), V(request_failed), V(failed), V(unknown).
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
      description: Protocol in the words of the service.
      type: str
      returned: when there is a campaign
    make:
      description: Make of the devices, empty when not known yet.
      type: str
      returned: when there is a campaign
    model:
      description: Model of the devices, empty when not known yet.
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
      description: Hours in which a firmware campaign works.
      type: list
      elements: dict
      returned: for a firmware campaign
    download_after_date:
      description: Earliest day of downloads.
      type: str
      returned: for a software campaign
    download_windows:
      description: Hours in which devices download.
      type: list
      elements: dict
      returned: for a software campaign
    install_after_date:
      description: Earliest day of installations.
      type: str
      returned: for a software campaign
    install_windows:
      description: Hours in which devices install.
      type: list
      elements: dict
      returned: for a software campaign
    auto_assign_license:
      description: Whether unlicensed devices get a licence.
      type: bool
      returned: when the service tells it
    auto_add_devices:
      description: Whether matching devices join by themselves.
      type: bool
      returned: when the service tells it
    counts:
      description: Devices by what their status means (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: when O(return_devices) is not V(none), or O(results_file) is given
    devices:
      description: Devices that O(return_devices) asks for.
      type: list
      elements: dict
      returned: when O(return_devices) is not V(none), or O(results_file) is given
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status word of the service, verbatim.
          type: str
          returned: when the service lists the device
        state:
          description: What the word means.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason of the service, or of this module.
          type: str
          returned: always
        updated_time:
          description: When the status changed, as the service writes it.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Last attempt, as the service writes it.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Next attempt, as the service writes it.
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
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: Id that the service gave. Empty for an upgrade that check mode would schedule.
      type: str
      returned: always
    status:
      description: Status word of the service, verbatim.
      type: str
      returned: when there is an upgrade
    state:
      description: >-
        What the word means, one of V(pending), V(queued), V(scheduled) (in progress), V(ended),
        V(request_failed),
        V(failed), V(unknown).
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
      description: Last UTC day, where the service tells it.
      type: str
      returned: when there is an upgrade
    counts:
      description: Devices by what their status means (V(pending), V(success), V(failed),
        V(rejected), V(stopped), V(unknown)).
      type: dict
      returned: always
    devices:
      description: Devices that O(return_devices) asks for.
      type: list
      elements: dict
      returned: always
      contains:
        deviceId:
          description: IMEI.
          type: str
          returned: always
        status:
          description: Status word of the service, verbatim.
          type: str
          returned: when the service lists the device
        state:
          description: What the word means.
          type: str
          returned: when the service lists the device
        reason:
          description: Reason of the service, or of this module.
          type: str
          returned: always
        updated_time:
          description: When the status changed, as the service writes it.
          type: str
          returned: when the service lists the device
        recent_attempt_time:
          description: Last attempt, as the service writes it.
          type: str
          returned: when the service lists the device
        next_attempt_time:
          description: Next attempt, as the service writes it.
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
  description: Seconds that were waited.
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
  description: Whether campaigns are to be created, cancelled or shortened.
  returned: with O(rollout)
  type: bool
  sample: true
next_check_after:
  description: When to run again, UTC. Null when nothing more is due.
  returned: with O(rollout)
  type: str
  sample: '2026-03-05T00:00:00Z'
results_file:
  description: The file that was written, or in check mode would be.
  returned: when O(results_file) is given
  type: dict
  contains:
    path:
      description: Its path.
      type: str
      returned: always
    devices:
      description: Devices in it, one a line.
      type: int
      returned: always
  sample:
    path: /var/tmp/meters.csv
    devices: 10000
service:
  description: Which service answered.
  returned: always
  type: dict
  contains:
    host:
      description: Host and port of O(base_url).
      type: str
      returned: always
    simulated:
      description: Whether it is the simulator of this collection.
      type: bool
      returned: always
  sample:
    host: thingspace.verizon.com
    simulated: false
msg:
  description: One line for people. It begins with C(SIMULATED) when the service is a simulator.
  returned: always
  type: str
  sample: waited 6 d 3 h, campaign pilot f858b8c4-2153-11ec-8c44-aeb16d1aa652 is CampaignEnded
failure:
  description: What went wrong, for programs; RV(msg) says the same for people.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(invalid_value), V(refused_by_plan), V(configuration), V(login_rejected),
        V(locked_out), V(refused),
        V(unavailable), V(outcome_unknown), V(unexpected_reply), V(token_cache),
        V(devices_refused), V(ambiguous),
        V(not_cancelled), V(campaign_failed), V(timeout), V(no_path), V(results_file).
      type: str
      returned: always
    http_status:
      description: HTTP status of the refusal.
      type: int
      returned: when the service answered
    error_code:
      description: Code of the service.
      type: str
      returned: when the service gave one
    error_message:
      description: Text of the service.
      type: str
      returned: when the service gave one
    operation:
      description: The call that failed.
      type: str
      returned: when a call failed
    hint:
      description: What to do next.
      type: str
      returned: when there is advice
  sample:
    kind: refused
    http_status: 400
    error_code: INVALID_PARAMETER
    error_message: Device list is empty
    operation: v3ScheduleCampaign
    hint: null
"""
