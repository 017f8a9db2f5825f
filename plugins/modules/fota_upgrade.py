#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and cancel upgrades of FOTA v1."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_upgrade
short_description: Schedule, change and cancel FOTA v1 upgrades
version_added: 0.1.0
description:
  - Creates, changes and cancels upgrades of FOTA v1 (OMA-DM and LWM2M devices). The module is
    idempotent.
  - An upgrade has no name. It is identified by O(upgrade_id), or by O(package), O(start_date) and
    at least one of O(devices). If more than one live upgrade matches, the module fails and lists
    them.
  - An upgrade that is over is not scheduled again unless O(recreate=true). Its outcome is returned.
  - The dates of an upgrade cannot be changed, and its devices only before its start.
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
      - In check mode, the client itself refuses every write.
  diff_mode:
    support: full
options:
  upgrade_id:
    description: Id of an existing upgrade.
    type: str
  state:
    description:
      - V(present) schedules the upgrade, or changes its devices.
      - V(absent) cancels the upgrade before its start. After that, the service refuses to cancel
        it.
    type: str
    choices: [present, absent]
    default: present
  package:
    description: Name of the firmware, as returned by M(thingspace.fota.fota_firmware_info) with
      O(ignore:api_version=v1).
    type: str
    aliases: [firmware_name]
  to_version:
    description: Version that the devices get. By default, it is looked up in the v1 catalog.
    type: raw
  start_date:
    description: First UTC day, in the form C(YYYY-MM-DD).
    type: str
  end_date:
    description:
      - Last UTC day, inclusive. Newer servers of the vendor require it, and older servers do not
        support it, so it is sent only if it is set.
    type: str
  devices:
    description:
      - IMEIs with 15 digits, quoted. For an existing upgrade, only the differences are sent.
      - Devices that run the target version already are not sent. They count as V(current).
      - Without O(upgrade_id), a list that has only some devices in common with an upgrade of this
        firmware and date, and does not include the others, is refused, because it can be the list
        of another upgrade.
    type: list
    elements: str
  recreate:
    description: Whether to schedule the upgrade again if the matching upgrade is over.
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

- name: Remove one device before the start
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
  description: The declared upgrade after the task, or as it would be without check mode.
  returned: always
  type: dict
  contains:
    # The rest is written by tests/tools/update_return_blocks.py: upgrade, written
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
    action:
      description: Action that was taken, or would be taken without check mode. One of V(create),
        V(update), V(cancel), V(none).
      type: str
      returned: always
    counts:
      description: Number of devices V(added) and V(removed), and of devices by normalized
        status. V(current) devices of an upgrade ran its target version before.
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
msg:
  sample: 'upgrade to FOTA_Verizon_Model-A_01To02_HF on 2026-03-03: create, RequestPending'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.ensure import (
    ensure_upgrade,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.upgrades.options import (
    UPGRADE_OPTIONS,
)

TASK = Task(ensure_upgrade, UPGRADE_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
