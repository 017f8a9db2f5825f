# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a declared rollout.

``tests/tools/update_rollout_schema.py`` writes them into the role ``rollout`` and its JSON Schema.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment C(thingspace.fota.rollout)."""

    DOCUMENTATION = r"""
options:
  rollout:
    description: The declared rollout.
    type: dict
    suboptions:
      name:
        description:
          - Name of the rollout, 1 to 20 characters of a-z, 0-9 and C(-).
          - Campaigns carry it in their names. Another name is another rollout.
        type: str
        required: true
      type:
        description: V(firmware) uses FOTA v3, V(software) uses FOTA v2.
        type: str
        choices: [firmware, software]
        default: firmware
      protocol:
        description:
          - Protocol of the devices. V(LWM2M) is for firmware only.
          - Defaults to V(LWM2M) for firmware and to V(HTTP) for software.
        type: str
        choices: [LWM2M, OMA, HTTP]
      target:
        description: Version that each model must run, one entry for each model.
        type: list
        elements: dict
        required: true
        suboptions:
          make:
            description: Make of the devices, spelled as the service reports it.
            type: str
            required: true
          model:
            description: Model of the devices, spelled as the service reports it.
            type: str
            required: true
          version:
            description: Version to reach. Quote it, as YAML reads 1.10 as the number 1.1.
            type: str
            required: true
          deadline:
            description: Until when the devices of this model should be done, as
              O(rollout.deadline), which is the default.
            type: str
            version_added: 0.9.0
      deadline:
        description:
          - Until when the rollout should be over. A date such as V(2026-12-18) means the end of
            that UTC day. A time needs a zone, such as V(2026-12-18T22:00:00-06:00).
          - Plan, status and reports then have a forecast of the end of each wave and of the
            rollout, and say which devices would be late, why, and what would have to change.
          - It only informs. It never starts, stops, speeds up or slows down anything, and is not
            part of the plan that an operator approves. A deadline in the past is allowed.
        type: str
        version_added: 0.9.0
      packages:
        description:
          - Packages of software, because the catalog of the service does not contain their
            versions.
          - Required with O(rollout.type=software), and not allowed for firmware.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the package.
            type: str
            required: true
          from:
            description: Version that devices must have before.
            type: str
            required: true
          to:
            description: Version that devices have afterwards.
            type: str
            required: true
          make:
            description: Make of the devices.
            type: str
            required: true
          model:
            description: Model of the devices.
            type: str
            required: true
      verify:
        description:
          - What counts as verified. With V(read) the software list of the device must show the
            version. With V(reported_is_enough) the report of the campaign counts.
          - Firmware is always read.
        type: str
        choices: [read, reported_is_enough]
        default: read
      devices:
        description:
          - All devices of the rollout. Each is an IMEI as a string, or a dictionary with C(imei).
          - A dictionary can also have C(host), C(groups) and variables, as the lookup
            P(thingspace.fota.fota_hosts#lookup) returns them.
          - Either O(rollout.devices) or O(rollout.devices_file) is required.
        type: list
        elements: raw
      devices_file:
        description:
          - File of devices, in the formats of
            O(thingspace.fota.fota_campaign#module:devices_file).
          - Other columns of CSV and other members of JSON objects are variables, except C(host) and
            C(groups). In CSV, separate groups by semicolons.
        type: path
      imei_column:
        description: Column or key with the IMEIs in O(rollout.devices_file), if the name does not
          tell.
        type: str
        version_added: 0.4.0
      waves:
        description:
          - The waves in order. The last one must have O(rollout.waves[].rest=true).
          - Each needs exactly one of O(rollout.waves[].group), O(rollout.waves[].per_package),
            O(rollout.waves[].count), O(rollout.waves[].percent) and O(rollout.waves[].rest).
          - By default there are four. C(pilot) has 5 devices for each package and at least 20,
            C(early) has 5 percent and at least 60, C(broad) has 25 percent, and C(all) has the
            rest.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the wave, 1 to 30 characters of A-Z, a-z, 0-9, C(_) and C(-).
            type: str
            required: true
          group:
            description: Take the devices of this inventory group.
            type: str
          per_package:
            description: Take this number of devices for each package.
            type: int
          count:
            description: Take this number of devices.
            type: int
          percent:
            description: Take this share of all devices in scope, in percent.
            type: float
          rest:
            description: Take all devices that are left.
            type: bool
          at_least:
            description: Smallest number of devices of a wave with O(rollout.waves[].per_package) or
              O(rollout.waves[].percent).
            type: int
          diversity:
            description: Variables whose values a wave with O(rollout.waves[].per_package) covers as
              far as it can.
            type: list
            elements: str
          days:
            description:
              - UTC days that the campaigns of the wave last, 2 to 31.
              - Defaults to V(3) for the first wave, V(5) for the second and V(7) for later ones.
            type: int
          retry:
            description: How often failed devices of this wave are tried again. Defaults to
              O(rollout.retry).
            type: int
          gate:
            description: When the wave has passed and when it stops the rollout. It overrides
              O(rollout.gate), value by value.
            type: dict
            suboptions: &gate
              max_failure_rate:
                description:
                  - Tolerated share of failures, from 0 to 1, rounded up to whole devices. A rate
                    above 0 tolerates at least one failure.
                  - More failures than this share of the wave halt the rollout. The wave passes only
                    if no more than this share of its attempted devices has failed or is silent.
                  - A cohort halts alone when its failures, over all waves, are too many to believe
                    in this rate (O(rollout.gate.test)).
                  - Defaults to V(0.10) for the first wave and V(0.05) for later ones.
                type: float
              max_failures:
                description:
                  - Tolerated number of failures in the wave, whatever its size.
                  - In the first wave, a cohort that has more failures by itself halts alone, if
                    every wave can go on without it (O(rollout.gate.max_failed_cohort_share)).
                  - Defaults to V(2) for the first wave. Later waves have no such limit.
                  - A declared null removes this limit, in the first wave as well.
                type: int
              min_success_rate:
                description:
                  - Share of successes among attempted and silent devices that must be reached, from
                    0 to 1. It then decides whether the wave passes, instead of
                    O(rollout.gate.max_failure_rate).
                  - By default there is none. A null declared for a wave removes that of
                    O(rollout.gate).
                type: float
              test:
                description:
                  - How failures are found to be too many before the limits of a wave are reached.
                  - V(anytime) needlessly stops at most 5 percent of the cohorts whose firmware
                    fails at the tolerated rate, no matter how often the rollout runs.
                  - V(fixed) is the test of version 0.5.0 and earlier, which is stricter, and which
                    stops more good firmware the more often the rollout runs.
                  - A wave with O(rollout.gate.max_failures) is halted by this number only, and not
                    by the test. Its cohorts still are.
                  - Defaults to V(anytime).
                type: str
                choices: [anytime, fixed]
                version_added: 0.6.0
              min_sample:
                description:
                  - Devices that must be attempted before the wave can pass.
                  - Defaults to V(5) for the first wave and V(20) for later ones.
                type: int
              min_coverage:
                description:
                  - Share of the devices of the wave that must be attempted, from 0 to 1.
                  - Defaults to V(0.75) for the first wave and V(0.80) for later ones.
                type: float
              max_rejected:
                description: Share of the devices of the wave that the service may reject, from 0 to
                  1. Defaults to V(0.10).
                type: float
              max_failed_cohort_share:
                description: Share of the devices of the wave that may be in failed cohorts, from 0
                  to 1. Defaults to V(0.5).
                type: float
                aliases: [max_failed_lane_share]
              soak_hours:
                description:
                  - Hours for which the numbers must stay met. Then versions are read once more.
                  - Defaults to V(24), and to V(48) for the second wave.
                type: int
              approval:
                description:
                  - Whether an operator must approve the wave before the next one starts.
                  - Defaults to V(true) for the first wave and V(false) for later ones.
                type: bool
      retry:
        description: How often failed devices of a campaign are tried again after it has ended.
        type: int
        default: 1
      sweep:
        description: Whether devices that no wave has reached are tried once more after the last
          wave.
        type: bool
        default: true
      gate:
        description: Values for the gates of all waves.
        type: dict
        suboptions: *gate
      calendar:
        description: When campaigns may run.
        type: dict
        suboptions:
          windows:
            description:
              - Hours of the local day in which devices are updated, such as V(22:00-04:00), or
                a dictionary with C(start) and C(end), as in
                M(thingspace.fota.fota_campaign).
              - They are sent as the whole UTC hours that lie inside them on every day of the
                campaign. By default all hours are open.
            type: list
            elements: raw
          timezone:
            description: IANA time zone of devices that have no variable C(timezone), such as
              V(America/Chicago). With O(rollout.calendar.windows) every device needs one.
            type: str
          freeze:
            description: Days on which no campaign runs.
            type: list
            elements: dict
            suboptions:
              from:
                description: First local day, such as V(2026-12-18).
                type: str
                required: true
              to:
                description: Last local day.
                type: str
                required: true
              why:
                description: Reason, shown in the plan.
                type: str
          lead_hours:
            description: Hours between a run and the first day of the campaigns that it creates, at
              least.
            type: int
            default: 12
          min_days:
            description: UTC days that a campaign must still have when a freeze shortens it. A
              campaign with fewer is moved.
            type: int
            default: 2
      limits:
        description: Limits on what one campaign and one run may do.
        type: dict
        suboptions:
          max_campaign_devices:
            description: Most devices in one campaign.
            type: int
            default: 1000
          max_creates:
            description: Most campaigns that one run creates.
            type: int
            default: 10
          max_exposure:
            description: Most devices that may be able to change at any moment. By default there is
              no limit.
            type: int
          max_shrink:
            description:
              - Share of the devices in campaigns of this rollout that may be missing from the
                selection. With more, the rollout is held until you select the whole fleet again or
                accept the missing devices.
              - The cause is often a job limit or an inventory that was not read completely.
            type: float
            default: 0.1
            version_added: 0.6.0
      timing:
        description: How long the rollout waits for the service and for devices.
        type: dict
        suboptions:
          verify_grace_hours:
            description: Hours after a success in which the old version may still be read.
            type: int
            default: 24
          silent_after_hours:
            description: Hours after an attempt without result until the device counts as silent.
            type: int
            default: 24
          report_grace_hours:
            description: Hours from the last day of a wave to its deadline.
            type: int
            default: 24
          settle_retry_hours:
            description: Hours from a refused campaign to the next attempt.
            type: int
            default: 24
          step_grace_hours:
            description: Hours after the last day of a wave in which the next package of a device is
              waited for.
            type: int
            default: 168
      qualified_packages:
        description: Packages that need no pilot, because it was done elsewhere.
        type: list
        elements: str
      assign_licenses:
        description:
          - Who assigns licenses of the pool to devices without one. An upgraded device keeps its
            license for good. An account that pays per upgrade needs no licenses.
          - With V(false) such devices are left out.
          - With V(true) the service assigns them when it schedules a campaign. All devices of the
            rollout must be able to get one. Not allowed with O(rollout.type=software).
          - With V(before_wave) the role C(thingspace.fota.rollout) assigns them in the run that
            creates the campaign of the device. A wave begins only if all of its devices can get
            one.
          - With V(before_campaign) it does the same, but a wave begins with as many devices as can
            get one. The others follow when there are more licenses.
        type: str
        choices: ['false', 'true', before_wave, before_campaign]
        default: 'false'
      approved:
        description: Approvals to leave waves. The plan prints an entry that you can paste.
        type: list
        elements: dict
        suboptions:
          wave:
            description: Name of the wave.
            type: str
            required: true
          digest:
            description: The first 4 or more digits of the digest of the plan. The approval is void
              for another plan.
            type: str
            required: true
          failures:
            description: Failures of the wave when it was approved. One more voids the approval.
            type: int
            default: 0
          generations:
            description: The generations of the plan, for the record. The digest includes them.
            type: list
            elements: str
            version_added: 0.6.0
      accept:
        description:
          - Failures that an operator accepts. A wave or cohort that has halted or is held then goes
            on until there are more.
          - An entry is for the targets that were declared when it was printed. For a model whose
            target has changed since then it is void, because that is other firmware.
          - The plan prints an entry that you can paste.
        type: list
        elements: dict
        suboptions:
          wave:
            description: Name of the wave.
            type: str
            required: true
          cohort:
            description: Code of a cohort, to accept failures of this cohort only.
            type: str
            aliases: [lane]
          failures:
            description: Failures that there are, for the record.
            type: int
            default: 0
          up_to:
            description:
              - Failures that are accepted.
              - Required unless O(rollout.accept[].missing) or O(rollout.accept[].again) is given.
            type: int
          again:
            description: Campaigns of the wave that were cancelled or aborted, by someone else or by
              a halt. Their devices that were not attempted are put into new campaigns. One campaign
              more that is stopped holds the wave again. With V(0) and O(rollout.accept[].up_to),
              the wave goes on without these devices. Accepted failures alone do not release a wave
              whose campaigns were stopped.
            type: int
            version_added: 0.6.0
          missing:
            description: Missing devices that are accepted. They were in campaigns of this rollout
              and are not selected any more, or their package is not published any more.
            type: int
            version_added: 0.6.0
          generations:
            description:
              - The generations of the targets that the entry is for, as the plan prints them.
              - Without them, the entry is void for models whose target has changed since the
                rollout began.
            type: list
            elements: str
            version_added: 0.6.0
          by:
            description: Who accepts them.
            type: str
            required: true
          reason:
            description: Why they are accepted.
            type: str
            required: true
      require_digest:
        description: The first 4 or more digits of the digest of a plan. A run with another plan
          creates nothing.
        type: str
      supersede:
        description:
          - Whether live campaigns of an older target of this rollout are stopped. By default they
            block the new target.
          - It is an error when there has never been an older target.
        type: bool
        default: false
      late_joiners:
        description:
          - What happens to devices that are added after the last wave has begun. V(leave) lists
            them as C(late), V(last) adds them to the last wave.
          - When in doubt, a device does not count as late. Once all campaigns of the last wave are
            over, every new device of the same model counts as late unless a limit made one of these
            campaigns smaller.
        type: str
        choices: [leave, last]
        default: leave
      on_halt:
        description: What a halt does to campaigns that have started. V(shorten) ends them as early
          as the service allows, V(abort) also tries to abort them once.
        type: str
        choices: [shorten, abort]
        default: shorten
"""
