# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of licenses: which devices get or lose one, and whether enough are free."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .._model.imei import shorten
from .._model.license import MONTHLY_POOL, Subscription
from .._model.text import count
from .device_difference import DeviceDifference, DevicesMode, compare_devices
from .refusal import PlanRefused

_SUBJECT = "licenses"


@dataclass(frozen=True)
class Seats:
    """The licenses that the account has bought, and those of them that it uses.

    :ivar needed: how many the devices in question need; None where no devices are in question.
    """

    bought: int
    used: int
    needed: int | None = None

    @classmethod
    def of(cls, subscription: Subscription, *, needed: int | None) -> Seats:
        return cls(subscription.license_count, subscription.license_used_count, needed)

    @property
    def free(self) -> int:
        """Licenses that can be assigned."""
        return max(0, self.bought - self.used)

    @property
    def short(self) -> int | None:
        """Licenses that are missing; None where no devices are in question."""
        return None if self.needed is None else max(0, self.needed - self.free)


def plan_licenses(
    devices: Collection[str], licensed: Collection[str], *, assign: bool
) -> DeviceDifference:
    """Compare the devices with those that have a license."""
    return compare_devices(
        devices,
        licensed,
        DevicesMode.AT_LEAST if assign else DevicesMode.REMOVE,
        is_there="has a license already",
        is_not_there="has no license",
    )


def check_assignment(
    plan: DeviceDifference, subscription: Subscription, known: Collection[str]
) -> None:
    """Check before anything is written that every license of a plan can be assigned.

    :param known: the devices of the plan that the account has.
    :raises PlanRefused: one cannot.
    """
    if not plan.add:
        return
    if not subscription.has_pool:
        bought = ", ".join(subscription.purchase_types) or "nothing"
        raise PlanRefused(
            _SUBJECT,
            f"the account has no licenses to assign: it has bought {bought}, not {MONTHLY_POOL}",
            hint="an account that pays per upgrade needs no licenses",
        )
    unknown = [imei for imei in plan.add if imei not in known]
    if unknown:
        raise PlanRefused(
            _SUBJECT,
            f"{count(len(unknown), 'device')} not found in the account: {shorten(unknown)}",
            hint="check the IMEIs, account and api_version",
        )
    seats = Seats.of(subscription, needed=len(plan.add))
    if seats.short:
        raise PlanRefused(
            _SUBJECT,
            f"{count(len(plan.add), 'device')} without a license, but only {seats.free} of"
            f" {count(seats.bought, 'license')} free: {seats.short} short",
            hint="buy more licenses, remove some with state: removed, or declare fewer devices",
        )
