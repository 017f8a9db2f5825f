# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that writes v1 upgrades: it carries out a plan and believes what it reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..._client.errors import FotaError, ServiceRefused, WriteOutcomeUnknown
from ..._model.campaign import Change, DeviceChange
from ..._model.upgrade import Upgrade, UpgradeRequest
from ..._plan.upgrade_plan import UpgradePlan, matching_upgrades
from ..context import Context
from ..writing import unchanged_devices, write_once
from .search import list_all_upgrades


@dataclass(frozen=True)
class WrittenUpgrade:
    """The outcome of a plan; no upgrade after a cancel, whose status is not published."""

    upgrade: Upgrade | None
    device_changes: tuple[DeviceChange, ...] = ()


class UpgradeWriter:
    """Carries out the plans of one account."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = context.v1

    def carry_out(self, plan: UpgradePlan) -> WrittenUpgrade:
        """Write what the plan says.

        :raises WriteOutcomeUnknown: a write may or may not have happened and does not show.
        :raises ServiceRefused: the service refused a write.
        """
        if plan.create is not None:
            return WrittenUpgrade(self._create(plan, plan.create))
        if plan.current is None or not plan.changed:
            return WrittenUpgrade(plan.current)
        upgrade_id = plan.current.id
        if plan.cancel:
            self._cancel(upgrade_id)
            return WrittenUpgrade(None)
        changes = [
            *self._change_devices(upgrade_id, Change.REMOVE, plan.devices.remove),
            *self._change_devices(upgrade_id, Change.APPEND, plan.devices.add),
        ]
        return WrittenUpgrade(self._service.get_upgrade(upgrade_id), tuple(changes))

    def _create(self, plan: UpgradePlan, request: UpgradeRequest) -> Upgrade:
        """Post once; after an unknown outcome search for the upgrade, and never post again."""

        def read() -> list[Upgrade]:
            found = matching_upgrades(plan.spec, list_all_upgrades(self._service))
            live = [upgrade for upgrade in found if not upgrade.state.over]
            return [self._service.get_upgrade(upgrade.id) for upgrade in live[:1]]

        return write_once(
            self._context, lambda: [self._service.schedule_upgrade(request)], read, bool
        )[0]

    def _change_devices(
        self, upgrade_id: str, change: Change, device_ids: Collection[str]
    ) -> list[DeviceChange]:
        if not device_ids:
            return []
        answer = write_once(
            self._context,
            lambda: self._service.change_devices(upgrade_id, change, sorted(device_ids)),
            lambda: self._service.get_upgrade(upgrade_id).device_ids,
            lambda there: not unchanged_devices(change, device_ids, there),
        )
        return [] if isinstance(answer, frozenset) else answer

    def _cancel(self, upgrade_id: str) -> None:
        """Ask once. After ``success: true`` any later word, or none, counts as cancelled."""
        problem: FotaError | None = None
        try:
            if self._service.cancel_upgrade(upgrade_id):
                return
        except (ServiceRefused, WriteOutcomeUnknown) as error:
            problem = error
        try:
            upgrade = self._service.get_upgrade(upgrade_id)
        except ServiceRefused as error:
            if problem is None or isinstance(problem, WriteOutcomeUnknown):
                return
            raise problem from error
        if upgrade.state.over:
            return
        hint = "the service cancels an upgrade only before its start; one that runs ends by itself"
        if isinstance(problem, ServiceRefused):
            payload: dict[str, Any] = {**problem.payload(), "hint": hint}
            raise ServiceRefused(str(problem), **payload) from problem
        raise problem or FotaError(
            f"upgrade {upgrade_id}: the service did not confirm the cancel, and the upgrade is"
            f" still {upgrade.status}",
            kind="not_cancelled",
            hint=hint,
        )
