#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide the next run of a staged rollout."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_rollout_info
short_description: Decide the next run of a staged firmware rollout
version_added: 0.2.0
description:
  - Reads the state of a staged rollout of firmware (FOTA v3) or software (FOTA v2), judges every
    wave, and returns the phase, the facts of the plan and the writes that are due.
  - Writes nothing to the service. The role C(thingspace.fota.rollout) carries out RV(actions).
  - No state is stored between two runs. The state is derived from the campaigns of the account,
    whose names encode the rollout, target, wave and cohort. The same declaration gives the same
    result on every controller, even after a crash.
  - Campaigns with names that do not belong to the rollout are never touched. Their devices must
    wait.
  - A device that needs several packages gets them one after the other in its wave. The next package
    is scheduled when the campaign of the previous one is over. Each package has its own pilot.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.actiongroup_fota
  - thingspace.fota.attributes.info_module
  - thingspace.fota.connection
  - thingspace.fota.rollout
  - thingspace.fota.devices.return
  - thingspace.fota.devices.results
  - thingspace.fota.waiting
attributes:
  diff_mode:
    support: full
    details:
      - The diff shows the live campaigns of the rollout before and after RV(actions), without
        devices.
options:
  rollout:
    description:
      - The declared rollout. All mistakes in it are reported at once, before the service is called,
        one per line with the path of the key.
      - A null value counts as omitted. Numbers and booleans can also be given as strings.
    required: true
  state:
    description:
      - V(running) decides what is due.
      - V(paused) creates no further campaigns. Campaigns that are under way continue.
      - V(halted) also stops campaigns that are under way, as far as the service allows.
      - V(planned) makes the same decision for review. The phase is V(planned), whatever is due.
    type: str
    choices: [running, paused, halted, planned]
    default: running
  journal:
    description:
      - File in JSON Lines format, to which the role C(thingspace.fota.rollout) adds a line in every
        run. Campaigns in it are read even if no report lists them, and RV(events) contains what is
        new since its last line. The journal only adds information, so you can delete it.
    type: path
    version_added: 0.3.0
  last_run:
    description:
      - C(phase), C(passed) and C(halted) of the result of the last run, for use without O(journal).
        Only RV(events) depends on it.
    type: dict
    aliases: [last_tick]
    version_added: 0.3.0
  problems:
    description:
      - Problems that the caller has found, such as a file that cannot be written. The module fails
        with all of them before it calls the service.
      - With O(state=halted) or O(state=paused), they are warnings, because they must not keep a
        rollout from being stopped.
    type: list
    elements: str
    default: []
    version_added: 0.7.0
  license_failures:
    description:
      - Devices that got no license in this run, as RV(thingspace.fota.fota_license#module:devices)
        lists them. They are rejected, and campaigns are created for devices with a license only.
      - Omit it unless some got none.
    type: list
    elements: dict
    version_added: 0.9.0
  stops:
    description: The C(actions) of an earlier result of the same run. What they stop is in
      C(actions) and C(steps) of this result if the account cannot be read, because a campaign that
      is to be stopped does not wait for another read.
    type: dict
    version_added: 0.7.0
  forecast:
    description: Whether to forecast the end, although no O(rollout.deadline) is declared. See
      RV(forecast).
    type: bool
    default: false
    version_added: 0.9.0
  wait:
    description:
      - Whether to poll, every O(wait_delay) seconds, until there is something to do or the phase
        changes. After O(wait_timeout), the last result is returned. Never waits in check mode.
      - Where the task runs on the controller, it prints its progress as
        M(thingspace.fota.fota_wait) does.
    type: bool
    default: false
    version_added: 0.3.0
  wait_timeout:
    description: Maximum number of seconds to wait.
    type: float
    default: 600.0
  imei_check:
    description: How to treat an IMEI with a wrong check digit. An IMEI must always have 15 digits.
    type: str
    choices: [warn, strict, 'off']
    default: warn
  return_devices:
    description:
      - Which devices to return. V(attention) returns devices that are out of scope, busy, rejected,
        unreached, silent or halted, that failed, or whose success is not verified yet.
    type: str
    choices: [none, attention, all]
    default: attention
seealso:
  - module: thingspace.fota.fota_campaign
  - module: thingspace.fota.fota_device_firmware
  - plugin: thingspace.fota.fota_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the plan of a rollout
  thingspace.fota.fota_rollout_info:
    state: planned
    rollout:
      name: meters-10657
      target:
        - make: SEQUANS Communications
          model: GM01Q
          version: SR1.2.0.0-10657
      devices:
        - '358000000000016'
        - '358000000000024'
        - '358000000000032'
      waves:
        - name: pilot
          count: 1
        - name: all
          rest: true
  register: rollout_planned

- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ rollout_planned | thingspace.fota.fota_report('plan') }}"
"""

RETURN = r"""
rollout:
  description: Name of the rollout.
  returned: always
  type: str
  sample: meters-10657
