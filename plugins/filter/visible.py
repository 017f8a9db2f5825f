# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make text from the service safe to print."""

from __future__ import annotations

DOCUMENTATION = r"""
name: visible
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Make text from the service safe to print
description:
  - Returns the text on one line. Terminal escape sequences are removed, and every other
    nonprintable character is replaced by a space, including control characters, marks that change
    the direction of writing, and line breaks of any kind.
  - Names, statuses and reasons can contain anything that was sent to the service. Modules return
    them unchanged, and printing them can falsify the output of a terminal or a log.
  - Does not escape text for HTML, YAML or a shell.
positional: _input
options:
  _input:
    description:
      - Value to print. A value that is not text is converted in the same way as in a template.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show why devices were not updated
  ansible.builtin.debug:
    msg: "{{ item.reason | thingspace.fota.visible }}"
  loop: "{{ outcome.campaigns[0].devices }}"
  loop_control:
    label: "{{ item.deviceId }}"
"""

RETURN = r"""
_value:
  description: The text on one line.
  type: str
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports

from ansible_collections.thingspace.fota.plugins.module_utils._model.text import (  # noqa: E402
    visible,
)


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[[object], str]]:
        return {"visible": visible}
