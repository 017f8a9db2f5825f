# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium of the system, driven by Playwright: pages may load nothing and complain of nothing.

The variable ``CHROMIUM`` names another browser. ``tests/requirements-browser.txt`` has the driver.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build/browser"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@dataclass
class Opened:
    """A page in the browser, and what it must not have done."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        """It loads nothing from elsewhere, opens no dialog, and the console has no complaint."""
        assert (self.complaints, self.requests) == ([], [])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium: install the package chromium, or name it by CHROMIUM")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Callable[..., Any]:
    """A context manager: opens a file, and closes the page and its profile."""

    @contextmanager
    def opening(
        file: Path, *, theme: str = "light", size: str = "desktop", script: bool = True
    ) -> Iterator[Opened]:
        width, height = SIZES[size]
        context = chromium.new_context(
            color_scheme=theme,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            device_scale_factor=1,
        )
        opened = Opened(context.new_page())

        def guard(route: Any) -> None:
            url = route.request.url
            # A page of a site of files loads the others of the site.
            if url.startswith(file.parent.as_uri()):
                route.continue_()
            else:
                opened.requests.append(url)
                route.abort()

        def refuse(dialog: Any) -> None:
            opened.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        context.route("**/*", guard)
        opened.page.on("dialog", refuse)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and opened.complaints.append(message.text)
            ),
        )
        opened.page.goto(file.as_uri())
        yield opened
        context.close()

    return opening
