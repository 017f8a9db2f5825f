# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-untyped-calls=False
"""Inventory of the devices of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_devices
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: Inventory of the devices of an account
description:
  - Creates a host for every device of the account, with the data of the service as variables.
  - The name of the inventory file must end in C(.thingspace_fota.yml) or C(.thingspace_fota.yaml).
  - Reads the devices with as few calls as M(thingspace.fota.fota_device_info), and shares the login
    with the modules. Does not contact devices, and writes nothing to the service.
extends_documentation_fragment:
  - thingspace.fota.connection_plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Must be the name of this plugin.
    type: str
    choices: [thingspace.fota.fota_devices]
    required: true
  protocol:
    description: Protocol that a device must have. The service filters the devices.
    type: str
    choices: [LWM2M, OMADM, HTTP]
  make:
    description: Make that a device must have. All devices are read and then filtered.
    type: str
  model:
    description: Model that a device must have. All devices are read and then filtered.
    type: str
  firmware:
    description:
      - Firmware version that a device must have. All devices are read and then filtered.
    type: str
  hostname:
    description:
      - Name of a host, as a template with the variables of its device, such as
        V(meter-{{ imei[-6:] }}). The default is the IMEI.
      - Two devices with the same name are an error, also if another inventory source has named one
        of them.
    type: str
  group_by:
    description:
      - Properties to create groups from, such as the group C(model_GM01Q) from V(model). A device
        without a value is not in any of these groups.
      - Creates the same groups as O(keyed_groups) with the variable C(fota_model) as key and
        V(model) as prefix, without rendering templates. An entry of O(keyed_groups) is as fast if
        its key is one of these variables, and it has only a prefix and a separator. Any other
        entry is rendered as a template for every device, which takes several seconds for 10 000
        devices.
    type: list
    elements: str
    choices: [make, model, firmware, protocol, license, reachability]
    default: []
  on_unreachable:
    description:
      - What to do if the service gives no usable answer. V(fail) fails and creates no hosts.
      - V(use_cache) uses the devices in the cache, regardless of their age, and warns about it. It
        requires O(cache=true) and a persistent O(cache_plugin), such as V(jsonfile). It fails if
        the cache is empty.
      - A rejected login is always an error.
    type: str
    choices: [fail, use_cache]
    default: fail
notes:
  - "The variables of a host are text: C(imei), C(fota_mdn), C(fota_make), C(fota_model),
    C(fota_firmware), C(fota_protocol), C(fota_license) with C(assigned) or C(none),
    C(fota_reachability) with the status of the line as returned by the service, such as
    C(Active), C(fota_refresh_time), C(fota_upgrade_time) and C(fota_last_connection_time). Only
    C(fota_eligible) is a boolean. For their meaning, see the results of
    M(thingspace.fota.fota_device_info). Values that the list of devices does not contain are
    empty."
  - Templates in values from the service are never rendered.
  - You cannot log in to these devices. Therefore, C(ansible_connection) is V(local) and
    C(ansible_python_interpreter) is the interpreter of the controller. A play over devices with
    C(gather_facts) would gather facts of the controller, so turn it off. Use O(compose) to change
    these two variables.
  - Text options of the connection can be templates, for example
    C({{ lookup('env', 'FOTA_PASSWORD') }}), or encrypted with Ansible Vault. Templates can use
    extra variables, but no other variables.
  - A second inventory source, for example a static file with sites and regions, is merged by host
    name. Put both into one directory, or use C(-i) twice. If both set a variable, the later source
    takes precedence.
  - O(cache) stores the data of the service for O(cache_timeout) seconds after it was read, for each
    inventory file, O(base_url), O(account) and O(protocol). It contains no credentials.
    C(--flush-cache) and C(meta=refresh_inventory) read the data again.
  - If a file cannot be used, Ansible shows a warning and continues with other sources. Set
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to make it an error.
seealso:
  - module: thingspace.fota.fota_device_info
  - plugin: thingspace.fota.fota_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
# meters.thingspace_fota.yml: account and credentials from THINGSPACE_* variables
plugin: thingspace.fota.fota_devices
group_by: [model, firmware]

---
# north.thingspace_fota.yml: all options in the file, readable host names, and the cache
plugin: thingspace.fota.fota_devices
account: 0000123456-00001
client_id: "{{ lookup('ansible.builtin.env', 'NORTH_CLIENT_ID') }}"
client_secret: "{{ lookup('ansible.builtin.env', 'NORTH_CLIENT_SECRET') }}"
username: "{{ lookup('ansible.builtin.env', 'NORTH_USERNAME') }}"
password: "{{ lookup('ansible.builtin.env', 'NORTH_PASSWORD') }}"
protocol: LWM2M
hostname: "{{ fota_model | lower }}-{{ imei[-6:] }}"
group_by: [make, model, firmware, protocol, license, reachability]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/fota_devices
cache_timeout: 900
on_unreachable: use_cache

---
# sequans.thingspace_fota.yml: variables and groups from templates
plugin: thingspace.fota.fota_devices
make: SEQUANS Communications
strict: true
compose:
  last_digit: imei[-1]
groups:
  behind: fota_firmware is version('SR1.2.0.0-10657', '<')
keyed_groups:
  - key: last_digit
    prefix: cohort
"""

