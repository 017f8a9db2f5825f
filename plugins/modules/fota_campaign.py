#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make firmware (v3) and software (v2) campaigns true."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_campaign
short_description: Schedule, change and cancel FOTA campaigns
version_added: 0.1.0
description:
  - Makes declared firmware campaigns (FOTA v3) and software campaigns (FOTA v2) true, and a
    repeated task changes nothing.
  - A campaign is found by O(name) or O(campaign_id). One that has ended is not created again
    unless O(recreate=true); its
    outcome is returned.
  - A write whose outcome is not known is never repeated. The service is read again, and what it
    says decides.
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
      - The client refuses every write in check mode, so nothing can be written by mistake.
  diff_mode:
    support: full
options:
  name:
    description:
      - Name of the campaign. It finds the campaign again, so that a repeated task changes nothing.
      - More than one live campaign of this name is an error that lists them.
    type: str
  campaign_id:
    description:
      - Id of a campaign that exists. With O(name) the two must belong together.
    type: str
  state:
    description:
      - V(present) creates the campaign, or changes what differs and can still change.
      - V(absent) cancels it before it starts. A campaign that is over counts as absent.
    type: str
    choices: [present, absent]
    default: present
  type:
    description:
      - V(firmware) is a firmware campaign of network-aware devices (FOTA v3).
      - V(software) is a software campaign of devices that pull (FOTA v2).
    type: str
    choices: [firmware, software]
    default: firmware
  package:
    description:
      - Name of the package as M(thingspace.fota.fota_firmware_info) lists it. Required to create.
    type: str
    aliases: [firmware_name, software_name]
  from_version:
    description:
      - Version that the devices have now. Looked up in the firmware catalogue when left out;
        required for V(software).
    type: str
  to_version:
    description:
      - Version that the devices get. Looked up in the firmware catalogue when left out; required
        for V(software).
    type: str
  protocol:
    description:
      - Protocol of the devices. When left out, that of the looked up package, else V(LWM2M) for
        firmware and V(HTTP)
        for software. V(LWM2M) does not exist for software.
    type: str
    choices: [LWM2M, OMA, HTTP]
  start_date:
    description:
      - First UTC day, C(YYYY-MM-DD). Required to create.
    type: str
  end_date:
    description:
      - Last UTC day, included. Required to create. The vendor advises up to a month.
      - Once the campaign has started it is the only date that can move, to 24 hours ahead or later.
    type: str
  windows:
    description:
      - Hours in which a firmware campaign works. Left out means as they are, an empty list means
        none.
      - A window cannot cross midnight; give two.
    type: list
    elements: dict
    suboptions: &windows
      start:
        description: First UTC hour, 0 to 23.
        type: int
        required: true
      end:
        description: UTC hour that closes the window, 1 to 24.
        type: int
        required: true
  download_after_date:
    description:
      - Earliest UTC day of downloads of a software campaign.
    type: str
  download_windows:
    description:
      - Hours in which devices of a software campaign download. Left out means as they are, an
        empty list means none.
    type: list
    elements: dict
    suboptions: *windows
  install_after_date:
    description:
      - Earliest UTC day of installations of a software campaign.
    type: str
  install_windows:
    description:
      - Hours in which devices of a software campaign install. Left out means as they are, an empty
        list means none.
    type: list
    elements: dict
    suboptions: *windows
  devices:
    description:
      - IMEIs of 15 digits, quoted. Required to create. Only the difference to the devices of the
        campaign is sent.
      - Devices can change until the campaign is scheduled.
      - The service takes at most 20 until a pilot of 5 to 20 devices had 50 % success with the
        package.
    type: list
    elements: str
  devices_mode:
    description:
      - V(at_least) adds devices that are missing and leaves others alone.
      - V(exact) also removes those that are not in O(devices).
      - V(remove) removes those in O(devices), and never creates anything.
    type: str
    choices: [at_least, exact, remove]
    default: at_least
  devices_per_call:
    description:
      - Adds or removes no more devices than this in one call. Without it, all in one.
      - A campaign is created with all its devices in one call. The service publishes no limit for
        either. If one call of several fails, the next run sends what is still missing.
    type: int
    version_added: 0.4.0
  auto_assign_license:
    description:
      - Whether the service assigns free licences to unlicensed devices of a firmware campaign.
        Fixed at creation, where it
        is sent as V(false) when left out.
    type: bool
  auto_add_devices:
    description:
      - Whether every matching device of the account joins a firmware campaign by itself. Fixed at
        creation, where it is sent
        as V(false) when left out.
    type: bool
  pilot_done:
    description:
      - You know that a pilot with this package went well, so that more than 20 devices are no
        reason to warn. The service judges for itself.
    type: bool
    default: false
    version_added: 0.2.0
  abort_started:
    description:
      - Whether O(state=absent) may also try to abort a campaign that has started. The service may
        refuse; only the status
        that is read afterwards counts.
    type: bool
    default: false
  recreate:
    description:
      - Whether to create the campaign again when the one of this name is over.
    type: bool
    default: false
  campaigns:
    description:
      - Many campaigns in one task, in place of the options above. All are planned before anything
        is written, with one
        listing before and one after.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the campaign. It finds the campaign again, so that a repeated task changes
            nothing.
          - More than one live campaign of this name is an error that lists them.
        type: str
      campaign_id:
        description:
          - Id of a campaign that exists. With O(campaigns[].name) the two must belong together.
        type: str
      state:
        description:
          - V(present) creates the campaign, or changes what differs and can still change.
          - V(absent) cancels it before it starts. A campaign that is over counts as absent.
        type: str
        choices: [present, absent]
        default: present
      type:
        description:
          - V(firmware) is a firmware campaign of network-aware devices (FOTA v3).
          - V(software) is a software campaign of devices that pull (FOTA v2).
        type: str
        choices: [firmware, software]
        default: firmware
      package:
        description:
          - Name of the package as M(thingspace.fota.fota_firmware_info) lists it. Required to
            create.
        type: str
        aliases: [firmware_name, software_name]
      from_version:
        description:
          - Version that the devices have now. Looked up in the firmware catalogue when left out;
            required for V(software).
        type: str
      to_version:
        description:
          - Version that the devices get. Looked up in the firmware catalogue when left out;
            required for V(software).
        type: str
      protocol:
        description:
          - Protocol of the devices. When left out, that of the looked up package, else V(LWM2M)
            for firmware and V(HTTP)
            for software. V(LWM2M) does not exist for software.
        type: str
        choices: [LWM2M, OMA, HTTP]
      start_date:
        description:
          - First UTC day, C(YYYY-MM-DD). Required to create.
        type: str
      end_date:
        description:
          - Last UTC day, included. Required to create. The vendor advises up to a month.
          - Once the campaign has started it is the only date that can move, to 24 hours ahead or
            later.
        type: str
      windows:
        description:
          - Hours in which a firmware campaign works. Left out means as they are, an empty list
            means none.
          - A window cannot cross midnight; give two.
        type: list
        elements: dict
        suboptions: *windows
      download_after_date:
        description:
          - Earliest UTC day of downloads of a software campaign.
        type: str
      download_windows:
        description:
          - Hours in which devices of a software campaign download. Left out means as they are, an
            empty list means none.
        type: list
        elements: dict
        suboptions: *windows
      install_after_date:
        description:
          - Earliest UTC day of installations of a software campaign.
        type: str
      install_windows:
        description:
          - Hours in which devices of a software campaign install. Left out means as they are, an
            empty list means none.
        type: list
        elements: dict
        suboptions: *windows
      devices:
        description:
          - IMEIs of 15 digits, quoted. Required to create. Only the difference to the devices of
            the campaign is sent.
          - Devices can change until the campaign is scheduled.
          - The service takes at most 20 until a pilot of 5 to 20 devices had 50 % success with the
            package.
        type: list
        elements: str
      devices_file:
        description:
          - File of devices, in place of O(campaigns[].devices), as O(devices_file) is.
        type: path
        version_added: 0.4.0
      devices_mode:
        description:
          - V(at_least) adds devices that are missing and leaves others alone.
          - V(exact) also removes those that are not in O(campaigns[].devices).
          - V(remove) removes those in O(campaigns[].devices), and never creates anything.
        type: str
        choices: [at_least, exact, remove]
        default: at_least
      auto_assign_license:
        description:
          - Whether the service assigns free licences to unlicensed devices of a firmware campaign.
            Fixed at creation, where it
            is sent as V(false) when left out.
        type: bool
      auto_add_devices:
        description:
          - Whether every matching device of the account joins a firmware campaign by itself. Fixed
            at creation, where it is sent
            as V(false) when left out.
        type: bool
      pilot_done:
        description:
          - You know that a pilot with this package went well, so that more than 20 devices are no
            reason to warn. The service judges for itself.
        type: bool
        default: false
        version_added: 0.2.0
      abort_started:
        description:
          - Whether O(campaigns[].state=absent) may also try to abort a campaign that has started.
            The service may refuse; only the status
            that is read afterwards counts.
        type: bool
        default: false
      recreate:
        description:
          - Whether to create the campaign again when the one of this name is over.
        type: bool
        default: false
