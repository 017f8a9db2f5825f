#!/usr/bin/python
# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create objects in AWX. The action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fota_awx
short_description: Create objects in AWX or automation controller
version_added: 0.7.0
description:
  - Creates or updates the objects in the variables of the collection C(infra.aap_configuration), in
    the order in which they refer to each other, and prints a line for each. Nodes of workflows are
    created before they are linked.
  - Calls the modules of C(awx.awx) or of C(ansible.controller), which must be installed.
  - The playbook C(thingspace.fota.awx_setup) uses it.
author:
  - thingspace.fota contributors (@thingspace)
extends_documentation_fragment:
  - thingspace.fota.attributes
attributes:
  action:
    description: The action plugin with this name calls the modules.
    support: full
  async:
    description: Can be run with C(async).
    support: none
  check_mode:
    support: full
    details:
      - An object that refers to one that does not exist yet counts as a change.
  diff_mode:
    support: none
options:
  objects:
    description:
      - Lists of objects by the variables C(aap_organizations), C(aap_teams),
        C(controller_credential_types), C(controller_credentials),
        C(controller_execution_environments), C(controller_notifications), C(controller_projects),
        C(controller_inventories), C(controller_hosts), C(controller_inventory_sources),
        C(controller_templates), C(controller_workflows), C(controller_schedules) and
        C(controller_roles).
      - Text that AWX renders has its braces written as C({  {).
      - A credential that lacks a value that its type requires is left as it is.
    type: dict
    required: true
  accounts:
    description:
      - Accounts of ThingSpace. Each has credentials, inventories, templates, workflows and
        schedules of its own, named after it, in place of those in O(objects). Secrets come from
        the environment, from variables such as C(NORTH_THINGSPACE_PASSWORD) for the account
        C(north).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the account.
        type: str
        required: true
      declaration:
        description: Name of the declaration that its schedule runs. Without it, the schedule stays
          as it is in O(objects).
        type: str
      instance_groups:
        description: Instance groups or container groups on which its jobs run. The default is one
          of O(instance_groups).
        type: list
        elements: str
      rrule:
        description: When its schedule runs. By default, as in O(objects), with the starts of all
          accounts spread over an hour.
        type: str
  instance_groups:
    description: Instance groups or container groups over which O(accounts) are spread.
    type: list
    elements: str
    default: []
  collection:
    description: Collection of the modules.
    type: str
    default: awx.awx
  connection:
    description: Options of the modules for the connection, such as C(controller_host). By default,
      they use the variables of the environment, such as C(CONTROLLER_HOST).
    type: dict
    default: {}
  state:
    description: V(absent) deletes the objects, except organizations, which may have others.
    type: str
    choices: [present, absent]
    default: present
  write:
    description: File to write the objects of all accounts to, for the roles of
      C(infra.aap_configuration). AWX is then not called.
    type: path
"""

EXAMPLES = r"""
- name: Write the objects of two accounts to a file
  thingspace.fota.fota_awx:
    objects:
      controller_inventories:
        - {name: Firmware fleet, organization: Firmware}
    accounts:
      - {name: north}
      - {name: south}
    write: "{{ playbook_dir }}/all_objects.yml"
"""

RETURN = r"""
objects:
  description: What has changed.
  returned: always
  type: list
  elements: str
  sample: [job_template fota plan]
"""
