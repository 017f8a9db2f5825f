# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that modules share, and how they become settings of the client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from ansible.module_utils.basic import AnsibleFallbackNotFound, env_fallback

from .._client.settings import ConnectionSettings
from .._model.errors import InvalidValue
from .._model.imei import ImeiCheck, shorten
from .._model.status import STAGES, CampaignState
from .._model.text import lookalikes
from .._model.times import check_date
from .._plan.device_difference import DevicesMode


def set_in_environment(variable: str) -> str:
    """Give the value of a variable. One that is empty is not set: AWX sets all of a credential.

    :raises AnsibleFallbackNotFound: it is not set.
    """
    value: str = env_fallback(variable)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def _from_environment(variable: str, **option: Any) -> dict[str, Any]:
    return {"type": "str", "fallback": (set_in_environment, [variable]), **option}


CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "account": _from_environment("THINGSPACE_ACCOUNT"),
    "client_id": _from_environment("THINGSPACE_CLIENT_ID"),
    "client_secret": _from_environment("THINGSPACE_CLIENT_SECRET", no_log=True),
    "username": _from_environment("THINGSPACE_USERNAME"),
    "password": _from_environment("THINGSPACE_PASSWORD", no_log=True),
    "bearer_token": _from_environment("THINGSPACE_BEARER_TOKEN", no_log=True),
    "session_token": _from_environment("THINGSPACE_SESSION_TOKEN", no_log=True),
    "base_url": _from_environment(
        "THINGSPACE_BASE_URL", default="https://thingspace.verizon.com/api"
    ),
    "validate_certs": _from_environment("THINGSPACE_VALIDATE_CERTS", type="bool", default=True),
    "ca_path": _from_environment("THINGSPACE_CA_PATH", type="path"),
    # A proxy's URL may hold a password.
    "proxies": _from_environment("THINGSPACE_PROXIES", type="dict", no_log=True),
    "timeout": _from_environment("THINGSPACE_TIMEOUT", type="float", default=120.0),
    "token_cache": _from_environment("THINGSPACE_TOKEN_CACHE", type="path", no_log=False),
    "max_connections": _from_environment("THINGSPACE_MAX_CONNECTIONS", type="int", default=8),
    "requests_per_second": _from_environment("THINGSPACE_REQUESTS_PER_SECOND", type="float"),
    "record": _from_environment("THINGSPACE_RECORD", type="path"),
}

DECLARATION = "rollout"
"""The option whose suboptions are read by ``read_spec``, and by no validator of Ansible's."""

WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 600.0},
    "wait_delay": {"type": "float", "default": 30.0},
}

WAIT_FOR_STAGE_OPTIONS: dict[str, dict[str, Any]] = {
    **WAIT_OPTIONS,
    "wait_for": {"type": "str", "choices": list(STAGES), "default": "accepted"},
}

DEVICE_OPTIONS: dict[str, dict[str, Any]] = {
    "devices": {"type": "list", "elements": "str"},
    "devices_file": {"type": "path"},
    "imei_column": {"type": "str"},
    "imei_check": {
        "type": "str",
        "choices": [check.value for check in ImeiCheck],
        "default": ImeiCheck.WARN.value,
    },
}

VERSION_OPTION: dict[str, Any] = {"type": "raw"}
"""A version. Ansible would make the number 1.10 the text 1.1; :func:`check_versions` refuses it."""

_VERSIONS = frozenset({"from_version", "to_version", "expect_version", "file_version", "firmware"})

# Declare a campaign and an upgrade alike.
DECLARATION_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "to_version": VERSION_OPTION,
    "start_date": {"type": "str"},
    "end_date": {"type": "str"},
    "devices_mode": {
        "type": "str",
        "choices": [mode.value for mode in DevicesMode],
        "default": DevicesMode.AT_LEAST.value,
    },
    "recreate": {"type": "bool", "default": False},
}

STATES_OPTION: dict[str, dict[str, Any]] = {
    "states": {
        "type": "list",
        "elements": "str",
        "choices": [state.value for state in CampaignState],
    },
}

