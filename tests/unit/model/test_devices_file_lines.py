# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a file of devices: what is accepted, and what is refused by the line's number."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.device_lines import (
    DeviceLine,
    find_imei,
    is_imei_key,
    read_device_lines,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._model.imei import (
    ImeiCheck,
    luhn_is_valid,
)

A, B, C = "358000000000016", "358000000000024", "358000000000032"
WRONG_DIGIT = "358000000000017"


def lines(
    text: str, check: ImeiCheck = ImeiCheck.WARN, column: str | None = None
) -> Iterator[DeviceLine]:
    """Read a text as Python reads the lines of a file."""
    return read_device_lines(
        io.StringIO(text, newline=None),
        option="devices_file",
        path="fleet",
        check=check,
        column=column,
    )


def imeis(text: str) -> list[str]:
    return [one.imei for one in lines(text)]


def fields(text: str) -> list[Mapping[str, object]]:
    return [one.fields for one in lines(text)]


def refusal(text: str, check: ImeiCheck = ImeiCheck.WARN) -> str:
    with pytest.raises(InvalidValue) as error:
        list(lines(text, check))
    assert str(error.value).startswith("devices_file: 'fleet': ")
    return error.value.reason


# -- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n",
        f"{A}\r\n{B}",
        f"{A}\r{B}\r",
        f"\n  {A}  \n\n\t{B}\n\n",
        f"# meters\n{A} # the first\n   # indented\n{B}#",
        f'"{A}"\n\'{B}\n',
        f"imei\n{A}\n{B}\n",
        f"IMEI,\n{A},\n{B},\n",
        f"# exported\n\n Device ID ;region\n{A};north\n\n# south\n{B};south",
        f'site\t"device-id"\nx\t{A}\ny\t"{B}"\n',
        f'device_id\n="{A}"\n\'{B}\n',
        f'site, deviceId\n"a, b" , {A}\n"say ""x""", "{B}" \n,,\n',
        f'{{"imei": "{A}"}}\n\n{{\'imei\''.replace("'imei'", f'"deviceId": {B}}}'),
        json.dumps([A, B]),
        json.dumps([int(A), {"device_id": B}], indent=1),
        f"[\n\n{A}\n,{json.dumps(B)}]\n\n",
    ],
)
def test_every_spelling_of_two_devices(text: str) -> None:
    assert imeis(text) == [A, B]


def test_columns_are_variables() -> None:
    text = f'Host;IMEI;Groups;Region;;\nm-1;{A};"lab; north";Norð;;\n;{B};;;;\nm-3;{C}\n'
    assert list(lines(text)) == [
        DeviceLine(2, A, {"host": "m-1", "groups": ["lab", "north"], "Region": "Norð"}),
        DeviceLine(3, B, {}),
        DeviceLine(4, C, {"host": "m-3"}),
    ]


def test_members_of_objects_are_variables() -> None:
    first = {"host": "m-1", "deviceId": A, "groups": ["lab"], "region": "north", "path": ["1"]}
    second = {"imei": None, "device_id": B, "groups": "lab;north", "floor": 3, "note": None}
    expected = [
        {"host": "m-1", "groups": ["lab"], "region": "north"},
        {"groups": ["lab", "north"], "floor": 3},
    ]
    assert fields(json.dumps([first, second])) == expected
    assert fields(f"{json.dumps(first)}\n{json.dumps(second)}") == expected


def test_entries_of_a_list_know_their_lines() -> None:
    text = f'[\n  {{\n    "imei": "{A}"\n  }},\n  "{B}", "{C}",\n\n  {A}\n]\n'
    assert [(one.number, one.imei) for one in lines(text)] == [(2, A), (5, B), (5, C), (7, A)]


def test_the_same_device_may_come_twice() -> None:
    assert imeis(f"{A}\n{A}") == [A, A]


@pytest.mark.parametrize(
    "name", ["imei", "IMEI", "deviceId", "Device ID", "device_id", "device-Id"]
)
def test_names_of_the_column(name: str) -> None:
    assert is_imei_key(name)
    assert find_imei({"site": "x", name: A}) == A


@pytest.mark.parametrize(
    "name",
    ["IMEI Number", "Device IMEI", "IMEI (15 digits)", "imei_no", "deviceImei", "IMEI#", "IMEI/SN"],
)
def test_a_column_with_the_word_imei_is_found(name: str) -> None:
    """In a file only: variables of hosts may be named imei_check."""
    assert not is_imei_key(name)
    for text in (
        f"site;{name}\nnorth;{A}\nsouth;{B}\n",
        f"{name}\n{A}\n{B}\n",
        json.dumps([{"site": "north", name: A}, {"site": "south", name: B}]),
        json.dumps({name: A}) + "\n" + json.dumps({name: B}),
    ):
        assert imeis(text) == [A, B]
        assert all(name not in each for each in fields(text))


