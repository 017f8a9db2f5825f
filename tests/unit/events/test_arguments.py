# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of the sources: every mistake is reported before anything is opened, and no secret."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.thingspace.fota.plugins.plugin_utils._events import arguments
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.pace import Pace
from ansible_collections.thingspace.fota.plugins.plugin_utils._events.state_file import StateFile
from ansible_collections.thingspace.fota.tests.tools import update_event_schemas
from ansible_collections.thingspace.fota.tests.tools.update_event_schemas import SOURCES
from ansible_collections.thingspace.fota.tests.unit.events.test_listener import PATH

OPTIONS = {
    "fota_campaigns": arguments.CAMPAIGNS_OPTIONS,
    "fota_callbacks": arguments.CALLBACKS_OPTIONS,
}
SECRET = "planted-5ecret"
CALLBACKS: dict[str, Any] = {"port": 0, "path": PATH}
CAMPAIGNS: dict[str, Any] = {
    "account": "0000123456-00001",
    "base_url": "http://127.0.0.1:1/api",
    "bearer_token": SECRET,
    "session_token": SECRET,
}


def plugin(name: str) -> dict[str, Any]:
    """A source as ansible-rulebook loads it."""
    return runpy.run_path(str(SOURCES / f"{name}.py"))


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("fota_callbacks", {"port": None}, "missing required arguments: port"),
        ("fota_callbacks", {"prot": 1}, "prot"),
        ("fota_callbacks", {"port": "x"}, "port"),
        ("fota_callbacks", {"port": 65536}, "port: must be from 0 to 65535"),
        ("fota_callbacks", {"path": f"/{SECRET}"}, "path: must be random"),
        ("fota_callbacks", {"path": {SECRET: SECRET}}, "path"),
        ("fota_callbacks", {"callback_password": [SECRET], "prot": SECRET}, "prot"),
        ("fota_campaigns", {"proxies": SECRET}, "proxies"),
        ("fota_campaigns", {"client_secret": [SECRET], "interval": "often"}, "interval"),
        ("fota_callbacks", {"path": "/" + "secret" * 9}, "path: must be random"),
        ("fota_callbacks", {"path": PATH[1:]}, "path: must begin with /"),
        ("fota_callbacks", {"path": f"{PATH}?key={SECRET}"}, "path: must begin with /"),
        ("fota_callbacks", {"path": PATH + "/"}, "path: must begin with /"),
        ("fota_callbacks", {"senders": []}, "senders: must not be empty"),
        ("fota_callbacks", {"senders": ["10.0.0.1/8"]}, "senders: '10.0.0.1/8' must be an address"),
        ("fota_callbacks", {"senders": ["any", "10.0.0.1"]}, "senders: 'any' must be an address"),
        ("fota_callbacks", {"trusted_proxies": ["proxy"]}, "trusted_proxies: 'proxy' must be"),
        ("fota_callbacks", {"callback_password": SECRET}, "must be given together"),
        ("fota_callbacks", {"max_body": 0}, "max_body: must be from 1 to 1048576"),
        ("fota_callbacks", {"certfile": "/nowhere"}, "certfile: '/nowhere' must have"),
        ("fota_callbacks", {"keyfile": "/nowhere"}, "keyfile: must be given together"),
        (
            "fota_callbacks",
            {"min_interval": -1},
            "min_interval: must be a number of seconds from 0",
        ),
        ("fota_callbacks", {"max_interval": float("nan")}, "max_interval: must be a number"),
        ("fota_campaigns", {"interval": 0.5}, "interval: must be a number of seconds from 1 on"),
        ("fota_campaigns", {"account": None}, "account"),
        ("fota_campaigns", {"type": "hardware"}, "type"),
        ("fota_campaigns", {"rollout": "Meters"}, "rollout: 'Meters': must match"),
        ("fota_campaigns", {"base_url": "http://example.com/api"}, "base_url must use https"),
        ("fota_campaigns", {"bearer_token": None, "client_secret": SECRET}, "client_id"),
        ("fota_campaigns", {"bearer_token": f"{SECRET} x"}, "bearer_token must not contain"),
        ("fota_campaigns", {"state_file": __file__}, "was not written by this event source"),
        ("fota_campaigns", {"state_file": "/"}, "cannot be read"),
    ],
)
def test_a_mistake_ends_the_source_before_it_begins(
    name: str, wrong: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THINGSPACE_ACCOUNT", raising=False)
    args = {**(CALLBACKS if name == "fota_callbacks" else CAMPAIGNS), **wrong}
    with pytest.raises(arguments.InvalidArguments) as caught:
        asyncio.run(plugin(name)["main"](asyncio.Queue(), args))
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


def test_all_mistakes_are_reported_at_once() -> None:
    args = {**CALLBACKS, "path": "/short", "senders": ["here"], "keyfile": "/x"}
    params = arguments.check_arguments(arguments.CALLBACKS_OPTIONS, args)
    with pytest.raises(arguments.InvalidArguments) as caught:
        arguments.read_listener(params)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        *("path", "senders", "keyfile")
    ]


