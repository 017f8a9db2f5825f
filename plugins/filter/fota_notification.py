# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event of a rollout as the body of a request to a chat or another service."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_notification
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.9.0
short_description: Turn an event of a rollout into a notification
description:
  - Turns the result of M(thingspace.fota.fota_rollout_info) and an event of it into the body of a
    request. The role C(thingspace.fota.notify) sends it.
  - It reads the input only and calls nothing.
positional: _input, event, kind
options:
  _input:
    description:
      - Result of M(thingspace.fota.fota_rollout_info), such as C(rollout_decision) in a task file
        of C(rollout_hooks).
    type: dict
    required: true
  event:
    description:
      - Entry of RV(thingspace.fota.fota_rollout_info#module:events), such as C(rollout_event) in a
        task file of C(rollout_hooks).
    type: dict
    required: true
  kind:
    description:
      - V(slack) gives the body for an incoming webhook of Slack, with text and blocks.
      - V(teams) gives a message with an adaptive card for a workflow of Microsoft Teams.
      - V(pagerduty) gives an event for version 2 of the events API of PagerDuty. It triggers an
        incident if an operator is needed, and else resolves it. It is empty before and after waves.
      - V(servicenow) gives the fields of a C(change_request) of ServiceNow.
    type: str
    choices: [slack, teams, pagerduty, servicenow]
    required: true
  link:
    description: URL to more about the rollout, such as that of the job or of the report.
    type: str
    default: ''
  routing_key:
    description: Integration key of the service in PagerDuty.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Decide the next step
  thingspace.fota.fota_rollout_info:
    state: planned
    rollout:
      name: meters-10657
      target:
        - make: SEQUANS Communications
          model: GM01Q
          version: SR1.2.0.0-10657
      devices: ['358000000000016', '358000000000024']
      waves:
        - name: all
          rest: true
  register: notified_decision

- name: Show the first event as a message for Slack
  ansible.builtin.debug:
    msg: "{{ notified_decision | thingspace.fota.fota_notification(event, 'slack') }}"
  vars:
    event: "{{ notified_decision.events[0] }}"
"""

RETURN = r"""
_value:
  description: The body. Empty if there is nothing to send.
  type: dict
"""

from collections.abc import Callable, Mapping  # noqa: E402 - the documentation comes before it
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402

KINDS = ("slack", "teams", "pagerduty", "servicenow")


def fota_notification(
    decision: object, event: object, kind: str, *, link: str = "", routing_key: str = ""
) -> dict[str, Any]:
    """Give an event of a decision as the body of a request.

    :raises AnsibleFilterError: the input must be an event of a decision, or there is no such kind.
    """
    # Here, because Ansible loads all filters of the collection to find one of them.
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.notification import (
        notification,
    )

    if kind not in KINDS:
        raise AnsibleFilterError(f"fota_notification: kind must be one of {', '.join(KINDS)}")
    if not isinstance(decision, Mapping) or not isinstance(event, Mapping):
        raise AnsibleFilterError("fota_notification: the input must be a decision and its event")
    if "phase" not in event or "event" not in event:
        raise AnsibleFilterError("fota_notification: the event must have the keys event and phase")
    return notification(decision, event, kind, link=link, routing_key=routing_key)


class FilterModule:
    """The class that the plugin loader expects."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fota_notification": fota_notification}
