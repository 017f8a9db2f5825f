#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and cancel firmware (v3) and software (v2) campaigns."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_campaign
short_description: Schedule, change and cancel FOTA campaigns
version_added: 0.1.0
description:
  - Creates, changes and cancels firmware campaigns (FOTA v3) and software campaigns (FOTA v2). The
    module is idempotent.
  - A campaign is identified by O(name) or O(campaign_id). A campaign that has ended is not created
    again unless O(recreate=true). Its outcome is returned.
  - A write with an unknown outcome is never repeated. Instead, the module reads the service again
    to find out what happened.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.devices.file
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
  name:
    description:
      - Name of the campaign. It identifies the campaign when the task is repeated.
      - If more than one live campaign has this name, the module fails and lists them.
    type: str
  campaign_id:
    description:
      - Id of an existing campaign. If O(name) is also set, both must refer to the same campaign.
    type: str
  state:
    description:
      - V(present) creates the campaign, or changes the settings that differ and can still be
        changed.
      - V(absent) cancels the campaign before it starts. A campaign that is over counts as absent.
    type: str
    choices: [present, absent]
    default: present
  type:
    description:
      - V(firmware) is a firmware campaign of network-aware devices (FOTA v3).
      - V(software) is a software campaign of devices that poll for software (FOTA v2).
      - V(file) is a software campaign that brings a configuration file to these devices. Upload it
        with M(thingspace.fota.fota_file). V(file) was added in version 0.7.0.
    type: str
    choices: [firmware, software, file]
    default: firmware
  package:
    description:
      - Name of the package, as returned by M(thingspace.fota.fota_firmware_info), or of the file,
        as returned by M(thingspace.fota.fota_file). Required to create a campaign.
    type: str
    aliases: [firmware_name, software_name]
  from_version:
    description:
      - Version that the devices have now. By default, it is looked up in the firmware catalog.
        Required for V(software), and not valid for V(file).
    type: raw
  to_version:
    description:
      - Version that the devices get. By default, it is looked up in the firmware catalog. Required
        for V(software), and for V(file), where it is the version of the file.
    type: raw
  protocol:
    description:
      - Protocol of the devices. The default is the protocol of the package in the catalog,
        otherwise V(LWM2M) for firmware and V(HTTP) for software. V(LWM2M) is not valid for
        software.
    type: str
    choices: [LWM2M, OMA, HTTP]
  start_date:
    description:
      - First UTC day, in the form C(YYYY-MM-DD). Required to create a campaign. It must not be
        before the current UTC day.
    type: str
  end_date:
    description:
      - Last UTC day, inclusive. Required to create a campaign. The vendor recommends up to one
        month.
      - After the campaign has started, this is the only date that can be changed. It must be at
        least 24 hours ahead.
    type: str
  windows:
    description:
      - Hours in which a firmware campaign is active. If omitted, the windows are not changed. An
        empty list removes all windows.
      - Each is a text of whole UTC hours, such as V(22:00-04:00), or a dictionary with C(start)
        (the first UTC hour, from 0 to 23) and C(end) (the UTC hour, from 1 to 24, at which the
        window closes).
      - The service has no windows that cross midnight, so such a text becomes two windows.
    type: list
    elements: raw
  download_after_date:
    description:
      - First UTC day on which devices of a software campaign can download.
    type: str
  download_windows:
    description:
      - Hours in which devices of a software campaign can download. If omitted, the windows are not
        changed. An empty list removes all windows. See O(windows) for their form.
    type: list
    elements: raw
  install_after_date:
    description:
      - First UTC day on which devices of a software campaign can install.
    type: str
  install_windows:
    description:
      - Hours in which devices of a software campaign can install. If omitted, the windows are not
        changed. An empty list removes all windows. See O(windows) for their form.
    type: list
    elements: raw
  devices:
    description:
      - IMEIs with 15 digits, quoted. Required to create a campaign. For an existing campaign, only
        the differences are sent.
      - The devices can be changed until the campaign is scheduled.
      - The service accepts at most 20 devices until a pilot of 5 to 20 devices had at least 50 %
        success with the package.
    type: list
    elements: str
  devices_mode:
    description:
      - V(at_least) adds missing devices and keeps others.
      - V(exact) also removes devices that are not in O(devices).
      - V(remove) removes the devices in O(devices), and never creates a campaign.
    type: str
    choices: [at_least, exact, remove]
    default: at_least
  devices_per_call:
    description:
      - Maximum number of devices to add or remove in one call. By default, one call changes all of
        them.
      - A campaign is always created with all its devices in one call. The service publishes no
        limit for these calls. If one of several calls fails, the next run sends the remaining
        changes.
    type: int
    version_added: 0.4.0
  auto_assign_license:
    description:
      - Whether the service assigns free licenses to unlicensed devices of a firmware campaign. It
        cannot be changed after creation. If omitted, the campaign is created with V(false).
    type: bool
  auto_add_devices:
    description:
      - Whether the service adds every matching device of the account to a firmware campaign. It
        cannot be changed after creation. If omitted, the campaign is created with V(false).
    type: bool
  pilot_done:
    description:
      - Set this if a pilot with this package has succeeded, to suppress the warning about more than
        20 devices. The service still makes its own check.
    type: bool
    default: false
    version_added: 0.2.0
  licenses_done:
    description:
      - Set this if an earlier task has assigned the licenses of the devices, or would do so without
        check mode, to save the calls that look for devices without one.
    type: bool
    default: false
    version_added: 0.9.0
  abort_started:
    description:
      - Whether O(state=absent) also tries to abort a campaign that has started. The service may
        refuse this. Only the status that is read afterwards counts.
    type: bool
    default: false
  recreate:
    description:
      - Whether to create the campaign again if the campaign with this name is over. If not, a
        warning names what is declared otherwise than that campaign had it.
    type: bool
    default: false
  campaigns:
    description:
      - List of campaigns, to use instead of the options above. All campaigns are planned before the
        first write. The campaigns of the account are listed only once before and once after the
        writes.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the campaign. It identifies the campaign when the task is repeated.
          - If more than one live campaign has this name, the module fails and lists them.
        type: str
      campaign_id:
        description:
          - Id of an existing campaign. If O(campaigns[].name) is also set, both must refer to the
            same campaign.
        type: str
      state:
        description:
          - V(present) creates the campaign, or changes the settings that differ and can still be
            changed.
          - V(absent) cancels the campaign before it starts. A campaign that is over counts as
            absent.
        type: str
        choices: [present, absent]
        default: present
      type:
        description:
          - V(firmware) is a firmware campaign of network-aware devices (FOTA v3).
          - V(software) is a software campaign of devices that poll for software (FOTA v2).
          - V(file) is a software campaign that brings a configuration file to these devices.
        type: str
        choices: [firmware, software, file]
        default: firmware
      package:
        description:
          - Name of the package, as returned by M(thingspace.fota.fota_firmware_info). Required to
            create a campaign.
        type: str
        aliases: [firmware_name, software_name]
      from_version:
        description:
          - Version that the devices have now. By default, it is looked up in the firmware catalog.
            Required for V(software), and not valid for V(file).
        type: raw
      to_version:
        description:
          - Version that the devices get. By default, it is looked up in the firmware catalog.
            Required for V(software), and for V(file), where it is the version of the file.
        type: raw
      protocol:
        description:
          - Protocol of the devices. The default is the protocol of the package in the catalog,
            otherwise V(LWM2M) for firmware and V(HTTP) for software. V(LWM2M) is not valid for
            software.
        type: str
        choices: [LWM2M, OMA, HTTP]
      start_date:
        description:
          - First UTC day, in the form C(YYYY-MM-DD). Required to create a campaign.
        type: str
      end_date:
        description:
          - Last UTC day, inclusive. Required to create a campaign. The vendor recommends up to one
            month.
          - After the campaign has started, this is the only date that can be changed. It must be at
            least 24 hours ahead.
        type: str
      windows:
        description:
          - Hours in which a firmware campaign is active. If omitted, the windows are not changed.
            An empty list removes all windows.
          - Each is a text of whole UTC hours, such as V(22:00-04:00), or a dictionary with C(start)
            and C(end).
        type: list
        elements: raw
      download_after_date:
        description:
          - First UTC day on which devices of a software campaign can download.
        type: str
      download_windows:
        description:
          - Hours in which devices of a software campaign can download. If omitted, the windows are
            not changed. An empty list removes all windows. See O(windows) for their form.
        type: list
        elements: raw
      install_after_date:
        description:
          - First UTC day on which devices of a software campaign can install.
        type: str
      install_windows:
        description:
          - Hours in which devices of a software campaign can install. If omitted, the windows are
            not changed. An empty list removes all windows. See O(windows) for their form.
        type: list
        elements: raw
      devices:
        description:
          - IMEIs with 15 digits, quoted. Required to create a campaign. For an existing campaign,
            only the differences are sent.
          - The devices can be changed until the campaign is scheduled.
          - The service accepts at most 20 devices until a pilot of 5 to 20 devices had at least 50
            % success with the package.
        type: list
        elements: str
      devices_file:
        description:
          - File with devices, to use instead of O(campaigns[].devices). See O(devices_file).
        type: path
        version_added: 0.4.0
      imei_column:
        description: Column or key with the IMEIs in O(campaigns[].devices_file).
        type: str
        version_added: 0.6.0
      devices_mode:
        description:
          - V(at_least) adds missing devices and keeps others.
          - V(exact) also removes devices that are not in O(campaigns[].devices).
          - V(remove) removes the devices in O(campaigns[].devices), and never creates a campaign.
        type: str
        choices: [at_least, exact, remove]
        default: at_least
      auto_assign_license:
        description:
          - Whether the service assigns free licenses to unlicensed devices of a firmware campaign.
            It cannot be changed after creation. If omitted, the campaign is created with V(false).
        type: bool
      auto_add_devices:
        description:
          - Whether the service adds every matching device of the account to a firmware campaign. It
            cannot be changed after creation. If omitted, the campaign is created with V(false).
        type: bool
      pilot_done:
        description:
          - Set this if a pilot with this package has succeeded, to suppress the warning about more
            than 20 devices. The service still makes its own check.
        type: bool
        default: false
        version_added: 0.2.0
      licenses_done:
        description:
          - Set this if an earlier task has assigned the licenses of the devices, or would do so
            without check mode, to save the calls that look for devices without one.
        type: bool
        default: false
        version_added: 0.9.0
      abort_started:
        description:
          - Whether O(campaigns[].state=absent) also tries to abort a campaign that has started. The
            service may refuse this. Only the status that is read afterwards counts.
        type: bool
        default: false
      recreate:
        description:
          - Whether to create the campaign again if the campaign with this name is over.
        type: bool
        default: false
