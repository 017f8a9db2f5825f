# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves of devices as a rollout would form them, without calling the service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._model.errors import InvalidValue
from ..._model.firmware import Package
from ..._model.imei import shorten
from ..._model.text import as_text, count
from ..._plan.rollout.declaration.campaign_names import ROLLOUT_NAME, Cohort
from ..._plan.rollout.declaration.option_types import InvalidSpec, Problems
from ..._plan.rollout.declaration.spec import RolloutSpec, Selected, Target, Wave, WaveKind
from ..._plan.rollout.declaration.spec_checks import check_variables
from ..._plan.rollout.declaration.spec_reader import read_waves
from ..._plan.rollout.placement.rollout_device import RolloutDevice
from ..._plan.rollout.placement.upgrade_paths import UpgradePath
from ..._plan.rollout.placement.wave_assignment import assign_waves
from ..devices.records import find_key, read_records

_RUNS = {
    "make": ("make", "fota_make"),
    "model": ("model", "fota_model"),
    "version": ("version", "firmware", "fota_firmware"),
}


def cut_into_waves(devices: object, waves: object, *, rollout: str) -> list[dict[str, Any]]:
    """Assign every device to a wave, in the order of the rollout of this name.

    :param devices: IMEIs or records, as ``list_imeis`` takes them; all are in scope.
    :param waves: as a rollout declares them.
    :raises InvalidValue: devices or waves cannot be used; every reason is named.
    """
    problems = Problems()
    declared = read_waves(waves, "waves", problems)
    if not isinstance(rollout, str) or not ROLLOUT_NAME.fullmatch(rollout):
        why = "must be the name of a rollout, 1 to 20 characters of a-z, 0-9 and -"
        problems.add("rollout", why, rollout)
    if problems.lines:
        raise InvalidSpec("waves", problems.lines)
    rows = _read_rows(devices, declared)
    check_variables(declared, [row.selected for row in rows], "waves", problems)
    if problems.lines:
        raise InvalidSpec("waves", problems.lines)
    spec = RolloutSpec(name=rollout, protocol="", targets=(), devices=(), waves=declared)
    assigned = assign_waves(spec, rows)
    in_line = [assigned.rows[number] for number in assigned.line]
    return [
        {"name": wave.name, "devices": [row.imei for row in in_line if row.wave == wave.number]}
        for wave in declared
    ]


def _read_rows(devices: object, waves: Sequence[Wave]) -> list[RolloutDevice]:
    """Read devices as far as the waves choose by what is said of them.

    :raises InvalidValue: a wave is per package, and records have no make, model or version.
    """
    by_package = any(wave.kind is WaveKind.PER_PACKAGE for wave in waves)
    variables = {name for wave in waves for name in wave.diversity}
    rows: dict[str, RolloutDevice] = {}
    bare: list[str] = []
    for imei, entry in read_records(devices):
        record = entry if isinstance(entry, Mapping) else {}
        runs = {name: _read(record, keys) for name, keys in _RUNS.items()} if by_package else {}
        if not all(runs.values()):
            bare.append(imei)
        elif imei not in rows:
            rows[imei] = _place(_select(imei, record, variables), **runs)
    if bare:
        raise InvalidValue(
            "waves",
            "per_package",
            f"{count(len(bare), 'device')} without make, model and version: {shorten(bare)}; give"
            " records of fota_device_info or hosts of the inventory fota_devices, or use count",
        )
    return list(rows.values())


def _select(imei: str, record: Mapping[Any, object], variables: Iterable[str]) -> Selected:
    # In the variables of a host, "groups" holds all groups of the inventory.
    groups = record.get("groups")
    if not isinstance(groups, (list, tuple)):
        groups = record.get("group_names")
    return Selected(
        imei=imei,
        host=_read(record, ("host", "inventory_hostname")),
        groups=tuple(map(str, groups)) if isinstance(groups, (list, tuple)) else (),
        variables={name: _read(record, (name,)) for name in variables if name in record},
    )


def _place(
    selected: Selected, *, make: str = "", model: str = "", version: str = ""
) -> RolloutDevice:
    """Make a row whose only package is one from its version, whatever it is called."""
    package = Package(
        name=json.dumps((make, model, version)),
        make=make,
        model=model,
        from_version=version,
        to_version="",
    )
    path = UpgradePath(Target(make, model, ""), Cohort("", make, model, version), (package,))
    return RolloutDevice(selected.imei, selected, None, path)


def _read(record: Mapping[Any, object], keys: Sequence[str]) -> str:
    key = find_key(record, keys)
    value = None if key is None else record[key]
    if isinstance(value, (bool, float)):
        raise InvalidValue(f"devices: {key}", value, "must be a string; quote it")
    return "" if value is None else as_text(value)
