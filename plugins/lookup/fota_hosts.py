# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select devices from the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_hosts
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.2.0
short_description: Select devices from the inventory
description:
  - Gives one record for every inventory host that a host pattern matches, with its IMEI, its groups
    and the variables that are asked for.
  - Meant for large inventories. The variables of a host are read as they stand, and only those
    values that are asked for and are templates are rendered.
options:
  _terms:
    description:
      - Host patterns, each as in C(hosts) of a play.
      - Several patterns are a union. An exclusion such as V(!lab) reaches no other pattern.
      - A pattern that is empty is refused. Ansible would take it for all hosts.
    type: list
    elements: str
    required: true
  vars:
    description:
      - Variables to take over into the record of a host. One that a host does not have is left out
        of its record.
      - The names V(imei), V(host) and V(groups) are taken by what every record holds.
    type: list
    elements: str
    default: []
  imei:
    description:
      - Name of the variable that holds the IMEI of a host.
      - A host without it is taken by its inventory name if that is 15 digits, and is an error
        otherwise.
    type: str
    default: imei
notes:
  - Variables of a host are what C(hostvars) knows, with the same precedence. These are the
    inventory, C(group_vars) and C(host_vars) beside it or beside the playbook, facts, results of
    C(set_fact) and extra variables. Variables of a play, role or task are not among them.
  - A variable that is a template, or holds one, is rendered with the variables of its host alone.
    One that cannot be rendered is an error that names the host and the variable. Rendering takes
    several times as long as the rest, so plain values are better on thousands of hosts.
  - A limit (C(--limit)) holds for the selection too, so name C(localhost) in it beside the devices.
    C(serial) and failed hosts do not change the selection.
  - A pattern that names an unknown host or group gives Ansible's warning for that, see
    C(HOST_PATTERN_MISMATCH) in its settings. If nothing matches, the list is empty.
  - Quote IMEIs in YAML. One that was read as a number becomes text again, but its leading zeros are
    gone. Whether an IMEI is right is not checked here.
  - Dates and vault-encrypted values are returned as text.
seealso:
  - plugin: ansible.builtin.inventory_hostnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Remember all meters but those of the lab, with their region and time zone
  ansible.builtin.set_fact:
    meters: "{{ query('thingspace.fota.fota_hosts', 'meters:!lab', vars=['region', 'timezone']) }}"

- name: Read the devices of two sites, whose IMEI is in the variable modem_imei
  thingspace.fota.fota_device_info:
    devices: >-
      {{ query('thingspace.fota.fota_hosts', 'site_oslo', 'site_bergen', imei='modem_imei')
         | map(attribute='imei') }}
"""

RETURN = r"""
_raw:
  description: One record for every matching host, each host once, in the order of the inventory.
  type: list
  elements: dict
  contains:
    imei:
      description: IMEI as text.
      type: str
      returned: always
    host:
      description: Inventory name of the host.
      type: str
      returned: always
    groups:
      description: All groups that the host is in, sorted, without V(all) and V(ungrouped).
      type: list
      elements: str
      returned: always
    <name>:
      description: Value of a variable that O(vars) names.
      type: raw
      returned: when the host has it
  sample:
    - imei: '358000000000016'
      host: meter-001
      groups: [meters, site_oslo]
      region: north
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ansible.errors import AnsibleError, AnsibleLookupError, AnsibleOptionsError
from ansible.inventory.manager import split_host_pattern
from ansible.plugins.lookup import LookupBase
from ansible.template import Templar

if TYPE_CHECKING:
    from ansible.inventory.host import Host
    from ansible.inventory.manager import InventoryManager
    from ansible.vars.hostvars import HostVars

FIXED_KEYS = ("imei", "host", "groups")
BUILT_IN_GROUPS = ("all", "ungrouped")
IMEI = re.compile(r"[0-9]{15}")
NAMED_IN_ERROR = 5
BAD_TEMPLATE = (AnsibleError, ArithmeticError, LookupError, TypeError, ValueError)
"""What rendering raises; ansible-core before 2.19 lets errors of Python pass as they are."""


