# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report files in HTML, Markdown and CSV: what they say, how large they are, and odd facts."""

from __future__ import annotations

import base64
import copy
import csv
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.thingspace.fota.plugins.filter.fota_report import fota_report
from ansible_collections.thingspace.fota.plugins.module_utils._model.text import visible
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.view import (
    DEVICE_COLUMNS,
    view_decision,
)
from ansible_collections.thingspace.fota.plugins.module_utils._plan.rollout.placement.rollout_device import (
    DeviceClass,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page import render
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout import device_csv
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout.outcomes import GROUPS
from ansible_collections.thingspace.fota.tests.tools.report_facts import (
    HOSTILE,
    with_devices,
    with_hostile_names,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test
from ansible_collections.thingspace.fota.tests.unit.plan.rollout.rollout_builders import (
    bad,
    decided,
    device,
    good,
    imeis,
    own,
    seen,
    spec,
    upgraded,
    wave,
    waves_of,
)

SECTIONS = (
    *("next", "waves", "attention", "burn-up", "times", "campaigns", "clusters", "exposure"),
    *("given", "inputs", "devices"),
)
FAILED_READ = {"changed": False, "phase": "observation_failed", "actions": {}, "msg": "no <answer>"}
VOID = {"meta", "link", "br", "img", "input"}


class Outline(HTMLParser):
    """Reads a page: the tags, ids and texts, and whether every tag is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.data = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)
        if ("id", "packed") in attrs:
            self.data = "here"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.data == "here":
            self.data = data
        elif self.open and self.open[-1] not in ("script", "style"):
            self.text += f" {data}"

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def facts_of(devices: int = 12, failed: int = 3, **members: Any) -> dict[str, Any]:
    """The result for a rollout in which so many of four pilots have failed, as JSON."""
    ids = imeis(devices)
    wish = spec(ids, waves=[wave("pilot", count=4), wave()], **members)
    pilot = waves_of(decided(wish, seen(map(device, ids))))[1]
    report = [bad(each) for each in pilot[:failed]] + [good(each) for each in pilot[failed:]]
    known = [upgraded(each) if each in pilot[failed:] else device(each) for each in ids]
    return _result(wish, seen(known, [own(report, "CampaignEnded", start=-6, end=-3)]))


def planned(devices: int = 12, **members: Any) -> dict[str, Any]:
    """The result for a rollout without campaigns."""
    ids = imeis(devices)
    wish = spec(ids, waves=[wave("pilot", count=4), wave()], **members)
    return _result(wish, seen(map(device, ids)))


def _result(wish: Any, what: Any) -> dict[str, Any]:
    facts = view_decision(decided(wish, what), "all")
    service = {"host": "thingspace.example", "simulated": False}
    more = {"changed": False, "events": [], "diff": {}, "service": service, "msg": "a rollout"}
    return json.loads(json.dumps({**facts, **more}))


def page_of(facts: dict[str, Any]) -> Outline:
    return Outline(str(fota_report(facts, "html")))


def unpacked(outline: Outline) -> dict[str, Any]:
    return json.loads(zlib.decompress(base64.b64decode(outline.data)))


# -- pages


def test_licenses_have_a_section_where_they_are_needed() -> None:
    facts = planned(assign_licenses="before_wave")
    for kind in ("html", "markdown"):
        assert "Licenses" not in str(fota_report(facts, kind))
    examples = {"devices": 7, "examples": imeis(7)}
    facts["licenses"] |= {"required": True, "needed": 12, "free": 5, "total": 6, "short": 7}
    facts["licenses"] |= {"waves": [{"name": "<b>", "needed": 4}], "waiting": examples}
    found = page_of(facts)
    assert "licenses" in found.ids
    assert "licenses: 12 needed, 5 of 6 free, 7 short needed by wave: <b> 4" in found.words
    text = str(fota_report(facts, "markdown"))
    assert "## Licenses" in text and "7 devices without a license" in text
    assert "and 2 more" in found.words


def test_a_page_has_its_sections_in_order() -> None:
    found = page_of(facts_of())
    assert [id_ for id_ in found.ids if id_ in SECTIONS] == [*SECTIONS]


def test_a_halted_rollout_says_what_happened_which_devices_and_what_next() -> None:
    facts = facts_of()
    text = page_of(facts).words
    assert facts["phase"] in text.lower()
    assert "It waits for a decision on wave pilot." in text
    for accept in facts["overrides"]["accept"]:
        assert f"up_to: {accept['up_to']}" in text
    failed = [each for each in facts["devices"] if each["class"] == "failed"]
    for each in failed:
        assert each["deviceId"] in text
    assert "Find the cause, then accept the failure or fix the firmware" in text
    assert facts["digest"] in text


def test_devices_of_halted_cohorts_are_named_where_they_do_not_count() -> None:
    facts = facts_of()
    facts["waves"][0] |= {"devices": 6, "members": 4, "in_failed_cohorts": 2}
    why = "2 of the 6 planned devices of wave pilot belong to halted cohorts and do not count"
    assert page_of(facts).words.count(f"{why}: 4 members") == 2, "below the headline, and the gate"
    assert f"{why}: 4 members" in str(fota_report(facts, "markdown"))


def test_each_accept_says_what_it_does() -> None:
    facts = facts_of()
    accept = {"wave": "pilot", "failures": 3, "up_to": 3, "generations": []}
    cohort = {**accept, "cohort": facts["cohorts"][0]["codes"][0]}
    facts["overrides"]["accept"] = [{**accept, "wave": "all"}, accept, cohort]
    words = page_of(facts).words
    model = facts["cohorts"][0]["model"]
    code = cohort["cohort"]
    assert f"Lets cohort {model} {code} in wave pilot continue with its 3 failures:" in words
    assert "Counts 3 failures in wave pilot and lets it continue:" in words
    assert "Counts 3 failures in wave all:" in words


def test_markdown_links_no_name_and_mentions_nobody() -> None:
    facts = facts_of()
    for each, name in zip(
        [each for each in facts["devices"] if each["class"] == "failed"],
        ["https://evil.example/x", "@admin", "www.evil.example"],
        strict=True,
    ):
        each["host"] = name
    text = str(fota_report(facts, "markdown"))
    assert "https:<!-- -->//evil.example/x" in text and "www<!-- -->.evil.example" in text
    assert "@<!-- -->admin" in text and "@admin" not in text


def test_only_the_style_and_the_script_of_the_page_may_run() -> None:
    page = str(fota_report(facts_of(), "html"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, kind in (("style", "style"), ("script", "script")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    found = Outline(page)
    assert not [
        name for name, _value in found.attributes if name.startswith("on") or name == "style"
    ]
    addresses = [value for name, value in found.attributes if name in ("src", "href", "action")]
    assert [each for each in addresses if not (each or "").startswith(("#", "data:,"))] == []


def test_every_device_is_in_the_data() -> None:
    facts = facts_of(devices=30)
    data = unpacked(page_of(facts))
    assert data["count"] == 30
    columns = {column["key"]: column for column in data["columns"]}
    number, found = 0, []
    for delta in columns["deviceId"]["deltas"]:
        number += delta
        found.append(str(number).zfill(columns["deviceId"]["digits"]))
    assert found == sorted(each["deviceId"] for each in facts["devices"])
    by_imei = {each["deviceId"]: each for each in facts["devices"]}
    kinds = [data["classes"][place]["kind"] for place in columns["class"]["at"]]
    assert kinds == [by_imei[imei]["class"] for imei in found]


def test_the_charts_stay_small() -> None:
    charts = Path(render.__file__).with_name("charts.svg.j2").read_text(encoding="utf-8")
    assert len(charts.splitlines()) <= 150


@pytest.mark.parametrize(
    ("devices", "most"),
    first_in_test([(300, 150_000), (10_000, 260_000), (100_000, 2_000_000)], taken=2),
)
def test_a_page_stays_small(devices: int, most: int) -> None:
    facts = with_devices(facts_of(), devices)
    page = str(fota_report(facts, "html"))
    assert len(page.encode()) <= most


def test_many_campaigns_and_devices_that_need_attention_stay_small() -> None:
    facts = facts_of(devices=3000, failed=4)
    facts["campaigns"] *= 5000
    for each in facts["devices"]:
        each["class"] = "failed"
    page = str(fota_report(facts, "html"))
    assert len(page.encode()) <= 400_000
    assert "The last 200 of 5000 campaigns" in page


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_names_are_never_markup(form: str) -> None:
    facts = with_hostile_names(facts_of(devices=30))
    text = str(fota_report(facts, form))
    if form == "html":
        found = Outline(text)
        assert "img" not in found.tags
        assert found.tags.count("script") == 3, "that of the page, the devices, and the evidence"
        for name in HOSTILE:
            assert " ".join(visible(name).split()) in found.words
    else:
        outside_code = re.sub(r"^    .*", "", text, flags=re.MULTILINE)
        assert not re.search(r"(?<!\\)<(script|img)", outside_code)
        assert "\n# heading" not in text
    assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_the_same_facts_give_the_same_files() -> None:
    for form in ("html", "markdown", "csv"):
        assert fota_report(facts_of(), form) == fota_report(facts_of(), form)


def test_a_plan_lists_the_campaigns_that_are_due() -> None:
    facts = planned()
    names = [change["name"] for change in facts["changes"]]
    assert names
    for form in ("html", "markdown"):
        text = str(fota_report(facts, form)).replace("\\", "")
        assert [name for name in names if name in text] == names
        assert "Planned: 12 devices in 2 waves" in text


# -- odd facts


def empty() -> dict[str, Any]:
    facts = planned(1)
    facts["counts"] = {"selected": 0, "in_scope": 0}
    return facts | {"waves": [], "devices": [], "targets": [], "cohorts": [], "standings": [],
                    "changes": [], "next_check_after": None}  # fmt: skip


def without_times() -> dict[str, Any]:
    facts = facts_of()
    facts["results_by_day"] = []
    for own_campaign in facts["campaigns"]:
        own_campaign["start_date"] = own_campaign["end_date"] = None
    for each in facts["devices"]:
        each["result_at"] = None
    for each in facts["waves"]:
        each["soak_until"] = each["deadline"] = each["waiting_since"] = None
    return facts


def unknown_words() -> dict[str, Any]:
    facts = facts_of()
    facts["phase"] = "levitating"
    for each in facts["devices"]:
        each["class"] = "enchanted"
    for each in facts["waves"]:
        each["state"] = "dreaming"
        each["counts"] = {"enchanted": each["devices"]}
    for own_campaign in facts["campaigns"]:
        own_campaign |= {"status": "CampaignOdd", "zone": "Mars/Olympus", "start_date": "soon",
                         "windows": [{"start": 4, "end": 10}]}  # fmt: skip
    return facts


def all_failed() -> dict[str, Any]:
    facts = facts_of(failed=4)
    for each in facts["devices"]:
        each["class"] = "failed"
    facts["counts"] = {"selected": 12, "in_scope": 12, "failed": 12}
    return facts


ODD = {
    "empty": (empty, "There are no waves."),
    "one device": (lambda: planned(1), "1 selected, 1 in scope"),
    "a plan": (planned, "No campaign exists yet"),
    "no failures": (lambda: facts_of(failed=0), "nothing in common"),
    "all failed": (all_failed, "0 %"),
    "no times": (without_times, "No device has a result with a time yet"),
    "unknown words": (unknown_words, "enchanted"),
    "a failed read": (lambda: FAILED_READ, "no <answer>"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_facts_give_a_page_that_says_what_is_missing(name: str) -> None:
    make, expected = ODD[name]
    facts = make()
    before = copy.deepcopy(facts)
    assert expected in page_of(facts).words
    assert str(fota_report(facts, "markdown")).startswith("# ")
    assert str(fota_report(facts, "csv")).startswith("deviceId,")
    assert facts == before


# -- CSV


def test_a_csv_file_has_a_line_for_each_device() -> None:
    facts = facts_of()
    lines = [*csv.DictReader(str(fota_report(facts, "csv")).splitlines())]
    assert [line["deviceId"] for line in lines] == [each["deviceId"] for each in facts["devices"]]
    failed = [line for line in lines if line["class"] == "failed"]
    assert {line["next_step"] for line in failed} == {
        "Find the cause, then accept the failure or fix the firmware"
    }
    assert device_csv.COLUMNS == DEVICE_COLUMNS


def test_a_csv_cell_is_never_a_formula() -> None:
    facts = with_hostile_names(facts_of(devices=30))
    for line in csv.reader(str(fota_report(facts, "csv")).splitlines()):
        assert not [cell for cell in line if cell.lstrip()[:1] in ("=", "+", "-", "@")]


def test_every_class_has_a_group() -> None:
    assert {kind.value for kind in DeviceClass} == GROUPS.keys()


def test_facts_that_lack_something_are_refused() -> None:
    facts = facts_of()
    del facts["exposure"]
    for form in ("html", "markdown"):
        with pytest.raises(AnsibleFilterError, match=r"must be a whole result .*exposure"):
            fota_report(facts, form)