seealso:
  - module: thingspace.fota.fota_campaign_info
  - module: thingspace.fota.fota_firmware_info
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Run a pilot of the new meter firmware
  thingspace.fota.fota_campaign:
    name: meters-pilot
    package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    start_date: '2026-03-03'
    end_date: '2026-03-10'
    windows:
      - start: 18
        end: 22
    devices:
      - '358000000000016'
      - '358000000000024'

- name: Move the end date of this campaign
  thingspace.fota.fota_campaign:
    name: meters-pilot
    end_date: '2026-03-12'

- name: Update the software of two gateways, with download by day and installation by night
  thingspace.fota.fota_campaign:
    type: software
    name: gateways
    package: FOTA_Verizon_Model-A_02To03_HF
    from_version: FOTA_Verizon_Model-A_00To01_HF
    to_version: FOTA_Verizon_Model-A_02To03_HF
    protocol: HTTP
    start_date: '2026-03-03'
    end_date: '2026-03-04'
    download_windows: ['08:00-18:00']
    install_windows:
      - start: 1
        end: 4
    devices:
      - '990013907835573'
      - '990013907884259'
    imei_check: 'off'

- name: Remove a device before the campaign is scheduled
  thingspace.fota.fota_campaign:
    name: meters-pilot
    devices:
      - '358000000000024'
    devices_mode: remove

