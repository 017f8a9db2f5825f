# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits, overviews, rehearsals and devices as pages in a browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.tests.browser.conftest import SCREENSHOTS, SIZES
from ansible_collections.thingspace.fota.tests.browser.test_pages import assert_accessible
from ansible_collections.thingspace.fota.tests.tools.report_facts import HOSTILE
from ansible_collections.thingspace.fota.tests.tools.view_facts import VIEWS

LOOKS = [(view, theme, size) for view, theme, size in product(VIEWS, ("light", "dark"), SIZES)]


@pytest.mark.parametrize(("view", "theme", "size"), LOOKS)
def test_a_view_is_quiet_and_accessible(
    open_page: Callable[..., Any], tmp_path: Path, view: str, theme: str, size: str
) -> None:
    file = tmp_path / f"{view}.html"
    file.write_text(str(fota_report(VIEWS[view](), f"{view}_html")), encoding="utf-8")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with open_page(file, theme=theme, size=size) as opened:
        assert_accessible(opened.page)
        width = opened.page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], "only tables scroll sideways"
        opened.page.screenshot(path=SCREENSHOTS / f"{view}-{theme}-{size}.png", full_page=True)
        opened.assert_quiet()


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_do_nothing(open_page: Callable[..., Any], tmp_path: Path, view: str) -> None:
    file = tmp_path / f"{view}.html"
    for name in HOSTILE[:2]:
        file.write_text(str(fota_report(VIEWS[view](name), f"{view}_html")), encoding="utf-8")
        with open_page(file) as opened:
            opened.assert_quiet()
