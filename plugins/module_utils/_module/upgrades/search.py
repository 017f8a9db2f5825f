# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find v1 upgrades, which have no name: by id, in the reports, or in the histories of devices."""

from __future__ import annotations

from collections.abc import Collection

from ..._api.v1 import FotaV1
from ..._model.status import UPGRADE_REPORT_STATUSES
from ..._model.upgrade import Upgrade
from ..._plan.upgrade_plan import UpgradeSpec, matching_upgrades
from ..campaigns.search import HISTORIES_READ, find_by_id, list_history_ids, read_kept


def list_known(service: FotaV1, spec: UpgradeSpec) -> list[Upgrade]:
    """Read the upgrade of the declared id, or list those of every status."""
    if spec.upgrade_id:
        return find_by_id(service.get_upgrade, spec.upgrade_id, may_be_gone=not spec.present)
    return list_all_upgrades(service)


def find_unlisted(service: FotaV1, spec: UpgradeSpec, known: Collection[str]) -> list[Upgrade]:
    """Find those that no report lists, in the histories of the first devices.

    A report can miss an upgrade for a while. Its devices would then be scheduled a second time.

    :param known: ids of the upgrades that the reports list.
    """
    ids = list_history_ids(service, (spec.devices or ())[:HISTORIES_READ]).difference(known)
    return matching_upgrades(spec, read_kept(service.client, service.get_upgrade, ids))


def list_all_upgrades(service: FotaV1) -> list[Upgrade]:
    """List the upgrades of every status, each once, as it was last read.

    The statuses are read one after the other in the order in which upgrades take them, so that an
    upgrade whose status changes meanwhile is not missed and scheduled a second time.
    """
    found: dict[str, Upgrade] = {}
    for status in UPGRADE_REPORT_STATUSES:
        found.update({upgrade.id: upgrade for upgrade in service.list_upgrades(status)})
    return list(found.values())
