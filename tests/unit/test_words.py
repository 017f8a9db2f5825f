# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that the collection has replaced do not come back into what people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = ("*.md", "galaxy.yml", "docs/**/*.md", "docs/**/*.rst", "roles/**/*", "playbooks/**/*.yml")
READ += ("extensions/**/*",)
SUFFIXES = (".md", ".py", ".rst", ".yml")

REPLACED = {
    r"mend(s|ed|ing)?": "fix",
    r"the stand of": "the status of",
    r"shall": "must, should or will",
    r"(?<!there )(is|are) no(?= (?!longer|more|later|earlier))": "must be, or is not",
    r"(is|are) neither": "must be",
    r"all the same": "anyway",
    r"told": "reported, or the noun of the thing",
    r"(no|some|any)body": "an operator, someone else, or the passive voice",
    r"weather": "faults",
    r"tick(s|ed)?": "run",
    r"lanes?": "cohort",
    r"tranches?": "batch",
    r"armed": "unstoppable",
    r"in vain": "without success",
    r"if need be": "if necessary",
    r"anew": "again",
    r"ways? back": "rollback, or rollback paths",
    r"(look|looks|looked) again": "poll, read, or make the next run",
    r"licences?": "license",
    r"catalogues?": "catalog",
    r"(behaviou|honou|colou)r(s|ed)?": "the American spelling",
    r"(recogni|normali|organi)s(e|es|ed|ing|ation)": "the American spelling",
}
PATTERN = re.compile(
    r"(?<![\w-])(?:" + "|".join(f"({word})" for word in REPLACED) + r")(?![\w-])", re.IGNORECASE
)

# Where an old name has to stay: what users wrote for 0.4.2 still works.
ALLOWED = {
    ("plugins/doc_fragments/rollout.py", "lane"): "alias of cohort",
    ("plugins/module_utils/_plan/rollout/declaration/rollout_options.py", "lane"): "the same",
    ("plugins/module_utils/_plan/rollout/declaration/campaign_names.py", "lane"): "names campaigns",
    ("plugins/plugin_utils/_report/report_json.py", "armed"): "key of the JSON report",
    ("plugins/plugin_utils/_report/report_json.py", "lanes"): "key of the JSON report",
    ("plugins/plugin_utils/_simulator/api/v2.py", "licences"): "is part of what cursors show",
    ("plugins/plugin_utils/_simulator/api/v3.py", "licences"): "the same",
    ("roles/report/README.md", "lanes"): "key of the JSON report",
}

# A number before a noun in the plural, in Python or in a template. Use count(), which also says
# "1 device", or put the noun first: "devices: 1".
COUNTED = "attempt|call|campaign|day|device|duplicate|entry|error|failure|host|hour|license|line"
COUNTED += "|member|minute|package|page|row|run|second|step|upgrade|wave"
BETWEEN = "attempted|failed|live|more|new|other|selected|silent"
PLURAL = re.compile(rf"(\{{(?:(?! for )[^{{}}:])+\}}|%d)(?: (?:{BETWEEN}))? (?:{COUNTED})s\b")
NEVER_ONE = {
    "{PILOT_DEVICES} devices": "20",
    "{HORIZON_DAYS} days": "a constant",
    "{MOST_BARREN_PAGES} pages": "a constant",
    "{minutes // 60} hours": "at least 2",
    "{minutes // (24 * 60)} days": "at least 3",
    "{len(views)} campaigns": "not 1",
    "{cohort} failures": "a key",
    "{limits} attempted devices": "more than one fails in",
    "{len(live)} live campaigns": "at least 2",
    "{len(live)} live upgrades": "at least 2",
    "{len(created)} live campaigns": "at least 2",
    "{len(found)} packages": "at least 2",
}


def replaced_words(text: str) -> list[tuple[int, str]]:
    """Give each replaced word or phrase of a text with the number of its line."""
    lines = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        for word in line.split()
        if word != "#"
    ]
    # A phrase may continue on the next line.
    flat = " ".join(word for word in text.split() if word != "#")
    return [
        (lines[flat.count(" ", 0, found.start())], found[0]) for found in PATTERN.finditer(flat)
    ]


def what_people_read() -> dict[str, str]:
    """Give the texts by their path: documents, roles, playbooks and all of the plugins."""
    files = {path for glob in READ for path in ROOT.glob(glob)} | set(ROOT.glob("plugins/**/*.py"))
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(files)
        if path.suffix in SUFFIXES
    }


def test_replaced_words_stay_away() -> None:
    found = [
        (name, line, word)
        for name, text in what_people_read().items()
        for line, word in replaced_words(text)
        if (name, word.lower()) not in ALLOWED
    ]
    assert found == []


def test_one_thing_is_not_in_the_plural() -> None:
    found = [
        (name, match[0])
        for name, text in what_people_read().items()
        if name.startswith(("playbooks/", "plugins/", "roles/")) and "_simulator" not in name
        for match in PLURAL.finditer(" ".join(re.sub(r'"\s*f?"', "", text).split()))
        if match[0] not in NEVER_ONE
    ]
    assert found == []


def test_every_exception_is_needed() -> None:
    texts = what_people_read()
    seen = {(name, word.lower()) for name in texts for _line, word in replaced_words(texts[name])}
    assert ALLOWED.keys() <= seen


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Mend the file", "Mend"),
        ("a name that is no name", "is no"),
        ("what the service\n  # told us", "told"),
        ("all the\nsame", "all the same"),
        ("Nobody knows", "Nobody"),
        ("the lane GM01Q", "lane"),
        ("10 ticks later", "ticks"),
        ("devices that stay armed", "armed"),
        ("in bad weather", "weather"),
        ("Read the stand of the canary", "the stand of"),
        ("recognised by all", "recognised"),
    ],
)
def test_a_replaced_word_is_found(text: str, word: str) -> None:
    assert [found for _line, found in replaced_words(text)] == [word]


@pytest.mark.parametrize(
    "text",
    ["amend", "tickets", "rehearse_ticks", "there is no lock", "it is no longer here", "alarmed"],
)
def test_other_words_are_not_found(text: str) -> None:
    assert replaced_words(text) == []
