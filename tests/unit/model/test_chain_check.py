# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is done to a journal shows, with the line it was done to."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.thingspace.fota.plugins.module_utils._model.chain_check import (
    LONGEST,
    CheckedChain,
    check_chain,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.hash_chain import (
    START,
    find_end,
    seal,
)


def write(*records: dict[str, object] | bytes) -> list[bytes]:
    """The lines of a journal; bytes are lines that are there without a chain."""
    lines: list[bytes] = []
    for record in records:
        if isinstance(record, bytes):
            lines.append(record)
        else:
            line, _head = seal(record, previous=find_end(lines)[0], line=len(lines) + 1)
            lines.append(line)
    return lines


RUNS = [{"rollout": "meters", "run": number, "why": "a \u00e9"} for number in range(6)]
PLAIN = write(*RUNS)
# An old line at the start, and that of a run which was killed in between.
MIXED = write(b'{"rollout": "meters"}', RUNS[0], RUNS[1], b'{"rollout":"me', RUNS[2], RUNS[3])
JOURNALS = pytest.mark.parametrize("lines", [PLAIN, MIXED], ids=["plain", "mixed"])


def check(lines: Sequence[bytes]) -> CheckedChain:
    return check_chain(b"".join(line + b"\n" for line in lines))


def lines_of(checked: CheckedChain) -> list[int]:
    """The lines that are named; each of several of which one is meant."""
    return [
        number
        for finding in checked.findings
        for number in range(finding.line, (finding.last or finding.line) + 1)
    ]


@JOURNALS
def test_a_journal_that_was_not_touched_holds(lines: list[bytes]) -> None:
    checked = check(lines)
    assert checked.findings == ()
    assert checked.head == find_end(lines)[0]
    others = [number for number, line in enumerate(lines, 1) if b"chain" not in line]
    assert [note.line for note in checked.notes] == others


@JOURNALS
def test_every_byte_counts(lines: list[bytes]) -> None:
    """Also blanks, the order of members, how numbers and letters are written, and ends of lines."""
    text = b"".join(line + b"\n" for line in lines)
    line = 1
    for place, byte in enumerate(text):
        for other in {byte ^ 1, byte ^ 0x20, 0x0A, 0x20, 0xFF} - {byte}:
            changed = text[:place] + bytes([other]) + text[place + 1 :]
            found = lines_of(check_chain(changed))
            assert line in found or (byte == 0x0A and line + 1 in found), (place, byte, other)
        line += byte == 0x0A


@JOURNALS
@given(data=st.data())
def test_any_bytes_instead_of_others_show(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 300)))
    new = data.draw(st.binary(max_size=40) | st.sampled_from([*lines, b"\n", b" ", b"{}\n"]))
    changed = text[:start] + new + text[end:]
    # A last line that lost its end only is whole.
    if changed in (text, text[:-1]):
        return
    checked = check_chain(changed)
    # Whole lines that are gone from the end are missed by the head that was written down elsewhere.
    cut = text.startswith(changed) and changed.endswith(b"\n")
    assert checked.findings or (cut and checked.head != find_end(lines)[0])


@JOURNALS
def test_a_line_that_is_gone_is_missed(lines: list[bytes]) -> None:
    for gone in range(len(lines) - 1):
        found = lines_of(check([*lines[:gone], *lines[gone + 1 :]]))
        # It is missed where the next line of the chain stands now.
        assert found, gone
        assert found[0] in (gone, gone + 1, gone + 2), gone
    short = check(lines[:-1])
    assert short.findings == ()
    assert find_end(lines)[0] not in short.heads, "the last one is missed by its head only"


def test_the_lines_that_are_gone_are_counted() -> None:
    checked = check([PLAIN[0], *PLAIN[3:]])
    assert [str(finding) for finding in checked.findings] == [
        "line 2: 2 lines missing before it: it was written as line 4"
    ]


def test_a_line_that_is_doubled_is_named() -> None:
    for number, line in enumerate(PLAIN, 1):
        for place in range(number, len(PLAIN) + 1):
            checked = check([*PLAIN[:place], line, *PLAIN[place:]])
            assert [str(finding) for finding in checked.findings] == [
                f"line {place + 1}: repeats line {number}"
            ]


