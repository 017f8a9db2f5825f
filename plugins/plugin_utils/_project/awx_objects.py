# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of AWX, in the variables of infra.aap_configuration, as calls of modules of awx.awx."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Entry = Mapping[str, Any]
Objects = Mapping[str, list[Any]]

ORGANIZATIONS = "aap_organizations"
MODULES = {
    ORGANIZATIONS: "organization",
    "aap_teams": "team",
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_execution_environments": "execution_environment",
    "controller_notifications": "notification_template",
    "controller_projects": "project",
    "controller_inventories": "inventory",
    "controller_hosts": "host",
    "controller_inventory_sources": "inventory_source",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
    "controller_schedules": "schedule",
    "controller_roles": "role",
}
"""The module of each variable, in the order in which objects are created."""

_NODES = "simplified_workflow_nodes"
_LINKS = ("success_nodes", "failure_nodes", "always_nodes")
# They vanish with the objects that they belong to.
_DEPENDENT = ("controller_hosts", "controller_inventory_sources", "controller_roles")
# What finds an object that is to be deleted.
_IDENTITY = ("name", "organization", "credential_type")

# What each account has of its own.
_OF_ACCOUNT = (
    "controller_credentials",
    "controller_inventories",
    "controller_hosts",
    "controller_inventory_sources",
    "controller_templates",
    "controller_workflows",
    "controller_schedules",
)
_SPREAD_MINUTES = 60
"""Minutes over which the starts of accounts without a rule of their own are spread."""
_START = "%Y%m%dT%H%M%S"
_ON_INSTANCE_GROUPS = ("controller_inventories", "controller_templates")


class ObjectError(ValueError):
    """The objects cannot be used as they are."""


@dataclass(frozen=True)
class Call:
    """A call of a module.

    :ivar module: name without its collection.
    :ivar label: what it is about, for people.
    """

    module: str
    label: str
    args: dict[str, Any]


def calls(objects: Objects) -> Iterator[Call]:
    """Give the calls that create or update all objects, in their order.

    A workflow's nodes are created before they are linked, as a link needs both of its ends.

    :raises ObjectError: a list of objects is something else.
    """
    for variable, module in MODULES.items():
        for entry in _entries(objects, variable):
            args = _with_braces({key: entry[key] for key in entry if key != _NODES})
            if variable == "controller_roles":
                yield from _role_calls(args)
                continue
            yield Call(module, f"{module} {entry['name']}", {**args, "state": "present"})
            yield from _node_calls(entry)


def deletions(objects: Objects) -> Iterator[Call]:
    """Give the calls that delete all objects but organizations, the last created first.

    :raises ObjectError: a list of objects is something else.
    """
    for variable, module in reversed(MODULES.items()):
        if variable in _DEPENDENT or variable == ORGANIZATIONS:
            continue
        for entry in reversed(_entries(objects, variable)):
            args = {key: entry[key] for key in _IDENTITY if key in entry}
            yield Call(module, f"{module} {entry['name']}", {**args, "state": "absent"})


def project_update(call: Call) -> Call:
    """Give the call that lets AWX read the project of a job template again from Git."""
    names = {"name": call.args["project"], "organization": call.args.get("organization")}
    args = {key: value for key, value in names.items() if value}
    return Call("project_update", f"project {call.args['project']}", args)


def without_secrets(objects: Objects) -> list[str]:
    """Give the names of credentials that lack a value that their type requires."""
    types = {entry["name"]: entry for entry in _entries(objects, "controller_credential_types")}
    return [
        credential["name"]
        for credential in _entries(objects, "controller_credentials")
        for type_ in [types.get(credential.get("credential_type"), {})]
        if any(
            not credential.get("inputs", {}).get(field)
            for field in type_.get("inputs", {}).get("required", ())
        )
    ]


def for_accounts(
    objects: Objects,
    accounts: list[Any],
    secret: Callable[[str], str],
    groups: Sequence[str] = (),
) -> dict[str, list[Any]]:
    """Give the objects with those of each account in place of those of the only one.

    :param accounts: each has a ``name``; ``declaration``, ``instance_groups`` and ``rrule`` as they
        are needed.
    :param secret: gives the value of a variable of the environment; empty if there is none.
    :param groups: instance groups over which accounts without groups of their own are spread.
    :raises ObjectError: an account has no name, or two have the same, or the same variables.
    """
    if not accounts:
        return {variable: list(_entries(objects, variable)) for variable in MODULES}
    names = [account.get("name") for account in accounts if isinstance(account, Mapping)]
    if len(names) != len(accounts) or not all(names) or len({*names}) != len(names):
        raise ObjectError("fota_accounts: each account must have a name of its own.")
    prefixes = [_prefix(name) for name in names]
    for place, prefix in enumerate(prefixes):
        if prefix in prefixes[:place]:
            raise ObjectError(
                f"fota_accounts: {names[prefixes.index(prefix)]} and {names[place]} would take"
                f" their secrets from the same variables, {prefix}_THINGSPACE_*. Rename one."
            )
    accounts = [
        {
            "instance_groups": [groups[place % len(groups)]] if groups else None,
            "minute": place * _SPREAD_MINUTES // len(accounts),
            **account,
        }
        for place, account in enumerate(accounts)
    ]
    renamed = [
        entry["name"]
        for variable in _OF_ACCOUNT
        for entry in _entries(objects, variable)
        if variable != "controller_hosts"
    ]
    found = {
        variable: [
            _of_account(variable, entry, account, secret, names)
            for account in accounts
            for names in [{name: f"{name} {account['name']}" for name in renamed}]
            for entry in _entries(objects, variable)
        ]
        if variable in _OF_ACCOUNT
        else list(_entries(objects, variable))
        for variable in MODULES
    }
    all_names = {name: [f"{name} {account['name']}" for account in accounts] for name in renamed}
    found["controller_roles"] = [_spread(role, all_names) for role in found["controller_roles"]]
    return found


