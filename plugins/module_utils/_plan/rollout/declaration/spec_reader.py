# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person declared to a :class:`RolloutSpec`; every error at once, before any call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta, tzinfo
from fractions import Fraction
from typing import Any

from ...._model.campaign import CampaignType
from ...._model.firmware import Package
from ...._model.imei import ImeiCheck
from .calendar import Calendar, Freeze
from .option_types import INVALID, NO_LIMIT, InvalidSpec, Problems, read_options, valid
from .rollout_options import DEFAULT_WAVES, ROLLOUT, WAVES
from .spec import (
    Accept,
    Approval,
    Gate,
    GateTest,
    Licensing,
    Limits,
    RolloutSpec,
    Target,
    Timing,
    Wave,
    WaveKind,
)
from .spec_checks import (
    check_calendar,
    check_rollout,
    check_signatures,
    check_variables,
    check_waves,
    kinds_of,
    named_zones,
)
from .spec_devices import ReadFile, no_file, read_devices

UTC = "UTC"
REPORTED_IS_ENOUGH = (
    "verify: reported_is_enough: devices count as verified when a report says so; the version that"
    " they run is not read"
)

_PILOT = Gate(
    max_failure_rate=Fraction("0.10"),
    max_failures=2,
    min_success_rate=None,
    min_sample=5,
    min_coverage=Fraction("0.75"),
    max_rejected=Fraction("0.10"),
    max_failed_cohort_share=Fraction("0.5"),
    soak=timedelta(hours=24),
    approval=True,
)
_LATER = replace(
    _PILOT,
    max_failure_rate=Fraction("0.05"),
    max_failures=None,
    min_sample=20,
    min_coverage=Fraction("0.80"),
    approval=False,
)
# Where neither a wave nor the rollout says otherwise: the pilot, the second wave, all later ones.
_GATES = (_PILOT, replace(_LATER, soak=timedelta(hours=48)), _LATER)
_DAYS = (3, 5, 7)
_LICENSING = {str(licensing): licensing for licensing in Licensing}

Values = Mapping[str, Any]


def read_spec(
    raw: object,
    *,
    find_zone: Callable[[str], tzinfo | None],
    read_file: ReadFile = no_file,
    imei_check: ImeiCheck = ImeiCheck.WARN,
) -> RolloutSpec:
    """Read a declared rollout.

    :param find_zone: gives the rules of an IANA zone, None for one that is not known.
    :param read_file: gives the devices of a file.
    :raises InvalidSpec: it cannot be used; every reason is named.
    """
    problems = Problems()
    raw = {} if raw is None else raw
    if not isinstance(raw, Mapping):
        problems.add("rollout", "must be a dictionary", raw)
        raise InvalidSpec("rollout", problems.lines)
    values = read_options(ROLLOUT, raw, "rollout", problems)
    for key in ("gate", "calendar", "limits", "timing"):
        values[key] = values[key] or ROLLOUT[key].read({}, key, problems)
    check_rollout(values, problems)
    devices, remarks = read_devices(values, imei_check, read_file, problems)
    waves = _read_waves(values, "rollout.waves", problems)
    check_variables(waves, devices, "rollout.waves", problems)
    check_signatures(values, waves, problems)
    found = {name: find_zone(name) for name in (*named_zones(values["calendar"], devices), UTC)}
    zones = {name: rules for name, rules in found.items() if rules is not None}
    check_calendar(values["calendar"], devices, zones, problems)
    if problems.lines:
        raise InvalidSpec("rollout", problems.lines)
    type_ = CampaignType(values["type"])
    reported_is_enough = values["verify"] == "reported_is_enough"
    return RolloutSpec(
        name=values["name"],
        protocol=values["protocol"] or type_.protocols[0],
        type=type_,
        packages=tuple(
            Package(
                name=entry["name"],
                make=entry["make"],
                model=entry["model"],
                from_version=entry["from"],
                to_version=entry["to"],
            )
            for entry in values["packages"] or ()
        ),
        reported_is_enough=reported_is_enough,
        targets=tuple(
            Target(entry["make"], entry["model"], entry["version"]) for entry in values["target"]
        ),
        deadline=values["deadline"],
        model_deadlines={
            (entry["make"], entry["model"]): entry["deadline"]
            for entry in values["target"]
            if entry["deadline"]
        },
        devices=devices,
        waves=waves,
        limits=Limits(**values["limits"]),
        timing=Timing(
            **{
                name.removesuffix("_hours"): timedelta(hours=hours)
                for name, hours in values["timing"].items()
            }
        ),
        calendar=_calendar(values["calendar"]),
        zones=zones,
        approved=tuple(
            Approval(**{**entry, "generations": entry["generations"] or ()})
            for entry in values["approved"] or ()
        ),
        accepted=tuple(
            Accept(
                **{
                    **entry,
                    "cohort": entry["cohort"] or "",
                    "generations": entry["generations"] or (),
                    "missing": entry["missing"] or 0,
                    "again": entry["again"],
                }
            )
            for entry in values["accept"] or ()
        ),
        require_digest=values["require_digest"] or "",
        supersede=values["supersede"],
        late_joiners=values["late_joiners"] == "last",
        abort_on_halt=values["on_halt"] == "abort",
        sweep=values["sweep"],
        qualified_packages=frozenset(values["qualified_packages"] or ()),
        assign_licenses=_LICENSING[values["assign_licenses"]],
        remarks=(*remarks, *([REPORTED_IS_ENOUGH] if reported_is_enough else [])),
    )


