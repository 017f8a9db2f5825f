#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make upgrades of FOTA v1 true."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_upgrade
short_description: Schedule, change and cancel FOTA v1 upgrades
version_added: 0.1.0
description:
  - Makes a declared upgrade of FOTA v1 (OMA-DM and LWM2M devices) true, and a repeated task
    changes nothing.
  - An upgrade has no name. It is found by O(upgrade_id), or as the one of the same O(package) and
    O(start_date) that has
    some of the O(devices). More than one live match is an error that lists them.
  - One that is over is not scheduled again unless O(recreate=true); its outcome is returned.
  - Dates of an upgrade never change, and devices only before its start.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.devices.file
  - thingspace.fota.devices.mode
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
  - thingspace.fota.waiting
  - thingspace.fota.waiting.campaign
attributes:
  check_mode:
    support: full
    details:
      - The client refuses every write in check mode, so nothing can be written by mistake.
  diff_mode:
    support: full
options:
  upgrade_id:
    description: Id of an upgrade that exists.
    type: str
  state:
    description:
      - V(present) schedules the upgrade, or changes its devices.
      - V(absent) cancels it before its start. The service refuses later.
    type: str
    choices: [present, absent]
    default: present
  package:
    description: Name of the firmware as M(thingspace.fota.fota_firmware_info) lists it with
      O(ignore:api_version=v1).
    type: str
    aliases: [firmware_name]
  to_version:
    description: Version that the devices get. Looked up in the v1 catalogue when left out.
    type: str
  start_date:
    description: First UTC day, C(YYYY-MM-DD).
    type: str
  end_date:
    description:
      - Last UTC day, included. Newer servers of the vendor require it and older ones do not know
        it, so it is sent
        only when declared.
    type: str
  devices:
    description: IMEIs of 15 digits, quoted. Only the difference to the devices of the upgrade is
      sent.
    type: list
    elements: str
  recreate:
    description: Whether to schedule again when the matching upgrade is over.
    type: bool
    default: false
seealso:
  - module: thingspace.fota.fota_upgrade_info
  - module: thingspace.fota.fota_campaign
"""

EXAMPLES = r"""
- name: Upgrade two devices
  thingspace.fota.fota_upgrade:
    package: FOTA_Verizon_Model-A_01To02_HF
    to_version: VerizonFirmwareVersion-02
    start_date: '2026-03-03'
    end_date: '2026-03-08'
    devices:
      - '990003425730535'
      - '990000473475989'
    imei_check: 'off'
  register: scheduled

- name: Take one of them out before the start
  thingspace.fota.fota_upgrade:
    upgrade_id: '{{ scheduled.upgrade.upgrade_id }}'
    devices:
      - '990000473475989'
    devices_mode: remove
    imei_check: 'off'

- name: Cancel the upgrade before it starts
  thingspace.fota.fota_upgrade:
    upgrade_id: '{{ scheduled.upgrade.upgrade_id }}'
    state: absent
"""

RETURN = r"""
upgrade:
  description: The declared upgrade as it is after the task, or would be in check mode.
  returned: always
  type: dict
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
    action:
      description: What was or would be done, one of V(create), V(update), V(cancel), V(none).
      type: str
      returned: always
    counts:
      description: Devices V(added) and V(removed), and devices by what their status means.
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
        action:
          description: V(add), V(remove) or V(none).
          type: str
          returned: always
  sample:
    upgrade_id: e3a8d88a-04c6-4ef3-b039-89b62f91e962
    status: RequestPending
    state: pending
    package: FOTA_Verizon_Model-A_01To02_HF
    to_version: VerizonFirmwareVersion-02
    start_date: '2026-03-03'
    end_date: '2026-03-08'
    counts:
      added: 2
      removed: 0
      pending: 2
    devices: []
    action: create
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
  sample: 'upgrade to FOTA_Verizon_Model-A_01To02_HF on 2026-03-03: create, RequestPending'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import run_module
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    ensure_upgrade,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
)


def main() -> None:
    run_module(ensure_upgrade, UPGRADE_OPTIONS)


if __name__ == "__main__":
    main()
