# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that keeps every device of a result."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._model.csv_cell import cell
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.results_file import (
    ResultsFile,
    Rows,
    json_line,
)

COLUMNS = ("deviceId", "reason", "path", "done")
ROWS: list[dict[str, Any]] = [
    {"deviceId": "358000000000016", "reason": "=1+1", "path": ["A", "B"], "done": True},
    {"deviceId": "358000000000024", "reason": "red\x1b[31m\nnext", "done": None},
]


def declared(path: Path | str, *, check_mode: bool = False) -> ResultsFile:
    found = ResultsFile.declared({"results_file": str(path)}, check_mode=check_mode)
    assert found is not None
    return found


def write(path: Path, **more: Any) -> dict[str, Any]:
    return declared(path, **more).write(Rows(COLUMNS, iter(ROWS)))


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "out.CSV"
    assert write(file) == {"path": str(file), "devices": 2}
    assert file.read_text(encoding="utf-8") == (
        "deviceId,reason,path,done\n358000000000016,'=1+1,A;B,true\n358000000000024,red next,,\n"
    )


@pytest.mark.parametrize("suffix", ["jsonl", "ndjson"])
def test_json_lines(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"out.{suffix}"
    assert write(file)["devices"] == 2
    lines = file.read_text(encoding="ascii").splitlines()
    assert [json.loads(line) for line in lines] == ROWS
    assert all(line.isprintable() for line in lines)


def test_no_option_no_file() -> None:
    assert ResultsFile.declared({}, check_mode=False) is None
    assert ResultsFile.declared({"results_file": None}, check_mode=False) is None


def test_the_mode_is_what_the_umask_leaves(tmp_path: Path) -> None:
    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o000, 0o644)):
        before = os.umask(umask)
        try:
            write(tmp_path / "out.csv")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == mode


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("old")

    def rows() -> Iterator[dict[str, Any]]:
        for row in ROWS:
            assert file.read_text() == "old"
            yield row

    declared(file).write(Rows(COLUMNS, rows()))
    assert file.read_text().startswith("deviceId,")
    assert os.listdir(tmp_path) == ["out.csv"]


def test_what_ends_early_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        declared(file).write(Rows(COLUMNS, interrupted()))
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def interrupted() -> Iterator[dict[str, Any]]:
    yield ROWS[0]
    raise KeyboardInterrupt


def test_check_mode_touches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert write(file, check_mode=True) == {"path": str(file), "devices": 2}
    assert os.listdir(tmp_path) == []


def test_what_is_refused_before_any_call(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("elsewhere.csv")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for path, reason in {
        tmp_path / "out.xlsx": "must end in one of .csv, .jsonl, .ndjson",
        tmp_path / "out": "must end in",
        tmp_path / "missing" / "out.csv": f"create the directory {tmp_path / 'missing'} first",
        tmp_path / "link.csv": "must not be a symbolic link",
        tmp_path / "folder.csv": "must be a regular file",
        tmp_path / "pipe.csv": "must be a regular file",
        f"{'x' * 300}.csv": "cannot be written: ",
        "\0/out.csv": "must be a path",
    }.items():
        with pytest.raises(InvalidValue) as error:
            declared(path)
        assert reason in error.value.reason
        assert str(error.value).count("results_file") == 1
    assert not (tmp_path / "elsewhere.csv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InvalidValue, match="must be writable"):
        declared(tmp_path / "out.csv")


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path) -> None:
    file = declared(tmp_path / "out.csv")
    (tmp_path / "out.csv").symlink_to("elsewhere.csv")
    with pytest.raises(
        FotaError, match="could not be written: must not be a symbolic link"
    ) as error:
        file.write(Rows(COLUMNS, ROWS))
    assert error.value.kind == "results_file"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_folder_that_goes_away(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = declared(tmp_path / "folder" / "out.csv")
    (tmp_path / "folder").rmdir()
    with pytest.raises(FotaError, match="could not be written: No such file or directory"):
        file.write(Rows(COLUMNS, ROWS))


def test_a_name_alone_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write(Path("out.csv")) == {"path": "out.csv", "devices": 2}
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        ("plain", "plain"),
        *((f"{sign}cmd|' /C calc'!A0", f"'{sign}cmd|' /C calc'!A0") for sign in "=+-@"),
        ("\t=1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        (["a", "b"], "a;b"),
        (["=a"], "'=a"),
        ([], ""),
        ([{"name": "x"}], '[{"name": "x"}]'),
        ("two\r\nlines", "two  lines"),
        ("\u202eback\ud800", " back "),
    ],
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_harms_a_spreadsheet_or_a_terminal(text: str) -> None:
    shown = cell(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    assert next(csv.reader([f'"{shown.replace(chr(34), chr(34) * 2)}"'])) == [shown]
    line = json_line({"reason": text})
    assert line.count("\n") == 1 and line[:-1].isprintable() and line.isascii()
    assert json.loads(line) == {"reason": text}
