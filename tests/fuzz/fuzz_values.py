# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service in trouble, or a hostile one, may send: any JSON, and its own replies spoilt."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# Texts that mean something to a terminal, a template, a parser, a path or a clock.
WORDS = (
    "",
    "null",
    "{{ 1 / 0 }}",
    "{% raw %}",
    "<b onclick=x>&amp;</b>",
    "\x1b[31mred\x1b]0;title\x07",
    "one\ntwo\r\nthree\x85four\u2028five",
    "\x00",
    "\u202edesrever\u200f",
    "\ud800",
    "..",
    "../../v1/x?a=b#c%2e",
    "9" * 400,
    "-0",
    "1e999",
    "2026-03-02",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01 00:00:00 +0000 UTC",
    "9999-12-31 23:59:59.999 -2359 UTC",
    "2026-03-02T24:00:00Z",
    "2026-W53-7",
    "\u0662\u0660\u0662\u0666-03-02 00:00:00 +0000",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 99 Foo 99999999999 99:99:99 +9999",
    "tsr.meters.abcdef.w01.abcdef.t01.a1.n5",
    "CampaignScheduled",
    "UpgradeSuccess",
    "true",
)
_ANY_CHARACTER = st.characters(exclude_categories=())  # lone surrogates, too

texts: SearchStrategy[str] = st.one_of(st.sampled_from(WORDS), st.text(_ANY_CHARACTER, max_size=40))
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 30),
    st.sampled_from((10**30, -(10**4000), 2**63)),
    st.floats(),
    texts,
)
_trees = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


def nested(depth: int, *, by_list: bool) -> object:
    """Give a value that holds itself so many times over."""
    value: object = "x"
    for _level in range(depth):
        value = [value] if by_list else {"a": value}
    return value


values: SearchStrategy[Any] = st.one_of(
    _trees, _trees, st.builds(nested, st.sampled_from((20, 300)), by_list=st.booleans())
)
# What one member is replaced by: mostly a text or a number where another was, cheap to make.
members: SearchStrategy[Any] = st.one_of(st.sampled_from(WORDS), texts, _scalars, values)


def _places(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path to every member of a value, the value itself first."""
    found = [here]
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        found += _places(inner, (*here, key))
    return found


def _spoil(value: Any, place: tuple[Any, ...], how: str, new: Any, key: str) -> Any:
    """Replace, drop or rename a member, or repeat a row; an earlier change may have taken it."""
    if not place:
        return new if how == "replace" else value
    *way, last = place
    holder = value
    for step in way:
        inside = isinstance(holder, (dict, list)) and (
            step in holder if isinstance(holder, dict) else step < len(holder)
        )
        if not inside or isinstance(holder, dict) != isinstance(step, str):
            return value
        holder = holder[step]
    if isinstance(holder, dict) and last in holder:
        if how == "replace":
            holder[last] = new
        else:
            member = holder.pop(last)
            holder.update({key: member} if how == "rename" else {})
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        if how == "replace":
            holder[last] = new
        else:
            holder.append(copy.deepcopy(holder[last]))
    return value


@st.composite
def spoilt(
    draw: st.DrawFn, examples: tuple[Any, ...], with_what: SearchStrategy[Any] = members
) -> Any:
    """One of some examples in which up to three members are not what they should be."""
    value = copy.deepcopy(draw(st.sampled_from(examples)))
    for _change in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(value)))
        how = draw(st.sampled_from(("replace", "replace", "replace", "drop", "rename")))
        key = draw(texts) if how == "rename" else ""
        new = draw(with_what) if how == "replace" else None
        value = _spoil(value, place, how, new, key)
        if not isinstance(value, (dict, list)):
            break
    return value


def wire_text(value: object) -> str:
    """Give a value as JSON text; NaN and infinities as Python spells them."""
    return json.dumps(value)
