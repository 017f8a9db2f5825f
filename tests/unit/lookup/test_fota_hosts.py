# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``fota_hosts`` over inventories that Ansible itself reads, in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleLookupError, AnsibleOptionsError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

LOOKUPS = Path(__file__).resolve().parents[3] / "plugins" / "lookup"
JSON_TYPES = {str, int, float, bool, type(None), list, dict}

METERS = """
all:
  hosts:
    loose: {imei: '358000000000057'}
  children:
    lab:
      hosts:
        meter-a:
    meters:
      vars: {timezone: America/Chicago, owner: inventory}
      children:
        site_oslo:
          hosts:
            meter-b: {imei: '358000000000024'}
            meter-a: {imei: '358000000000016'}
        site_bergen:
          hosts:
            '358000000000032':
"""

GROUP_VARS = {
    "group_vars/meters.yml": "owner: group_vars of meters\nregion: west",
    "group_vars/site_oslo.yml": "region: east",
    "host_vars/meter-b.yml": "region: south",
}


@dataclass(frozen=True)
class Bench:
    """An inventory that Ansible has read, and the lookup over it."""

    inventory: InventoryManager
    variables: VariableManager
    hostvars: HostVars
    loader: DataLoader

    def query(self, *terms: Any, **options: Any) -> list[dict[str, Any]]:
        """What ``query('thingspace.fota.fota_hosts', ...)`` gives."""
        found: list[dict[str, Any]] = self.plugin().run(
            list(terms), variables={"hostvars": self.hostvars}, **options
        )
        return found

    def plugin(self) -> Any:
        """The plugin as Ansible loads it, its documented options included."""
        lookup_loader.add_directory(str(LOOKUPS))
        return lookup_loader.get("fota_hosts", loader=self.loader, templar=None)

    def hosts(self, *terms: str) -> list[str]:
        return [record["host"] for record in self.query(*terms)]


def read(folder: Path, inventory: str, files: Mapping[str, str] | None = None) -> Bench:
    """Write an inventory and files beside it, and let Ansible read them."""
    for name, text in {"hosts.yml": inventory, **(files or {})}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    loader = DataLoader()
    loader.set_basedir(str(folder))
    manager = InventoryManager(loader, [str(folder / "hosts.yml")])
    variables = VariableManager(loader, manager)
    return Bench(manager, variables, HostVars(manager, variables, loader), loader)


@pytest.fixture
def meters(tmp_path: Path) -> Bench:
    return read(tmp_path, METERS, GROUP_VARS)


def one_host(folder: Path, variables: str) -> Bench:
    """A host ``meter`` with an IMEI and variables, given as YAML of a host_vars file."""
    text = f"imei: '358000000000016'\n{variables}"
    return read(folder, "all: {hosts: {meter: }}", {"host_vars/meter.yml": text})


def one_imei(folder: Path, value: str) -> Bench:
    """A host ``meter`` whose variable ``imei`` is a YAML value."""
    return read(folder, f"all: {{hosts: {{meter: {{imei: {value}}}}}}}")


def test_records_hold_imei_host_and_all_groups_in_inventory_order(meters: Bench) -> None:
    assert meters.query("all") == [
        {"imei": "358000000000057", "host": "loose", "groups": []},
        {"imei": "358000000000016", "host": "meter-a", "groups": ["lab", "meters", "site_oslo"]},
        {"imei": "358000000000024", "host": "meter-b", "groups": ["meters", "site_oslo"]},
        {"imei": "358000000000032", "host": "358000000000032", "groups": ["meters", "site_bergen"]},
    ]


@pytest.mark.parametrize(
    ("terms", "hosts"),
    [
        (["meters:!lab"], ["meter-b", "358000000000032"]),
        (["meters,!lab"], ["meter-b", "358000000000032"]),
        (["meters:&lab"], ["meter-a"]),
        (["site_*"], ["meter-a", "meter-b", "358000000000032"]),
        (["~meter-[b-z]"], ["meter-b"]),
        (["site_oslo[0]"], ["meter-b"]),
        (["358000000000032"], ["358000000000032"]),
        # A union in inventory order, each host once; an exclusion reaches no other pattern.
        (["358000000000032", "meter-a", "lab"], ["meter-a", "358000000000032"]),
        (["meters:!lab", "lab"], ["meter-a", "meter-b", "358000000000032"]),
        ([["lab", "loose"]], ["loose", "meter-a"]),
        (["lab:!lab"], []),
    ],
)
def test_patterns_are_those_of_a_play(meters: Bench, terms: list[Any], hosts: list[str]) -> None:
    assert meters.hosts(*terms) == hosts


