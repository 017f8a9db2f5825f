# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the options of campaigns; every bad value is reported before any call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.campaign import CampaignType
from ..._model.errors import InvalidValue
from ..._model.text import brief
from ..._model.windows import check_windows
from ..._plan.campaign_plan import CampaignSpec, ScheduleSpec
from ..devices.declared import declared_devices, read_devices_mode
from ..options import (
    DECLARATION_OPTIONS,
    DEVICE_OPTIONS,
    RESULT_OPTIONS,
    VERSION_OPTION,
    WAIT_FOR_STAGE_OPTIONS,
    read_day,
    read_first_and_last_day,
)

TYPE_OPTION: dict[str, dict[str, Any]] = {
    "type": {
        "type": "str",
        "choices": [type_.value for type_ in CampaignType],
        "default": CampaignType.FIRMWARE.value,
    },
}

# A software campaign whose package is a configuration file.
FILE = "file"

_WINDOW_OPTION = {"type": "list", "elements": "raw"}

CAMPAIGN_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "campaign_id": {"type": "str"},
    "type": {**TYPE_OPTION["type"], "choices": [*TYPE_OPTION["type"]["choices"], FILE]},
    "package": {"type": "str", "aliases": ["firmware_name", "software_name"]},
    "from_version": VERSION_OPTION,
    "protocol": {"type": "str", "choices": ["LWM2M", "OMA", "HTTP"]},
    "windows": _WINDOW_OPTION,
    "download_after_date": {"type": "str"},
    "download_windows": _WINDOW_OPTION,
    "install_after_date": {"type": "str"},
    "install_windows": _WINDOW_OPTION,
    "devices": DEVICE_OPTIONS["devices"],
    "devices_file": DEVICE_OPTIONS["devices_file"],
    "imei_column": DEVICE_OPTIONS["imei_column"],
    "auto_assign_license": {"type": "bool"},
    "auto_add_devices": {"type": "bool"},
    "pilot_done": {"type": "bool", "default": False},
    "licenses_done": {"type": "bool", "default": False},
    "abort_started": {"type": "bool", "default": False},
    **DECLARATION_OPTIONS,
}

CAMPAIGN_MODULE_OPTIONS: dict[str, dict[str, Any]] = {
    **CAMPAIGN_OPTIONS,
    "campaigns": {"type": "list", "elements": "dict", "options": CAMPAIGN_OPTIONS},
    "imei_check": DEVICE_OPTIONS["imei_check"],
    "devices_per_call": {"type": "int"},
    **WAIT_FOR_STAGE_OPTIONS,
    **RESULT_OPTIONS,
}
EXCLUSIVE_WITH_CAMPAIGNS = [
    ("campaigns", option) for option, spec in CAMPAIGN_OPTIONS.items() if "default" not in spec
]

# Options that only one of the two types has.
_OF_FIRMWARE = ("windows", "auto_assign_license", "auto_add_devices")
_OF_SOFTWARE = ("download_after_date", "download_windows", "install_after_date", "install_windows")


def read_specs(params: Mapping[str, Any]) -> tuple[list[CampaignSpec], list[str]]:
    """Read the declared campaigns: one by the module's own options, or many by ``campaigns``.

    :returns: the declarations and warnings for people.
    :raises InvalidValue: an option cannot be used, or two declarations mean the same campaign.
    """
    many = params.get("campaigns")
    if many is None:
        return _collect([(params, "")], params["imei_check"])
    if not many:
        raise InvalidValue("campaigns", many, "must name at least one campaign")
    return _collect(
        [(entry, f"campaigns[{place}].") for place, entry in enumerate(many)],
        params["imei_check"],
    )


def _collect(
    entries: list[tuple[Mapping[str, Any], str]], imei_check: str
) -> tuple[list[CampaignSpec], list[str]]:
    specs: list[CampaignSpec] = []
    warnings: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for entry, prefix in entries:
        spec, more = _read_spec({**entry, "imei_check": imei_check}, prefix)
        for key in (("campaign_id", spec.campaign_id), ("name", spec.name)):
            if key[1] is None:
                continue
            if key in seen:
                reason = f"must be declared once, but {seen[key]} declares it, too"
                raise InvalidValue(f"{prefix}{key[0]}", key[1], reason)
            seen[(key[0], key[1])] = prefix.rstrip(".")
        specs.append(spec)
        warnings += more
    return specs, warnings


def _read_spec(params: Mapping[str, Any], prefix: str) -> tuple[CampaignSpec, list[str]]:
    is_file = params["type"] == FILE
    type_ = CampaignType.SOFTWARE if is_file else CampaignType(params["type"])
    if not params.get("name") and not params.get("campaign_id"):
        raise InvalidValue(
            f"{prefix}name",
            params.get("name"),
            "name or campaign_id is required: it finds the campaign again",
        )
    _check_type(params, prefix, type_)
    schedule = _read_schedule(params, prefix)
    devices = declared_devices(params, field=f"{prefix}devices")
    spec = CampaignSpec(
        subject=f"campaign {brief(params.get('name') or params.get('campaign_id'))}",
        type=type_,
        present=params["state"] == "present",
        campaign_id=params.get("campaign_id") or None,
        name=params.get("name") or None,
        package=params.get("package") or None,
        from_version=params.get("from_version") or None,
        to_version=params.get("to_version") or None,
        protocol=params.get("protocol"),
        schedule=schedule,
        devices=devices.ids if devices else None,
        devices_mode=read_devices_mode(params, devices, prefix),
        auto_assign_license=params.get("auto_assign_license"),
        auto_add_devices=params.get("auto_add_devices"),
        pilot_done=params["pilot_done"],
        licenses_done=params["licenses_done"],
        abort_started=params["abort_started"],
        recreate=params["recreate"],
        is_file=is_file,
    )
    return spec, list(devices.warnings) if devices else []


def _check_type(params: Mapping[str, Any], prefix: str, type_: CampaignType) -> None:
    foreign = _OF_SOFTWARE if type_ is CampaignType.FIRMWARE else _OF_FIRMWARE
    for option in foreign:
        if params.get(option) is not None:
            raise InvalidValue(
                f"{prefix}{option}",
                params[option],
                f"must not be declared for a campaign of type {params['type']}",
            )
    protocol = params.get("protocol")
    if protocol is not None and protocol not in type_.protocols:
        known = ", ".join(type_.protocols)
        raise InvalidValue(
            f"{prefix}protocol",
            protocol,
            f"must be one of {known} for a campaign of type {params['type']}",
        )
    creates = params["state"] == "present" and params.get("package")
    if params["type"] == FILE and params.get("from_version"):
        raise InvalidValue(
            f"{prefix}from_version", params["from_version"], "must not be declared for a file"
        )
    if type_ is CampaignType.SOFTWARE and creates:
        needed = ("to_version",) if params["type"] == FILE else ("from_version", "to_version")
        for option in needed:
            if not params.get(option):
                raise InvalidValue(
                    f"{prefix}{option}",
                    params.get(option),
                    "is required: the software catalog has no versions to look up",
                )


def _read_schedule(params: Mapping[str, Any], prefix: str) -> ScheduleSpec:
    start, end = read_first_and_last_day(params, prefix)
    windows = {
        option: check_windows(params.get(option), field=f"{prefix}{option}")
        for option in ("windows", "download_windows", "install_windows")
    }
    return ScheduleSpec(
        start=start,
        end=end,
        download_after=read_day(params, "download_after_date", prefix),
        install_after=read_day(params, "install_after_date", prefix),
        **windows,
    )
