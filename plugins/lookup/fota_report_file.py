# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the devices of a JSON report file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_report_file
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.7.0
short_description: Read the devices of a JSON report of a rollout
description:
  - Reads a JSON report that the role C(thingspace.fota.report) has written, for the filter
    P(thingspace.fota.fota_report#filter) to compare with the present devices.
  - A file that is something else, or that does not list all devices, is an error.
options:
  _terms:
    description: Report files on the controller. A relative path starts at the current directory.
    type: list
    elements: path
    required: true
seealso:
  - plugin: thingspace.fota.fota_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the time of an audit
  ansible.builtin.debug:
    msg: "{{ lookup('thingspace.fota.fota_report_file', playbook_dir ~ '/audit.json').now }}"
"""

RETURN = r"""
_raw:
  description: One dictionary for each file.
  type: list
  elements: dict
  contains:
    rollout:
      description: Name of the rollout.
      type: str
    now:
      description: Time at which the devices were read.
      type: str
    devices:
      description: The devices by IMEI, with the keys that they have in the report.
      type: dict
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.thingspace.fota.plugins.plugin_utils._report.earlier import (
    read_earlier,
)


class LookupModule(LookupBase):
    """The plugin; see the documentation above."""

    def run(
        self,
        terms: list[Any],
        variables: Mapping[str, Any] | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Return what each file says of the devices."""
        self.set_options(direct=kwargs)  # type: ignore[no-untyped-call]
        paths = self._flatten(terms)  # type: ignore[no-untyped-call]
        return [_read(os.path.expanduser(str(path))) for path in paths]


def _read(path: str) -> dict[str, Any]:
    """:raises AnsibleLookupError: the file cannot be used, with what is wrong and what to do."""
    try:
        return read_earlier(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise AnsibleLookupError(f"report {path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        reason = "must be a JSON report" if isinstance(error, UnicodeError) else str(error)
        raise AnsibleLookupError(f"report {path}: {reason}") from error
