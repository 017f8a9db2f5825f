# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of the reliability tests: one line at the end, and ``build/reliability.json``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

RESULT = Path(__file__).resolve().parents[2] / "build" / "reliability.json"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what tests have recorded, in whichever process they ran."""
    totals: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, count in report.user_properties:
                    totals[name] += count
    if not totals:
        return
    terminalreporter.write_line(
        "reliability: " + ", ".join(f"{name} {count}" for name, count in sorted(totals.items()))
    )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(totals, indent=2, sort_keys=True) + "\n", encoding="utf-8")
