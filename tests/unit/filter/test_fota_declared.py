# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations as people give them: approvals and accepts beside the declaration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_declared import fota_declared

PILOT = {"wave": "pilot", "digest": "3f9c2b7e1d0a", "failures": 0}
BROAD = {"wave": "broad", "digest": "3f9c2b7e1d0a"}
FORMS = [
    [PILOT],
    PILOT,
    json.dumps([PILOT]),
    json.dumps(PILOT),
    "{wave: pilot, digest: '3f9c2b7e1d0a', failures: 0}",
    "- {wave: pilot, digest: '3f9c2b7e1d0a', failures: 0}",
]


@pytest.mark.parametrize("key", ["approved", "accept"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_entries_follow_those_of_the_declaration(key: str, form: Any) -> None:
    declared = {"name": "meters", key: [BROAD]}
    assert fota_declared(declared, **{key: form}) == {"name": "meters", key: [BROAD, PILOT]}
    assert declared == {"name": "meters", key: [BROAD]}
    for empty in ({}, {key: None}, {key: []}):
        assert fota_declared(empty, **{key: form}) == {key: [PILOT]}


@pytest.mark.parametrize("nothing", [None, "", " ", [], "[]", "null"])
def test_no_entries_change_nothing(nothing: Any) -> None:
    for declared in ({"name": "meters"}, {"approved": [BROAD]}, "name: meters"):
        given = fota_declared(declared, approved=nothing, accept=nothing)
        assert given == fota_declared(declared)


def test_what_is_not_an_entry_is_left_to_the_module() -> None:
    assert fota_declared({}, approved="yes [")["approved"] == ["yes ["]
    assert fota_declared({"approved": "all"}, approved=[PILOT]) == {"approved": "all"}
    assert fota_declared("no: [", approved=[PILOT]) == "no: ["
