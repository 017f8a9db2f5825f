# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and guides are complete, and what they refer to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.tools.documents import GUIDES, ROOT, read_documents

README = (ROOT / "README.md").read_text(encoding="utf-8")
PREFIX = "ansible_collections.thingspace.fota.docsite"
REPOSITORY = "https://github.com/thingspace/fota/blob/main/"
RAW = "https://raw.githubusercontent.com/thingspace/fota/main/"
META = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
# What certification of a collection asks for:
# https://docs.ansible.com/projects/partner-certification-requirements/readmes/
SECTIONS = [
    *("Description", "Requirements", "Installation", "Use cases", "Testing", "Contributing"),
    *("Support", "Release notes", "Related information", "License information"),
]


def read_guides() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDES.glob("*.rst"))}


def test_every_guide_is_published_and_in_the_list_of_readme() -> None:
    extra = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in extra["sections"] for name in section["toctree"]]
    assert sorted(listed) == sorted(read_guides())
    assert re.findall(rf"{re.escape(REPOSITORY)}docs/docsite/rst/(\w+)\.rst", README) == listed


@pytest.mark.parametrize(("name", "text"), read_guides().items())
def test_a_guide_has_a_label_and_a_title(name: str, text: str) -> None:
    found = re.search(r"^\.\. _(\S+):\n\n(.+)\n(=+)\n", text, re.MULTILINE)
    assert found, name
    assert found[1] == f"{PREFIX}.{name}"
    assert len(found[3]) == len(found[2])


def test_references_between_guides_have_a_target() -> None:
    guides = read_guides()
    labels = {label for text in guides.values() for label in re.findall(r"\.\. _(\S+):\n", text)}
    used = {label for text in guides.values() for label in re.findall(rf"`({PREFIX}\S+)`", text)}
    assert used <= labels


def test_readme_has_the_sections_of_certified_collections() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS
    assert len(README.splitlines()) < 200


def test_links_of_readme_are_full_and_their_files_exist() -> None:
    """Automation Hub shows README outside of the repository."""
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("https://"), link
        for base in (REPOSITORY, RAW):
            if link.startswith(base):
                assert (ROOT / link.removeprefix(base).partition("#")[0]).exists(), link


def test_pictures_are_small() -> None:
    pictures = [*ROOT.glob("docs/**/*.png"), *ROOT.glob("docs/**/*.svg")]
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


def test_readme_names_every_module_playbook_and_role() -> None:
    named = set(re.findall(r"`(?:thingspace\.fota\.)?(\w+)`", README))
    assert named >= set(META["action_groups"]["fota"])
    assert named >= {path.stem for path in ROOT.glob("playbooks/*.yml")}
    assert named >= {path.name for path in ROOT.glob("roles/*")}


def test_documents_name_only_playbooks_and_modules_that_exist() -> None:
    plugins = {path.stem for path in ROOT.glob("plugins/*/*.py")}
    known = plugins | {path.stem for path in ROOT.glob("playbooks/*.yml")}
    known |= {path.name for path in ROOT.glob("roles/*")} | {"docsite"}
    # Recipes of hooks are task files of a role.
    known |= {path.stem for path in ROOT.glob("roles/notify/tasks/*.yml")}
    known |= {path.stem for path in ROOT.glob("extensions/eda/rulebooks/*")}
    for path in read_documents():
        text = path.read_text(encoding="utf-8")
        # A file that is named for the inventory plugin, an address or an option is no plugin.
        named = re.findall(r"(?<![./\w])thingspace\.fota\.(\w+)", text)
        assert set(named) <= known, path.name


def test_every_variable_of_the_environment_is_one_of_an_option() -> None:
    fragment = Path(ROOT / "plugins/doc_fragments/connection.py").read_text(encoding="utf-8")
    known = set(re.findall(r"E\((THINGSPACE_\w+)\)", fragment))
    for path in read_documents():
        used = set(re.findall(r"THINGSPACE_\w+", path.read_text(encoding="utf-8")))
        assert {name for name in used if not name.endswith("_")} <= known, path.name