def test_the_plain_name_comes_before_others() -> None:
    text = f"Old IMEI,imei,IMEI status\n{C},{A},active\n"
    assert imeis(text) == [A]
    assert fields(text) == [{"Old IMEI": C, "IMEI status": "active"}]
    assert imeis(json.dumps([{"Old IMEI": C, "imei": A}])) == [A]


def test_the_column_can_be_named() -> None:
    text = f"serial;old imei;new imei\n1;{C};{A}\n"
    assert "old imei, new imei; imei_column names the one" in refusal(text)
    assert [line.imei for line in lines(text, column="New IMEI")] == [A]
    assert [line.fields for line in lines(text, column="new_imei")] == [
        {"serial": "1", "old imei": C}
    ]
    odd = f"Gerät,Ort\n{A},Wien\n"
    assert "imei_column names another column" in refusal(odd)
    assert [line.imei for line in lines(odd, column="Gerät")] == [A]
    with pytest.raises(InvalidValue, match="a CSV header with the column serial"):
        list(lines(odd, column="serial"))
    record = json.dumps([{"imei": C, "sn": A}])
    assert [line.imei for line in lines(record, column="SN")] == [A]
    with pytest.raises(InvalidValue, match="line 1: has no IMEI"):
        list(lines(record, column="serial"))


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=|", "sep=\t", "sep=,"])
def test_a_line_that_names_the_separator_is_read(first: str) -> None:
    separator = first.strip('"')[-1]
    rows = [["imei", "a,b;c"], [A, "x"], [B, "y"]]
    other = "," if separator == ";" else ";"
    rows[0][1] = f"a{other}b"
    text = "\n".join([first, *(separator.join(row) for row in rows)])
    assert imeis(text) == [A, B]
    assert fields(text) == [{f"a{other}b": "x"}, {f"a{other}b": "y"}]
    assert "line 1: contains no devices" not in refusal(first)


@pytest.mark.parametrize("name", ["id", "imei2", "device", "", None, 3])
def test_other_names(name: object) -> None:
    assert not is_imei_key(name)


# -- what is refused

