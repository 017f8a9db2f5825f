# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of code in README, guides and other documents, and the commands in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs/docsite/rst"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"^( *)\.\. code-block:: (\S+)\n\n((?:\1   .*\n|\n)+)", re.MULTILINE)
_UNFINISHED = re.compile(r"\\$|-e '[^']*$")


@dataclass(frozen=True)
class Block:
    """A block of code.

    :ivar file: the path of the document, from the root of the collection.
    :ivar line: of the first line of the block, from 1.
    """

    file: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """The file that the block is for, as its first comment says; empty for none."""
        found = re.match(r"(?:#!.*\n)?# (/etc/cron\.d/\w+|[\w./@-]+\.[\w-]+)", self.text)
        return found[1] if found else ""

    @property
    def commands(self) -> list[str]:
        """The commands of a console block; one may have several lines."""
        if self.language != "console":
            return []
        found: list[str] = []
        unfinished = False
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(line.removeprefix("$ "))
            elif unfinished:
                found[-1] += "\n" + line
            unfinished = bool(found and _UNFINISHED.search(found[-1]))
        return found

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def read_documents() -> list[Path]:
    """README and what else is in the root, the guides, and the documents of roles."""
    return [*ROOT.glob("*.md"), *sorted(GUIDES.glob("*.rst")), *sorted(ROOT.glob("roles/*/*.md"))]


@cache
def read_blocks() -> tuple[Block, ...]:
    """Every block of code of the documents, in their order."""
    return tuple(block for path in read_documents() for block in _blocks_of(path))


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document, which is named without its suffix."""
    found = [block for block in read_blocks() if Path(block.file).stem == document]
    assert found, f"{document} has no blocks"
    return found


def commands_of(document: str) -> list[str]:
    """The commands of a document, in their order."""
    return [command for block in blocks_of(document) for command in block.commands]


def _blocks_of(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    file = path.relative_to(ROOT).as_posix()
    if path.suffix == ".md":
        found = ((match, match[1], match[2], match.start(2)) for match in _FENCE.finditer(text))
    else:
        found = ((match, match[2], match[3], match.start(3)) for match in _DIRECTIVE.finditer(text))
    for _match, language, code, start in found:
        yield Block(
            file, text.count("\n", 0, start) + 1, language, textwrap.dedent(code).strip("\n") + "\n"
        )
