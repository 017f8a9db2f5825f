# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages as people open them: in both themes, on a screen and on a phone, with and without script."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._model.text import visible
from ansible_collections.thingspace.fota.tests.browser.conftest import ROOT, SCREENSHOTS, SIZES
from ansible_collections.thingspace.fota.tests.tools.report_facts import (
    HOSTILE,
    demo_moments,
    with_devices,
    with_hostile_names,
)

MOMENTS = ("plan", "running", "halted", "completed_with_exceptions")
CHECKED = {("light", "desktop"), ("dark", "phone")}
LOOKS = [(theme, size) for size in SIZES for theme in ("light", "dark")]
SITE = ROOT / "build/docs/index.html"

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

OpenPage = Callable[..., Any]


def written(folder: Path, facts: dict[str, Any]) -> Path:
    """The report of facts as a file."""
    file = folder / "report.html"
    file.write_text(str(fota_report(facts, "html")), encoding="utf-8")
    return file


def wait_for_rows(page: Any) -> None:
    """Wait until the script has drawn every table of devices."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.devices')].every((each) => each.dataset.ready)"
    )


def assert_accessible(page: Any) -> None:
    """axe finds no serious and no critical fault."""
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    faults = [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert faults == []


def expected_numbers(wave: dict[str, Any]) -> list[int]:
    """Planned, attempted, verified, failed, silent and unreached devices, by the JSON."""
    verified, failed, silent, unreached = (
        sum(wave["counts"].get(kind, 0) for kind in kinds)
        for kinds in (["verified"], ["failed", "mismatch"], ["silent"], ["unreached"])
    )
    return [wave["devices"], verified + failed, verified, failed, silent, unreached]


def take_pictures(page: Any, name: str, *, checked: bool = True) -> None:
    """Keep a picture of a page in every look, and check its accessibility in each theme."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme, size in LOOKS:
        width, height = SIZES[size]
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme}-{size}.png", full_page=True)
        if checked:
            needed = page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, "only tables scroll sideways"
        if checked and (theme, size) in CHECKED:
            assert_accessible(page)


@pytest.mark.parametrize("moment", ["plan", "halted", "completed_with_exceptions"])
def test_a_report_is_quiet_and_accessible_in_every_look(
    open_page: OpenPage, tmp_path: Path, moment: str
) -> None:
    with open_page(written(tmp_path, demo_moments()[moment])) as opened:
        wait_for_rows(opened.page)
        take_pictures(opened.page, moment)
        opened.assert_quiet()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_numbers_on_a_page_are_those_of_the_json(
    open_page: OpenPage, tmp_path: Path, moment: str
) -> None:
    facts = demo_moments()[moment]
    counts = facts["counts"]
    with open_page(written(tmp_path, facts)) as opened:
        page = opened.page
        wait_for_rows(page)
        names = page.locator(".figures dt").all_inner_texts()
        values = [text.split()[0] for text in page.locator(".figures dd").all_inner_texts()]
        shown = dict(zip(names, map(int, values), strict=True))
        assert shown["devices in scope"] == counts["in_scope"]
        assert shown["verified"] == counts.get("verified", 0)
        assert shown["failed"] == counts.get("failed", 0) + counts.get("mismatch", 0)
        assert shown["can still change"] == facts["exposure"]
        rows = page.locator(".waves tr.wave").all()
        assert [[*map(int, row.locator("td.n").all_inner_texts())] for row in rows] == [
            expected_numbers(wave) for wave in facts["waves"]
        ]
        listed = page.locator("section:has(#devices) output")
        assert listed.inner_text() == f"{len(facts['devices'])} devices"
        assert facts["digest"] in page.locator("section:has(#inputs)").inner_text()


def test_the_picture_of_readme(open_page: OpenPage, tmp_path: Path) -> None:
    """It is left beside the other screenshots, to be copied into the documents."""
    shown = ROOT / "docs/images/report.png"
    width, height = 1000, 640
    with open_page(written(tmp_path, demo_moments()["halted"])) as opened:
        opened.page.set_viewport_size({"width": width, "height": height})
        wait_for_rows(opened.page)
        opened.page.screenshot(path=SCREENSHOTS / shown.name)
    for picture in (shown, SCREENSHOTS / shown.name):
        data = picture.read_bytes()
        assert (data[:4], data[16:24]) == (b"\x89PNG", struct.pack(">II", width, height))
        assert len(data) < 150_000


