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
  - Returns one record for every inventory host that matches a host pattern, with its IMEI, its
    groups and the requested variables.
  - Designed for large inventories. The variables of a host are read without rendering them, and
    only requested values that are templates are rendered.
options:
  _terms:
    description:
      - Host patterns, as in C(hosts) of a play.
      - Several patterns select the union of their hosts. An exclusion such as V(!lab) does not
        affect other patterns.
      - An empty pattern is an error, because Ansible would match all hosts.
    type: list
    elements: str
    required: true
  vars:
    description:
      - Variables to copy to the record of a host. A variable that a host does not have is omitted
        from its record.
      - The names V(imei), V(host) and V(groups) are reserved, because every record has these keys.
    type: list
    elements: str
    default: []
  imei:
    description:
      - Name of the variable that contains the IMEI of a host.
      - For a host without this variable, the inventory name is used if it has 15 digits. Otherwise,
        the lookup fails.
    type: str
    default: imei
  whole:
    description:
      - Whether it is an error if a limit (C(--limit)) leaves out some of the hosts.
    type: bool
    default: false
    version_added: 0.5.0
notes:
  - The variables of a host are those in C(hostvars), with the same precedence. They come from the
    inventory, from C(group_vars) and C(host_vars) next to the inventory or the playbook, from
    facts, from C(set_fact) and from extra variables. Variables of a play, role or task are not
    included.
  - A variable that is a template, or contains one, is rendered with the variables of its host only.
    If it cannot be rendered, the lookup fails and names the host and the variable. Rendering takes
    several times as long as the rest of the lookup, so use plain values for thousands of hosts.
  - A limit (C(--limit)) also applies to the selection, so include C(localhost) in the limit as well
    as the devices. C(serial) and failed hosts do not change the selection.
  - For a pattern with an unknown host or group, Ansible shows a warning, see
    C(HOST_PATTERN_MISMATCH) in its configuration. If nothing matches, the list is empty.
  - Quote IMEIs in YAML. An IMEI that was read as a number is converted to text, but its leading
    zeros are lost. This lookup does not validate IMEIs.
  - Dates and vault-encrypted values are returned as text.
seealso:
  - plugin: ansible.builtin.inventory_hostnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Select all meters except those of the lab, with their region and time zone
  ansible.builtin.set_fact:
    meters: "{{ query('thingspace.fota.fota_hosts', 'meters:!lab', vars=['region', 'timezone']) }}"

- name: Read the devices of two sites, with the IMEI in the variable modem_imei
  thingspace.fota.fota_device_info:
    devices: >-
      {{ query('thingspace.fota.fota_hosts', 'site_oslo', 'site_bergen', imei='modem_imei')
         | map(attribute='imei') }}
"""

RETURN = r"""
_raw:
  description: One record for every matching host, in the order of the inventory.
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
      description: Sorted names of all groups of the host, without V(all) and V(ungrouped).
      type: list
      elements: str
      returned: always
    <name>:
      description: Value of a variable listed in O(vars).
      type: raw
      returned: when the host has the variable
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

from ansible_collections.thingspace.fota.plugins.module_utils._model.text import as_text, count

if TYPE_CHECKING:
    from ansible.inventory.host import Host
    from ansible.inventory.manager import InventoryManager
    from ansible.vars.hostvars import HostVars

FIXED_KEYS = ("imei", "host", "groups")
BUILT_IN_GROUPS = ("all", "ungrouped")
IMEI = re.compile(r"[0-9]{15}")
NAMED_IN_ERROR = 5
BAD_TEMPLATE = (AnsibleError, ArithmeticError, LookupError, TypeError, ValueError)
"""Errors of rendering; ansible-core before 2.19 does not wrap errors of Python."""


