# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a rollout as CSV, one line each."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from ....module_utils._model.csv_cell import cell
from .outcomes import NEXT_STEPS
from .summary import is_judged

COLUMNS = (
    *("deviceId", "host", "wave", "class", "reason", "make", "model", "version", "target"),
    *("standing", "path", "from_version", "campaign_id", "attempts", "result_at", "contact"),
)
"""The keys of a device in the facts. A line also has the next step."""


class _Text(list[str]):
    """What a writer of CSV takes for a file."""

    write = list.append


def rollout_csv(facts: Mapping[str, Any]) -> str:
    """Give the listed devices as the text of a CSV file; only its first line where a read failed.

    :param facts: result of ``fota_rollout_info``.
    """
    text = _Text()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, "next_step"])
    for device in facts["devices"] if is_judged(facts) else ():
        step = NEXT_STEPS.get(device["class"], "")
        writer.writerow([*(cell(device.get(column)) for column in COLUMNS), step])
    return "".join(text)
