# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of devices on this host, and the options that name them."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import ImeiCheck
from ansible_collections.thingspace.fota.plugins.module_utils._module.campaigns.options import (
    CAMPAIGN_OPTIONS,
    read_specs,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.declared import (
    declared_devices,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.devices_file import (
    read_devices_file,
)

A, B = "358000000000016", "358000000000024"
WRONG_DIGIT = "358000000000017"


def imeis(path: Path | str) -> list[str]:
    return [
        one.imei
        for one in read_devices_file(str(path), option="devices_file", check=ImeiCheck.WARN)
    ]


def declared(path: Path | str, **given: Any) -> Any:
    return declared_devices({"devices_file": str(path), "imei_check": "warn", **given})


def write(folder: Path, content: bytes) -> Path:
    file = folder / "fleet.csv"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeffimei,site\n{A},Oslø\n{B},x\n".encode(),
        f"imei\r\n{A}\r\n{B}\r\n".encode(),
        f"{A}\r{B}".encode(),
        f'\ufeff["{A}", "{B}"]'.encode(),
        f"\ufeff# meters\n{A}\n{B}\n".encode(),
        f"IMEI\tOrt\r\n{A}\tÖ\r\n{B}\tx\r\n".encode("utf-16"),
        f"\ufeffIMEI\tOrt\r\n{A}\tÖ\r\n{B}\tx\r\n".encode("utf-16-be"),
        f"\ufeffsep=;\r\nIMEI;Ort\r\n{A};Ö\r\n{B};x\r\n".encode(),
        f"{A}\n{B}\n".encode("utf-32"),
    ],
)
def test_marks_and_line_ends_of_all_systems(tmp_path: Path, content: bytes) -> None:
    assert imeis(write(tmp_path, content)) == [A, B]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "contains no devices"),
        ("imei,site\n".encode("utf-16-le"), "line 1: contains a NUL byte. Save the file as UTF-8"),
        (
            b"PK\x03\x04\x14\0\6\0",
            "is an Excel workbook (.xlsx) or another ZIP archive, not text. Save",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an Excel workbook (.xls), not text. Save the devices as"),
        (b"\x1f\x8b\x08\0", "is a gzip archive, not text"),
        (b"%PDF-1.7\n", "is a PDF file, not text"),
        (f"imei,site\n{A},Oslø\n".encode("latin-1"), "line 2: must be UTF-8 text"),
        (f"{A}\n".encode() + b"\0" * 512, "line 2: contains a NUL byte"),
    ],
)
def test_content_that_is_no_text(tmp_path: Path, content: bytes, reason: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(InvalidValue) as error:
        imeis(file)
    assert f"devices_file: '{file}': {reason}" in str(error.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in {
        str(tmp_path / "missing"): "must exist on the host where the task runs",
        str(tmp_path): "must be a regular file",
        str(tmp_path / "pipe"): "must be a regular file",
        "/dev/null": "must be a regular file",
        str(tmp_path / "missing" / "\0"): "must be a path",
        f"/{'x' * 300}": "cannot be read: File name too long",
    }.items():
        with pytest.raises(InvalidValue) as error:
            imeis(path)
        assert error.value.reason == reason


def test_the_home_is_known_and_links_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, f"{A}\n".encode())
    (tmp_path / "link").symlink_to("fleet.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert imeis("~/link") == imeis("$HOME/fleet.csv") == [A]


def test_a_file_stands_for_a_list(tmp_path: Path) -> None:
    file = write(tmp_path, f"{A}\n{B}\n{A}\n{WRONG_DIGIT}\n".encode())
    found = declared(file)
    assert found.ids == (A, B, WRONG_DIGIT)
    assert found.warnings == (
        f"devices_file: merged 1 duplicate: {A}",
        f"devices_file: 1 with a wrong check digit, used anyway: {WRONG_DIGIT}",
    )
    assert declared(file, imei_check="off").warnings == found.warnings[:1]
    with pytest.raises(InvalidValue, match=f"line 4: {WRONG_DIGIT} has a wrong check digit"):
        declared(file, imei_check="strict")


def test_a_file_and_a_list_are_one_too_many(tmp_path: Path) -> None:
    file = write(tmp_path, f"{A}\n".encode())
    with pytest.raises(InvalidValue, match=r"devices_file: .*devices is given, too"):
        declared(file, devices=[B])
    with pytest.raises(InvalidValue, match=r"devices_file: .*devices is given, too"):
        declared(file, devices=[])


def test_each_of_many_campaigns_may_have_its_file(tmp_path: Path) -> None:
    file = write(tmp_path, f"{A}\n{B}\n".encode())
    defaults = {name: option.get("default") for name, option in CAMPAIGN_OPTIONS.items()}
    entries = [
        {**defaults, "name": "one", "devices_file": str(file)},
        {**defaults, "name": "two", "devices_file": str(tmp_path / "missing")},
    ]
    specs, _warnings = read_specs({"campaigns": entries[:1], "imei_check": "warn"})
    assert specs[0].devices == (A, B)
    with pytest.raises(InvalidValue, match=r"^campaigns\[1\]\.devices_file: .*must exist"):
        read_specs({"campaigns": entries, "imei_check": "warn"})


def test_the_file_is_never_in_memory(tmp_path: Path) -> None:
    """A long line for each device, of which only the IMEI is kept."""
    rows = (f"{10**14 + number},{'x' * 1000}\n" for number in range(5000))
    file = write(tmp_path, f"imei,note\n{''.join(rows)}".encode())
    tracemalloc.start()
    try:
        assert len(imeis(file)) == 5000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < file.stat().st_size / 4