class LookupModule(LookupBase):
    """The plugin; what it takes and gives is in the documentation above."""

    def run(
        self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return the records.

        :raises AnsibleOptionsError: the call itself is wrong.
        :raises AnsibleLookupError: hosts without IMEI, a value that cannot be rendered.
        """
        self.set_options(direct=kwargs)  # type: ignore[no-untyped-call]
        options: dict[str, Any] = self.get_options()  # type: ignore[no-untyped-call]
        # Ansible ignores options that it does not know.
        if unknown := sorted(kwargs.keys() - options.keys()):
            raise AnsibleOptionsError(
                f"fota_hosts has no option {', '.join(unknown)}; it has 'vars' and 'imei'"
            )
        wanted: list[Any] = options["vars"]
        if wrong := [name for name in wanted if not isinstance(name, str) or name in FIXED_KEYS]:
            raise AnsibleOptionsError(
                f"fota_hosts: 'vars' takes names of variables, not {wrong[0]!r}; every record has"
                f" {', '.join(FIXED_KEYS)} anyway"
            )
        if not variables or "hostvars" not in variables:
            raise AnsibleLookupError("fota_hosts needs the inventory of a play, and there is none")
        hostvars = variables["hostvars"]
        patterns = self._flatten(terms)  # type: ignore[no-untyped-call]
        # The one private name in use: the inventory knows order and limit, 'groups' does not.
        hosts = matching_hosts(hostvars._inventory, patterns)
        reader = HostReader(hostvars, Templar(loader=self._loader))
        return device_records(reader, hosts, imei=options["imei"], wanted=wanted)


def matching_hosts(inventory: InventoryManager, patterns: Sequence[str]) -> list[Host]:
    """Return the hosts that any of the patterns matches, in inventory order, each once.

    :raises AnsibleOptionsError: there is no pattern, or one is empty.
    """
    if not patterns:
        raise AnsibleOptionsError("fota_hosts needs a host pattern, such as 'all'")
    found: dict[str, Host] = {}
    for pattern in patterns:
        parts = split_host_pattern(pattern)
        if not parts:
            raise AnsibleOptionsError(
                f"fota_hosts: the host pattern {pattern!r} is empty; for all hosts say 'all'"
            )
        # A restriction is the play's own batch of hosts, which is most often localhost alone.
        for host in inventory.get_hosts(parts, ignore_restrictions=True):
            found[host.name] = host
    places = {name: place for place, name in enumerate(inventory.hosts)}
    # The implicit localhost is matched by name, but has no place.
    return sorted(found.values(), key=lambda host: places.get(host.name, len(places)))


@dataclass(frozen=True)
class HostReader:
    """Reads variables of hosts, and renders those that are templates."""

    hostvars: HostVars
    templar: Templar

    def read(self, host: Host, names: Iterable[str]) -> dict[str, Any]:
        """Return plain values of those variables that the host has.

        :raises AnsibleLookupError: a value cannot be rendered.
        """
        raw = cast("dict[str, Any]", self.hostvars.raw_get(host.name))
        values = {}
        for name in names:
            if name in raw:
                value = raw[name]
                if self._may_hold_template(value):
                    value = self._rendered(host, name, raw)
                values[name] = plain(value)
        return values

    def _may_hold_template(self, value: object) -> bool:
        # Templar.is_template sees no template in a list or mapping while it is in a template.
        if isinstance(value, str):
            return bool(self.templar.is_possibly_template(value))
        if isinstance(value, Mapping):
            return any(self._may_hold_template(item) for item in value.values())
        if isinstance(value, (list, tuple)):
            return any(self._may_hold_template(item) for item in value)
        return False

    def _rendered(self, host: Host, name: str, raw: dict[str, Any]) -> object:
        self.templar.available_variables = raw
        try:
            return self.templar.template(raw[name])
        except BAD_TEMPLATE as error:
            raise AnsibleLookupError(
                f"Host {host.name}: the variable '{name}' cannot be rendered with the variables of"
                f" that host alone ({error}). Give the host a plain value, or define what the"
                " template uses in the inventory"
            ) from error


def device_records(
    reader: HostReader, hosts: Iterable[Host], *, imei: str, wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the record of every host, in the order of the hosts.

    :param imei: name of the variable that holds the IMEI.
    :param wanted: names of the variables to take over.
    :raises AnsibleLookupError: hosts have no IMEI, or what ``HostReader.read`` raises.
    """
    records = []
    without: list[str] = []
    for host in hosts:
        values = reader.read(host, {imei, *wanted})
        name = plain(host.name)
        number = imei_text(values, imei, name)
        if number is None:
            without.append(name)
            continue
        groups = sorted({plain(group.name) for group in host.get_groups()} - {*BUILT_IN_GROUPS})
        record = {"imei": number, "host": name, "groups": groups}
        records.append(record | {key: values[key] for key in wanted if key in values})
    if without:
        raise AnsibleLookupError(
            f"{len(without)} of the selected hosts have no IMEI: {shorten(without)}. Set the"
            f" variable '{imei}' to the 15 digits in quotes, use the IMEI as inventory name, or"
            " leave such hosts out of the pattern"
        )
    return records


def imei_text(values: Mapping[str, Any], variable: str, host: str) -> str | None:
    """Return the IMEI of a host as text, None if it has none."""
    if variable not in values:
        return host if IMEI.fullmatch(host) else None
    value = values[variable]
    if isinstance(value, str):
        return value or None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else None


def plain(value: Any) -> Any:
    """Return a value in the types that JSON has, without what Ansible attached to it.

    Text stays protected from templating: ``str()`` keeps the mark of unsafe text, and from
    ansible-core 2.19 on drops the mark of trusted text, which is the only text that is templated.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def shorten(names: Sequence[str]) -> str:
    """Give the first few names as one line and say how many more there are."""
    more = len(names) - NAMED_IN_ERROR
    return ", ".join(names[:NAMED_IN_ERROR]) + (f" and {more} more" if more > 0 else "")
