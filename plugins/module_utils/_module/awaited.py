# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns and upgrades that a task waits for, by ``wait: true`` or ``fota_wait`` alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from .._client.errors import FotaError
from .._model.campaign import Campaign, CampaignDevice
from .._model.imei import shorten
from .._model.status import DeviceState, has_reached, is_settled
from .._model.text import count
from .._model.upgrade import Upgrade
from .context import Context
from .waiting import Report, Waited, Waiting, wait_for

Target = TypeVar("Target", Campaign, Upgrade)


@dataclass(frozen=True)
class Awaited(Generic[Target]):
    """A campaign or upgrade that is waited for.

    :ivar rows: its devices; None as long as it has to be read at least once.
    """

    target: Target
    rows: Sequence[CampaignDevice] | None = None

    @property
    def kind(self) -> str:
        return "upgrade" if isinstance(self.target, Upgrade) else "campaign"

    @property
    def subject(self) -> str:
        """How messages name it."""
        name = "" if isinstance(self.target, Upgrade) else f"{self.target.name} "
        return f"{self.kind} {name}{self.target.id}"

    @property
    def days(self) -> tuple[date | None, date | None]:
        """Its first and last UTC day."""
        dates = self.target if isinstance(self.target, Upgrade) else self.target.schedule
        return dates.start, dates.end

    def is_settled(self, stage: str) -> bool:
        """Tell whether reading it again can change nothing for who waits for ``stage``."""
        return self.rows is not None and is_settled(self.target.state, stage)

    def is_lost(self, stage: str) -> bool:
        """Tell whether it has ended without reaching ``stage``."""
        return self.is_settled(stage) and not has_reached(self.target.state, stage)

    def read_again(self, context: Context, *, with_rows: bool) -> Awaited[Target]:
        """Read its current state.

        :param with_rows: also read the device report of a campaign; an upgrade holds its own.
        """
        if isinstance(self.target, Upgrade):
            upgrade = context.v1.get_upgrade(self.target.id)
            return Awaited(upgrade, upgrade.devices)
        service = context.campaigns(self.target.type)
        campaign = service.get_campaign(self.target.id)
        return Awaited(campaign, service.list_campaign_devices(self.target.id) if with_rows else ())


def wait_for_stage(
    context: Context,
    awaited: Sequence[Awaited[Target]],
    stage: str,
    waiting: Waiting,
    *,
    with_rows: bool = False,
    report: Report[list[Awaited[Target]]] | None = None,
) -> Waited[list[Awaited[Target]]]:
    """Read those that are not settled, side by side, until all are, or one is lost.

    :param awaited: as they were read before.
    :param stage: accepted, scheduled or ended.
    :raises FotaError: as :func:`wait_for` does.
    """
    latest = list(awaited)

    def read() -> list[Awaited[Target]]:
        latest[:] = context.client.map(
            lambda item: (
                item if item.is_settled(stage) else item.read_again(context, with_rows=with_rows)
            ),
            latest,
        )
        return list(latest)

    return wait_for(
        read,
        lambda items: (
            any(item.is_lost(stage) for item in items)
            or all(item.is_settled(stage) for item in items)
        ),
        waiting,
        sleep=context.sleep,
        report=report,
    )


def explain_unreached(waited: Waited[list[Awaited[Target]]], stage: str) -> FotaError | None:
    """Give the failure when not all have reached the stage; None when they have."""
    lost = [item for item in waited.last if item.is_lost(stage)]
    late = [item for item in waited.last if not item.is_settled(stage)]
    ids = ", ".join(item.target.id for item in late)
    if lost:
        kind = lost[0].kind
        others = f"; not waited for any longer: {list_statuses(late)}" if late else ""
        return FotaError(
            f"over without being {stage}: {list_statuses(lost)}{others}",
            kind="campaign_failed",
            hint=f"the result and fota_{kind}_info give a reason for each device;"
            " CampaignRequestFailed often means wrong dates, more than 20 devices before a pilot,"
            " or no eligible device"
            + (f"; to wait for the others, use fota_wait with {kind}_ids: [{ids}]" if late else ""),
        )
    if late:
        kind = late[0].kind
        return FotaError(
            f"waited {waited.duration} for {stage}: {list_statuses(late)}{waited.error_clause}",
            kind="timeout",
            hint=f"each {kind} continues at the service; to continue waiting, run the same task"
            f" again with a longer wait_timeout, or fota_wait with {kind}_ids: [{ids}]",
        )
    return None


def list_statuses(awaited: Sequence[Awaited[Target]]) -> str:
    """List the status of each; empty without any."""
    return shorten(
        [f"{item.subject} is {item.target.status}{_count_rejected(item)}" for item in awaited]
    )


def _count_rejected(item: Awaited[Target]) -> str:
    rows = item.rows or ()
    rejected = sum(row.state is DeviceState.REJECTED for row in rows)
    return f" (rejected {rejected} of {count(len(rows), 'device')})" if rejected else ""


def describe_rejected(subject: str, rows: Sequence[CampaignDevice]) -> list[str]:
    """Name the devices that the service rejected, in a warning; empty without any."""
    rejected = [row for row in rows if row.state is DeviceState.REJECTED]
    if not rejected:
        return []
    listed = shorten(f"{row.device_id} ({row.reason or 'no reason given'})" for row in rejected)
    return [
        f"{subject}: the service rejected {len(rejected)} of {count(len(rows), 'device')}: {listed}"
    ]