import difflib
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import ansible.template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.common.validation import check_type_dict
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import (
    BaseInventoryPlugin,
    Cacheable,
    Constructable,
    get_cache_plugin,
    to_safe_group_name,
)

from ansible_collections.thingspace.fota.plugins.module_utils._module.devices.inventory import (
    GROUP_KEYS,
    AccountUnread,
    Devices,
    age_text,
    cache_suffix,
    host_variables,
    pack,
    read_account,
    select,
    unpack,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)

Hosts = dict[str, dict[str, Any]]
"""Variables of hosts by their names."""

SUFFIXES = (".thingspace_fota.yml", ".thingspace_fota.yaml")
OURS = re.compile(r"""^plugin:\s*["']?thingspace\.fota\.fota_devices\b""", re.MULTILINE)
# Names that host patterns can contain; a template is not such a name.
HOST_NAME = re.compile(r"\w[\w.@+-]*")
GROUP_VARIABLES = [f"fota_{key}" for key in GROUP_KEYS]
FORGETFUL_CACHES = ("memory", "ansible.builtin.memory")
TEMPLATED = [
    name for name, option in CONNECTION_OPTIONS.items() if option["type"] in ("str", "path")
]

as_template: Callable[[str], str]
if hasattr(ansible.template, "trust_as_template"):
    as_template = ansible.template.trust_as_template

    def unsafe(text: str) -> str:
        """Return text unchanged: it is not a template unless it is marked as one."""
        return text

else:  # before ansible-core 2.19, any text that looks like a template is one
    from ansible.utils.unsafe_proxy import wrap_var

    as_template = str

    def unsafe(text: str) -> str:
        """Mark text so that it is never rendered; without a brace it cannot be a template."""
        return wrap_var(text) if "{" in text else text