def test_search_and_sort_find_devices(open_page: OpenPage, tmp_path: Path) -> None:
    facts = demo_moments()["halted"]
    imeis = sorted(device["deviceId"] for device in facts["devices"])
    failed = [device for device in facts["devices"] if device["class"] == "failed"]
    with open_page(written(tmp_path, facts)) as opened:
        page = opened.page
        wait_for_rows(page)
        everything = page.locator("section:has(#devices) .devices")
        first = everything.locator("tbody tr:not(.gap)").first
        assert first.locator(".deviceId").inner_text() == imeis[0]
        head = everything.locator("thead button", has_text="Device")
        head.click()
        head.click()
        assert first.locator(".deviceId").inner_text() == imeis[-1]
        assert everything.locator("th").first.get_attribute("aria-sort") == "descending"
        everything.locator("input").fill(failed[0]["deviceId"])
        assert everything.locator("output").inner_text() == f"1 of {len(imeis)} devices"
        assert failed[0]["host"] in first.inner_text()
        everything.locator("input").fill("")
        everything.locator("select").select_option(label=f"failed ({len(failed)})")
        assert everything.locator("output").inner_text() == f"{len(failed)} of {len(imeis)} devices"
        opened.assert_quiet()


def test_a_line_to_paste_is_copied_or_selected(open_page: OpenPage, tmp_path: Path) -> None:
    facts = demo_moments()["halted"]
    with open_page(written(tmp_path, facts)) as opened:
        box = opened.page.locator(".paste").first
        box.locator("button").click()
        opened.page.wait_for_function(
            "() => ['Copied', 'Selected'].includes(document.querySelector('.paste button').innerText)"
        )
        assert "accept: [{" in box.locator("pre").inner_text()
        opened.assert_quiet()


def test_without_script_a_page_says_what_it_shows(open_page: OpenPage, tmp_path: Path) -> None:
    facts = demo_moments()["halted"]
    with open_page(written(tmp_path, facts), script=False) as opened:
        text = opened.page.locator("body").inner_text()
        assert f"The first 40 of {len(facts['devices'])} devices." in text
        assert facts["why"] in text
        assert opened.page.locator("section:has(#devices) tbody tr").count() == 40
        assert opened.page.locator(".tools:visible, .paste button").count() == 0
        opened.assert_quiet()


def test_a_hundred_thousand_devices_are_searched_in_a_window_of_rows(
    open_page: OpenPage, tmp_path: Path
) -> None:
    facts = with_devices(demo_moments()["halted"], 100_000)
    with open_page(written(tmp_path, facts)) as opened:
        page = opened.page
        wait_for_rows(page)
        everything = page.locator("section:has(#devices) .devices")
        assert everything.locator("output").inner_text() == "100,000 devices"
        assert everything.locator("tbody tr").count() < 100
        wanted = facts["devices"][77_777]
        everything.locator("input").fill(wanted["host"])
        assert everything.locator("output").inner_text() == "1 of 100,000 devices"
        row = everything.locator("tbody tr:not(.gap)").first.locator("td").all_inner_texts()
        assert row[:2] == [wanted["deviceId"], wanted["host"]]
        everything.locator("input").fill("")
        scroll = everything.locator(".scroll")
        scroll.evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
        last = max(device["deviceId"] for device in facts["devices"])
        everything.locator("td.deviceId", has_text=last).wait_for()
        opened.assert_quiet()


def test_hostile_names_are_text(open_page: OpenPage, tmp_path: Path) -> None:
    facts = with_hostile_names(demo_moments()["halted"])
    with open_page(written(tmp_path, facts)) as opened:
        page = opened.page
        wait_for_rows(page)
        everything = page.locator("section:has(#devices) .devices")
        for name in HOSTILE:
            device = next(device for device in facts["devices"] if device["host"] == name)
            everything.locator("input").fill(device["deviceId"])
            host = everything.locator("td.host").first
            assert host.text_content() == visible(name)
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 3, (
            "that of the page, the devices, and the evidence"
        )
        assert_accessible(page)
        opened.assert_quiet()


def test_the_home_of_the_documentation_is_quiet(open_page: OpenPage) -> None:
    if not SITE.exists():
        pytest.skip("build/docs does not exist: make docs")
    with open_page(SITE) as opened:
        take_pictures(opened.page, "site", checked=False)
        opened.assert_quiet()