phase:
  description: >-
    Status of the rollout, one of V(planned) (no campaign exists yet, or O(state=planned)),
    V(nothing_to_do), V(running), V(soaking), V(awaiting_approval), V(paused), V(blocked) (no
    campaign can be created, see RV(blockers)), V(completed), V(completed_with_exceptions), V(held)
    (an operator must check), V(halted) (too many failures) or V(observation_failed) (a read failed,
    so no decision was made).
  returned: always
  type: str
  sample: running
why:
  description: One sentence on the phase.
  returned: always
  type: str
  sample: 'wave pilot: 3 of at least 5 devices attempted'
exists:
  description: Whether the account has a campaign of this rollout, to any target.
  returned: when a decision was made
  type: bool
  sample: true
  version_added: 0.7.0
would_change:
  returned: always
  # The rest is written by tests/tools/update_return_blocks.py: would_change
  description: Whether campaigns are to be created, cancelled or shortened. A refresh is not
    a change.
  type: bool
  sample: true
actions:
  description: What is due now.
  returned: always
  type: dict
  contains:
    refresh:
      description: IMEIs for M(thingspace.fota.fota_device_firmware). Decide again afterwards.
      type: list
      elements: str
      returned: always
    cancel:
      description: Campaigns to cancel, as O(thingspace.fota.fota_campaign#module:campaigns).
      type: list
      elements: dict
      returned: always
    abort:
      description: Started campaigns to try to abort, in the same form. The service may refuse.
      type: list
      elements: dict
      returned: always
    shorten:
      description: Started campaigns to end earlier, in the same form.
      type: list
      elements: dict
      returned: always
    assign:
      description: IMEIs for M(thingspace.fota.fota_license), the devices of C(create) without a
        license. Decide again with O(license_failures) if some did not get one.
      type: list
      elements: str
      returned: always
      version_added: 0.9.0
    create:
      description: Campaigns to create, as O(thingspace.fota.fota_campaign#module:campaigns).
      type: list
      elements: dict
      returned: always
  sample:
    refresh: []
    cancel: []
    abort: []
    shorten: []
    assign: []
    create:
      - name: tsr.meters-10657.5d1c5b.w01.8a1f0e.t01.a1.n1
        type: firmware
        package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
        from_version: SR1.2.0.0-10512
        to_version: SR1.2.0.0-10657
        protocol: LWM2M
        start_date: '2026-03-04'
        end_date: '2026-03-06'
        devices: ['358000000000024']
        auto_assign_license: false
        auto_add_devices: false
        licenses_done: true
        pilot_done: true
steps:
  description:
    - The steps that are due, in their order. The role C(thingspace.fota.rollout) includes a task
      file for each of them.
    - V(refresh), V(cancel), V(abort), V(shorten), V(assign) and V(create) are the lists of
      RV(actions) that are not empty. After V(refresh), the rollout is judged again.
      V(check_cancelled) follows V(cancel).
    - V(wave_events) and V(phase_events) are RV(events) about waves, and those about halts and
      phases. V(unstoppable) is the list of this name, where something is stopped.
    - The list is empty with O(state=planned).
  returned: always
  type: list
  elements: str
  sample: [wave_events, create, phase_events]
  version_added: 0.7.0
changes:
  description:
    - The campaigns that RV(actions) cancels, shortens and creates, with the reason for each.
    - An entry with C(action) V(cancel) or V(shorten) has C(campaign_id), C(name) and C(why), the
      latter also C(end_date).
    - An entry with C(action) V(create) has C(name), C(package), C(devices) (their number),
      C(start_date), C(end_date), C(windows) in UTC hours, the declared C(local_windows) and their
      C(zone), and in C(why) how a freeze has changed the days.
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - action: create
      name: tsr.meters-10657.5d1c5b.w01.8a1f0e.t01.a1.n1
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      devices: 1
      start_date: '2026-03-04'
      end_date: '2026-03-06'
      windows: []
      local_windows: []
      zone: ''
      why: ''
digest:
  description: SHA-256 of the plan, which consists of the declaration and the wave of each device.
    It does not depend on dates, states or actions.
  returned: when a decision was made
  type: str
  sample: 3f9c2b7e1d0a4c55b8e6f1a2937d4c0e5b6a7f8091c2d3e4f5a6b7c8d9e0f1a2
overrides:
  description: What an operator may add to O(rollout) to let the rollout continue. Entries of
    C(accept) also need C(by) and C(reason).
  returned: when a decision was made
  type: dict
  contains:
    approved:
      description: An entry for each wave that waits for an approval.
      type: list
      elements: dict
      returned: always
    accept:
      description: An entry for each failed cohort, and for each wave that is held or has failed or
        in which a cohort has failed.
      type: list
      elements: dict
      returned: always
  sample:
    approved:
      - wave: pilot
        digest: 3f9c2b7e1d0a
        failures: 0
    accept: []
given:
  description: The approvals and accepted failures that O(rollout) has, in C(approved) and
    C(accept).
  returned: when a decision was made
  type: dict
  version_added: 0.7.0
  sample:
    approved:
      - wave: pilot
        digest: 3f9c2b7e1d0a
        failures: 0
        generations: []
    accept: []
awaiting:
  description: What waits for an operator. The entries are those of RV(overrides) with their kind.
  returned: when a decision was made
  type: list
  elements: dict
  contains:
    kind:
      description: The list of O(rollout) that the entry is for, C(approval) for C(approved).
      type: str
      returned: always
    wave:
      description: Name of the wave.
      type: str
      returned: always
    digest:
      description: The first digits of the digest of the plan.
      type: str
      returned: for an approval
    cohort:
      description: Code of the cohort.
      type: str
      returned: for the accept of a cohort
    failures:
      description: Failures that there are.
      type: int
      returned: for an approval and for failures
    up_to:
      description: Failures to accept.
      type: int
      returned: for failures
    missing:
      description: Missing devices to accept.
      type: int
      returned: for missing devices
    again:
      description: Stopped campaigns whose devices are put into new ones.
      type: int
      returned: for stopped campaigns
    generations:
      description: Generations of the targets.
      type: list
      elements: str
      returned: always
  sample:
    - kind: approval
      wave: pilot
      digest: 3f9c2b7e1d0a
      failures: 0
      generations: [b80386]
remarks:
  description: What an operator should know about the declaration, such as entries of C(accept) that
    are void and targets that no device has. They are also warnings.
  returned: when a decision was made
  type: list
  elements: str
  sample: []
missing:
  description: Devices in campaigns of this rollout that are not selected any more, above
    C(limits.max_shrink), and devices whose package is not published any more.
  returned: when a decision was made
  type: int
  sample: 0
unstoppable:
  description: Campaigns that should stop and have started, and those that are over but whose
    devices the network keeps queued (OMA). C(can_change) of their devices may still change until
    the end of C(until), a UTC day, or at any time if C(until) is null. C(imeis) lists those that
    the report of the campaign contains, and is empty with O(return_devices=none).
  returned: when a decision was made
  type: list
  elements: dict
  sample: []
now:
  description: The service's clock, UTC.
  returned: when a decision was made
  type: str
  sample: '2026-03-02T08:00:00Z'
next_check_after:
  returned: when a decision was made
  sample: '2026-03-02T09:00:00Z'
  # The rest is written by tests/tools/update_return_blocks.py: next_check_after
  description: When to run again, UTC. Null when nothing more is due.
  type: str
targets:
  description: The declared targets. A new version for a model starts a new generation.
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - make: SEQUANS Communications
      model: GM01Q
      version: SR1.2.0.0-10657
      generation: 5d1c5b
collection_version:
  description: Version of the collection that made the decision.
  returned: when a decision was made
  type: str
  version_added: 0.7.0
  sample: 0.7.0
type:
  description: V(firmware) (FOTA v3) or V(software) (FOTA v2).
  returned: when a decision was made
  type: str
  version_added: 0.7.0
  sample: firmware
protocol:
  description: Protocol of the devices.
  returned: when a decision was made
  type: str
  version_added: 0.7.0
  sample: LWM2M
calendar:
  description: The declared C(windows) in local time, the C(timezone) of devices without one, and
    the days of C(freeze).
  returned: when a decision was made
  type: dict
  version_added: 0.7.0
  sample:
    windows: ['22:00-04:00']
    timezone: America/Chicago
    freeze:
      - from: '2026-12-18'
        to: '2027-01-04'
        why: year end
counts:
  description: Numbers of devices, C(selected), C(in_scope), and by class or by the reason to be out
    of scope.
  returned: when a decision was made
  type: dict
  sample:
    selected: 3
    in_scope: 2
    pending: 2
    current: 1
out_of_scope:
  description: Devices that are in no wave, by C(reason), with C(what_to_do), their number
    C(devices) and up to five of their IMEIs in C(examples).
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - reason: current
      what_to_do: runs the target already
      devices: 1
      examples: ['358000000000032']
busy:
  description: Devices in live campaigns of others, which follow when these are over. C(devices) is
    their number, and C(examples) has up to five IMEIs.
  returned: when a decision was made
  type: dict
  sample:
    devices: 0
    examples: []
blockers:
  description: What keeps due campaigns from being created.
  returned: when a decision was made
  type: list
  elements: str
  sample: ['12 licenses needed, and 5 of 40 free: get 7 more, or select fewer devices']
unread:
  description: What could not be read, or used of the declaration, with the reason. Only a decision
    to pause or halt is made without it.
  returned: when a decision was made
  type: list
  elements: str
  sample: []
exposure:
  description: Number of devices that can still change after this run.
  returned: when a decision was made
  type: int
  sample: 20
max_exposure:
  description: Declared limit of RV(exposure). Null when none is declared.
  returned: when a decision was made
  type: int
  sample: 200
braking:
  description:
    - The braking distance. If everything halted now, this number of C(devices), in campaigns that
      have started, could still change until the end of C(until), a UTC day.
    - C(until) is null when there are none, or when the network keeps them queued (OMA).
  returned: when a decision was made
  type: dict
  sample:
    devices: 20
    until: '2026-03-03'
upgrade_paths:
  description: Versions that devices in scope go through, from the first one to the target. Where
    C(exists) is V(false), no package leads further.
  returned: when a decision was made
  type: list
  elements: dict
  sample: &paths
    - make: SEQUANS Communications
      model: GM01Q
      versions: [SR1.2.0.0-10512, SR1.2.0.0-10657]
      exists: true
      devices: 100
rollback_paths:
  description: The same from the targets back to the versions that devices came from. Where
    C(exists) is V(false), no package leads back.
  returned: when a decision was made
  type: list
  elements: dict
  sample: *paths
clusters:
  description: What failed devices have in common more often than chance explains. C(what) is
    V(model), V(from_version) or a variable of the devices.
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - what: region
      value: north
      failures: 7
      attempted: 20
      all_failures: 9
      all_attempted: 80
events:
  description:
    - What has happened since the last run. C(event) is V(before_wave) (its first campaigns are
      to be created), V(after_wave) (it has passed), V(halt) or V(phase_change).
    - With V(halt), C(cohort) is the package of a cohort that has halted alone. It is empty when the
      rollout has halted.
    - C(before) is the phase of the last run. It is empty when there is no record of that run.
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - event: before_wave
      wave: pilot
      cohort: ''
      phase: planned
      before: ''
passed:
  description: Names of the waves that have passed.
  returned: when a decision was made
  type: list
  elements: str
  sample: [pilot]
halted:
  description: Packages of the cohorts that have halted.
  returned: when a decision was made
  type: list
  elements: str
  sample: []
  version_added: 0.7.0
licenses:
  description:
    - Whether devices need a license (C(required)), who assigns them (C(assign), as declared),
      licenses that all waiting devices need (C(needed)), those that are C(free) of all that are
      bought (C(total)), how many are C(short), and the purchase types.
    - If licenses are required, also C(waves) with the number that each wave needs, and numbers of
      devices. C(waiting) need a license and C(assign_now) get one in this run, C(kept) were
      upgraded and keep it for good, and the licenses of C(unused) can be removed. Their C(examples)
      are the first five, and with O(return_devices=all) and for C(assign_now) all of them.
  returned: when a decision was made
  type: dict
  sample:
    required: true
    assign: before_wave
    needed: 60
    free: 45
    total: 60
    short: 15
    purchase_types: [TS-HFOTA-MRC]
    waves:
      - name: pilot
        needed: 20
      - name: all
        needed: 40
    assign_now:
      devices: 1
      examples: ['358000000000016']
    waiting:
      devices: 1
      examples: ['358000000000016']
    kept:
      devices: 0
      examples: []
    unused:
      devices: 0
      examples: []
cohorts:
  description: The results of each package so far. C(state) is V(pilot), V(qualified) or V(failed).
    No more campaigns are created for a cohort that has failed, since C(failed_at).
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - make: SEQUANS Communications
      model: GM01Q
      from_version: SR1.2.0.0-10512
      to_version: SR1.2.0.0-10657
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      devices: 100
      attempted: 7
      failures: 7
      codes: [8a1f0e]
      failed_at: '2026-03-04T02:11:40Z'
      state: failed
cohort_rules:
  description:
    - The rules for every cohort. At most C(pilot_devices) are in campaigns at once until
      C(min_attempted) devices were attempted, and a share of C(min_success_rate) of them succeeded.
    - A cohort halts on C(failures) in up to C(attempted) devices of C(halts_at), over all waves. It
      has no entries where half of the devices or more may fail.
  returned: when a decision was made
  type: dict
  sample:
    pilot_devices: 20
    min_attempted: 5
    min_success_rate: 0.5
    halts_at:
      - failures: 3
        attempted: 5
needless_stop:
  description: The C(chance) that one of the gates stops firmware that fails on a share of
    C(failure_rate) of the devices, computed from the gates and the sizes of the waves. Every device
    is taken to fail by itself.
  returned: when a decision was made
  type: dict
  sample:
    failure_rate: 0.02
    chance: 0.0591
waves:
  description: The waves in order, with the verdicts of their gates.
  returned: when a decision was made
  type: list
  elements: dict
  contains:
    number:
      description: Number of the wave, starting at 1.
      type: int
      returned: always
    name:
      description: Name of the wave.
      type: str
      returned: always
    state:
      description: V(waiting) (for the waves before it), V(next), V(running), V(soaking),
        V(awaits_approval), V(passed), V(skipped), V(held) or V(halted).
      type: str
      returned: always
    verdict:
      description: Verdict of its gate, V(pass), V(skip) (no members), V(wait), V(soak), V(approve)
        (an operator must approve), V(hold) or V(fail).
      type: str
      returned: always
    why:
      description: Reason of the verdict, in numbers of devices.
      type: str
      returned: always
    open:
      description: Whether all previous waves have passed.
      type: bool
      returned: always
    begun:
      description: Whether the wave has a campaign.
      type: bool
      returned: always
    devices:
      description: Number of devices of the wave.
      type: int
      returned: always
    members:
      description: Number of devices of the wave, without rejected devices and devices of halted
        cohorts.
      type: int
      returned: always
    attempted:
      description: Number of members that were verified or failed.
      type: int
      returned: always
    verified:
      description: Number of members that run the target version, read after the reported success.
      type: int
      returned: always
    failures:
      description: Number of members that failed.
      type: int
      returned: always
    failures_allowed:
      description: Number of failures that are tolerated. One more halts the rollout.
      type: int
      returned: always
    sample:
      description: Number of members that must be attempted before the wave can pass.
      type: int
      returned: always
    soak_until:
      description: End of the soak time, UTC. Null while the wave does not meet its conditions.
      type: str
      returned: always
    in_failed_cohorts:
      description: Number of devices of the wave in failed cohorts.
      type: int
      returned: always
    touched_at_most:
      description: Devices of this wave and of those before it, the most that can be touched before
        its gate decides.
      type: int
      returned: always
    rate_ruled_out:
      description: Failure rate that zero failures in all members rule out with 95 % confidence.
      type: float
      returned: always
    gate:
      description:
        - Thresholds of its gate, C(min_coverage), C(min_sample), C(max_failure_rate),
          C(max_failures), C(min_success_rate), C(soak_hours), C(approval) and C(test). Null means
          that there is no such limit.
        - C(success_needed) is C(min_success_rate), or what C(max_failure_rate) leaves.
      type: dict
      returned: always
    halts_at:
      description: It also halts on C(failures) in up to C(attempted) devices.
      type: list
      elements: dict
      returned: always
    odds:
      description: The C(stop_chance) with which its gate stops firmware that fails on a share of
        C(failure_rate) of the devices. Every device is taken to fail by itself, and all members to
        be attempted.
      type: list
      elements: dict
      returned: always
    deadline:
      description: Deadline of the wave, UTC. Null while campaigns must still be created.
      type: str
      returned: always
    waiting_since:
      description: Since when it waits for an operator, UTC. Null while it does not, or if that is
        not known.
      type: str
      returned: always
      version_added: 0.7.0
    counts:
      description: Number of devices of the wave by outcome.
      type: dict
      returned: always
    models:
      description: Its devices by C(model). The numbers after C(devices) add up to it.
        C(cohort_halted) tells whether a cohort of the model has failed.
      type: list
      elements: dict
      returned: always
    cohorts:
      description: Its devices by C(make), C(model), C(from_version) (the version before this
        rollout) and C(to_version) (the target). The numbers after C(devices) add up to it.
      type: list
      elements: dict
      returned: always
      version_added: 0.7.0
    kinds_left_out:
      description: Kinds of devices (model, version and declared variables) of which a pilot wave
        has none. C(kinds) is their number, and C(examples) has up to five of them.
      type: dict
      returned: always
  sample:
    - number: 1
      name: pilot
      state: running
      verdict: wait
      why: 3 of at least 5 devices attempted
      open: true
      begun: true
      devices: 20
      members: 20
      attempted: 3
      verified: 3
      failures: 0
      failures_allowed: 2
      sample: 5
      in_failed_cohorts: 0
      touched_at_most: 20
      rate_ruled_out: 0.1391
      gate:
        success_needed: 0.9
        min_coverage: 0.75
        min_sample: 5
        max_failure_rate: 0.1
        max_failures: 2
        min_success_rate: null
        soak_hours: 24.0
        approval: true
        test: anytime
      halts_at: []
      odds:
        - failure_rate: 0.01
          stop_chance: 0.001
        - failure_rate: 0.2
          stop_chance: 0.7939
      soak_until: null
      deadline: '2026-03-08T00:00:00Z'
      waiting_since: null
      counts:
        pending: 17
        verified: 3
      models:
        - model: GM01Q
          devices: 20
          verified: 3
          failed: 0
          pending: 17
          halted: 0
          other: 0
          cohort_halted: false
      cohorts:
        - make: SEQUANS Communications
          model: GM01Q
          from_version: SR1.2.0.0-10512
          to_version: SR1.2.0.0-10657
          devices: 20
          verified: 3
          failed: 0
          silent: 0
          pending: 17
          unreached: 0
          halted: 0
          left: 0
      kinds_left_out:
        kinds: 0
        examples: []
standings:
  description: Versions that devices run, compared with the target. C(standing) is V(at_target),
    V(behind) (with the versions ahead of it in C(path)), V(no_path), V(unknown) or V(no_target).
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - make: SEQUANS Communications
      model: GM01Q
      version: SR1.2.0.0-10512
      target: SR1.2.0.0-10657
      standing: behind
      path: [SR1.2.0.0-10657]
      devices: 2
forecast:
  description:
    - When each wave and the rollout would end, if a deadline is declared or with O(forecast=true);
      otherwise null. It informs, and no decision depends on it.
    - The remaining work is simulated many times, with the time that devices of this rollout have
      taken from the start of their campaigns to their results. A new rollout is based on earlier
      campaigns of the account, or on assumptions if there are none.
  returned: when a decision was made
  type: dict
  version_added: 0.9.0
  contains:
    deadline:
      description: Deadline of the rollout, UTC, or null.
      type: str
      returned: always
    past_deadline:
      description: V(p50) or V(p90), whichever of C(ends) is past C(deadline) first. Empty if none
        is.
      type: str
      returned: always
    over:
      description: Whether the rollout is over, so that there is nothing to forecast.
      type: bool
      returned: always
    condition:
      description: What must happen for the rollout to go on. Empty if it goes on by itself.
      type: str
      returned: always
    assumes:
      description: What the forecast takes for granted if there is a C(condition).
      type: str
      returned: always
    ends:
      description: When the rollout would be over. The end is before C(p10) in one of ten
        simulated courses, before C(p50) in half of them, and before C(p90) in nine of ten. Null if
        it does not end in any.
      type: dict
      returned: always
    in_time:
      description: Share of the simulated courses that end before C(deadline), or null.
      type: float
      returned: always
    stop_chance:
      description: Share of the simulated courses in which the rollout does not end by itself, as a
        gate stops it. They do not count for C(ends).
      type: float
      returned: always
    rest:
      description: C(ends), where retries and the sweep after the last wave take an hour or more.
        Otherwise null.
      type: dict
      returned: always
    missed:
      description: Devices that were not done at C(deadline) once it has passed, or null.
      type: int
      returned: always
    licenses_short:
      description: Licenses that are missing. Without them, no further campaign is created.
      type: int
      returned: always
    waves:
      description: Waves that have not passed. C(ends) is when they pass. C(begins) is the first day
        of their next campaigns, or null. With C(approval), an operator must approve what follows,
        for which no time is counted.
      type: list
      elements: dict
      returned: always
    models:
      description: Models with devices that have no result. C(ends) is when the last of them has
        one, and C(in_time) the share of courses in which that is before C(deadline).
      type: list
      elements: dict
      returned: always
    late:
      description: Devices that would have their result after their deadline, by wave and cohort.
        C(p50) is their number in half of the courses at most, and C(p90) in nine of ten.
      type: list
      elements: dict
      returned: always
    halted:
      description: Devices of cohorts that have halted, which do not get a result unless an operator
        accepts the failures.
      type: list
      elements: dict
      returned: always
    changes:
      description: Changes of the declaration with which the rollout would end sooner, each
        simulated by itself. C(key) is that of the declaration, empty for all changes together, and
        C(enough) whether nine of ten courses would end in time.
      type: list
      elements: dict
      returned: always
    based_on:
      description: What the forecast is based on.
      type: list
      elements: dict
      returned: always
  sample:
    deadline: '2026-03-20T23:59:59Z'
    past_deadline: p90
    over: false
    condition: after the approval of wave pilot
    assumes: counted from now
    ends:
      p10: '2026-03-17T02:10:00Z'
      p50: '2026-03-18T03:40:00Z'
      p90: '2026-03-21T04:20:00Z'
    in_time: 0.84
    stop_chance: 0.02
    licenses_short: 0
    waves:
      - number: 2
        name: all
        begins:
          p10: '2026-03-10T00:00:00Z'
          p50: '2026-03-10T00:00:00Z'
          p90: '2026-03-10T00:00:00Z'
        ends:
          p10: '2026-03-13T01:30:00Z'
          p50: '2026-03-13T02:20:00Z'
          p90: '2026-03-14T03:00:00Z'
        approval: false
    models:
      - make: SEQUANS Communications
        model: GM01Q
        deadline: '2026-03-20T23:59:59Z'
        ends:
          p10: '2026-03-12T01:30:00Z'
          p50: '2026-03-13T02:20:00Z'
          p90: '2026-03-16T03:00:00Z'
        in_time: 0.97
    late: []
    changes:
      - key: gate.soak_hours
        what: at most 12 hours in each wave
        ends:
          p10: '2026-03-16T02:10:00Z'
          p50: '2026-03-17T03:40:00Z'
          p90: '2026-03-20T04:20:00Z'
        enough: true
    based_on:
      - source: package
        devices: 20
        campaigns: 1
        since: '2026-03-03'
        what: 20 devices of this rollout with the same package in 1 campaign, since 2026-03-03
results_by_day:
  description: Numbers of devices that were verified or failed, by the UTC day of the result. Days
    without a result are left out.
  returned: when a decision was made
  type: list
  elements: dict
  version_added: 0.7.0
  sample:
    - date: '2026-03-03'
      verified: 3
      failed: 0
campaigns:
  description: The campaigns of the rollout, without those of older targets. C(windows) are UTC
    hours, and C(zone) is the time zone of the devices, empty if none is declared.
  returned: when a decision was made
  type: list
  elements: dict
  sample:
    - campaign_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
      name: tsr.meters-10657.5d1c5b.w01.8a1f0e.t01.a1.n7
      wave: 1
      package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
      status: CampaignScheduled
      start_date: '2026-03-03'
      end_date: '2026-03-05'
      devices: 7
      windows:
        - start: 4
          end: 10
      zone: America/Chicago
evidence:
  description:
    - The numbers and times by which the waves and cohorts were judged, from which the verdicts
      follow, in at most 12 kB for any fleet. The lookup P(thingspace.fota.fota_verified#lookup)
      judges them again.
    - C(left_out) counts the entries that there was no room for. If C(judged) is false, something
      could not be read, and the verdicts did not decide the phase.
    - In C(parts) of a wave, C(met_at) is when its numbers were met and the soak started, and
      C(read_after_soak) counts verified devices whose version was read after the soak.
      C(too_many_once) and C(over_limit_once) are the numbers at the first moment at which there
      were too many failures. C(earlier) are the numbers without devices that came later.
    - C(counts) of a cohort are the attempted devices and failures by wave, at C(failed_at) or else
      now. C(stake) is the evidence of the anytime test, which decides from 20 on.
  returned: when a decision was made
  type: dict
  version_added: 0.7.0
  sample:
    now: '2026-03-02T08:00:00+00:00'
    targets:
      - generation: 5d1c5b
        make: SEQUANS Communications
        model: GM01Q
        version: SR1.2.0.0-10657
    gates:
      - waves: [1]
        max_failure_rate: 1/10
        max_failures: 2
        min_success_rate: null
        min_sample: 5
        min_coverage: 3/4
        max_rejected: 1/10
        max_failed_cohort_share: 1/2
        soak: 86400
        approval: true
        test: anytime
    approved: []
    accepted: []
    waves:
      - number: 1
        name: pilot
        verdict: wait
        why: 2 of at least 5 devices attempted
        begun: true
        open_for: all
        passed_for: []
        left: []
        parts:
          - targets: all
            verdict: wait
            members: 7
            verified: 2
            failed: 0
            unknown: 0
            silent: 0
            under_way: 1
            devices: 7
            rejected: 0
            in_failed_cohorts: 0
            too_many_once: null
            over_limit_once: null
            met_at: null
            read_after_soak: 0
            stake: null
            deadline: '2026-03-07T00:00:00+00:00'
            stopped: ''
            canceled: ''
            accepted: null
            trying: false
            by_target: {}
            earlier: null
    cohorts:
      - package: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
        generation: 5d1c5b
        codes: [8a1f0e]
        devices: 100
        attempted: 2
        failures: 0
        accepted: 0
        limits: {'1': 2}
        failed_at: null
        counts: {'1': [3, 0]}
        stake: 0.68
    left_out: {}
    judged: true
journal:
  description: Number of lines of O(journal) and the head of its hash chain when it was read. The
    head is empty if there is no line.
  returned: when a decision was made
  type: dict
  version_added: 0.7.0
  sample:
    lines: 12
    head: 6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090
devices:
  description: Devices selected by O(return_devices).
  returned: when a decision was made
  type: list
  elements: dict
  contains:
    deviceId:
      description: IMEI.
      type: str
      returned: always
    host:
      description: Inventory name of the device. Empty if it has none.
      type: str
      returned: always
    wave:
      description: Wave of the device. Empty for a device that is out of scope.
      type: str
      returned: always
    class:
      description: >-
        V(verified), V(advanced) (has done a step and has more ahead), V(failed), V(mismatch)
        (success reported, another version read), V(silent)
        (attempted, nothing heard since), V(reported) (success reported, not read yet), V(rejected),
        V(gone) (left the account without a result),
        V(unreached) (never attempted), V(pending), V(busy) (in a live campaign of others),
        V(settling), V(unknown) or V(halted) (its cohort halted before its turn). For a device that
        is out V(current), V(not_found), V(not_active) (suspended or not activated), V(never_seen)
        (the service had no contact with it yet), V(not_eligible), V(wrong_protocol), V(no_target),
        V(version_unknown), V(no_path), V(no_license) or V(late) (came after the last wave had
        begun).
      type: str
      returned: always
    reason:
      description: Reason, or what to do.
      type: str
      returned: always
    make:
      description: Make of the device. Empty for a device that the account does not have.
      type: str
      returned: always
    model:
      description: Model of the device.
      type: str
      returned: always
    version:
      description: Version stored by the service.
      type: str
      returned: always
    target:
      description: Version that it should run.
      type: str
      returned: always
    standing:
      description: V(at_target), V(behind), V(no_path), V(unknown) or V(no_target), as in
        RV(standings).
      type: str
      returned: always
    path:
      description: Versions to install, up to the target.
      type: list
      elements: str
      returned: always
    from_version:
      description: Version that the device had before this rollout.
      type: str
      returned: always
    campaign_id:
      description: Campaign that contains the device.
      type: str
      returned: always
    attempts:
      description: Number of campaigns of the rollout that have attempted the device.
      type: int
      returned: always
      version_added: 0.7.0
    result_at:
      description: When its result came, UTC. Null while there is none.
      type: str
      returned: always
      version_added: 0.7.0
    contact:
      description: When a silent or unreached device was last seen, and when its next attempt is, as
        far as the service says so. If it does not say when it was seen, check-ins and the history
        are read for a few devices.
      type: str
      returned: always
      version_added: 0.9.0
  sample:
    - deviceId: '358000000000016'
      host: meter-1
      wave: pilot
      class: failed
      reason: Firmware update failed
      make: SEQUANS Communications
      model: GM01Q
      version: SR1.2.0.0-10512
      target: SR1.2.0.0-10657
      standing: behind
      path: [SR1.2.0.0-10657]
      from_version: SR1.2.0.0-10512
      campaign_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
      attempts: 1
      result_at: '2026-03-04T02:11:40Z'
      contact: ''
msg:
  sample: 'rollout meters-10657: completed; 3 of 3 devices verified'
  # The rest is written by tests/tools/update_return_blocks.py: msg
  description: Summary in one line. It starts with C(SIMULATED) if the service is a simulator.
  returned: always
  type: str
failure:
  returned: on failure, and with RV(phase) V(observation_failed)
  sample:
    kind: refused
    http_status: 400
    error_code: INVALID_PARAMETER
    error_message: Inactive account
    operation: v3ListCampaignsByStatus
    hint: null
  # The rest is written by tests/tools/update_return_blocks.py: failure_facts
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
# The rest is written by tests/tools/update_return_blocks.py: results_file, service
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
"""

from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.info import (
    ROLLOUT_OPTIONS,
    inform_on_rollout,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.run import Task, run_module

TASK = Task(inform_on_rollout, ROLLOUT_OPTIONS)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
