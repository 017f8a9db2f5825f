# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits, overviews, rehearsals and devices as pages in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.tests.browser.test_pages import take_pictures
from ansible_collections.thingspace.fota.tests.tools.report_facts import HOSTILE
from ansible_collections.thingspace.fota.tests.tools.view_facts import VIEWS


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_quiet_and_accessible_in_every_look(
    open_page: Callable[..., Any], tmp_path: Path, view: str
) -> None:
    file = tmp_path / f"{view}.html"
    file.write_text(str(fota_report(VIEWS[view](), f"{view}_html")), encoding="utf-8")
    with open_page(file) as opened:
        take_pictures(opened.page, view)
        opened.assert_quiet()


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_do_nothing(open_page: Callable[..., Any], tmp_path: Path, view: str) -> None:
    file = tmp_path / f"{view}.html"
    for name in HOSTILE[:2]:
        file.write_text(str(fota_report(VIEWS[view](name), f"{view}_html")), encoding="utf-8")
        with open_page(file) as opened:
            opened.assert_quiet()
