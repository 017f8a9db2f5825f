# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints lines as text, where Ansible would print a list in JSON."""

from __future__ import annotations

import locale
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils import color

from ansible_collections.thingspace.fota.plugins.module_utils._model.text import visible


class TextAction(ActionBase):
    """The base of the action plugins that print."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def print_lines(self, lines: Iterable[object], color: str | None = None) -> list[str]:
        """Print lines, and give them as they were printed.

        :param color: a color of Ansible's settings, which Ansible leaves out where it is not
            wanted; None prints as the terminal does.
        """
        printed = [visible(line).rstrip() for line in lines]
        for line in printed if not self._task.no_log else []:
            self._display.display(line, color=color, stderr=writes_json())
        return printed


def progress_printer(
    display: Any, task: Any, name: str, task_vars: Mapping[str, Any] | None
) -> Callable[[str], None]:
    """Give what prints a line on the progress of a task; with ``no_log``, it prints nothing.

    :param name: of the module.
    """
    host = (task_vars or {}).get("inventory_hostname", "localhost")

    def say(line: str) -> None:
        if not task.no_log:
            # Ansible holds back what it prints where that goes into a pipe; errors never wait.
            display.display(f"{name}: [{host}] {line}", stderr=True)

    return say


def writes_json() -> bool:
    """Tell whether something reads the output as JSON, so that other text must not be in it."""
    return "json" in str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))


def output_encoding() -> str | None:
    """Give the encoding of the terminal; None where Ansible prints for a file or a log.

    Ansible decides that, with its colors, before it starts the process of a task, which may be
    detached from the terminal.
    """
    return locale.getpreferredencoding(do_setlocale=False) if color.ANSIBLE_COLOR else None
