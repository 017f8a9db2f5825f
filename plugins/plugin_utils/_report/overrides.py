# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals and accepts as the YAML that an operator pastes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
# What YAML 1.1 reads as a truth value or as nothing.
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def approval_entry(approval: Facts) -> str:
    """Give an entry of ``approved``."""
    return (
        f"{{wave: {_quote(approval['wave'])}, digest: '{approval['digest']}',"
        f" failures: {approval['failures']}}}"
    )


def accept_entry(accept: Facts) -> str:
    """Give an entry of ``accept``; an operator fills in who accepts, and why."""
    parts = [f"wave: {_quote(accept['wave'])}"]
    parts += [f"cohort: '{accept['cohort']}'"] if "cohort" in accept else []
    keys = ("failures", "up_to", "missing", "again")
    parts += [f"{key}: {accept[key]}" for key in keys if key in accept]
    generations = ", ".join(f"'{generation}'" for generation in accept["generations"])
    parts += [f"generations: [{generations}]", "by: your name", "reason: why"]
    return f"{{{', '.join(parts)}}}"


def _quote(name: str) -> str:
    """Quote a name that YAML would not read as text."""
    plain = _PLAIN.fullmatch(name) and name.lower() not in _NO_TEXT
    return name if plain else f"'{name}'"