RESULTS_FILE_OPTION: dict[str, dict[str, Any]] = {"results_file": {"type": "path"}}

RESULT_OPTIONS: dict[str, dict[str, Any]] = {
    "return_devices": {
        "type": "str",
        "choices": ["none", "attention", "all"],
        "default": "attention",
    },
    **RESULTS_FILE_OPTION,
}

GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "imei_check": {"type": "str", "choices": [check.value for check in ImeiCheck]},
    "wait": {"type": "bool"},
    "wait_timeout": {"type": "float"},
    "wait_delay": {"type": "float"},
}
"""What ``module_defaults`` of the group may hold; without effect on modules that do not have it."""

_NOT_OF_THE_CLIENT = frozenset({"account"})

T = TypeVar("T")


def connection_settings(params: Mapping[str, Any], *, check_mode: bool) -> ConnectionSettings:
    """Build the client's settings from a module's options."""
    return ConnectionSettings(
        check_mode=check_mode,
        **{
            name: params[name]
            for name in CONNECTION_OPTIONS
            if name not in _NOT_OF_THE_CLIENT and params.get(name) is not None
        },
    )


def check_versions(params: Mapping[str, Any], prefix: str = "") -> None:
    """Check that versions are text, also in the entries of ``campaigns`` and in ``path``.

    :raises InvalidValue: YAML read a version as something else.
    """
    for name, value in params.items():
        if name in _VERSIONS and value is not None and not isinstance(value, str):
            raise InvalidValue(
                f"{prefix}{name}",
                value,
                f"must be a string; quote it, as YAML reads it as {_name_type(value)}",
            )
        if name == "path" and isinstance(value, Mapping):
            check_versions(value, f"{prefix}{name}.")
        if name == "campaigns" and isinstance(value, list):
            for place, entry in enumerate(value):
                check_versions(entry, f"{prefix}{name}[{place}].")


def _name_type(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def check_positive(params: Mapping[str, Any], *names: str) -> None:
    """Check that numbers are greater than 0.

    :raises InvalidValue: a number is not.
    """
    for name in names:
        if params.get(name) is not None and not params[name] > 0:
            raise InvalidValue(name, params[name], "must be greater than 0")


def read_day(params: Mapping[str, Any], option: str, prefix: str = "") -> date | None:
    """Read a UTC day; None when it is not declared.

    :param prefix: comes before the option in errors.
    :raises InvalidValue: it is not a date.
    """
    value = params.get(option)
    return None if value in (None, "") else check_date(value, field=f"{prefix}{option}")


def read_first_and_last_day(
    params: Mapping[str, Any], prefix: str = ""
) -> tuple[date | None, date | None]:
    """Read ``start_date`` and ``end_date``.

    :raises InvalidValue: they are not dates, or the last day is before the first.
    """
    start, end = read_day(params, "start_date", prefix), read_day(params, "end_date", prefix)
    if start and end and end < start:
        field = f"{prefix}end_date"
        raise InvalidValue(field, params["end_date"], f"must not be before start_date {start}")
    return start, end


def filter_records(
    records: Iterable[T], params: Mapping[str, Any], names: Iterable[str]
) -> list[T]:
    """Keep the records whose attributes equal the options of the same names that are given."""
    given = {name: params[name] for name in names if params.get(name) is not None}
    return [
        record
        for record in records
        if all(getattr(record, name) == value for name, value in given.items())
    ]


def warn_of_lookalikes(
    records: Collection[T], params: Mapping[str, Any], names: Iterable[str]
) -> list[str]:
    """Warn where a filter of :func:`filter_records` leaves out texts that only look the same."""
    return [
        warning
        for name in names
        for warning in describe_lookalikes(
            name, params.get(name) or "", (getattr(record, name) for record in records)
        )
    ]


def describe_lookalikes(option: str, wanted: str, texts: Iterable[str]) -> list[str]:
    """Warn of texts of the service that only look like the one of an option."""
    near = lookalikes(wanted, texts) if wanted else []
    if not near:
        return []
    return [
        f"{option}: {wanted!r} does not match {shorten(map(repr, near))}, which the service"
        " returned and which differs only in characters that are not visible"
    ]
