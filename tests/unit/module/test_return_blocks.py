# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several modules return is documented once, and current in every module."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.thingspace.fota.tests.tools import update_return_blocks as blocks


def documented(module: Path) -> dict[str, Any]:
    """The RETURN of a module."""
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="RETURN")], value=ast.Constant(value=str(text))):
                return yaml.safe_load(text)
    raise AssertionError(f"{module} has no RETURN")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A copy of a module, to be changed."""
    copy = tmp_path / "fota_wait.py"
    original = next(path for path in blocks.MODULES if path.name == copy.name)
    copy.write_text(original.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_every_block_is_current() -> None:
    assert blocks.update(blocks.MODULES, check=True) == []


@pytest.mark.parametrize("path", blocks.MODULES, ids=lambda path: path.stem)
def test_every_module_documents_its_summary_its_failure_and_the_service(path: Path) -> None:
    returned = documented(path)
    assert returned["service"] == blocks.BLOCKS["service"]["service"]
    for key, block in (("msg", "msg"), ("failure", "failure_facts")):
        assert returned[key].items() >= blocks.BLOCKS[block].items()
        assert returned[key].keys() >= {"returned", "sample"}


@pytest.mark.parametrize(
    ("current", "stale"),
    [
        pytest.param("description: IMEI.", "description: The IMEI.", id="words"),
        pytest.param("    error_message: Device list is empty\n", "", id="missing-line"),
        pytest.param('hint: null\n"""', 'hint: null\nmore:\n  type: str\n"""', id="key-after"),
    ],
)
def test_a_module_that_is_not_current_is_named_and_written(
    module: Path, current: str, stale: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(blocks, "MODULES", [module])
    original = module.read_text(encoding="utf-8")
    assert current in original
    planted = original.replace(current, stale)
    module.write_text(planted, encoding="utf-8")

    assert blocks.main(["--check"]) == 1
    assert capsys.readouterr().out == f"{module}: not current\n"
    assert module.read_text(encoding="utf-8") == planted

    assert blocks.main([]) == 0
    assert blocks.main(["--check"]) == 0
    assert module.read_text(encoding="utf-8") == original


def test_the_comment_says_which_blocks_follow(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace(": results_file, service", ": service"), encoding="utf-8")
    assert blocks.update([module], check=False) == [module]
    assert "results_file" not in documented(module)


def test_a_comment_with_an_unknown_block_is_an_error(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace(": results_file, service", ": service, servce"), "utf-8")
    with pytest.raises(KeyError, match="servce"):
        blocks.update([module], check=False)
