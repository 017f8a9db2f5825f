# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of a rollout as JSON facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..._plan.rollout.action.decide import Decision
from ..._plan.rollout.forecast.changes import Change
from ..._plan.rollout.forecast.experience import Basis
from ..._plan.rollout.forecast.forecast import Forecast, describe_basis, forecast
from ..._plan.rollout.forecast.late import HaltedDevices, LateDevices
from ..._plan.rollout.forecast.ranges import Range


def view_forecast(decision: Decision) -> dict[str, Any]:
    """Make the forecast of a rollout, and give it."""
    found = _forecast(decision)
    return {
        "deadline": _time(found.deadline),
        "past_deadline": found.past_deadline,
        "over": found.over,
        "condition": found.condition,
        "assumes": found.assumes,
        "ends": _range(found.ends),
        "in_time": _share(found.in_time),
        "stop_chance": round(found.stops, 3),
        "rest": _range(found.rest),
        "missed": found.missed,
        "licenses_short": found.licenses_short,
        "waves": [
            {
                "number": wave.number,
                "name": wave.name,
                "begins": _range(wave.begins),
                "ends": _range(wave.ends),
                "approval": wave.approval,
            }
            for wave in found.waves
        ],
        "models": [
            {
                "make": model.make,
                "model": model.model,
                "deadline": _time(model.deadline),
                "ends": _range(model.ends),
                "in_time": _share(model.in_time),
            }
            for model in found.models
        ],
        "late": [_late(late) for late in found.late],
        "halted": [_late(halted) for halted in found.halted],
        "changes": [_change(change) for change in found.changes],
        "based_on": [_basis(basis) for basis in found.basis],
    }


def _forecast(decision: Decision) -> Forecast:
    """Forecast, or say why not: it neither delays nor ends a run that has to stop campaigns."""
    if decision.stops:
        waits = "no forecast, as campaigns are to be stopped first"
        return Forecast(decision.assessment.spec.deadline, condition=waits)
    try:
        return forecast(decision)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        failed = f"no forecast, as its calculation failed ({type(error).__name__})"
        return Forecast(decision.assessment.spec.deadline, condition=failed)


def _late(late: LateDevices | HaltedDevices) -> dict[str, Any]:
    return {
        **vars(late),
        "deadline": _time(late.deadline),
        "examples": list(late.examples),
    }


def _change(change: Change) -> dict[str, Any]:
    return {**vars(change), "ends": _range(change.ends)}


def _basis(basis: Basis) -> dict[str, Any]:
    return {
        "source": basis.source.value,
        "devices": basis.devices,
        "failed": basis.failed,
        "campaigns": basis.campaigns,
        "since": basis.since.isoformat() if basis.since else None,
        "what": describe_basis(basis),
    }


def _range(found: Range | None) -> dict[str, str | None] | None:
    return None if found is None else {name: _time(at) for name, at in vars(found).items()}


def _time(moment: datetime | None) -> str | None:
    """Give a time as RFC 3339 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 3)
