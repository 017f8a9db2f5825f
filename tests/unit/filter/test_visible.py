# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``visible``, as its example uses it."""

from __future__ import annotations

import pytest
import yaml
from jinja2 import Environment

from ansible_collections.thingspace.fota.plugins.filter.visible import EXAMPLES, FilterModule


def shown(reason: object) -> str:
    """What the example shows of a device with this reason."""
    rendering = Environment(autoescape=False)  # noqa: S701 - a terminal is no HTML
    filters = FilterModule().filters()
    rendering.filters |= {f"thingspace.fota.{name}": filters[name] for name in filters}
    (task,) = yaml.safe_load(EXAMPLES)
    message = rendering.from_string(task["ansible.builtin.debug"]["msg"])
    return message.render(item={"reason": reason})


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("no such device", "no such device"),
        ("{{ 7 * 7 }} é 固件", "{{ 7 * 7 }} é 固件"),
        ("two\r\nlines\u2028three", "two  lines three"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red "),
        ("C1 \x9b31m\x85", "C1  31m "),
        ("back\u202ewards\u2069\u200f", "back wards  "),
        ("half \ud800", "half  "),
        ("", ""),
        (None, "None"),
        (7, "7"),
    ],
)
def test_only_what_can_be_seen_is_left(reason: object, line: str) -> None:
    assert shown(reason) == line
    assert line.isprintable()
