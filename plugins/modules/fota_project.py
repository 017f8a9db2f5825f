#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a project for AWX. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_project
short_description: Write a project for AWX
version_added: 0.7.0
description:
  - Writes a directory that you can put into Git and use as a project of AWX or of automation
    controller. It has a playbook for each job, the requirements, an inventory source, and an
    example of a declaration.
  - The file C(.fota_project.json) records what was written. A file that you have edited or deleted
    is never written again. If there is a newer version of an edited file, the difference is
    printed.
  - The playbook C(thingspace.fota.awx_project) uses it.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
attributes:
  action:
    description: The action plugin with this name does all of the work.
    support: full
    details:
      - It runs on the controller, regardless of the host of the task.
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  path:
    description: Directory of the project. It is created if it does not exist.
    type: path
    required: true
  taken:
    description:
      - Paths of edited files, relative to the project, whose newer version you have merged or do
        not want. It is not shown again.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Write the project
  thingspace.fota.fota_project:
    path: "{{ playbook_dir }}/fota-project"
"""

RETURN = r"""
path:
  description: Directory of the project.
  returned: success
  type: str
files:
  description: State of each file. V(new) and V(updated) are written, V(same) needs no change, and
    V(edited) and V(outdated) are yours; of V(outdated), there is a newer version.
  returned: success
  type: dict
  sample: {ansible.cfg: same, run.yml: edited}
"""