- name: Cancel the campaign before it starts
  thingspace.fota.fota_campaign:
    name: meters-pilot
    state: absent

- name: Create two campaigns in one task, and wait until the service has accepted both
  thingspace.fota.fota_campaign:
    campaigns:
      - name: meters-north
        package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
        start_date: '2026-03-05'
        end_date: '2026-03-12'
        devices:
          - '358000000000032'
      - name: meters-south
        package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
        start_date: '2026-03-06'
        end_date: '2026-03-13'
        devices:
          - '358000000000040'
    wait: true
    wait_for: accepted
    wait_delay: 5
"""

RETURN = r"""
campaigns:
  description: The declared campaigns after the task, or as they would be without check mode.
  returned: always
  type: list
  elements: dict
  contains:
    done:
      description: Whether all writes for this campaign were done before the task ended or failed.
        Always false in check mode.
      type: bool
      returned: always
    # The rest is written by tests/tools/update_return_blocks.py: campaign, written
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
      action: create
      done: true
      counts:
        added: 2
        removed: 0
      devices: []
campaign:
  description: The campaign, with the same keys as an entry of RV(campaigns).
  returned: when O(campaigns) is not given
  type: dict
  sample:
    campaign_id: f858b8c4-2153-11ec-8c44-aeb16d1aa652
    name: meters-pilot
    status: CampaignRequestPending
msg:
  sample: 'campaign meters-pilot: create, CampaignRequestPending'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
    EXCLUSIVE_WITH_CAMPAIGNS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(
    ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, {"mutually_exclusive": EXCLUSIVE_WITH_CAMPAIGNS}
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