def test_pattern_without_match_gives_nothing(meters: Bench) -> None:
    assert meters.query("no_such_group") == []


def test_limit_holds_and_the_batch_of_a_play_does_not(meters: Bench) -> None:
    meters.inventory.restrict_to_hosts([meters.inventory.get_host("localhost")])
    assert meters.hosts("meters") == ["meter-a", "meter-b", "358000000000032"]
    meters.inventory.subset("localhost,site_oslo")
    assert meters.hosts("meters") == ["meter-a", "meter-b"]


def test_variables_have_the_precedence_of_ansible(meters: Bench) -> None:
    meters.variables.set_nonpersistent_facts("meter-a", {"timezone": "Europe/Oslo"})
    wanted = ["region", "timezone", "owner", "nowhere"]
    assert {record.pop("host"): record for record in meters.query("all", vars=wanted)} == {
        "loose": {"imei": "358000000000057", "groups": []},
        "meter-a": {
            "imei": "358000000000016",
            "groups": ["lab", "meters", "site_oslo"],
            "region": "east",
            "timezone": "Europe/Oslo",
            "owner": "group_vars of meters",
        },
        "meter-b": {
            "imei": "358000000000024",
            "groups": ["meters", "site_oslo"],
            "region": "south",
            "timezone": "America/Chicago",
            "owner": "group_vars of meters",
        },
        "358000000000032": {
            "imei": "358000000000032",
            "groups": ["meters", "site_bergen"],
            "region": "west",
            "timezone": "America/Chicago",
            "owner": "group_vars of meters",
        },
    }


TEMPLATES = """
site: oslo
region: "north of {{ site }}"
serial: 16
modem: "3580000000000{{ serial }}"
windows: ["22:00", "{{ closing }}"]
closing: "{{ ['04', '00'] | join(':') }}"
place: {site: "{{ site }}", floor: 2, tags: [a, "{{ inventory_hostname }}"]}
"""


def test_templates_are_rendered_as_hostvars_renders_them(tmp_path: Path) -> None:
    bench = one_host(tmp_path, TEMPLATES)
    names = ["region", "windows", "place", "closing"]
    (record,) = bench.query("all", vars=names, imei="modem")
    expected = {
        "imei": "358000000000016",
        "region": "north of oslo",
        "windows": ["22:00", "04:00"],
        "place": {"site": "oslo", "floor": 2, "tags": ["a", "meter"]},
        "closing": "04:00",
    }
    assert {key: record[key] for key in expected} == expected
    assert {name: record[name] for name in names} == {
        name: bench.hostvars["meter"][name] for name in names
    }


@pytest.mark.parametrize("value", ["{{ nowhere }}", "{{ open", "{{ 1 / 0 }}"])
@pytest.mark.parametrize("shape", ["{value}", "[{value}]", "{{deep: [{value}]}}"])
def test_template_that_cannot_be_rendered_names_host_and_variable(
    tmp_path: Path, value: str, shape: str
) -> None:
    bench = one_host(tmp_path, "region: " + shape.format(value=json.dumps(value)))
    with pytest.raises(AnsibleLookupError, match="Host meter: the variable 'region' cannot be"):
        bench.query("all", vars=["region"])


def test_only_what_is_asked_for_is_rendered(tmp_path: Path) -> None:
    bench = one_host(tmp_path, 'other: "{{ nowhere }}"\nregion: north')
    assert bench.query("all", vars=["region"])[0]["region"] == "north"


