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
  approved:
    description:
      - Approvals to append to C(approved) of the declaration, as a list or as YAML or JSON text of
        one, such as the answer to a survey. A single approval need not be in a list.
    type: raw
    version_added: 0.6.0
  accept:
    description: Entries to append to C(accept) of the declaration, in the same forms.
    type: raw
    version_added: 0.6.0
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


def fota_declared(
    declared: object,
    *,
    devices: list[object] | None = None,
    approved: object = None,
    accept: object = None,
) -> Any:
    """Return the dictionary, or what was given if there is none in it."""
    found = _read(declared)
    if not isinstance(found, dict):
        return found
    if devices is not None:
        found = {**found, "devices": devices, "devices_file": None}
    for key, entries in {"approved": _list(approved), "accept": _list(accept)}.items():
        present = found.get(key) or []
        # The module that takes the declaration reports what is not a list.
        if entries and isinstance(present, list):
            found = {**found, key: [*present, *entries]}
    return found


def _read(value: object) -> Any:
    """Return the value in it if it is text."""
    try:
        return read_dictionary(value)
    except ValueError:
        return value


def _list(value: object) -> list[Any]:
    """Return a list of entries, of which one alone need not be in a list."""
    found = _read(value)
    if isinstance(found, list):
        return found
    return [] if found is None else [found]


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fota_declared": fota_declared}