# Devices are reached through the service, from the host where the play runs.
ON_CONTROLLER = {
    "ansible_connection": as_template("local"),
    "ansible_python_interpreter": as_template("{{ ansible_playbook_python }}"),
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin; see the documentation above."""

    NAME = "thingspace.fota.fota_devices"
    inventory: Any

    def verify_file(self, path: str) -> bool:
        """Return whether the file is for this plugin, by its name.

        :raises AnsibleParserError: it is, but only by its content. ``auto`` reports this.
        """
        if not super().verify_file(path):
            return False
        if path.endswith(SUFFIXES):
            return True
        if path.endswith((".yml", ".yaml")):
            with open(path, encoding="utf-8", errors="replace") as file:
                if OURS.search(file.read()):
                    raise AnsibleParserError(
                        f"{path}: the name of a file for {self.NAME} must end in {SUFFIXES[0]} or"
                        f" {SUFFIXES[1]}. Rename the file."
                    )
        return False

    def parse(
        self,
        inventory: InventoryData,
        loader: DataLoader,
        path: str,
        cache: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        """Add the devices of the account to the inventory.

        :param cache: False if the user requested to read the data again.
        :raises AnsibleParserError: the file or its options are wrong, or the devices cannot be read
            or named. No host was added, unless a template failed under ``strict``.
        """
        super().parse(inventory, loader, path, cache)
        params = self._checked_options(self._read_config_data(path))
        try:
            devices, warnings = select(self._devices(path, params, cache=cache), params)
        except AccountUnread as error:
            raise AnsibleParserError(str(error)) from None
        for warning in warnings:
            self.display.warning(warning)
        if not devices:
            self.display.warning(f"{path}: no device of {params['account']} matches the filters")
        hosts = self._named(devices, params["hostname"])
        for name, variables in hosts.items():
            self._add(name, variables)
        for key in params["group_by"]:
            self._group(hosts, f"fota_{key}", f"{key}_")
        self._construct(hosts)

    # -- options --------------------------------------------------------------------------------

    def _checked_options(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return all options, with the templates of the connection rendered.

        :raises AnsibleParserError: an option is unknown or cannot be used.
        """
        params: dict[str, Any] = dict(self.get_options())
        if unknown := sorted(config.keys() - params.keys()):
            near = difflib.get_close_matches(unknown[0], params, n=1)
            raise AnsibleParserError(
                f"{self.NAME}: unknown option {', '.join(unknown)}"
                + (f". Did you mean {near[0]}?" if near else "")
            )
        if isinstance(config.get("firmware"), (bool, int, float)):
            raise AnsibleParserError(
                f"firmware: {config['firmware']}: must be a string; quote it, as YAML reads it as a"
                " number"
            )
        # Only text in the file can be a template; decrypted values and the environment cannot.
        for name in TEMPLATED:
            if isinstance(config.get(name), str):
                params[name] = self._rendered(name, config[name], self._vars or {})
        # AWX sets every variable of a credential. One that is empty is not set.
        for name, option in CONNECTION_OPTIONS.items():
            (variable,) = option["fallback"][1]
            if name not in config and os.environ.get(variable) == "":
                params[name] = option.get("default")
        if params["proxies"] is not None:
            try:
                params["proxies"] = check_type_dict(params["proxies"])
            except TypeError as error:
                raise AnsibleParserError(f"proxies: {error}") from None
        if params["on_unreachable"] == "use_cache" and (
            not params["cache"] or params["cache_plugin"] in FORGETFUL_CACHES
        ):
            raise AnsibleParserError(
                "on_unreachable: use_cache requires 'cache: true' and a persistent cache_plugin,"
                " such as ansible.builtin.jsonfile."
            )
        return params

    def _rendered(self, what: str, template: str, variables: dict[str, Any]) -> str:
        self.templar.available_variables = variables
        try:
            return str(self.templar.template(template))
        except AnsibleError as error:
            raise AnsibleParserError(f"{what} cannot be rendered: {error}") from None

    # -- devices --------------------------------------------------------------------------------

    def _devices(self, path: str, params: Mapping[str, Any], *, cache: bool) -> Devices:
        """Read the devices from the cache or the service, and cache what the service returns.

        Data from the cache is not written again, so that its age stays correct.
        """
        key = f"{self.get_cache_key(path)}_{cache_suffix(params)}"
        if cache and params["cache"]:
            kept = self.cache.get(key)
            if kept is not None:
                return unpack(kept)[1]
        try:
            reading = read_account(params)
        except AccountUnread as error:
            if not error.unreachable or params["on_unreachable"] == "fail":
                raise
            return self._outdated(key, params, error)
        self.display.v(reading.headline)
        for warning in reading.warnings:
            self.display.warning(warning)
        if params["cache"]:
            self.cache[key] = pack(reading.devices, now=time.time())
        return reading.devices

    def _outdated(self, key: str, params: Mapping[str, Any], error: AccountUnread) -> Devices:
        """Return the devices of the cache regardless of their age, with a warning."""
        options = {"_uri": params["cache_connection"], "_prefix": params["cache_prefix"]}
        given = {name: value for name, value in options.items() if value is not None}
        # A cache without a time limit for the same location, as the normal one hides old data.
        kept = get_cache_plugin(params["cache_plugin"], _timeout=0, **given).get(key)
        if kept is None:
            raise AccountUnread(f"{error} The cache contains no devices either.")
        read_at, devices = unpack(kept)
        self.display.warning(
            f"The inventory is from the cache, {age_text(time.time() - read_at)} old: {error}"
        )
        return devices

    # -- hosts and groups -----------------------------------------------------------------------

    def _named(self, devices: Devices, template: str | None) -> Hosts:
        """Return the variables of every device by host name.

        :raises AnsibleParserError: a host name is invalid, or two devices have the same.
        """
        hosts: Hosts = {}
        for device in devices:
            imei = device.device_id
            variables = unsafe_values(host_variables(device))
            name = imei
            if template is not None:
                name = self._rendered(f"hostname of {imei}", template, variables)
                if not HOST_NAME.fullmatch(name):
                    raise AnsibleParserError(
                        f"hostname: the name {name!r} of {imei} is invalid. Use only letters,"
                        " digits and the characters _.@+-"
                    )
            other = hosts[name]["imei"] if name in hosts else self._imei_elsewhere(name, imei)
            if other:
                raise AnsibleParserError(
                    f"hostname: two devices have the name {name}: {other} and {imei}. Include more"
                    " of the IMEI."
                )
            hosts[name] = variables
        return hosts

    def _imei_elsewhere(self, name: str, imei: str) -> str | None:
        """Return the IMEI that an earlier source gave to this name, if it is different."""
        host = self.inventory.hosts.get(name)
        given = "" if host is None else str(host.vars.get("imei", ""))
        return given if given.isdigit() and given.zfill(len(imei)) != imei else None

    def _add(self, name: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(name)
        for variable, value in {**variables, **ON_CONTROLLER}.items():
            self.inventory.set_variable(name, variable, value)

    def _group(self, hosts: Hosts, variable: str, prefix: str) -> None:
        """Create a group for every nonempty value of a variable."""
        names: dict[str, str] = {}
        for host, variables in hosts.items():
            value = variables[variable]
            if not value:
                continue
            if value not in names:
                name = to_safe_group_name(f"{prefix}{value}")
                if name in names.values():
                    self.display.warning(
                        f"group_by: the group {name} is for {variable} {value!r} and another value"
                    )
                names[value] = self.inventory.add_group(name)
            self.inventory.add_child(names[value], host)

    def _construct(self, hosts: Hosts) -> None:
        """Apply the options with templates: compose, groups, keyed_groups."""
        compose, groups, strict = map(self.get_option, ("compose", "groups", "strict"))
        keyed_groups = []
        for entry in self.get_option("keyed_groups"):
            if self._is_plain(entry):
                separator = entry.get("separator", "_")
                prefix = entry.get("prefix", "")
                if not prefix and not self.get_option("leading_separator"):
                    separator = ""
                self._group(hosts, entry["key"], f"{prefix}{separator}")
            else:
                keyed_groups.append(entry)
        if not (compose or groups or keyed_groups):
            return
        for name in hosts:
            host = self.inventory.get_host(name)
            self._set_composite_vars(compose, host.get_vars(), name, strict)
            # By default, the helpers read the variables again for each of their entries.
            for add, option in (
                (self._add_host_to_composed_groups, groups),
                (self._add_host_to_keyed_groups, keyed_groups),
            ):
                add(option, host.get_vars(), name, strict, fetch_hostvars=False)

    def _is_plain(self, entry: object) -> bool:
        """Return whether the key of an entry of keyed_groups is a plain variable."""
        return (
            isinstance(entry, dict)
            and entry.keys() <= {"key", "prefix", "separator"}
            and entry.get("key") in GROUP_VARIABLES
            and entry["key"] not in self.get_option("compose")
            # The helper of Ansible evaluates these two options.
            and not self.get_option("use_extra_vars")
            and not self.get_option("strict")
        )


def unsafe_values(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the variables from the service so that they are never rendered."""
    return {
        name: unsafe(value) if isinstance(value, str) else value
        for name, value in variables.items()
    }