def test_unsafe_text_stays_text_however_often_it_is_templated(tmp_path: Path) -> None:
    bench = one_host(tmp_path, "note: !unsafe '{{ 1 + 1 }}'\nnotes: [!unsafe '{{ 1 + 1 }}']")
    (record,) = bench.query("all", vars=["note", "notes"])
    again = Templar(loader=bench.loader, variables={}).template(record)
    assert (again["note"], again["notes"]) == ("{{ 1 + 1 }}", ["{{ 1 + 1 }}"])


PLAIN = """
rack: 4
share: 0.5
live: true
none: null
since: 2026-03-05
text: North
place: {floor: 2, tags: [a]}
"""


def test_values_are_of_the_types_that_json_has(tmp_path: Path) -> None:
    bench = one_host(tmp_path, PLAIN)
    names = ["rack", "share", "live", "none", "since", "text", "place"]
    (record,) = bench.query("all", vars=names)
    assert {name: record[name] for name in names} == {
        "rack": 4,
        "share": 0.5,
        "live": True,
        "none": None,
        "since": "2026-03-05",
        "text": "North",
        "place": {"floor": 2, "tags": ["a"]},
    }
    assert {type(value) for value in leaves(record)} <= JSON_TYPES


def leaves(value: Any) -> list[Any]:
    """A value and all that is in it, keys included."""
    if isinstance(value, dict):
        inside = [*value, *value.values()]
    else:
        inside = value if isinstance(value, list) else []
    return [value, *(leaf for item in inside for leaf in leaves(item))]


@pytest.mark.parametrize(
    ("value", "imei"),
    [
        ("'358000000000016'", "358000000000016"),
        ("358000000000016", "358000000000016"),
        ("16", "16"),  # its zeros are gone; whoever uses it refuses it
    ],
)
def test_imei_is_text(tmp_path: Path, value: str, imei: str) -> None:
    assert [(type(one["imei"]), one["imei"]) for one in one_imei(tmp_path, value).query("all")] == [
        (str, imei)
    ]


@pytest.mark.parametrize("value", ["null", "''", "true", "3.5e+14", "[1]"])
def test_variable_that_is_no_imei_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(AnsibleLookupError, match="1 of the selected hosts have no IMEI: meter"):
        one_imei(tmp_path, value).query("all")


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (5, "m0, m1, m2, m3, m4. Set"),
        (6, "m0, m1, m2, m3, m4 and 1 more. Set"),
    ],
)
def test_all_hosts_without_imei_are_one_error(tmp_path: Path, count: int, named: str) -> None:
    hosts = {"358000000000016": None} | {f"m{number}": None for number in range(count)}
    bench = read(tmp_path, json.dumps({"all": {"hosts": hosts}}))
    with pytest.raises(AnsibleLookupError) as caught:
        bench.query("all", imei="modem")
    assert f"{count} of the selected hosts have no IMEI: {named}" in str(caught.value)
    assert "variable 'modem'" in str(caught.value)


def test_implicit_localhost_is_no_device(meters: Bench) -> None:
    with pytest.raises(AnsibleLookupError, match="no IMEI: localhost"):
        meters.query("localhost")


@pytest.mark.parametrize(
    ("terms", "options", "said"),
    [
        (["meters"], {"var": ["region"]}, "unknown option var. Use 'vars' or 'imei'"),
        (["meters"], {"vars": ["region", "groups"]}, "must be names of variables, not 'groups'"),
        (["meters"], {"vars": [["region"]]}, r"must be names of variables, not \['region'\]"),
        (["meters", ""], {}, "the host pattern '' is empty"),
        ([" , "], {}, "the host pattern ' , ' is empty"),
        ([], {}, "needs a host pattern"),
        ([[]], {}, "needs a host pattern"),
    ],
)
def test_wrong_call_is_refused(
    meters: Bench, terms: list[Any], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(AnsibleOptionsError, match=said):
        meters.query(*terms, **options)


def test_vars_must_be_a_list_of_names(meters: Bench) -> None:
    assert meters.query("loose", vars="region,timezone") == meters.query("loose")
    with pytest.raises(AnsibleError):
        meters.query("loose", vars={"region": 1})


def test_without_inventory_there_is_an_error(meters: Bench) -> None:
    with pytest.raises(AnsibleLookupError, match="needs an inventory"):
        meters.plugin().run(["meters"], variables={})
