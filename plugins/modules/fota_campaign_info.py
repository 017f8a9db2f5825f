#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read campaigns and the state of their devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_campaign_info
short_description: Read FOTA campaigns and the state of their devices
version_added: 0.1.0
description:
  - Reads campaigns by id, by name or by state, with the device report of each.
  - The service lists one status at a time and knows no search, so all statuses are read side by
    side. A campaign that was
    just accepted can be missing in its lists for a while; its id always finds it.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
options:
  type:
    description: V(firmware) reads campaigns of FOTA v3, V(software) those of FOTA v2.
    type: str
    choices: [firmware, software]
    default: firmware
  campaign_id:
    description: Id of one campaign.
    type: str
  name:
    description: Name that a campaign must have.
    type: str
  states:
    description: What the status of a campaign may mean. All when left out.
    type: list
    elements: str
    choices: [pending, queued, prescheduled, scheduled, ended, cancelled, aborted, request_failed,
      failed, unknown]
  return_devices:
    description:
      - Which devices to return. V(attention) gives those that failed, were rejected or have a
        status that is not known.
      - With V(none) the device reports are not read at all and there are no counts, which saves a
        call a campaign, unless O(results_file) is given.
    type: str
    choices: [none, attention, all]
    default: attention
seealso:
  - module: thingspace.fota.fota_campaign
"""

EXAMPLES = r"""
- name: One campaign with every device
  thingspace.fota.fota_campaign_info:
    name: meters-pilot
    return_devices: all
  register: pilot

- name: What is under way, without devices
  thingspace.fota.fota_campaign_info:
    states: [pending, queued, prescheduled, scheduled, unknown]
    return_devices: none

- name: Software campaigns that ended
  thingspace.fota.fota_campaign_info:
    type: software
    states: [ended]
"""

RETURN = r"""
campaigns:
  description: The campaigns, the earliest start first.
  returned: success
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
      status: CampaignRequestPending
      state: pending
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
        pending: 2
      devices: []
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
  sample: 1 campaigns
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
        V(not_cancelled), V(campaign_failed), V(timeout), V(no_path),
        V(results_file).
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import run_module


def main() -> None:
    run_module(read_campaigns, CAMPAIGN_INFO_OPTIONS)


if __name__ == "__main__":
    main()
