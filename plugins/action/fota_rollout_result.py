# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conclude a run of a rollout; documented with the module of the same name."""

from __future__ import annotations

import time
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail

from ansible_collections.thingspace.fota.plugins.module_utils._model.text import visible
from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import plain
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.replaced_file import (
    read_text,
    replace_file,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.terminal import (
    TextAction,
    output_encoding,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.chain import (
    JournalError,
    append,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._journal.record import journal_record
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.artifact import artifact
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.bars import prints_blocks
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.metrics import metrics_text
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.result import (
    Conclusion,
    bar_width,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
    is_judged,
    plan_lines,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.writes import Writes

RESULTS = ("refreshed", "cancelled", "aborted", "shortened", "assigned", "created", "failed")
OPTIONS = frozenset(
    {"decision", "status", "state", "journal", "print", "next_step", "metrics", "metrics_mode"}
) | frozenset(RESULTS)
# Settings of Ansible, which also decide whether there are colors at all.
COLORS = {"good": "COLOR_OK", "attention": "COLOR_CHANGED", "bad": "COLOR_ERROR"}


class ActionModule(TextAction):
    """The plugin."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Print the result of a run, add a line to the journal, and set the statistics.

        :raises AnsibleActionFail: an option is missing or not known.
        """
        super().run(tmp, task_vars)
        args = {name: value for name, value in self._task.args.items() if value}
        unknown = sorted(self._task.args.keys() - OPTIONS)
        if unknown or "decision" not in args:
            what = f"unknown option {unknown[0]}" if unknown else "missing option decision"
            raise AnsibleActionFail(f"fota_rollout_result: {what}")
        # In check mode, tasks say what they would write.
        results = {} if self._task.check_mode else {name: args.get(name, {}) for name in RESULTS}
        conclusion = Conclusion(
            Writes(args["decision"], **results),
            after=args.get("status", {}),
            state=args.get("state", "running"),
            next_step=args.get("next_step", ""),
        )
        result: dict[str, Any] = {
            "changed": False,
            "lines": self._print(conclusion, args.get("print", "result")),
            "phase": conclusion.facts.get("phase", ""),
            "did": conclusion.did(),
            "stands": [line.text for line in conclusion.stands()],
            "next": conclusion.next(),
            "awaiting": conclusion.facts.get("awaiting", []),
        }
        head = ""
        try:
            head = result["journal_head"] = self._record(conclusion, args.get("journal", ""))
        except JournalError as error:
            result |= {"failed": True, "msg": str(error)}
        self._write_metrics(conclusion, args)
        result["ansible_stats"] = {
            "data": {"fota_rollout": artifact(conclusion, journal_head=head)},
            "per_host": False,
            "aggregate": False,
        }
        # As JSON has it: the decision may hold Ansible's own types of text.
        return dict(plain(result))

    def _print(self, conclusion: Conclusion, what: str) -> list[str]:
        """Print the result or the plan, and give its lines; those that are not printed, too."""
        if what == "plan":
            step = [f"next: {conclusion.next_step}"] if conclusion.next_step else []
            return self.print_lines([*plan_lines(conclusion.facts), *step])
        width = bar_width(self._display.columns or 0)
        lines = conclusion.lines(width=width, ascii_=not prints_blocks(output_encoding()))
        if what == "nothing":
            return [visible(line.text) for line in lines]
        return [
            printed
            for line in lines
            for printed in self.print_lines([line.text], _color(line.tone))
        ]

    def _record(self, conclusion: Conclusion, journal: str) -> str:
        """Add a line to the journal, and give the new head of its chain; empty without a line.

        :raises JournalError: the file cannot be written.
        """
        writes, state = conclusion.writes, conclusion.state
        remembers = is_judged(writes.decision) and state != "planned"
        if not journal or not remembers or self._task.check_mode:
            return ""
        record = journal_record(
            writes.decision,
            state=state,
            actions=writes.actions(),
            refreshed=writes.refreshed.get("counts"),
            failed=writes.failed,
        )
        return append(journal, plain(record))

    def _write_metrics(self, conclusion: Conclusion, args: dict[str, Any]) -> None:
        """Write the metrics after a run; a plan is none. A file that cannot be written is said."""
        path = args.get("metrics", "")
        if not path or conclusion.state == "planned" or self._task.check_mode:
            return
        mode = args.get("metrics_mode", "0644")
        failed = bool(conclusion.writes.failed)
        try:
            octal = mode if isinstance(mode, int) else int(mode, 8)
            text = metrics_text(
                conclusion.facts, now=time.time(), failed=failed, earlier=read_text(path)
            )
            replace_file(path, text, mode=octal)
        except (OSError, ValueError) as error:
            self._display.warning(f"metrics {path}: cannot be written: {error}")


def _color(tone: str) -> str | None:
    return constants.config.get_config_value(COLORS[tone]) if tone else None