def test_lines_that_have_changed_places_are_named() -> None:
    for first in range(len(PLAIN)):
        for second in range(first + 1, len(PLAIN)):
            lines = list(PLAIN)
            lines[first], lines[second] = lines[second], lines[first]
            found = lines_of(check(lines))
            assert second + 1 in found, (first, second)


def test_a_line_that_was_put_between_is_noticed() -> None:
    """It has a chain of its own that fits what is before it, and not what is after it."""
    for place in range(1, len(PLAIN)):
        for line in (place, place + 1, place + 9):
            forged, _head = seal({"run": 9}, previous=find_end(PLAIN[:place])[0], line=line)
            found = lines_of(check([*PLAIN[:place], forged, *PLAIN[place:]]))
            assert {place + 1, place + 2} & set(found), (place, line)


def test_a_line_that_was_written_again_is_noticed_by_the_next_one() -> None:
    forged, _head = seal({"run": 9}, previous=find_end(PLAIN[:2])[0], line=3)
    checked = check([*PLAIN[:2], forged, *PLAIN[3:]])
    assert [str(finding) for finding in checked.findings] == [
        "line 4: does not follow the line before it, which was put in its place"
    ]


def test_a_chain_that_was_written_again_as_a_whole_holds_and_has_another_head() -> None:
    """Which is why the head has to be kept elsewhere."""
    again = check(write(RUNS[0], {"run": 9}, *RUNS[2:]))
    assert again.findings == ()
    assert find_end(PLAIN)[0] not in again.heads


def test_the_last_line_that_is_cut_off_is_named() -> None:
    text = b"".join(line + b"\n" for line in PLAIN)
    for length in range(len(text) - len(PLAIN[-1]), len(text) - 1):
        assert lines_of(check_chain(text[:length])) == [6]
        assert "cut off" in str(check_chain(text[:length]).findings[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "the file is empty: nothing can be verified"),
        (b"\n\n", "no chain in 2 lines: nothing can be verified"),
        (b"no JSON", "no chain in 1 line: nothing can be verified"),
        (b'{"rollout": "meters"}\n', "no chain in 1 line: nothing can be verified"),
        (b"\xff\xfe\x00\n[1, 2]\n", "no chain in 2 lines: nothing can be verified"),
    ],
)
def test_a_file_without_a_chain_proves_nothing(text: bytes, why: str) -> None:
    assert [str(finding) for finding in check_chain(text).findings] == [why]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "is empty"),
        (b"[" * 100_000, "is cut off or not a JSON object"),
        (b"[1]", "is cut off or not a JSON object"),
        (b'{"run": 1}', "has no hash"),
        (b'{"run": 1, "chain": {"line": 1}}', "has no hash"),
        (b'{"run": 1, "chain": {"line": true, "previous": "", "hash": ""}}', "has no hash"),
        (b'{"a":"' + b"x" * LONGEST + b'"}', f"is longer than {LONGEST} bytes"),
    ],
    ids=["empty", "deep", "list", "no chain", "half a chain", "no number", "huge"],
)
def test_a_line_that_belongs_to_no_chain_is_named(line: bytes, why: str) -> None:
    for place in range(len(PLAIN) + 1):
        checked = check([*PLAIN[:place], line, *PLAIN[place:]])
        assert lines_of(checked) == [place + 1]
        assert why in str(checked.findings[0])


def test_json_that_says_the_same_in_other_bytes_is_changed() -> None:
    record = json.loads(PLAIN[2])
    for text in (
        json.dumps(record, separators=(",", ":"), sort_keys=True, ensure_ascii=False),
        json.dumps(record, sort_keys=True),
        PLAIN[2].decode().replace('"run":2', '"run":1,"run":2'),
        PLAIN[2].decode().replace('"run":2', '"run":2.0'),
        PLAIN[2].decode() + "\r",
    ):
        checked = check([*PLAIN[:2], text.encode(), *PLAIN[3:]])
        assert [str(finding) for finding in checked.findings] == [
            "line 3: was changed after it was written"
        ]


def test_an_empty_file_has_the_first_head() -> None:
    assert check_chain(b"").head == START