class LookupModule(LookupBase):
    """The plugin; see the documentation above."""

    def run(
        self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return the records.

        :raises AnsibleOptionsError: the terms or options are wrong.
        :raises AnsibleLookupError: hosts have no IMEI, or a value cannot be rendered.
        """
        self.set_options(direct=kwargs)  # type: ignore[no-untyped-call]
        options: dict[str, Any] = self.get_options()  # type: ignore[no-untyped-call]
        # Ansible ignores unknown options.
        if unknown := sorted(kwargs.keys() - options.keys()):
            raise AnsibleOptionsError(
                f"fota_hosts: unknown option {', '.join(unknown)}. Use 'vars' or 'imei'."
            )
        wanted: list[Any] = options["vars"]
        if wrong := [name for name in wanted if not isinstance(name, str) or name in FIXED_KEYS]:
            raise AnsibleOptionsError(
                f"fota_hosts: 'vars' must be names of variables, not {wrong[0]!r}. Every record"
                f" already has {', '.join(FIXED_KEYS)}."
            )
        if not variables or "hostvars" not in variables:
            raise AnsibleLookupError("fota_hosts needs an inventory. Use it in a play.")
        hostvars = variables["hostvars"]
        patterns = self._flatten(terms)  # type: ignore[no-untyped-call]
        # The only private name used: the inventory knows order and limit, 'groups' does not.
        hosts = matching_hosts(hostvars._inventory, patterns)
        if options["whole"]:
            check_whole(hostvars._inventory, patterns, len(hosts))
        reader = HostReader(hostvars, Templar(loader=self._loader))
        return device_records(reader, hosts, imei=options["imei"], wanted=wanted)


def check_whole(inventory: InventoryManager, patterns: Sequence[str], selected: int) -> None:
    """Check that the limit leaves out none of the hosts.

    :raises AnsibleLookupError: it does.
    """
    everything = len(matching_hosts(inventory, patterns, limited=False))
    if selected < everything:
        raise AnsibleLookupError(
            f"The limit (--limit) selects only {selected} of {count(everything, 'device')} of"
            f" {', '.join(patterns)}, but a rollout is for all of its devices in every run. Nothing"
            " was called. Remove the limit. To roll out to fewer devices, use another pattern."
        )


def matching_hosts(
    inventory: InventoryManager, patterns: Sequence[str], *, limited: bool = True
) -> list[Host]:
    """Return the hosts that any of the patterns matches, in inventory order, each once.

    :param limited: whether the limit applies.
    :raises AnsibleOptionsError: there is no pattern, or one is empty.
    """
    if not patterns:
        raise AnsibleOptionsError("fota_hosts needs a host pattern, such as 'all'.")
    found: dict[str, Host] = {}
    for pattern in patterns:
        parts = split_host_pattern(pattern)
        if not parts:
            raise AnsibleOptionsError(
                f"fota_hosts: the host pattern {pattern!r} is empty. Use 'all' for all hosts."
            )
        # A restriction is the current batch of hosts of the play, usually only localhost.
        for host in inventory.get_hosts(parts, ignore_limits=not limited, ignore_restrictions=True):
            found[host.name] = host
    places = {name: place for place, name in enumerate(inventory.hosts)}
    # The implicit localhost matches by name, but has no position in the inventory.
    return sorted(found.values(), key=lambda host: places.get(host.name, len(places)))


@dataclass(frozen=True)
class HostReader:
    """Reads variables of hosts, and renders those that are templates."""

    hostvars: HostVars
    templar: Templar

    def read(self, host: Host, names: Iterable[str]) -> dict[str, Any]:
        """Return plain values of the variables that the host has.

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
                f" that host only ({error}). Use a plain value, or define the variables of the"
                " template in the inventory."
            ) from error


def device_records(
    reader: HostReader, hosts: Iterable[Host], *, imei: str, wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the record of every host, in the order of the hosts.

    :param imei: name of the variable that holds the IMEI.
    :param wanted: names of the variables to copy.
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
            " exclude these hosts from the pattern."
        )
    return records


def imei_text(values: Mapping[str, Any], variable: str, host: str) -> str | None:
    """Return the IMEI of a host as text, or None."""
    if variable not in values:
        return host if IMEI.fullmatch(host) else None
    value = values[variable]
    if isinstance(value, str):
        return value or None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return as_text(value) if is_number else None


def plain(value: Any) -> Any:
    """Return a value with JSON types only, without the marks that Ansible adds.

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
    """Return the first few names on one line, with the number of the others."""
    more = len(names) - NAMED_IN_ERROR
    return ", ".join(names[:NAMED_IN_ERROR]) + (f" and {more} more" if more > 0 else "")
