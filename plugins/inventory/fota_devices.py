# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-untyped-calls=False
"""The devices of an account as hosts of the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_devices
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.4.0
short_description: The devices of an account as hosts
description:
  - Makes a host of every device of the account, with what the service knows of it as variables.
  - The name of the file ends in C(.thingspace_fota.yml) or C(.thingspace_fota.yaml).
  - The devices are read with as few calls as M(thingspace.fota.fota_device_info) needs, in the same
    login as the modules. No device is asked, and nothing is written.
extends_documentation_fragment:
  - thingspace.fota.connection_plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    choices: [thingspace.fota.fota_devices]
    required: true
  protocol:
    description: Protocol that a device must have. The service leaves out the others.
    type: str
    choices: [LWM2M, OMADM, HTTP]
  make:
    description: Make that a device must have. All devices are read, and the others left out.
    type: str
  model:
    description: Model that a device must have. All devices are read, and the others left out.
    type: str
  firmware:
    description:
      - Firmware version that a device must have. All devices are read, and the others left out.
    type: str
  hostname:
    description:
      - Name of a host, as a template over the variables of its device, such as
        V(meter-{{ imei[-6:] }}). By default it is the IMEI.
      - No two devices can have the same name. That is an error, whichever source named them.
    type: str
  group_by:
    description:
      - Facts to make groups of, such as C(model_GM01Q) with V(model). A device with no such fact
        is in no such group.
      - Gives the same groups as O(keyed_groups) with the variable C(fota_model) as key and
        V(model) as prefix, and renders no template. An entry of O(keyed_groups) is as fast if
        its key is one of these variables, and it has only a prefix and a separator beside it. Any
        other entry is a template for every device, which takes several seconds for 10 000.
    type: list
    elements: str
    choices: [make, model, firmware, protocol, license, reachability]
    default: []
  on_unreachable:
    description:
      - What to do when the service gives no usable answer. V(fail) makes no host.
      - V(use_cache) takes the devices of the cache, however old they are, and warns of their age.
        It needs O(cache=true) and a O(cache_plugin) that keeps data, such as V(jsonfile). Without
        data in the cache it fails too.
      - A refused login is an error with both.
    type: str
    choices: [fail, use_cache]
    default: fail
notes:
  - "Variables of a host are text: C(imei), C(fota_mdn), C(fota_make), C(fota_model),
    C(fota_firmware), C(fota_protocol), C(fota_license) with C(assigned) or C(none),
    C(fota_reachability) with the status of the line in the words of the service, such as
    C(Active), C(fota_refresh_time), C(fota_upgrade_time) and C(fota_last_connection_time). One is
    a boolean: C(fota_eligible). They mean what M(thingspace.fota.fota_device_info) returns. What
    the list of devices does not hold is empty."
  - No template in a value of the service is ever rendered.
  - A device is no machine to log in to. So C(ansible_connection) is V(local) and
    C(ansible_python_interpreter) that of the controller. With C(gather_facts) a play over devices
    would gather facts of the controller, so turn it off. O(compose) can set both otherwise.
  - Options that hold text and are named in the description of the connection may be templates, for
    example C({{ lookup('env', 'FOTA_PASSWORD') }}), or encrypted with Ansible Vault. Templates know
    extra variables, and no others.
  - A second source, such as a static one for sites, regions and zones, is merged by the names of
    hosts. Put both into one directory, or give C(-i) twice. Of the same variable the source that
    comes later wins.
  - O(cache) keeps what the service said for O(cache_timeout) seconds after it was read. It is kept
    by inventory file, O(base_url), O(account) and O(protocol), and holds no credentials.
    C(--flush-cache) and C(meta=refresh_inventory) read again.
  - A file that cannot be used is a warning of Ansible, which then goes on with other sources. Set
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to make it an error.
seealso:
  - module: thingspace.fota.fota_device_info
  - plugin: thingspace.fota.fota_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
# meters.thingspace_fota.yml: account and credentials are in THINGSPACE_* variables
plugin: thingspace.fota.fota_devices
group_by: [model, firmware]

---
# north.thingspace_fota.yml: all options in the file, names for people, and the cache
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
# sequans.thingspace_fota.yml: what only templates can say
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
# What host patterns can name; no template is such a name.
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
        """Leave text as it is: it is no template unless somebody says so."""
        return text

else:  # before ansible-core 2.19 any text is a template that looks like one
    from ansible.utils.unsafe_proxy import wrap_var

    as_template = str

    def unsafe(text: str) -> str:
        """Mark text so that it is never rendered; without a brace it cannot be a template."""
        return wrap_var(text) if "{" in text else text


# A device is reached through the service, from where the play runs.
ON_CONTROLLER = {
    "ansible_connection": as_template("local"),
    "ansible_python_interpreter": as_template("{{ ansible_playbook_python }}"),
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin; its documentation above says what it does."""

    NAME = "thingspace.fota.fota_devices"
    inventory: Any

    def verify_file(self, path: str) -> bool:
        """Whether the file is for this plugin, by its name.

        :raises AnsibleParserError: it is by its content only. The plugin ``auto`` passes that on.
        """
        if not super().verify_file(path):
            return False
        if path.endswith(SUFFIXES):
            return True
        if path.endswith((".yml", ".yaml")):
            with open(path, encoding="utf-8", errors="replace") as file:
                if OURS.search(file.read()):
                    raise AnsibleParserError(
                        f"{path} is for {self.NAME}, so its name must end in {SUFFIXES[0]} or"
                        f" {SUFFIXES[1]}: rename it"
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

        :param cache: False when the person asked to read anew.
        :raises AnsibleParserError: the file or its options are wrong, or the devices cannot be read
            or named. No host was added, unless a template failed under ``strict``.
        """
        super().parse(inventory, loader, path, cache)
        params = self._checked_options(self._read_config_data(path))
        try:
            devices, left_out = select(self._devices(path, params, cache=cache), params)
        except AccountUnread as error:
            raise AnsibleParserError(str(error)) from None
        if left_out:
            self.display.warning(left_out)
        if not devices:
            self.display.warning(f"There is no device in {params['account']} that {path} asks for")
        hosts = self._named(devices, params["hostname"])
        for name, variables in hosts.items():
            self._add(name, variables)
        for key in params["group_by"]:
            self._group(hosts, f"fota_{key}", f"{key}_")
        self._construct(hosts)

    # -- options --------------------------------------------------------------------------------

    def _checked_options(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Every option, templates of the connection rendered.

        :raises AnsibleParserError: there is no such option, or one cannot be used.
        """
        params: dict[str, Any] = dict(self.get_options())
        if unknown := sorted(config.keys() - params.keys()):
            near = difflib.get_close_matches(unknown[0], params, n=1)
            raise AnsibleParserError(
                f"{self.NAME} has no option {', '.join(unknown)}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        # Only what the file says may be a template; what is decrypted or of the environment is not.
        for name in TEMPLATED:
            if isinstance(config.get(name), str):
                params[name] = self._rendered(name, config[name], self._vars or {})
        if params["proxies"] is not None:
            try:
                params["proxies"] = check_type_dict(params["proxies"])
            except TypeError as error:
                raise AnsibleParserError(f"proxies: {error}") from None
        if params["on_unreachable"] == "use_cache" and (
            not params["cache"] or params["cache_plugin"] in FORGETFUL_CACHES
        ):
            raise AnsibleParserError(
                "on_unreachable: use_cache needs 'cache: true' and a cache_plugin that keeps data,"
                " such as ansible.builtin.jsonfile"
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
        """Read the devices from the cache or the service; what is read anew goes into the cache.

        What came from the cache is not written again, so that it does not look younger.
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
        """Take the devices of the cache whatever their age, and say it."""
        options = {"_uri": params["cache_connection"], "_prefix": params["cache_prefix"]}
        given = {name: value for name, value in options.items() if value is not None}
        # A cache without time limit over the same place, for the usual one hides what is too old.
        kept = get_cache_plugin(params["cache_plugin"], _timeout=0, **given).get(key)
        if kept is None:
            raise AccountUnread(f"{error} There are no devices in the cache either.")
        read_at, devices = unpack(kept)
        self.display.warning(
            f"The inventory is {age_text(time.time() - read_at)} old, from the cache: {error}"
        )
        return devices

    # -- hosts and groups -----------------------------------------------------------------------

    def _named(self, devices: Devices, template: str | None) -> Hosts:
        """Give every device its host name and variables.

        :raises AnsibleParserError: a name cannot be one of a host, or two devices have the same.
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
                        f"hostname gives {imei} the name {name!r}; a name has letters, digits and"
                        " any of _.@+- only"
                    )
            other = hosts[name]["imei"] if name in hosts else self._imei_elsewhere(name, imei)
            if other:
                raise AnsibleParserError(
                    f"Two devices have the host name {name}: {other} and {imei}. Give hostname"
                    " more of the IMEI"
                )
            hosts[name] = variables
        return hosts

    def _imei_elsewhere(self, name: str, imei: str) -> str | None:
        """The IMEI that a source read before gave to this name, if it is another."""
        host = self.inventory.hosts.get(name)
        given = "" if host is None else str(host.vars.get("imei", ""))
        return given if given.isdigit() and given.zfill(len(imei)) != imei else None

    def _add(self, name: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(name)
        for variable, value in {**variables, **ON_CONTROLLER}.items():
            self.inventory.set_variable(name, variable, value)

    def _group(self, hosts: Hosts, variable: str, prefix: str) -> None:
        """Make a group of every value of a variable. Empty is no value."""
        names: dict[str, str] = {}
        for host, variables in hosts.items():
            value = variables[variable]
            if not value:
                continue
            if value not in names:
                name = to_safe_group_name(f"{prefix}{value}")
                if name in names.values():
                    self.display.warning(
                        f"The group {name} is of {variable} {value!r} and of another value as well"
                    )
                names[value] = self.inventory.add_group(name)
            self.inventory.add_child(names[value], host)

    def _construct(self, hosts: Hosts) -> None:
        """Do what templates say: compose, groups, keyed_groups."""
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
            # The helpers would read the variables again for each of their entries.
            for add, option in (
                (self._add_host_to_composed_groups, groups),
                (self._add_host_to_keyed_groups, keyed_groups),
            ):
                add(option, host.get_vars(), name, strict, fetch_hostvars=False)

    def _is_plain(self, entry: object) -> bool:
        """Whether an entry of keyed_groups asks for the values of a variable as they stand."""
        return (
            isinstance(entry, dict)
            and entry.keys() <= {"key", "prefix", "separator"}
            and entry.get("key") in GROUP_VARIABLES
            and entry["key"] not in self.get_option("compose")
            # Ansible's own helper minds these two.
            and not self.get_option("use_extra_vars")
            and not self.get_option("strict")
        )


def unsafe_values(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Make variables of what the service said, none of which is ever rendered."""
    return {
        name: unsafe(value) if isinstance(value, str) else value
        for name, value in variables.items()
    }