def read_identity(raw: object) -> RolloutSpec | None:
    """Read only what names a rollout, which is enough to stop it; None where that is not given.

    Campaigns of every target are then those of a target that is declared no more.
    """
    if not isinstance(raw, Mapping):
        return None
    problems = Problems()
    values = {}
    for key in ("name", "type", "on_halt"):
        found = read_options({key: ROLLOUT[key]}, {key: raw.get(key)}, "rollout", problems)[key]
        values[key] = found or ROLLOUT[key].default
    if not values["name"]:
        return None
    type_ = CampaignType(values["type"])
    return RolloutSpec(
        name=values["name"],
        protocol=type_.protocols[0],
        type=type_,
        targets=(),
        devices=(),
        waves=read_waves([{"name": "all", "rest": True}], "waves", Problems()),
        abort_on_halt=values["on_halt"] == "abort",
    )


def read_waves(raw: object, where: str, problems: Problems) -> tuple[Wave, ...]:
    """Read waves alone, without the rollout that they are of."""
    waves = None if raw is None else WAVES.read(raw, where, problems)
    values: dict[str, Any] = {"waves": waves, "gate": {}, "retry": 1}
    return _read_waves(values, where, problems)


def _read_waves(values: Any, where: str, problems: Problems) -> tuple[Wave, ...]:
    """Check waves and give them; those that cannot be used are in ``problems``."""
    if values["waves"] is None:
        values["waves"] = WAVES.read(DEFAULT_WAVES, where, problems)
    check_waves(values["waves"], where, problems)
    return tuple(
        _wave(entry, place + 1, values["gate"], values["retry"])
        for place, entry in valid(values["waves"])
    )


def _wave(entry: Values, number: int, gate: Values, retry: int) -> Wave:
    default = min(number, 3) - 1
    kind = next(iter(kinds_of(entry)), WaveKind.REST)
    sized = kind not in (WaveKind.GROUP, WaveKind.REST)
    return Wave(
        number=number,
        name=entry["name"],
        kind=kind,
        size=Fraction(entry[kind.value] or 0) if sized else Fraction(0),
        group=(entry["group"] or "") if kind is WaveKind.GROUP else "",
        at_least=entry["at_least"] or 0,
        diversity=(entry["diversity"] or ()) if kind is WaveKind.PER_PACKAGE else (),
        retry=retry if entry["retry"] is None else entry["retry"],
        days=entry["days"] or _DAYS[default],
        gate=_gate(_GATES[default], gate, entry["gate"] or {}),
    )


def _gate(default: Gate, *declared: Values) -> Gate:
    """Give a gate: what the last says of each value, else those before it."""
    given: dict[str, Any] = {
        key: value
        for values in declared
        for key, value in values.items()
        if value is not None and value is not INVALID
    }
    given = {key: None if value is NO_LIMIT else value for key, value in given.items()}
    if "soak_hours" in given:
        given["soak"] = timedelta(hours=given.pop("soak_hours"))
    if "test" in given:
        given["test"] = GateTest(given["test"])
    return replace(default, **given)


def _calendar(values: Values) -> Calendar:
    freezes = (Freeze(day["from"], day["to"], day["why"] or "") for day in values["freeze"] or ())
    return Calendar(
        windows=tuple(sorted(values["windows"] or ())),
        zone=values["timezone"] or "",
        freezes=tuple(sorted(freezes)),
        lead=timedelta(hours=values["lead_hours"]),
        min_days=values["min_days"],
    )