IS_NONE = "must be an IMEI with exactly 15 digits"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "contains no devices"),
        ("\n# nothing\n\n", "contains no devices"),
        ("[]", "contains no devices"),
        ("imei,region\n", "contains no devices"),
        # one IMEI a line
        (f"{A}\n12345\n{B}", f"line 2: '12345' {IS_NONE}"),
        (f"{A}\n35800000000001x", f"line 2: '35800000000001x' {IS_NONE}"),
        (f"{A}\n{A}{A}", f"line 2: '{A}{A}' {IS_NONE}"),
        (f"{A}\n٣58000000000016", f"line 2: '٣58000000000016' {IS_NONE}"),
        (f"{A}\n58000000000016", f"line 2: '58000000000016' {IS_NONE}. Was a leading 0 lost?"),
        (f"{A} {B}", f"line 1: '{A} {B}' {IS_NONE}"),
        (f"{A}\n\n{B},x", f"line 3: '{B},x' {IS_NONE}"),
        (
            "serial\n1",
            "line 1: 'serial' must be an IMEI, or a CSV header with a column imei",
        ),
        (f"{A},north\n", f"line 1: '{A},north' must be an IMEI, or a CSV header"),
        ("name;region\n", "line 1: 'name;region' must be an IMEI, or a CSV header"),
        # CSV
        ("imei,site\n,x\n", "line 2: has no IMEI"),
        ("site,imei\nx\n", "line 2: has no IMEI"),
        (f"imei,site\n{A},x,y\n", "line 2: has more cells than the header"),
        (f"imei,,site\n{A},x,y\n", "line 2: has more cells than the header"),
        (f"imei,IMEI\n{A},{A}\n", "line 1: more than one column for the same value: imei, IMEI"),
        (f"imei,a,a\n{A},1,2\n", "line 1: more than one column for the same value: a"),
        (
            f'imei,note\n{A},fine\n{B},"not closed\n{C},x\n{A},"y"\n',
            "line 3: a cell continues on the next line. Is a quote not closed?",
        ),
        (
            f'imei,note\n{A},"{"x" * 200_000}"\n',
            "line 2: is not valid CSV from here on (field larger than field limit (131072))",
        ),
        # JSON
        (f'{{"imei": "{A}"}}\n{{"imei": ', "line 2: must be a complete JSON object on one line"),
        ('{\n"devices": []}', "line 1: must be a complete JSON object"),
        ('{"site": "x"}', "line 1: has no IMEI"),
        ('{"imei": ["1"]}', f"line 1: {IS_NONE}, not of type list"),
        ("[true]", f"line 1: {IS_NONE}, not of type bool"),
        ("[1e400]", "line 1: 'inf' must be an IMEI"),
        ("[-5]", "line 1: '-5' must be an IMEI"),
        (f"[{'9' * 400}]", f"line 1: {IS_NONE}, not of type int"),
        (f'["{A}",\n"{B}",\n', "line 3: the JSON list has no end. Is the file truncated?"),
        (f'["{A}",\n"{B}', "line 2: is not valid JSON from here on. Is the file truncated?"),
        (f'["{A}"\n"{B}"]', "line 2: is not valid JSON: a comma or ] is missing here"),
        (f'["{A}",]', "line 1: is not valid JSON from here on"),
        (f'["{A}"]\n["{B}"]', "line 2: there is text after the end of the JSON list"),
        ("[" * 50_000, "line 1: is not valid JSON from here on"),
        # any
        (f"{A}\n{B}\0\n", "line 2: contains a NUL byte. Save the file as UTF-8 text"),
        (f"{A}\nn\udcf6rd\n", "line 2: must be UTF-8 text. Save the file as UTF-8"),
        (f"imei,site\n{A},n\udcf6rd\n", "line 2: must be UTF-8 text"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize("made", ["3.58E+14", "3,58e+14", "3.58000000000016E14", f"{A}.0", f"{A}."])
def test_numbers_of_spreadsheets(made: str) -> None:
    hint = f"line 2: '{made}' is an IMEI that a spreadsheet has converted to a number. Format the column as text"
    assert hint in refusal(f"{A}\n{made}\n")
    assert hint in refusal(f'imei\n"{made}"\n')
    if "," not in made and made[-1] != ".":
        assert "is an IMEI that a spreadsheet has converted to a number" in refusal(f"[{made}]")


def test_the_first_few_lines_are_named_at_once() -> None:
    few = refusal("imei,x\n1,\n2,\n,z\n")
    assert [one.partition(":")[0] for one in few.split("; ")] == ["line 2", "line 3", "line 4"]
    many = refusal("\n".join(map(str, range(1, 100))))
    assert [one.partition(":")[0] for one in many.split("; ")] == [
        *("line 1", "line 2", "line 3", "line 4", "line 5"),
        "there may be more",
    ]


def test_a_wrong_check_digit_is_refused_only_when_strict() -> None:
    assert imeis(WRONG_DIGIT) == [WRONG_DIGIT]
    wrong = refusal(f"{A}\n{WRONG_DIGIT}", ImeiCheck.STRICT)
    assert wrong == f"line 2: {WRONG_DIGIT} has a wrong check digit (imei_check=strict)"


def test_good_lines_are_given_as_they_come() -> None:
    """A file is not read ahead: its devices can be more than memory holds."""
    taken: list[str] = []

    def endless() -> Iterator[str]:
        while True:
            taken.append(A)
            yield f"{A}\n"

    reader = read_device_lines(endless(), option="o", path="p", check=ImeiCheck.OFF)
    assert next(reader).imei == A
    assert len(taken) == 1


# -- whatever a file holds

numbers = st.integers(0, 10**15 - 1).map("{:015}".format)
words = st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    max_size=8,
).map(str.strip)


@given(st.lists(st.tuples(numbers, words), min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_csv_that_python_writes_is_read_as_it_was(rows: list[tuple[str, str]], mark: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerows([("imei", "note"), *rows])
    assert [(one.imei, one.fields.get("note", "")) for one in lines(file.getvalue())] == rows


@given(
    ids=st.lists(numbers, min_size=1, max_size=300),
    indent=st.sampled_from([None, 0, 2]),
    as_objects=st.booleans(),
)
def test_lists_that_python_writes_are_read_as_they_were(
    ids: list[str], indent: int | None, *, as_objects: bool
) -> None:
    value: Any = [{"x": {"y": [1]}, "imei": one} for one in ids] if as_objects else ids
    assert imeis(json.dumps(value, indent=indent)) == ids


@given(st.text(st.sampled_from('[]{}",;:#\n\r\t 0358imedvcEe+.\0\udcff\ufeff'), max_size=80))
def test_nothing_is_raised_but_our_own(text: str) -> None:
    try:
        found = list(lines(text, ImeiCheck.STRICT))
    except InvalidValue as error:
        assert error.field == "devices_file"
        return
    assert found
    for one in found:
        assert len(one.imei) == 15 and one.imei.isdigit() and one.imei.isascii()
        assert 1 <= one.number <= len(text.splitlines()) + 1


@given(numbers)
def test_the_check_digit(imei: str) -> None:
    """Against the rule as the standard says it."""
    doubled = "".join(
        str(int(digit) * 2) if place % 2 else digit for place, digit in enumerate(reversed(imei))
    )
    assert luhn_is_valid(imei) == (sum(map(int, doubled)) % 10 == 0)
