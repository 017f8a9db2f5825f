# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify journals and reports of rollouts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_verified
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.7.0
short_description: Verify journals and reports of rollouts
description:
  - Checks the hash chain of a journal that the role C(thingspace.fota.rollout) has written, and
    judges every gate in it again from the recorded numbers, with the same code.
  - Does the same for the decision in a JSON or HTML report of the role C(thingspace.fota.report).
    The facts and texts of a JSON report must fit its evidence. The text of an HTML report is not
    checked.
  - A report that is given together with a journal must belong to it. If it is of the moment of a
    line, its facts must be those of the line.
  - Reads files on the controller only. The service, an inventory and credentials are not needed.
options:
  _terms:
    description: Paths of journals and of reports in JSON or HTML.
    type: list
    elements: path
    required: true
  rollout:
    description: Name of the rollout whose files these must be.
    type: str
    default: ''
  head:
    description:
      - Head of the chain as it was written down elsewhere, for example in a report. One of the
        lines of each journal must have it. Without a journal, each report must have it.
    type: str
    default: ''
seealso:
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Check that a journal holds
  ansible.builtin.assert:
    that: verified.holds
    fail_msg: "{{ verified.findings }}"
  vars:
    verified: "{{ lookup('thingspace.fota.fota_verified', 'meters.jsonl', rollout='meters') }}"
"""

RETURN = r"""
_raw:
  description: What was found in each file.
  type: list
  elements: dict
  contains:
    path:
      description: Path of the file.
      type: str
    kind:
      description: Whether the file is a V(journal), a V(report), or V(unreadable).
      type: str
    holds:
      description: Whether there is no finding.
      type: bool
    head:
      description: Head of the chain of a journal, or the one that a report carries.
      type: str
    lines:
      description: Number of lines of a journal.
      type: int
    runs:
      description: Number of runs whose decisions were judged again.
      type: int
    rollouts:
      description: Number of runs by rollout.
      type: dict
    findings:
      description: What does not hold. C(line) is 0 if it is about the file as a whole.
      type: list
      elements: dict
      contains:
        line:
          description: Number of the line, from 1.
          type: int
        text:
          description: What is wrong with it.
          type: str
    notes:
      description: What an auditor should know although it holds, such as a line of a run that was
        killed.
      type: list
      elements: str
    text:
      description: The summary, and the findings and notes under it, at most 100.
      type: list
      elements: str
    msg:
      description: Summary in one line.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.thingspace.fota.plugins.module_utils._model.errors import InvalidValue
from ansible_collections.thingspace.fota.plugins.module_utils._module.rollout.verify import (
    verify_files,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
    derived_texts,
)


class LookupModule(LookupBase):
    """The plugin; see the documentation above."""

    def run(
        self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return what was found in each file.

        :raises AnsibleLookupError: the head cannot be one, or there are no paths.
        """
        self.set_options(var_options=variables, direct=kwargs)  # type: ignore[no-untyped-call]
        rollout: str = self.get_option("rollout")  # type: ignore[no-untyped-call]
        head: str = self.get_option("head")  # type: ignore[no-untyped-call]
        paths = self._flatten(terms)  # type: ignore[no-untyped-call]
        try:
            files = verify_files(
                map(str, paths), rollout=str(rollout), head=str(head), derive=derived_texts
            )
        except InvalidValue as error:
            raise AnsibleLookupError(f"fota_verified: {error}") from error
        return [file.as_result() for file in files]
