# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From selected devices to rows with a path and a wave."""

from __future__ import annotations

from dataclasses import dataclass

from ...refusal import PlanRefused
from ..declaration.spec import RolloutSpec
from ..observation.campaign_history import History
from ..observation.observed import Observed
from .late_joiners import find_late
from .rollout_device import RolloutDevice
from .scope import Out, find_scope
from .upgrade_paths import Paths
from .wave_assignment import Stratum, assign_waves


@dataclass(frozen=True)
class Placement:
    """Who takes part, on which path, in which wave; and who is out, and why.

    :ivar rows: one for each device in scope: those that our campaigns have, then as declared.
    :ivar line: places of the rows in the order in which devices stand in line.
    :ivar left_out: by wave, the kinds of devices that its pilot has none of.
    :ivar unreachable: targets to which no package leads, although devices need them.
    :ivar undeclared: waves of our campaigns that are declared no more.
    :ivar remarks: targets of models that no device has.
    """

    rows: tuple[RolloutDevice, ...]
    line: tuple[int, ...]
    out: dict[str, Out]
    left_out: dict[int, tuple[Stratum, ...]]
    paths: Paths
    unreachable: tuple[PlanRefused, ...]
    undeclared: tuple[PlanRefused, ...]
    remarks: tuple[str, ...]


def _why_late(row: RolloutDevice, spec: RolloutSpec, seen: Observed) -> Out:
    """A device without a license may have missed its wave because it got none."""
    assigns = spec.assign_licenses.by_run and seen.subscription.needs_licenses
    return Out.NO_LICENSE if assigns and not row.licensed else Out.LATE


def place(spec: RolloutSpec, seen: Observed, history: History) -> Placement:
    """Find who takes part, and give every device its path and its wave."""
    scope = find_scope(spec, seen, history)
    rows, out = scope.rows, dict(scope.out)
    late = find_late(spec, seen, history, rows)
    if late and not spec.late_joiners:
        out |= {row.imei: _why_late(row, spec, seen) for row in rows if row.imei in late}
        rows = tuple(row for row in rows if row.imei not in late)
    assigned = assign_waves(spec, rows, late=late)
    return Placement(
        rows=assigned.rows,
        line=assigned.line,
        out=out,
        left_out=assigned.left_out,
        paths=scope.paths,
        unreachable=scope.unreachable,
        undeclared=assigned.undeclared,
        remarks=scope.remarks,
    )
