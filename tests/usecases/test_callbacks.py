# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fota_callback and fota_callback_info: one listener, not taken from others, and never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.ensure import (
    CALLBACK_OPTIONS,
    ensure_callback,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.callbacks.info import (
    CALLBACK_INFO_OPTIONS,
    read_callback,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.refusal import PlanRefused
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.state.records import (
    Listener,
)
from ansible_collections.thingspace.fota.tests.usecases.account import ACCOUNT, Account

HOST = "hooks.example.com:443"
PATH, OTHER_PATH, PASSWORD = "planted-path-1", "planted-path-2", "planted-password-3"
URL = f"https://hooks.example.com/{PATH}?key=4"
OTHER = f"https://other.example.net:9001/{OTHER_PATH}"
EVERY = pytest.mark.parametrize("version", ["v1", "v2", "v3"])
CREDENTIALS = {"callback_username": "fota", "callback_password": PASSWORD}


def ensure(on: Account, *, check: bool = False, **given: Any) -> dict[str, Any]:
    result = on.run(ensure_callback, CALLBACK_OPTIONS, check=check, **given)
    assert hides_all(json.dumps(result), *on.warnings)
    return result


def info(on: Account, **given: Any) -> dict[str, Any]:
    result = on.run(read_callback, CALLBACK_INFO_OPTIONS, **given)
    assert hides_all(json.dumps(result), *on.warnings)
    return result["callback"]


def hides_all(*texts: str) -> bool:
    return not any(secret in text for secret in (PATH, OTHER_PATH, PASSWORD) for text in texts)


def of_another(account: Account, version: str) -> None:
    """Somebody else has registered a listener."""
    listeners = account.sim._service.state.accounts[ACCOUNT].listeners
    listeners[version] = Listener(OTHER, *(("theirs", PASSWORD) if version == "v1" else ()))


@EVERY
def test_check_then_real_then_again_then_absent(account: Account, version: str) -> None:
    given = {"api_version": version, "url": URL, **(CREDENTIALS if version == "v1" else {})}
    account.sim.refuse_writes = True
    foreseen = ensure(account, check=True, **given)
    account.sim.refuse_writes = False
    real, again = ensure(account, **given), ensure(account, **given)
    assert [one["action"] for one in (foreseen, real, again)] == ["register", "register", "none"]
    assert [one["changed"] for one in (foreseen, real, again)] == [True, True, False]
    assert foreseen["diff"] == real["diff"]
    assert real["callback"] == info(account, api_version=version, url=URL) | {"as_declared": True}
    assert (real["callback"]["address"], real["callback"]["registered"]) == (HOST, True)
    assert real["callback"]["has_password"] is (version == "v1")
    assert account.writes() == [f"{version}RegisterCallback"]
    account.sim.clear_journal()
    gone = {"api_version": version, "url": URL, "state": "absent"}
    foreseen = ensure(account, check=True, **gone)
    assert account.writes() == []
    real, again = ensure(account, **gone), ensure(account, **gone)
    assert foreseen["diff"] == real["diff"]
    assert [one["action"] for one in (foreseen, real, again)] == [
        *("deregister", "deregister", "none")
    ]
    assert account.writes() == [f"{version}DeregisterCallback"]
    assert info(account, api_version=version)["registered"] is False


@EVERY
def test_the_listener_of_another_is_replaced_only_when_told(account: Account, version: str) -> None:
    of_another(account, version)
    for check in (True, False):
        with pytest.raises(PlanRefused, match=r"at other\.example\.net:9001") as refused:
            ensure(account, check=check, api_version=version, url=URL)
        assert hides_all(str(refused.value))
        assert "replace: true" in refused.value.hint
    assert ensure(account, api_version=version, url=URL, state="absent")["changed"] is False
    assert account.writes() == []
    taken = ensure(account, api_version=version, url=URL, replace=True)
    assert (taken["action"], taken["callback"]["address"]) == ("update", HOST)
    write = "v1RegisterCallback" if version == "v1" else f"{version}UpdateCallback"
    assert account.writes() == [write]
    of_another(account, version)
    assert ensure(account, api_version=version, state="absent", replace=True)["changed"]
    assert info(account, api_version=version)["registered"] is False


@pytest.mark.parametrize("form", ["array", "object"])
def test_credentials_of_v1_are_compared_where_they_are_returned(
    account: Account, form: str
) -> None:
    account.sim.set_switch("v1_callback_list", form)
    given = {"api_version": "v1", "url": URL}
    ensure(account, **given, **CREDENTIALS)
    assert ensure(account, **given)["changed"] is False, "what is not declared stays"
    changed = {**CREDENTIALS, "callback_password": f"{PASSWORD}-new"}
    assert ensure(account, **given, **changed)["action"] == "update"
    assert ensure(account, **given, **changed)["changed"] is False
    account.sim.faults(
        [
            {
                "operation": "v1ListCallbacks",
                "fault": "missing_fields",
                "keys": ["password"],
                "times": 9,
            }
        ]
    )
    assert ensure(account, **given, **CREDENTIALS)["changed"] is False, "it cannot be compared"


def test_an_empty_reply_of_a_gateway_does_not_take_the_listener_of_another(
    account: Account,
) -> None:
    of_another(account, "v3")
    account.sim.faults([{"operation": "v3GetCallback", "fault": "empty_200"}])
    with pytest.raises(PlanRefused):
        ensure(account, url=URL)
    assert account.writes() == []


@pytest.mark.parametrize("step", ["RegisterCallback", "DeregisterCallback"])
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "empty_200"])
def test_a_lost_reply_is_settled_by_reading(account: Account, step: str, fault: str) -> None:
    absent = step == "DeregisterCallback"
    if absent:
        ensure(account, url=URL)
    account.sim.faults([{"operation": f"v3{step}", "fault": fault}])
    given = {"url": URL, "state": "absent" if absent else "present"}
    if fault == "reset_before":
        with pytest.raises(FotaError) as failed:
            ensure(account, **given)
        assert failed.value.kind == "outcome_unknown"
        assert hides_all(str(failed.value), str(failed.value.payload()))
    else:
        assert ensure(account, **given)["changed"]
    assert info(account)["registered"] is (absent is (fault == "reset_before"))


