# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page carries for ``thingspace.fota.verify``: data that no browser runs or shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_CARRIED = ("rollout", "phase", "digest", "evidence", "journal")
# So that no text in it can end the element that it is in.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def embed_evidence(facts: Mapping[str, Any]) -> str:
    """Give the numbers of the gates, and the head of the journal, as JSON without markup."""
    carried = {name: facts[name] for name in _CARRIED if name in facts}
    text = json.dumps(carried, separators=(",", ":"), sort_keys=True)
    return text.translate(_ESCAPES)
