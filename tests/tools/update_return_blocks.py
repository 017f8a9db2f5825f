# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what several modules return into their RETURN, from ``return_blocks.yml``.

A module names the blocks in a comment; the rest of the mapping in which it stands is replaced:

    # The rest is written by tests/tools/update_return_blocks.py: results_file, service

Run it when a block or such a comment has changed: python tests/tools/update_return_blocks.py
With --check, it writes nothing, names the modules that are not current, and fails if there are any.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
# These print, and call no service.
OFFLINE = ["fota_awx", "fota_print", "fota_project", "fota_rollout_result"]
MODULES = sorted(
    path for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem not in OFFLINE
)
SOURCE = Path(__file__).with_name("return_blocks.yml")
BLOCKS: dict[str, dict[str, Any]] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))

COMMENT = "# The rest is written by tests/tools/update_return_blocks.py: "
# A comment, its blocks, and all that follows at its indentation before the end of RETURN.
MARKED = re.compile(rf'^( *)({COMMENT}(.+)\n)(?:\1(?!""").+\n)*', re.MULTILINE)
# The dumper breaks a line after the word that exceeds the width.
WIDTH = 88


class Dumper(yaml.SafeDumper):
    """Indents lists, and repeats what is there twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001,FBT002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(text: str) -> str:
    """The text of a module with its blocks as they are now.

    :raises KeyError: a comment has the name of no block.
    """

    def write(marked: re.Match[str]) -> str:
        margin, comment, names = marked.groups()
        keys = {key: value for name in names.split(", ") for key, value in BLOCKS[name].items()}
        width = WIDTH - len(margin)
        block = yaml.dump(keys, Dumper=Dumper, sort_keys=False, width=width, allow_unicode=True)
        return indent(comment + block, margin)

    return MARKED.sub(write, text)


def update(modules: list[Path], *, check: bool) -> list[Path]:
    """The modules that were not current; unless ``check``, they are now."""
    stale = []
    for module in modules:
        text = module.read_text(encoding="utf-8")
        if (current := render(text)) != text:
            stale.append(module)
            if not check:
                module.write_text(current, encoding="utf-8")
    return stale


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    stale = update(MODULES, check=check)
    for module in stale:
        print(f"{module}: {'not current' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