seealso:
  - module: thingspace.fota.fota_campaign_info
  - module: thingspace.fota.fota_firmware_info
  - module: thingspace.fota.fota_upgrade
"""

EXAMPLES = r"""
- name: Pilot of the new meter firmware
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

- name: The same campaign, with a later end
  thingspace.fota.fota_campaign:
    name: meters-pilot
    end_date: '2026-03-12'

- name: Software for two gateways, downloaded by day and installed by night
  thingspace.fota.fota_campaign:
    type: software
    name: gateways
    package: FOTA_Verizon_Model-A_02To03_HF
    from_version: FOTA_Verizon_Model-A_00To01_HF
    to_version: FOTA_Verizon_Model-A_02To03_HF
    protocol: HTTP
    start_date: '2026-03-03'
    end_date: '2026-03-04'
    download_windows:
      - start: 8
        end: 18
    install_windows:
      - start: 1
        end: 4
    devices:
      - '990013907835573'
      - '990013907884259'
    imei_check: 'off'

- name: Take one device out before the campaign is scheduled
  thingspace.fota.fota_campaign:
    name: meters-pilot
    devices:
      - '358000000000024'
    devices_mode: remove

- name: Cancel it before it starts
  thingspace.fota.fota_campaign:
    name: meters-pilot
    state: absent

- name: Two campaigns in one task, waiting until the service has accepted both
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
  description: The declared campaigns as they are after the task, or would be in check mode.
  returned: always
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
    action:
      description: What was or would be done, one of V(create), V(update), V(cancel), V(none).
      type: str
      returned: always
    done:
      description: Whether this campaign was finished before the task ended or failed. Always false
        in check mode.
      type: bool
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
  description: The one campaign, with the same members as RV(campaigns).
  returned: when O(campaigns) is not given
  type: dict
  sample:
    campaign_id: f858b8c4-2153-11ec-8c44-aeb16d1aa652
    name: meters-pilot
    status: CampaignRequestPending
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
  sample: 'campaign meters-pilot: create, CampaignRequestPending'
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

from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.ensure import (
    ensure_campaigns,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_MODULE_OPTIONS,
    EXCLUSIVE_WITH_CAMPAIGNS,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import run_module


def main() -> None:
    run_module(
        ensure_campaigns, CAMPAIGN_MODULE_OPTIONS, mutually_exclusive=EXCLUSIVE_WITH_CAMPAIGNS
    )


if __name__ == "__main__":
    main()
