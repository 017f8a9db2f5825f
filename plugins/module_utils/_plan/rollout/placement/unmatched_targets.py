# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of a make and model that no device has: most often a typing mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from ...._model.text import count
from ...refusal import PlanRefused
from ..declaration.spec import RolloutSpec, Target
from ..observation.observed import Observed

Model = tuple[str, str]
# How like two names are, from 0 to 1, at which one is taken for a slip of the other.
_ALIKE = 0.65


def find_unmatched(
    spec: RolloutSpec, seen: Observed, without: Iterable[str]
) -> tuple[list[PlanRefused], list[str]]:
    """Find the targets that no device is of.

    :param without: devices whose make and model have no target.
    :returns: targets that a device of such a model is nearly of, and remarks on all others.
    """
    if seen.unread or not spec.devices:
        return [], []
    models = {(device.make, device.model) for device in seen.devices.values()}
    unmatched = [
        (place, target)
        for place, target in enumerate(spec.targets)
        if (target.make, target.model) not in models
    ]
    if not unmatched:
        return [], []
    free = Counter((seen.devices[imei].make, seen.devices[imei].model) for imei in without)
    refusals, remarks = [], []
    for place, target in unmatched:
        nearest = _find_nearest(target, free)
        if nearest is not None:
            refusals.append(_refuse_slip(spec, place, nearest, free))
        else:
            remarks.append(f"target[{place}]: no selected device is a {target.make} {target.model}")
    if len(unmatched) == len(spec.targets) and not refusals:
        refusals.append(
            PlanRefused(
                f"rollout {spec.name}",
                f"no target matches any of {count(len(spec.devices), 'selected device')}",
                hint=f"their models in the account: {_list_models(models)}",
            )
        )
    return refusals, remarks


def _refuse_slip(
    spec: RolloutSpec, place: int, nearest: Model, free: Mapping[Model, int]
) -> PlanRefused:
    target = spec.targets[place]
    parts = [
        f"{name} = {given!r}"
        for name, given, known in zip(
            ("make", "model"), (target.make, target.model), nearest, strict=True
        )
        if given != known
    ]
    make, model = nearest
    return PlanRefused(
        f"rollout {spec.name}",
        f"target[{place}].{', '.join(parts)}: no selected device has it, and {free[nearest]} are"
        f" {make} {model}",
        hint=f"write it as the service does: make: {make}, model: {model}",
    )


def _find_nearest(target: Target, free: Iterable[Model]) -> Model | None:
    """Give the model that a target may be meant for; None when none is like it."""
    likeness = {model: _compare(target, model) for model in free}
    nearest = max(likeness, key=lambda model: (likeness[model], model), default=None)
    return nearest if nearest is not None and likeness[nearest] >= _ALIKE else None


def _compare(target: Target, model: Model) -> float:
    """Say how like a target and a model are; of one make, or of one model, the other name decides.

    Makes are written with and without their legal form, so that a part of one is like it.
    """
    wanted, known = map(_plain, (target.make, target.model)), map(_plain, model)
    (make, name), (known_make, known_name) = wanted, known
    if name == known_name:
        return 1.0
    begins = make and known_make and (make in known_make or known_make in make)
    same_make = 1.0 if begins else SequenceMatcher(None, make, known_make).ratio()
    return min(same_make, SequenceMatcher(None, name, known_name).ratio())


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _list_models(models: Iterable[Model]) -> str:
    names = sorted(f"{make} {model}" for make, model in models)
    return (
        ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none"
    )
