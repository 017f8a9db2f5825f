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
  - Reads campaigns by id, name or state, with the device report of each campaign.
  - The service can only list campaigns by status, so all statuses are read in parallel. A campaign
    that was just accepted may be missing from these lists for a while, but can be read by its id.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
  - thingspace.fota.group.imei_check
  - thingspace.fota.group.wait
  - thingspace.fota.group.wait_timeout
  - thingspace.fota.group.wait_delay
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
    description: Name of the campaigns to return.
    type: str
  states:
    description: Normalized status of the campaigns to return. By default, all campaigns are
      returned.
    type: list
    elements: str
    choices: [pending, queued, prescheduled, scheduled, ended, cancelled, aborted, request_failed,
      failed, unknown]
  return_devices:
    description:
      - Which devices to return. V(attention) returns devices that failed, were rejected or have an
        unknown status.
      - With V(none), the device reports are not read, which saves one call per campaign, and no
        counts are returned. If O(results_file) is set, they are read anyway.
    type: str
    choices: [none, attention, all]
    default: attention
seealso:
  - module: thingspace.fota.fota_campaign
"""

EXAMPLES = r"""
- name: Read one campaign with all devices
  thingspace.fota.fota_campaign_info:
    name: meters-pilot
    return_devices: all
  register: pilot

- name: Read live campaigns without devices
  thingspace.fota.fota_campaign_info:
    states: [pending, queued, prescheduled, scheduled, unknown]
    return_devices: none

- name: Read software campaigns that have ended
  thingspace.fota.fota_campaign_info:
    type: software
    states: [ended]
"""

RETURN = r"""
campaigns:
  description: The campaigns, sorted by start date.
  returned: success
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
msg:
  sample: 1 campaign
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.info import (
    CAMPAIGN_INFO_OPTIONS,
    read_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(read_campaigns, CAMPAIGN_INFO_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
