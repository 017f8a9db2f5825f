# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a declaration, however it was given."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_declared
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.5.0
short_description: Read a declaration, however it was given
description:
  - Returns a rollout or campaign as a dictionary, in which dates are text. Before ansible-core
    2.19, a template cannot return a dictionary that contains dates.
  - Text, such as the answer to a survey, is read as YAML or JSON. Any other text is returned
    unchanged, so that the module that takes it reports the error.
positional: _input
options:
  _input:
    description:
      - The declaration, as a dictionary or as YAML or JSON text of one.
    type: raw
    required: true
  devices:
    description:
      - Devices to use instead of C(devices) and C(devices_file) of the declaration.
    type: list
    elements: raw
"""

EXAMPLES = r"""
- name: Show the name of the rollout
  ansible.builtin.debug:
    msg: "{{ (rollout_spec | thingspace.fota.fota_declared).name }}"
  vars:
    rollout_spec: |
      name: meters-10657
      calendar: {freeze: [{from: 2026-12-18, to: 2027-01-04}]}
"""

RETURN = r"""
_value:
  description: The declaration.
  type: dict
"""

from collections.abc import Callable  # noqa: E402 - the documentation comes before the imports
from typing import Any  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import (  # noqa: E402
    read_dictionary,
)


def fota_declared(declared: object, *, devices: list[object] | None = None) -> Any:
    """Return the dictionary, or what was given if there is none in it."""
    try:
        found = read_dictionary(declared)
    except ValueError:
        return declared
    if isinstance(found, dict) and devices is not None:
        return {**found, "devices": devices, "devices_file": None}
    return found


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fota_declared": fota_declared}
