# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the selected devices of a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...._model.device_lines import DeviceLine
from ...._model.errors import InvalidValue
from ...._model.imei import ImeiCheck, check_device_ids, shorten
from .sections import Section
from .spec import Selected, Wave, WaveKind

ReadFile = Callable[[str], Iterator[DeviceLine]]
"""Gives the devices of the file ``devices_file``, or raises InvalidValue."""


def no_file(path: str) -> Iterator[DeviceLine]:
    """Refuse files, where there is nobody to open them."""
    raise InvalidValue("devices_file", path, "files are not read here: give devices")


def read_devices(
    top: Section, imei_check: ImeiCheck, read_file: ReadFile
) -> tuple[tuple[Selected, ...], tuple[str, ...]]:
    """Read devices: IMEIs, or mappings of ``imei``, ``host``, ``groups`` and variables."""
    key, value = "devices", top.raw.get("devices")
    entries: Iterable[tuple[str, object]]
    if "devices_file" in top:
        key = "devices_file"
        if value is not None:
            top.refuse(key, "devices are declared, too: give one of the two")
            return (), ()
        entries = _entries_of_file(read_file(top.text(key)))
    elif not isinstance(value, (list, tuple)) or not value:
        top.refuse(
            key,
            "no device is selected: name at least one, or a devices_file, or check the pattern",
        )
        return (), ()
    else:
        entries = ((f"devices[{place}]", entry) for place, entry in enumerate(value))
    found: dict[str, Selected] = {}
    wrong: list[str] = []
    merged = 0
    try:
        for place, entry in entries:
            device = _read_device(entry)
            if device is None:
                shown = entry.get("imei") if isinstance(entry, Mapping) else entry
                wrong.append(f"{place} = {shown!r}")
            elif device.imei in found:
                merged += 1
                if device.variables != found[device.imei].variables:
                    top.problems.append(
                        f"{place} = {device.imei!r}: is declared twice, with other variables"
                    )
            else:
                found[device.imei] = device
    except InvalidValue as error:
        top.problems.append(str(error))
    if wrong:
        top.problems.append(
            f"{shorten(wrong)}: a device is an IMEI of exactly 15 digits, as text (quote it, so"
            " that zeros stay), or a mapping with such an imei"
        )
    remarks = [f"{key}: merged {merged} that were declared twice"] if merged else []
    try:
        remarks += check_device_ids(found, field=key, check=imei_check).warnings
    except InvalidValue as error:
        top.problems.append(str(error))
    return tuple(found.values()), tuple(remarks)


def _entries_of_file(lines: Iterable[DeviceLine]) -> Iterator[tuple[str, object]]:
    """Give what a list of devices would hold, and the lines it comes from."""
    for line in lines:
        yield f"devices_file line {line.number}", {**line.fields, "imei": line.imei}


def _read_device(entry: object) -> Selected | None:
    if not isinstance(entry, Mapping):
        entry = {"imei": entry}
    imei = str(entry.get("imei", "")).strip()
    if len(imei) != 15 or not (imei.isascii() and imei.isdigit()):
        return None
    groups = entry.get("groups")
    return Selected(
        imei=imei,
        host=str(entry.get("host", "")),
        groups=tuple(str(one) for one in groups) if isinstance(groups, (list, tuple)) else (),
        variables={
            str(key): str(value)
            for key, value in entry.items()
            if key not in ("imei", "host", "groups") and value is not None
        },
    )


def check_variables(
    waves: Sequence[Wave], devices: Sequence[Selected], problems: list[str]
) -> None:
    """Refuse devices that lack what a wave chooses by."""
    for wave in waves:
        place = f"waves[{wave.number - 1}] ({wave.name})"
        grouped = any(wave.group in device.groups for device in devices)
        if wave.kind is WaveKind.GROUP and devices and not grouped:
            problems.append(
                f"{place}.group = {wave.group!r}: no selected device is in this group; check the"
                " name, and that devices come with their groups (lookup fota_hosts)"
            )
        for variable in wave.diversity:
            bare = [device.imei for device in devices if variable not in device.variables]
            if bare:
                problems.append(
                    f"{place}.diversity = {variable!r}: {len(bare)} devices have no such variable:"
                    f" {_shown(bare, devices)}"
                )


def _shown(imeis: Iterable[str], devices: Sequence[Selected]) -> str:
    hosts = {device.imei: device.host for device in devices}
    return shorten([f"{imei} ({hosts[imei]})" if hosts[imei] else imei for imei in imeis])
