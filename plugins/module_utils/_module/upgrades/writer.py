# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that writes v1 upgrades: it carries out a plan and believes what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..._api.v1 import FotaV1
from ..._client.errors import FotaError, ServiceRefused, WriteOutcomeUnknown
from ..._model.campaign import Change, DeviceChange
from ..._model.status import UPGRADE_REPORT_STATUSES
from ..._model.upgrade import Upgrade, UpgradeRequest
from ..._plan.upgrade_plan import UpgradePlan, matching_upgrades
from ..waiting import Waiting, wait_until


@dataclass(frozen=True)
class WrittenUpgrade:
    """What came of a plan; no upgrade after a cancel, whose status nobody publishes."""

    upgrade: Upgrade | None
    device_changes: tuple[DeviceChange, ...] = ()


def list_all_upgrades(service: FotaV1) -> list[Upgrade]:
    """List the upgrades of every status, each once, as it was last seen.

    The statuses are read one after the other in the order in which upgrades move on, so that one
    that moves on meanwhile is not missed: nothing else would keep it from being scheduled twice.
    """
    found: dict[str, Upgrade] = {}
    for status in UPGRADE_REPORT_STATUSES:
        found.update({upgrade.id: upgrade for upgrade in service.list_upgrades(status)})
    return list(found.values())


class UpgradeWriter:
    """Carries out the plans of one account."""

    def __init__(
        self, service: FotaV1, *, sleep: Callable[[float], None], settling: Waiting
    ) -> None:
        self._service = service
        self._sleep = sleep
        self._settling = settling

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
        """Post once; after an unknown outcome look for the upgrade, and never post again."""
        try:
            return self._service.schedule_upgrade(request)
        except WriteOutcomeUnknown as error:
            waited = wait_until(
                lambda: [
                    one
                    for one in matching_upgrades(plan.spec, list_all_upgrades(self._service))
                    if not one.state.over
                ],
                bool,
                self._settling,
                sleep=self._sleep,
            )
            if waited.done:
                return self._service.get_upgrade(waited.last[0].id)
            raise error

    def _change_devices(
        self, upgrade_id: str, change: Change, device_ids: Iterable[str]
    ) -> list[DeviceChange]:
        wanted = frozenset(device_ids)
        if not wanted:
            return []
        try:
            return self._service.change_devices(upgrade_id, change, sorted(wanted))
        except WriteOutcomeUnknown as error:
            there = self._service.get_upgrade(upgrade_id).device_ids
            arrived = wanted <= there if change is Change.APPEND else wanted.isdisjoint(there)
            if arrived:
                return []
            raise error

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
        raise problem or FotaError(
            f"upgrade {upgrade_id}: the service did not confirm the cancel, and the upgrade is"
            f" still {upgrade.status}",
            kind="not_cancelled",
            hint="run the task again, or look with fota_upgrade_info",
        )
