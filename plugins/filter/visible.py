# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the service, made fit to be shown."""

from __future__ import annotations

DOCUMENTATION = r"""
name: visible
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Make words of the service fit to be shown
description:
  - Gives a text on one line. Terminal escapes are taken out, and every other character that shows
    nothing by itself becomes a space. Among them are control characters, marks that turn the
    direction of writing, and line breaks of any kind.
  - Names, statuses and reasons are whatever somebody gave the service. Modules return them as they
    are; a terminal or a log that shows them can be made to lie by them.
  - It is no escape for HTML, YAML or a shell.
positional: _input
options:
  _input:
    description:
      - What to show. Anything but text is shown as Jinja would.
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

from collections.abc import Callable  # noqa: E402 - documentation stands before the imports

from ansible_collections.thingspace.fota.plugins.module_utils._model.text import (  # noqa: E402
    visible,
)


class FilterModule:
    """What the plugin loader looks for."""

    def filters(self) -> dict[str, Callable[[object], str]]:
        return {"visible": visible}
