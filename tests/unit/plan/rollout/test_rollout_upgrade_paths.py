# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that devices go through to the target, and whether packages lead back from there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.firmware import Package
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.action.decide import (
    Decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.declaration.campaign_names import (
    generation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.upgrade_paths import (
    VersionPath,
)
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    MAKER,
    at,
    decided,
    device,
    good,
    imeis,
    own,
    package,
    seen,
    spec,
    target,
)

THERE = [package(path=path) for path in ("A B", "B C")]


def plan(
    versions: Iterable[str],
    catalog: Iterable[Package],
    *,
    version: str = "C",
    models: Iterable[str] = (),
) -> Decision:
    """A decision for devices on these versions, of model M1 unless others are given."""
    on = list(versions)
    of = list(models) or ["M1"] * len(on)
    ids = imeis(len(on))
    devices = [
        device(imei, first, model=model) for imei, first, model in zip(ids, on, of, strict=True)
    ]
    wish = spec(ids, target=[target(model, version) for model in sorted(set(of))])
    return decided(wish, seen(devices, catalog=catalog))


def summarize(paths: Iterable[VersionPath]) -> list[tuple[str, bool, int]]:
    """Paths as versions, whether they exist, and how many devices take them."""
    return [(" ".join(path.versions), path.exists, path.devices) for path in paths]


def test_paths_are_counted_by_their_steps() -> None:
    decision = plan("AABAB", THERE)
    assert summarize(decision.upgrade_paths) == [("A B C", True, 3), ("B C", True, 2)]


def test_a_direct_package_is_a_path_of_one_step() -> None:
    decision = plan("A", [*THERE, package(path="A C")])
    assert summarize(decision.upgrade_paths) == [("A C", True, 1)]


def test_paths_of_several_models_are_in_order() -> None:
    decision = plan(
        "AAA", [package(model, "A C") for model in ("M2", "M1")], models=["M2", "M1", "M2"]
    )
    assert [(path.make, path.model, path.devices) for path in decision.upgrade_paths] == [
        (MAKER, "M1", 1),
        (MAKER, "M2", 2),
    ]


def test_devices_that_are_out_have_no_path() -> None:
    """One is at the target, and no package leads on from X."""
    decision = plan("ACX", THERE)
    assert summarize(decision.upgrade_paths) == [("A B C", True, 1)]
    assert summarize(decision.rollback_paths) == [("C A", False, 1)]


def after_a_step(catalog: Iterable[Package]) -> Decision:
    """A device has gone from A to B in a campaign that is over, on its way to C."""
    (imei,) = imeis(1)
    campaign = own([good(imei)], "CampaignEnded", end=-1)
    to_c = replace(campaign.name, generation=generation(MAKER, "M1", "C"))
    return decided(
        spec([imei], target=[target(version="C")]),
        seen(
            [device(imei, "B", refreshed=at(-1))],
            [replace(campaign, name=to_c)],
            catalog=catalog,
        ),
    )


def test_a_step_that_is_done_stays_in_the_path_though_its_package_is_gone() -> None:
    decision = after_a_step([package(path="B C")])
    assert summarize(decision.upgrade_paths) == [("A B C", True, 1)]
    assert summarize(decision.rollback_paths) == [("C A", False, 1)]


def test_a_path_that_ends_short_of_the_target_does_not_exist() -> None:
    """The package that led on was taken out of the catalog."""
    decision = after_a_step([package(path="A B")])
    assert summarize(decision.upgrade_paths) == [("A B", False, 1)]


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        pytest.param([], ("C A", False), id="none"),
        pytest.param(["C A"], ("C A", True), id="one-package"),
        pytest.param(["C B", "B A"], ("C B A", True), id="steps"),
        pytest.param(["C B", "B A", "C A"], ("C A", True), id="shortest"),
        pytest.param(["C B"], ("C A", False), id="half-of-it"),
    ],
)
def test_rollback_paths(back: list[str], expected: tuple[str, bool]) -> None:
    catalog = [*THERE, *(package(path=path) for path in back)]
    decision = plan("AA", catalog)
    assert summarize(decision.rollback_paths) == [(*expected, 2)]


def test_rollback_paths_lead_to_where_each_device_came_from() -> None:
    decision = plan("ABAB", [*THERE, package(path="C B")])
    assert summarize(decision.rollback_paths) == [("C A", False, 2), ("C B", True, 2)]


def test_a_package_of_another_model_leads_nobody_back() -> None:
    decision = plan("A", [*THERE, package("M2", "C A")])
    assert summarize(decision.rollback_paths) == [("C A", False, 1)]
