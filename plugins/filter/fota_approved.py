# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the approval of a plan to a declaration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_approved
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.7.0
short_description: Add the approval of a plan to a declaration
description:
  - Returns the declaration of a rollout with what an approval of its plan means, so that a run
    carries out exactly this plan. If the plan has changed since, the run creates nothing.
  - A workflow of AWX uses it. Its first job shows the plan and sets the result of
    P(thingspace.fota.fota_report#filter) with
    O(thingspace.fota.fota_report#filter:form=approval) as a statistic, and the job after the
    approval node adds it to the declaration.
positional: _input, approval
options:
  _input:
    description: The declaration, as a dictionary or as YAML or JSON text of one.
    type: raw
    required: true
  approval:
    description: What the approval means. It must be for this rollout.
    type: dict
    required: true
  by:
    description: Who has approved, for C(by) of accepted failures.
    type: str
    default: a workflow
  reason:
    description: Why, for C(reason) of accepted failures.
    type: str
    default: approved in the workflow
seealso:
  - plugin: thingspace.fota.fota_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what is added
  ansible.builtin.debug:
    msg: "{{ declared | thingspace.fota.fota_approved(approval) }}"
  vars:
    declared: {name: meters-10657}
    approval:
      rollout: meters-10657
      digest: 3f2a91c04b7d
      approved: [{wave: canary, digest: 3f2a91c04b7d, failures: 0}]
      accept: []
"""

RETURN = r"""
_value:
  description: The declaration.
  type: dict
"""

from collections.abc import Callable, Mapping  # noqa: E402 - documentation stands before imports
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402

from ansible_collections.thingspace.fota.plugins.module_utils._module.declared_values import (  # noqa: E402
    read_dictionary,
)


def fota_approved(
    declared: object,
    approval: object,
    *,
    by: str = "a workflow",
    reason: str = "approved in the workflow",
) -> dict[str, Any]:
    """Return the declaration with the approval.

    :raises AnsibleFilterError: one of the two cannot be used, or they are for different rollouts.
    """
    try:
        found = read_dictionary(declared)
    except ValueError as error:
        raise AnsibleFilterError(f"fota_approved: {error}") from error
    if not isinstance(found, Mapping):
        raise AnsibleFilterError("fota_approved: the declaration must be a dictionary.")
    if not isinstance(approval, Mapping) or not approval.get("digest"):
        raise AnsibleFilterError(
            "fota_approved: there is no approved plan. Start the workflow, so that the job of the"
            " plan runs before this one."
        )
    if str(approval.get("rollout")) != str(found.get("name")):
        raise AnsibleFilterError(
            f"fota_approved: the approved plan is for rollout {approval.get('rollout')}, and the"
            f" declaration for {found.get('name')}. Start the workflow again."
        )
    accept = [{**entry, "by": by, "reason": reason} for entry in approval.get("accept") or ()]
    return {
        **found,
        "approved": [*(found.get("approved") or ()), *(approval.get("approved") or ())],
        "accept": [*(found.get("accept") or ()), *accept],
        "require_digest": approval["digest"],
    }


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fota_approved": fota_approved}
