# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a rollout with its writes, in the order in which the role ``rollout`` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..._model.campaign import CampaignType
from ..._plan.rollout.action.decide import Decision
from ..campaigns.ensure import ensure_campaigns
from ..campaigns.options import CAMPAIGN_MODULE_OPTIONS, CAMPAIGN_OPTIONS
from ..context import Context
from ..devices.firmware import DEVICE_FIRMWARE_OPTIONS, refresh_device_firmware
from ..devices.outcomes import DEVICES_REFUSED
from ..failure import TaskFailure, describe_failure
from ..licenses.ensure import LICENSE_OPTIONS, ensure_licenses
from ..waiting import READ_ONCE
from .info import Declared, read_license_failures, watch_rollout
from .view import view_decision

Options = Mapping[str, Mapping[str, Any]]


def make_run(context: Context, declared: Declared) -> tuple[Decision, dict[str, Any]]:
    """Decide, read versions again where that is due, and write.

    :returns: the decision that the writes are of, and its facts without devices.
    :raises PlanRefused: the declaration does not fit what the service reports.
    :raises TaskFailure: a campaign could not be cancelled or created.
    :raises FotaError: the service could not be read.
    """
    decision = watch_rollout(context, declared, READ_ONCE).last
    if decision.refresh:
        refresh_device_firmware(
            context, _fill(DEVICE_FIRMWARE_OPTIONS, devices=list(decision.refresh))
        )
        decision = watch_rollout(context, declared, READ_ONCE).last
    facts = view_decision(decision, "none")
    actions = facts["actions"]
    for campaign in actions["cancel"]:
        _write(context, [campaign])
    for campaign in (*actions["abort"], *actions["shorten"]):
        # The service may refuse; the next run tries again.
        with suppress(TaskFailure):
            _write(context, [campaign])
    if actions["assign"]:
        decision, facts = _assign(context, declared, decision, facts)
        actions = facts["actions"]
    if actions["create"]:
        _write(context, actions["create"])
    return decision, facts


def _assign(
    context: Context, declared: Declared, decision: Decision, facts: dict[str, Any]
) -> tuple[Decision, dict[str, Any]]:
    """Assign licenses, and decide again where some devices got none."""
    options = _fill(
        LICENSE_OPTIONS,
        api_version="v3" if declared.spec.type is CampaignType.FIRMWARE else "v2",
        devices=facts["actions"]["assign"],
        return_devices="attention",
    )
    try:
        ensure_licenses(context, options)
    except TaskFailure as failure:
        if describe_failure(failure)[1]["kind"] != DEVICES_REFUSED:
            raise
        failures = read_license_failures(failure.result["devices"])
        again = replace(declared, license_failures=failures)
        decision = watch_rollout(context, again, READ_ONCE).last
        return decision, view_decision(decision, "none")
    return decision, facts


def _write(context: Context, campaigns: Sequence[Mapping[str, Any]]) -> None:
    filled = [_fill(CAMPAIGN_OPTIONS, **campaign) for campaign in campaigns]
    ensure_campaigns(context, _fill(CAMPAIGN_MODULE_OPTIONS, campaigns=filled))


def _fill(options: Options, **given: Any) -> dict[str, Any]:
    """Give options with their defaults, as Ansible does; the devices have been checked before."""
    defaults = {name: option.get("default") for name, option in options.items()}
    return {**defaults, "imei_check": "off", **given}