def _of_account(
    variable: str,
    entry: Entry,
    account: Entry,
    secret: Callable[[str], str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    made: dict[str, Any] = {key: _renamed(key, value, names) for key, value in entry.items()}
    if variable == "controller_credentials":
        prefix = _prefix(account["name"])
        made["inputs"] = {
            key: secret(f"{prefix}_THINGSPACE_{key.upper()}") or _shared(key, value)
            for key, value in entry.get("inputs", {}).items()
        }
    if variable in _ON_INSTANCE_GROUPS and account.get("instance_groups"):
        made["instance_groups"] = account["instance_groups"]
    if variable == "controller_schedules":
        made["rrule"] = account.get("rrule") or _later(entry.get("rrule", ""), account["minute"])
        if account.get("declaration"):
            made["extra_data"] = {
                **entry.get("extra_data", {}),
                "declaration": account["declaration"],
            }
            made["enabled"] = True
    return made


def _prefix(account: Any) -> str:
    """Give what precedes the variables of an account in the environment."""
    return re.sub(r"\W", "_", str(account).upper(), flags=re.ASCII)


def _later(rrule: str, minutes: int) -> str:
    """Give a rule whose first start is some minutes later, so that accounts take turns."""

    def move(found: re.Match[str]) -> str:
        start = datetime.strptime(found[0], _START)  # noqa: DTZ007 - the zone is beside it
        return (start + timedelta(minutes=minutes)).strftime(_START)

    return re.sub(r"(?<=:)\d{8}T\d{6}", move, rrule, count=1)


def _shared(key: str, value: Any) -> Any:
    """Give a value of the only account to another one, unless it is part of its login."""
    return value if key in {"token_cache", "base_url", "proxies", "ca_path"} else ""


_REFERENCES = {
    "name",
    "inventory",
    "credential",
    "credentials",
    "unified_job_template",
    _NODES,
}


def _renamed(key: str, value: Any, names: Mapping[str, str]) -> Any:
    """Give a value with the names of the account where it refers to what the account has."""
    if key not in _REFERENCES:
        return value
    if key == _NODES:
        return [{name: _renamed(name, node[name], names) for name in node} for node in value]
    if isinstance(value, list):
        return [names.get(name, name) for name in value]
    return names.get(value, value)


def _spread(role: Entry, names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Give a role on the objects of all accounts."""
    return {
        key: [each for name in value for each in names.get(name, [name])]
        if isinstance(value, list)
        else value
        for key, value in role.items()
    }


def _entries(objects: Objects, variable: str) -> list[Any]:
    entries = objects.get(variable) or []
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ObjectError(f"{variable}: must be a list of dictionaries.")
    for entry in entries:
        if variable != "controller_roles" and not entry.get("name"):
            raise ObjectError(f"{variable}: each entry must have a name.")
    return entries


def _role_calls(role: dict[str, Any]) -> Iterator[Call]:
    """Give a call for each role of an entry, which may have several."""
    roles = role.get("roles") or [role.get("role")]
    args = {key: value for key, value in role.items() if key not in {"role", "roles"}}
    who = role.get("team") or role.get("user") or ""
    for name in roles:
        yield Call("role", f"role {name} of {who}", {**args, "role": name, "state": "present"})


def _node_calls(workflow: Entry) -> Iterator[Call]:
    nodes = workflow.get(_NODES, ())
    organization = workflow.get("organization")
    for node in nodes:
        args = {key: value for key, value in node.items() if key not in _LINKS}
        if not any(node.get(key) for key in _LINKS):
            args |= {key: [] for key in _LINKS}  # it may have had some
        if "unified_job_template" in node and organization:
            args["lookup_organization"] = organization
        yield _node_call(workflow, node, _with_braces(args))
    for node in nodes:
        links = {key: list(node.get(key, ())) for key in _LINKS}
        if any(links.values()):
            yield _node_call(workflow, node, links)


def _node_call(workflow: Entry, node: Entry, args: dict[str, Any]) -> Call:
    identity = {"identifier": node["identifier"], "workflow_job_template": workflow["name"]}
    if workflow.get("organization"):
        identity["organization"] = workflow["organization"]
    label = f"workflow_job_template_node {workflow['name']}/{node['identifier']}"
    return Call("workflow_job_template_node", label, {**args, **identity, "state": "present"})


def _with_braces(value: Any) -> Any:
    """Give a value with the braces that AWX renders, which Ansible must not render."""
    if isinstance(value, str):
        return value.replace("{  {", "{{")
    if isinstance(value, Mapping):
        return {key: _with_braces(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_braces(each) for each in value]
    return value
