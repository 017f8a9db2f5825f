# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record the decisions of random rollouts, and compare two recordings: a net for refactorings.

``record_decisions.py record OUT`` before and after, then ``record_decisions.py compare A B``. A
recording has a line of JSON for each rollout, with the facts of each of its runs; sentences are no
facts. The same code gives the same recording.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from conftest import make_importable

    make_importable()

from ansible_collections.thingspace.fota.tests.tools.decision_facts import (
    ADDED,
    EVERY,
    Facts,
    under_new_names,
)
from ansible_collections.thingspace.fota.tests.tools.random_rollouts import Draw

SHOWN_DIFFERENCES = 20
ACTIONS = ("refresh", "cancel", "abort", "shorten", "create")
HAPPENINGS = frozenset(
    {
        *(
            "twin",
            "retry",
            "sweep",
            "blocked",
            "unstoppable",
            "cluster",
            "plan refused",
            "unused override",
        ),
        *("short of licenses", "windows", "failed cohort", "qualified cohort", "not covered"),
        *("software", "several steps", "superseded", "soaking", "aborted", "too many once"),
        "over limit once",
    }
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when recordings differ, or one does not show enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    record_command = commands.add_parser("record", help="record the decisions of this checkout")
    record_command.add_argument("out", type=Path)
    record_command.add_argument("--rollouts", type=int, default=1200)
    record_command.add_argument("--seed", type=int, default=1)
    compare_command = commands.add_parser("compare", help="compare two recordings")
    compare_command.add_argument("before", type=Path)
    compare_command.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "record":
        return record(options.out, options.rollouts, options.seed)
    return compare(options.before, options.after)


def record(out: Path, rollouts: int, seed: int) -> int:
    """Write a recording, and print how often everything occurred in it."""
    seen: dict[str, Counter[str]] = {}
    runs = 0
    with out.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        for number in range(seed, seed + rollouts):
            recorded = list(Draw(number).rollout().runs())
            runs += len(recorded)
            line = json.dumps({"seed": number, "runs": recorded}, separators=(",", ":"))
            packed.write(line.encode() + b"\n")
            for facts in recorded:
                _count(facts, seen)
    print(f"{rollouts} rollouts, {runs} runs, {out.stat().st_size // 1024} KB")
    missing = []
    for what, wanted in {**EVERY, "action": {*ACTIONS}, "happening": HAPPENINGS}.items():
        counts = seen.get(what, Counter())
        print(f"{what}: " + ", ".join(f"{key} {count}" for key, count in sorted(counts.items())))
        missing += [f"{what} {key}" for key in sorted(wanted - counts.keys())]
    if missing:
        print(f"never occurred: {', '.join(missing)}")
    return 1 if missing else 0


def _count(facts: Facts, seen: dict[str, Counter[str]]) -> None:
    """Count what occurs in a run."""

    def add(what: str, *keys: str) -> None:
        seen.setdefault(what, Counter()).update(keys)

    if facts.get("refused"):
        add("happening", "plan refused")
        return
    add("phase", facts["phase"])
    add("outcome", *(device["outcome"] for device in facts["devices"]))
    add("verdict", *(wave["verdict"] for wave in facts["waves"]))
    add("event", *(event["event"] for event in facts["events"]))
    add("action", *(action for action in ACTIONS if facts["actions"][action]))
    creates = facts["actions"]["create"]
    campaigns = facts["campaigns"]
    happened = {
        "twin": any(name.endswith("t)") for name in facts["diff"]["before"]),
        "retry": any(".a1." not in planned["name"] for planned in creates),
        "sweep": any(".w99." in planned["name"] for planned in creates),
        "windows": any("windows" in planned for planned in creates),
        "software": any(planned["type"] == "software" for planned in creates),
        "blocked": facts["blockers"] > 0,
        "unstoppable": bool(facts["unstoppable"]),
        "cluster": bool(facts["clusters"]),
        "unused override": facts["unused_overrides"],
        "short of licenses": facts["licenses"]["needed"] > facts["licenses"]["free"],
        "failed cohort": any(cohort["state"] == "failed" for cohort in facts["cohorts"]),
        "qualified cohort": any(cohort["state"] == "qualified" for cohort in facts["cohorts"]),
        "not covered": any(facts["not_covered"].values()),
        "several steps": any(len(path["versions"]) > 2 for path in facts["upgrade_paths"]),
        "superseded": len(facts["diff"]["before"]) > len(campaigns),
        "soaking": any(wave["verdict"] == "soak" for wave in facts["waves"]),
        "aborted": any(own["status"] == "CampaignAborted" for own in campaigns),
        "too many once": any(wave["too_many_once"] for wave in facts["wave_numbers"]),
        "over limit once": any(wave["over_limit_once"] for wave in facts["wave_numbers"]),
    }
    add("happening", *(name for name, has in happened.items() if has))


def compare(before: Path, after: Path) -> int:
    """Print the first differences between two recordings, or what was equal."""
    rollouts = runs = compared = 0
    differences: list[str] = []
    for old, new in zip_longest(_read(before), _read(after)):
        if old is None or new is None or old["seed"] != new["seed"]:
            differences.append("the recordings are not of the same rollouts")
            break
        rollouts += 1
        for number, pair in enumerate(zip_longest(old["runs"], new["runs"])):
            runs += 1
            left, right = (under_new_names(facts or {}) for facts in pair)
            compared += _size(left)
            differences += [
                f"rollout {old['seed']} run {number}: {line}" for line in _diff(left, right, "")
            ]
        if len(differences) >= SHOWN_DIFFERENCES:
            break
    for line in differences[:SHOWN_DIFFERENCES]:
        print(line)
    if differences:
        return 1
    print(f"equal: {rollouts} rollouts, {runs} runs, {compared} facts")
    return 0


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _diff(old: Any, new: Any, where: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key in ADDED and key not in old:
                continue
            if key not in old or key not in new:
                yield f"{where}.{key}: only {'before' if key in old else 'after'}"
            else:
                yield from _diff(old[key], new[key], f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _diff(left, right, f"{where}[{place}]")
    elif old != new:
        yield f"{where}: {_short(old)} before, {_short(new)} after"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 100 else f"{text[:97]}..."


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 1


if __name__ == "__main__":
    sys.exit(main())
