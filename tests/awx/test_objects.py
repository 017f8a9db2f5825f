# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of AWX: they are what the modules take, and what the project and the roles have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from dateutil.rrule import rrulestr

from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._project.awx_objects import (
    MODULES,
    ObjectError,
    calls,
    deletions,
    for_accounts,
    without_secrets,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._project.skeleton import skeleton
from ansible_collections.thingspace.fota.tests.awx.objects import named, objects, questions
from ansible_collections.thingspace.fota.tests.playbooks.runner import ROOT

ARGUMENTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "awx_arguments.json").read_text(encoding="utf-8")
)
ACCOUNTS = [
    {"name": "north", "declaration": "north-1", "instance_groups": ["north"]},
    {"name": "south-2", "rrule": "DTSTART;TZID=UTC:20270104T010000 RRULE:FREQ=DAILY;INTERVAL=1"},
]
# Where an entry of a variable refers to entries of another, by key.
REFERENCES = {
    "organization": ["aap_organizations"],
    "organizations": ["aap_organizations"],
    "team": ["aap_teams"],
    "credential_type": ["controller_credential_types"],
    "credential": ["controller_credentials"],
    "credentials": ["controller_credentials"],
    "inventory": ["controller_inventories"],
    "project": ["controller_projects"],
    "source_project": ["controller_projects"],
    "unified_job_template": ["controller_templates", "controller_workflows"],
    "job_templates": ["controller_templates"],
    "workflows": ["controller_workflows"],
    "notification_templates_started": ["controller_notifications"],
    "notification_templates_error": ["controller_notifications"],
    "notification_templates_approvals": ["controller_notifications"],
}
# The keys of entries that the roles of infra.aap_configuration 3 read (roles/*/tasks/main.yml there),
# as far as the data file uses them.
ROLES_READ = {
    "aap_organizations": "name description galaxy_credentials",
    "aap_teams": "name description organization",
    "controller_credential_types": "name description kind inputs injectors",
    "controller_credentials": "name organization credential_type inputs update_secrets",
    "controller_notifications": "name organization notification_type notification_configuration"
    " messages",
    "controller_projects": "name organization scm_type scm_url scm_branch scm_update_on_launch"
    " scm_update_cache_timeout",
    "controller_inventories": "name organization kind instance_groups",
    "controller_hosts": "name inventory variables",
    "controller_inventory_sources": "name inventory organization source source_project source_path"
    " credential overwrite overwrite_vars update_on_launch update_cache_timeout",
    "controller_templates": "name description organization project inventory credentials playbook"
    " job_type limit ask_limit_on_launch ask_job_slice_count_on_launch ask_variables_on_launch"
    " ask_inventory_on_launch job_slice_count allow_simultaneous timeout survey_enabled survey_spec"
    " extra_vars notification_templates_started notification_templates_error instance_groups",
    "controller_workflows": "name description organization ask_limit_on_launch"
    " ask_variables_on_launch ask_inventory_on_launch allow_simultaneous survey_enabled survey_spec"
    " notification_templates_approvals notification_templates_error simplified_workflow_nodes",
    "controller_schedules": "name description organization unified_job_template rrule extra_data"
    " enabled",
    "controller_roles": "team role job_templates workflows organizations",
}
OTHERS = {"fota_accounts", "fota_instance_groups", "fota_shared"}
SURVEY_TYPES = {"text": {"str"}, "textarea": {"raw"}, "multiplechoice": {"str"}}
JOBS = [template["name"] for template in objects()["controller_templates"]]


def of_accounts() -> dict[str, list[Any]]:
    return for_accounts(objects(), ACCOUNTS, lambda name: f"value of {name}")


def role_arguments() -> dict[str, dict[str, Any]]:
    """The arguments of the roles that jobs run, by their names."""
    found: dict[str, dict[str, Any]] = {}
    for role in ("declaration", "rollout"):
        file = ROOT / "roles" / role / "meta/argument_specs.yml"
        found |= yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"]["main"][
            "options"
        ]
    return found


@pytest.mark.parametrize("found", [objects(), of_accounts()], ids=["one account", "two accounts"])
def test_the_modules_take_every_call(found: dict[str, Any]) -> None:
    made = [*calls(found), *deletions(found)]
    assert {call.module for call in made} == {*MODULES.values(), "workflow_job_template_node"} - {
        "execution_environment"
    }
    for call in made:
        spec = {**ARGUMENTS["connection"], **ARGUMENTS[call.module]}
        result = ArgumentSpecValidator(spec).validate(call.args)
        assert result.error_messages == [], call.label