@pytest.mark.parametrize("name", OPTIONS)
def test_the_documentation_has_every_option(name: str) -> None:
    documented = yaml.safe_load(plugin(name)["DOCUMENTATION"])["options"]
    assert set(documented) == set(OPTIONS[name])
    for option, spec in OPTIONS[name].items():
        words = documented[option]
        assert words["type"] == spec["type"], option
        assert words.get("required", False) == spec.get("required", False), option
        assert words.get("choices") == spec.get("choices"), option
        if "fallback" not in spec:
            assert words.get("default") == spec.get("default"), option


@pytest.mark.parametrize("name", OPTIONS)
def test_the_schema_of_arguments_is_current(name: str) -> None:
    """If this fails: python tests/tools/update_event_schemas.py"""
    shipped = (SOURCES / f"schemas/{name}.json").read_text(encoding="utf-8")
    assert shipped == update_event_schemas.text(name)
    validator = Draft202012Validator(json.loads(shipped))
    validator.check_schema(validator.schema)
    for example in yaml.safe_load(plugin(name)["EXAMPLES"]):
        validator.validate(example[f"thingspace.fota.{name}"])


def test_the_published_senders_are_those_of_the_contract() -> None:
    contract = (SOURCES.parents[3] / "docs/contract.md").read_text(encoding="utf-8")
    section = contract.partition("## 8. Callbacks")[2].partition("## 9.")[0]
    found = re.findall(r"\d+\.\d+\.\d+\.\d+", section)
    assert found == list(arguments.PUBLISHED_SENDERS)


def test_hints_become_one_event_and_none_is_lost() -> None:
    async def collect() -> list[dict[str, int]]:
        pace = Pace(min_interval=0.05, max_interval=0)
        found: list[dict[str, int]] = []
        pace.note("start", urgent=True)
        async for reasons in pace.due():
            found.append(reasons)
            # As while a run goes on: many hints, then one.
            if len(found) == 1:
                for _number in range(50):
                    pace.note("callback")
                    await asyncio.sleep(0)
            elif len(found) == 2:
                pace.note("change")
            else:
                break
        return found

    assert asyncio.run(collect()) == [{"start": 1}, {"callback": 50}, {"change": 1}]


def test_without_hints_the_timer_is_the_reason() -> None:
    async def first() -> dict[str, int]:
        async for reasons in Pace(min_interval=0, max_interval=0.01).due():
            return reasons
        raise AssertionError

    assert asyncio.run(first()) == {"timer": 1}


def test_a_state_file_is_private_and_belongs_to_one_subject(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file = StateFile(str(path), {"account": "a"})
    assert file.read() is None
    file.write({"campaign/1": "CampaignScheduled"})
    file.write({"campaign/1": "CampaignEnded"})
    assert file.read() == {"campaign/1": "CampaignEnded"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
    with pytest.raises(arguments.InvalidArguments, match="belongs to another"):
        StateFile(str(path), {"account": "b"}).read()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"format": 1}', '{"known": []}'])
def test_another_file_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(arguments.InvalidArguments, match=r"state_file: '.*' (was|belongs)"):
        StateFile(str(path), {}).read()


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(arguments.InvalidArguments, match="cannot be written"):
        StateFile(str(tmp_path / "no" / "state.json"), {}).write({})
