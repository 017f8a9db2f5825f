# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a rollout as lines, or as the JSON report file has them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_report
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.5.0
short_description: Show the facts of a rollout as lines or as a file
description:
  - Turns the result of M(thingspace.fota.fota_rollout_info) into lines for a terminal or a log, or
    into a report file in HTML, Markdown, CSV or JSON.
  - It reads the result only and calls nothing. The same result gives the same report.
  - After a read that failed (phase V(observation_failed)), the lines are the message of the result.
positional: _input, form
options:
  _input:
    description:
      - Result of M(thingspace.fota.fota_rollout_info), or of M(thingspace.fota.fota_wait) with
        O(thingspace.fota.fota_wait#module:rollout).
    type: dict
    required: true
  form:
    description:
      - V(report) gives lines with the status of the rollout and its devices by wave and model.
      - V(plan) gives lines with targets, cohorts, waves with their gates, campaigns to create or to
        stop, and what an operator may add to the declaration to let the rollout continue.
      - V(approval) gives a dictionary with what an approval of this plan means, C(approved) and
        C(accept) as an operator would add them to the declaration, the C(digest) that they are for,
        and C(lines) that say so (since 0.7.0). The filter P(thingspace.fota.fota_approved#filter)
        takes it.
      - V(odds) gives lines with the chances that the gates stop firmware that fails (since 0.6.0).
      - V(deadline) gives a line if the rollout, or a model of it, is not expected to end before its
        deadline, or has not ended before it, and else no line (since 0.10.0).
      - V(unstoppable) gives lines with the devices that can still change whatever is done (since
        0.7.0).
      - V(audit) gives lines with the versions that devices run, compared with their targets, and
        the devices of the input that do not run the target, those with the same version and reason
        in one line. If the input has the key C(since), with the result of V(changes), its lines
        come between them.
      - V(changes) gives a dictionary with what has changed since an earlier report (since 0.7.0).
      - V(device) gives lines with the story of each device in the result of
        M(thingspace.fota.fota_device_info) with C(history) and C(campaigns) (since 0.7.0).
      - V(overview) gives lines with the result of M(thingspace.fota.fota_overview_info) (since
        0.7.0).
      - V(rehearsal) gives lines with the result of M(thingspace.fota.fota_rehearsal) (since 0.7.0).
      - V(json) gives a dictionary with all facts but C(actions), with the lines of the other forms
        in C(report), C(plan) and C(audit), and with the rows of the table of V(report) in
        C(table). It keeps the keys that report files of version 0.4.2 have.
      - V(audit_html), V(device_html), V(overview_html) and V(rehearsal_html) give the same as pages
        (since 0.7.0).
      - V(html) gives a page as text. It loads nothing from elsewhere, and is useful without
        JavaScript, too (since 0.7.0).
      - V(markdown) gives the same in Markdown as text (since 0.7.0).
      - V(csv) gives the devices as text, one line each (since 0.7.0).
    type: str
    choices:
      - report
      - plan
      - approval
      - odds
      - deadline
      - unstoppable
      - audit
      - changes
      - device
      - overview
      - rehearsal
      - json
      - audit_html
      - device_html
      - overview_html
      - rehearsal_html
      - html
      - markdown
      - csv
    default: report
  earlier:
    description: The earlier report for O(form=changes), as read by the lookup
      P(thingspace.fota.fota_report_file#lookup).
    type: dict
    version_added: 0.7.0
seealso:
  - module: thingspace.fota.fota_rollout_info
"""

EXAMPLES = r"""
- name: Show the status of a rollout
  ansible.builtin.debug:
    msg: "{{ rollout_decision | thingspace.fota.fota_report }}"

- name: Show its plan
  ansible.builtin.debug:
    msg: "{{ rollout_decision | thingspace.fota.fota_report('plan') }}"

- name: Write a report file
  ansible.builtin.copy:
    content: "{{ rollout_decision | thingspace.fota.fota_report('json') | to_nice_json }}"
    dest: "{{ playbook_dir }}/meters-10657.json"
    mode: "0640"
"""

RETURN = r"""
_value:
  description: A list of lines, a dictionary with O(form=json), O(form=approval) and
    O(form=changes), or a text with O(form=html) and the other forms of pages, O(form=markdown) and
    O(form=csv).
  type: raw
  sample:
    - 'rollout meters-10657: running; 1 of 3 devices verified; wave all: 0 of at least 2 devices
      attempted'
    - 'wave   model  planned  verified  failed  pending  halted  other  state'
    - 'pilot  GM01Q        1         1       0        0       0      0  passed'
    - 'all    GM01Q        2         0       0        2       0      0  running'
    - 'all                 3         1       0        2       0      0'
    - 'judged at 2026-03-02 08:00 UTC; next check at 2026-03-02 14:00 UTC'
"""

from collections.abc import Callable, Mapping  # noqa: E402 - documentation stands before imports
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

from ansible.errors import AnsibleFilterError  # noqa: E402

Rendered = list[str] | dict[str, Any] | str
Form = Callable[[Mapping[str, Any]], Rendered]


def fota_report(
    facts: object, form: str = "report", earlier: Mapping[str, Any] | None = None
) -> Rendered:
    """Show facts in one of the forms; ``earlier`` is for ``changes`` only.

    :raises AnsibleFilterError: there is no such form, or the input is not a result of the module.
    """
    forms = list_forms(earlier or {})
    if not isinstance(form, str) or form not in forms:
        raise AnsibleFilterError(f"fota_report: form must be one of {', '.join(forms)}")
    if not isinstance(facts, Mapping) or "msg" not in facts:
        raise AnsibleFilterError("fota_report: the input must be a result of fota_rollout_info")
    try:
        return forms[form](facts)
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"fota_report: the input must be a whole result of fota_rollout_info: {error}"
        ) from error


def list_forms(earlier: Mapping[str, Any]) -> dict[str, Form]:
    """Give what shows facts in each form; ``changes`` are those since an earlier report."""
    # Here, because Ansible loads all filters of the collection to find one of them.
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.approval import (
        approval,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.audit import (
        audit_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.device import (
        device_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.earlier import (
        find_changes,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.forecast import (
        deadline_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.gates import (
        odds_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.overview import (
        overview_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page.rollout_page import (
        rollout_page,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.page.views_page import (
        audit_page,
        device_page,
        overview_page,
        rehearsal_page,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rehearsal import (
        rehearsal_lines,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.report_json import (
        report_document,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout.device_csv import (  # noqa: E501
        rollout_csv,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.rollout.markdown import (
        rollout_markdown,
    )
    from ansible_collections.thingspace.fota.plugins.plugin_utils._report.text import (
        plan_lines,
        report_lines,
        unstoppable_lines,
    )

    return {
        "report": report_lines,
        "plan": plan_lines,
        "approval": approval,
        "odds": odds_lines,
        "deadline": deadline_lines,
        "unstoppable": unstoppable_lines,
        "audit": audit_lines,
        "device": device_lines,
        "overview": overview_lines,
        "rehearsal": rehearsal_lines,
        "json": report_document,
        "audit_html": audit_page,
        "device_html": device_page,
        "overview_html": overview_page,
        "rehearsal_html": rehearsal_page,
        "html": rollout_page,
        "markdown": rollout_markdown,
        "csv": rollout_csv,
        "changes": partial(find_changes, earlier),
    }


class FilterModule:
    """What the plugin loader looks for."""

    def filters(self) -> dict[str, Callable[..., Rendered]]:
        return {"fota_report": fota_report}
