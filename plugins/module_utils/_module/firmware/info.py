# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use-case of ``fota_firmware_info``: published packages, and paths between two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._client.errors import FotaError
from ..._model.errors import InvalidValue
from ..._model.firmware import Package
from ..._model.imei import shorten
from ..._model.text import count, lookalikes, shown
from ..._plan.packages import find_path
from ..context import Context
from ..options import VERSION_OPTION, filter_records, warn_of_lookalikes

FIRMWARE_INFO_OPTIONS: dict[str, dict[str, Any]] = {
    "api_version": {"type": "str", "choices": ["v1", "v2", "v3"], "default": "v3"},
    "name": {"type": "str"},
    "make": {"type": "str"},
    "model": {"type": "str"},
    "protocol": {"type": "str"},
    "from_version": VERSION_OPTION,
    "to_version": VERSION_OPTION,
    "path": {
        "type": "dict",
        "options": {
            "make": {"type": "str", "required": True},
            "model": {"type": "str", "required": True},
            "from_version": {**VERSION_OPTION, "required": True},
            "to_version": {**VERSION_OPTION, "required": True},
        },
    },
}

_KEYS = (
    *("name", "make", "model", "from_version", "to_version"),
    *("protocol", "launch_date", "release_note", "platform"),
)
_FILTERS = _KEYS[:5]
_PATH_KEYS = _KEYS[1:5]
_PROTOCOLS = {
    "v1": (),
    "v2": ("LWM2M", "OMD-DM", "HTTP"),
    "v3": ("LWM2M", "OMD-DM", "HTTP", "all"),
}


def read_firmware(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """List packages; with ``path``, also the packages that lead from one version to another.

    :raises InvalidValue: an option does not fit the API version; nothing was called.
    """
    version = params["api_version"]
    protocol = params.get("protocol")
    if protocol and protocol not in _PROTOCOLS[version]:
        known = ", ".join(_PROTOCOLS[version])
        reason = f"must be one of {known}" if known else "must not be given"
        raise InvalidValue("protocol", protocol, f"{reason} with api_version {version}")
    for option in ("from_version", "to_version", "path"):
        if version == "v2" and params.get(option):
            raise InvalidValue(
                option,
                params[option],
                "must not be given with api_version v2, whose catalog has no versions",
            )
    packages = _list(context, version, protocol)
    kept = filter_records(packages, params, _FILTERS)
    context.warnings += warn_of_lookalikes(packages, params, _FILTERS)
    result: dict[str, Any] = {
        "changed": False,
        "packages": [view_package(package) for package in kept],
        "msg": context.headline(f"{len(kept)} of {count(len(packages), 'package')}"),
    }
    if params.get("path"):
        result["path"] = _path(packages, params["path"])
    return result


def _list(context: Context, version: str, protocol: str | None) -> list[Package]:
    if version == "v1":
        return context.v1.list_firmware()
    if version == "v2":
        return context.v2.list_software(distribution_type=protocol)
    return context.v3.list_firmware(protocol=protocol or "all")


def _path(packages: Sequence[Package], asked: Mapping[str, str]) -> list[dict[str, Any]]:
    path = find_path(packages, **asked)
    if path is None:
        near = [text for name in _PATH_KEYS for text in lookalikes(asked[name], _texts(packages))]
        raise FotaError(
            f"no packages lead {asked['make']} {asked['model']} from {shown(asked['from_version'])}"
            f" to {shown(asked['to_version'])}",
            kind="no_path",
            hint="check the version texts; without path, this module lists what is published"
            + (
                f"; the service has {shorten(map(repr, near))}, which differs only in characters"
                " that are not visible"
                if near
                else ""
            ),
        )
    return [view_package(package) for package in path]


def _texts(packages: Sequence[Package]) -> list[str]:
    return [getattr(package, key) for package in packages for key in _PATH_KEYS]


def view_package(package: Package) -> dict[str, Any]:
    """Give a package as a module result."""
    return {name: getattr(package, name) for name in _KEYS}