@pytest.mark.parametrize("fault", ["error_200_before", "wrong_type", "html_502", "xml_403"])
def test_no_failure_shows_a_secret(account: Account, fault: str) -> None:
    of_another(account, "v1")
    account.sim.faults([{"operation": "v1ListCallbacks", "fault": fault, "times": 1000}])
    try:
        info(account, api_version="v1", timeout=0.5)
    except FotaError as error:
        assert hides_all(str(error), str(error.payload()))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"url": None}, "is required"),
        ({"url": None, "state": "absent"}, "is required"),
        ({"url": f"http://hooks.example.com/{PATH}"}, "must start with https:// and a host"),
        ({"url": f"ftp://h/{PATH}", "api_version": "v1"}, "must start with http:// or https://"),
        ({"url": f"https:///{PATH}"}, "and a host"),
        ({"url": f"https://hooks.example.com/{PATH} x"}, "without spaces"),
        ({"url": f"https://hooks.example.com/{PATH}\n"}, "without spaces"),
        ({"url": f"https://hooks.example.com/{PATH}#x"}, "fragment"),
        ({"url": f"https://hooks.example.com:99999/{PATH}"}, "must be a URL"),
        ({"url": f"https://[::1/{PATH}"}, "must be a URL"),
        ({"url": f"https://hooks.example.com/{PATH * 200}"}, "2000 characters"),
        ({"url": URL, **CREDENTIALS}, "needs api_version v1"),
    ],
)
def test_options_that_cannot_be_used_are_named_before_any_call(
    account: Account, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidValue, match=named) as refused:
        ensure(account, **given)
    assert hides_all(str(refused.value))
    assert account.sim.journal() == []


def test_a_port_that_the_service_may_not_call_is_a_warning(account: Account) -> None:
    ensure(account, url="https://hooks.example.com:8443/")
    assert account.warnings == ["url: the service may not send messages to port 8443"]
    assert info(account)["as_declared"] is None
    assert info(account, url=URL)["as_declared"] is False