def references(entry: Any) -> Iterator[tuple[str, str]]:
    """Each name that an entry refers to, with its key."""
    for key, value in entry.items():
        if key == "simplified_workflow_nodes":
            for node in value:
                yield from references(node)
        elif key in REFERENCES:
            for name in value if isinstance(value, list) else [value]:
                yield key, name


@pytest.mark.parametrize("found", [objects(), of_accounts()], ids=["one account", "two accounts"])
def test_every_reference_resolves(found: dict[str, Any]) -> None:
    names = {key: {entry.get("name") for entry in found.get(key, ())} for key in MODULES}
    for variable in MODULES:
        entries = [entry.get("name") for entry in found.get(variable, ())]
        if variable not in {"controller_roles", "controller_hosts"}:
            assert len({*entries}) == len(entries), variable
        for entry in found.get(variable, ()):
            for key, name in references(entry):
                assert any(name in names[other] for other in REFERENCES[key]), (entry, key)
    for workflow in found["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
        for node in nodes.values():
            for links in ("success_nodes", "failure_nodes", "always_nodes"):
                assert {*node.get(links, ())} <= {*nodes}


def test_the_names_are_those_of_infra_aap_configuration() -> None:
    assert {*objects()} == {*ROLES_READ} | OTHERS
    for found in (objects(), of_accounts()):
        for variable, keys in ROLES_READ.items():
            for entry in found[variable]:
                assert {*entry} <= {*keys.split()}, entry


def test_the_project_has_what_jobs_need() -> None:
    files = skeleton()
    assert {template["playbook"] for template in objects()["controller_templates"]} <= {*files}
    assert {source["source_path"] for source in objects()["controller_inventory_sources"]} <= {
        *files
    }
    imported = {
        play["ansible.builtin.import_playbook"].removeprefix("thingspace.fota.")
        for path, text in files.items()
        if path.endswith(".yml") and isinstance(plays := yaml.safe_load(text), list)
        for play in plays
        if "ansible.builtin.import_playbook" in play
    }
    assert imported <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert imported == {"rollout", "status", "halt", "report", "audit", "overview"}


@pytest.mark.parametrize("variable", ["controller_templates", "controller_workflows"])
def test_surveys_ask_for_arguments_of_roles(variable: str) -> None:
    arguments = role_arguments()
    for entry in objects()[variable]:
        for name, question in questions(entry).items():
            argument = arguments[name]
            assert argument["type"] in SURVEY_TYPES[question["type"]], name
            assert {*question.get("choices", ())} <= {*argument.get("choices", ())}, name
            assert question["required"] >= argument.get("required", False), name
            # AWX refuses an empty answer to a choice.
            assert "choices" not in question or question["default"] in question["choices"]


def test_templates_set_arguments_of_roles() -> None:
    arguments = role_arguments()
    for template in objects()["controller_templates"]:
        assert {*template["extra_vars"]} <= {*arguments}
        spec = {name: {"type": arguments[name]["type"]} for name in template["extra_vars"]}
        assert not ArgumentSpecValidator(spec).validate(template["extra_vars"]).error_messages


def test_every_job_but_the_overview_is_started_with_a_declaration() -> None:
    in_workflows = {
        node.get("unified_job_template")
        for workflow in objects()["controller_workflows"]
        for node in workflow["simplified_workflow_nodes"]
        if "declaration" in questions(workflow)
    }
    asks = {
        name for name in JOBS if "declaration" in questions(named("controller_templates", name))
    }
    assert asks | in_workflows >= {*JOBS} - {"fota overview"}


def test_fields_of_credential_types_have_the_keys_of_awx() -> None:
    """Those of its ``CredentialTypeInputField``; AWX refuses a type with another."""
    known = {"id", "label", "type", "help_text", "multiline", "secret", "format", "choices"}
    for type_ in objects()["controller_credential_types"]:
        for field in type_["inputs"]["fields"]:
            assert {"id", "label"} <= {*field} <= known, field


def test_awx_may_install_the_collection() -> None:
    """It installs nothing for an organization without the credential of a Galaxy server."""
    for organization in objects()["aap_organizations"]:
        assert organization["galaxy_credentials"] == ["Ansible Galaxy"]


def test_a_run_that_fails_shows_in_its_workflow() -> None:
    """A workflow is green if what follows a failed job succeeds; only the next approval may."""
    for workflow in objects()["controller_workflows"]:
        for node in workflow["simplified_workflow_nodes"]:
            assert not node.get("always_nodes")
            assert set(node.get("failure_nodes", ())) <= {"approve"}


def test_injectors_set_what_the_modules_read() -> None:
    type_ = named("controller_credential_types", "ThingSpace FOTA")
    fields = {field["id"]: field for field in type_["inputs"]["fields"]}
    assert {*type_["inputs"]["required"]} <= {*fields}
    injected = type_["injectors"]["env"]
    assert injected == {f"THINGSPACE_{id_.upper()}": f"{{{{ {id_} }}}}" for id_ in fields}
    read = {option["fallback"][1][0]: option for option in CONNECTION_OPTIONS.values()}
    assert {*injected} <= {*read}
    for id_ in ("client_secret", "password"):
        assert fields[id_]["secret"] and read[f"THINGSPACE_{id_.upper()}"]["no_log"]
    (variable,) = named("controller_credential_types", "ThingSpace FOTA accounts")["injectors"][
        "env"
    ]
    assert f"'{variable}'" in skeleton()["overview.yml"]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_for_the_whole_fleet(name: str) -> None:
    template = named("controller_templates", name)
    assert (template["limit"], template["job_slice_count"]) == ("", 1)
    assert not template["allow_simultaneous"] and 0 < template["timeout"] <= 3600
    assert [key for key in template if key.startswith("ask_") and template[key]] == []
    # By this, a job that is a slice is known.
    assert name not in {workflow["name"] for workflow in objects()["controller_workflows"]}


def test_only_the_workflow_uses_an_approval() -> None:
    guarded = {
        template["name"]
        for template in objects()["controller_templates"]
        if template["extra_vars"].get("declaration_plan_approved")
    }
    assert guarded == {"fota run approved plan"}
    given: dict[str, set[str]] = {}
    for role in objects()["controller_roles"]:
        for key in ("job_templates", "workflows"):
            for name in role.get(key, ()):
                given.setdefault(f"{role['role']} {name}", set()).add(role["team"])
    assert not guarded & {key.removeprefix("execute ") for key in given}
    assert given["approval fota approve"] == given["execute fota run with approval"]
    assert given["execute fota halt"] == {"fota operators"}
    nodes = named("controller_workflows", "fota approve")["simplified_workflow_nodes"]
    before = {name: node for node in nodes for name in node.get("success_nodes", ())}
    (run,) = (node for node in nodes if node.get("unified_job_template") in guarded)
    assert "approval_node" in before[run["identifier"]]
    assert before["approval"]["unified_job_template"] == "fota plan"


@pytest.mark.parametrize("found", [objects(), of_accounts()], ids=["one account", "two accounts"])
def test_schedules_have_a_time_zone(found: dict[str, Any]) -> None:
    for schedule in found["controller_schedules"]:
        assert "DTSTART;TZID=" in schedule["rrule"] and "SECONDLY" not in schedule["rrule"]
        assert rrulestr(schedule["rrule"].replace(" ", "\n"))[1]
        assert "declaration" in schedule["extra_data"]


def test_text_for_awx_keeps_its_braces() -> None:
    raw = yaml.safe_load(skeleton()["awx_objects.yml"])
    (type_, *_others) = raw["controller_credential_types"]
    assert type_["injectors"]["env"]["THINGSPACE_ACCOUNT"] == "{  { account }}"
    call = next(each for each in calls(raw) if each.module == "credential_type")
    assert call.args["injectors"]["env"]["THINGSPACE_ACCOUNT"] == "{{ account }}"


def test_notifications_use_what_awx_renders() -> None:
    """Variables of its ``JobNotificationMixin.context_stub``; AWX refuses a message with another."""
    known = {"job": {"name": ""}, "url": "", "workflow_url": ""}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    for notification in objects()["controller_notifications"]:
        (events,) = notification["messages"].values()
        for event in [events] if "message" in events else events.values():
            assert {*event} == {"message", "body"} and "\n" not in event["message"]
            for text in event.values():
                environment.from_string(text).render(known)


def test_nodes_are_created_before_they_are_linked() -> None:
    made = [call.args for call in calls(objects()) if call.module == "workflow_job_template_node"]
    of_one = [args for args in made if args["workflow_job_template"] == "fota approve"]
    assert [args["identifier"] for args in of_one] == [
        *("plan", "approval", "run", "report"),
        *("plan", "approval", "run"),
    ]
    assert not any(args.get("success_nodes") for args in of_one[:4])
    assert of_one[3]["success_nodes"] == [], "links that it had before are removed"
    assert of_one[4]["success_nodes"] == ["approval"]
    assert "lookup_organization" not in of_one[1], "an approval is no template"


def test_objects_are_deleted_in_reverse_and_organizations_stay() -> None:
    labels = [call.label for call in deletions(objects())]
    assert labels[0] == "schedule fota nightly"
    assert labels.index("workflow_job_template fota nightly") < labels.index(
        "workflow_job_template fota approve"
    )
    assert not [label for label in labels if label.startswith("organization")]
    assert {call.args["state"] for call in deletions(objects())} == {"absent"}


def test_each_account_has_its_own_objects_on_its_own_instances() -> None:
    found = of_accounts()
    credentials = {entry["name"]: entry["inputs"] for entry in found["controller_credentials"]}
    assert (
        credentials["ThingSpace account north"]["password"] == "value of NORTH_THINGSPACE_PASSWORD"
    )
    assert (
        credentials["ThingSpace account south-2"]["account"]
        == "value of SOUTH_2_THINGSPACE_ACCOUNT"
    )
    templates = {entry["name"]: entry for entry in found["controller_templates"]}
    assert len(templates) == 2 * len(JOBS)
    assert templates["fota run north"]["instance_groups"] == ["north"]
    assert "instance_groups" not in templates["fota run south-2"]
    north, south = found["controller_schedules"]
    assert (north["extra_data"]["declaration"], north["enabled"]) == ("north-1", True)
    assert (south["rrule"], south["enabled"]) == (ACCOUNTS[1]["rrule"], False)
    assert {role["team"] for role in found["controller_roles"]} == {
        role["team"] for role in objects()["controller_roles"]
    }


def test_accounts_are_spread_over_groups_and_over_an_hour() -> None:
    accounts = [{"name": f"a{number}"} for number in range(3)]
    found = for_accounts(objects(), accounts, lambda _name: "", ["one", "two"])
    runs = [t for t in found["controller_templates"] if t["name"].startswith("fota report a")]
    assert [template["instance_groups"] for template in runs] == [["one"], ["two"], ["one"]]
    starts = [schedule["rrule"].split()[0] for schedule in found["controller_schedules"]]
    assert [start[-6:] for start in starts] == ["193000", "195000", "201000"]
    assert {schedule["rrule"].split()[1] for schedule in found["controller_schedules"]} == {
        "RRULE:FREQ=DAILY;INTERVAL=1"
    }


def test_an_account_does_not_take_the_login_of_another() -> None:
    found = for_accounts(objects(), ACCOUNTS, lambda _name: "")
    inputs = found["controller_credentials"][0]["inputs"]
    assert inputs["token_cache"] == "/var/lib/fota/tokens"
    assert {value for key, value in inputs.items() if key != "token_cache"} == {""}
    assert without_secrets(found) == ["ThingSpace account north", "ThingSpace account south-2"]
    assert without_secrets(of_accounts()) == []


@pytest.mark.parametrize(
    ("found", "accounts", "message"),
    [
        ({"controller_templates": {"name": "x"}}, [], "controller_templates: must be a list"),
        ({"controller_templates": [{}]}, [], "controller_templates: each entry must have a name"),
        ({}, [{"name": "a"}, {"name": "a"}], "fota_accounts: each account must have a name"),
        ({}, [{}], "fota_accounts: each account must have a name"),
        ({}, [{"name": "a-b"}, {"name": "a_b"}], r"a-b and a_b .* variables, A_B_THINGSPACE_\*"),
    ],
)
def test_mistakes_are_named(found: Any, accounts: Any, message: str) -> None:
    with pytest.raises(ObjectError, match=message):
        for_accounts(found, accounts, lambda _name: "")
