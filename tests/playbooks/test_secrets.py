# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: known values are planted everywhere one belongs, and nothing that is left shows any.

One run at ``-vvvv --diff`` reads, writes, runs a rollout and fails in every way that knows a
secret. Then all it said, wrote and left is searched for every secret in every spelling.
"""

from __future__ import annotations

import base64
import html
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.api.exchange import (
    ObservedCall,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.playbooks.runner import (
    PlaybookRun,
    PlaybookRunner,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import (
    ONE_TASK_A_MODULE,
    START,
    play,
    task,
)
from ansible_collections.thingspace.fota.tests.playbooks.test_modules import fleet as module_fleet
from ansible_collections.thingspace.fota.tests.usecases.rollout_rig import (
    MAKER,
    ONE_LOOK_ONE_TRY,
    device,
    imei,
    package,
)

KEY, USER = "public-key", "public-user"
PLANTED = {
    "client secret": "planted+client/secret=1&x",
    "password": 'planted+pass/word=2&"y',
    "wrong client secret": "planted+wrong/secret=3&x",
    "wrong password": "planted wrong+pass/word=4",
    "given bearer": "planted.given/bearer+5==",
    "given session": "planted.given/session+6==",
    "proxy password": "planted-proxy-password-7",
    "callback password": 'planted+callback/pass=8&"z',
    "callback path": "planted/callback+path=9",
}
VARIABLE = {name: "PLANTED_" + name.upper().replace(" ", "_") for name in PLANTED}
"""Tasks find the values of their options in the environment: a command line shows to everybody."""

CACHE, CACHE_BEFORE = "tokens", "tokens-before-the-logout"
ISSUED = {"requestOAuthToken": "access_token", "startM2MSession": "sessionToken"}


# -- what is looked for -----------------------------------------------------------------------


def spellings(value: str) -> set[str]:
    """A secret as it may stand in text: as it is, or as some layer below writes it."""
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        base64.b64encode(value.encode()).decode(),
        base64.urlsafe_b64encode(value.encode()).decode(),
        value.encode().hex(),
    }


def of_pair(name: str, secret: str) -> set[str]:
    """Both halves of a Basic header."""
    return spellings(base64.b64encode(f"{name}:{secret}".encode()).decode())


def credentials() -> dict[str, set[str]]:
    """The spellings of everything planted, by what it is."""
    found = {name: spellings(value) for name, value in PLANTED.items()}
    for name in ("client secret", "wrong client secret"):
        found[name] |= of_pair(KEY, PLANTED[name])
    for name in ("password", "wrong password"):
        found[name] |= of_pair(USER, PLANTED[name])
    return found


def leaks(texts: Mapping[str, str], secrets: Mapping[str, set[str]]) -> list[str]:
    """Which text shows which secret; never the secret itself, as this ends in a report."""
    return sorted(
        f"{name} in {where}"
        for where, text in texts.items()
        for name, forms in secrets.items()
        if any(form in text for form in forms)
    )


# -- where it is looked for -------------------------------------------------------------------


class Wire:
    """Sees every call of the service: the tokens it issued, and which secrets really came in."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self._heard: list[str] = []

    def __call__(self, call: ObservedCall) -> None:
        self._heard += [json.dumps(call.request_headers), call.request_body.decode()]
        name = ISSUED.get(call.operation or "")
        if name is not None and call.status == 200:
            token = json.loads(call.reply_body)[name]
            self.tokens[token] = f"{name} {len(self.tokens)}"

    def heard(self) -> str:
        return "\n".join(self._heard)

    def issued(self) -> dict[str, set[str]]:
        return {name: spellings(token) for token, name in self.tokens.items()}


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """The command lines of all processes of this machine while something runs."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # ended meanwhile
                    seen.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def files_below(folder: Path) -> dict[str, str]:
    """Every file, by its path: names can leak, too."""
    return {
        str(file.relative_to(folder)): f"{file}\n{file.read_bytes().decode(errors='replace')}"
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


# -- what is run ------------------------------------------------------------------------------


def planted(name: str) -> str:
    return f"{{{{ lookup('ansible.builtin.env', '{VARIABLE[name]}') }}}}"


READ_AND_WRITE = (
    *("fota_firmware_info", "fota_campaign", "fota_upgrade", "fota_device_firmware"),
    "fota_device_info",
)


def callback_tasks() -> list[dict[str, Any]]:
    """Register a listener, read it, refuse to replace it, and replace it."""
    given = {"api_version": "v1", "callback_username": USER}
    given |= {"callback_password": planted("callback password")}
    url = f"https://hooks.example.com/{planted('callback path')}"
    return [
        task("fota_callback", named="register", url=url, **given),
        task("fota_callback_info", named="read listener", api_version="v1", url=url),
        {
            **task("fota_callback", named="not ours", url=f"{url}/2", **given),
            "ignore_errors": True,
        },
        {
            **task("fota_callback", named="bad url", url=f"{url} x", **given),
            "ignore_errors": True,
        },
        task("fota_callback", named="replace", url=f"{url}/2", replace=True, **given),
    ]


def failing_tasks() -> list[dict[str, Any]]:
    """Failures that know a secret. All but the last two reach for the service."""
    url = f"http://someone:{planted('proxy password')}@127.0.0.1:1"
    info = "fota_firmware_info"
    return [
        task(info, named="wrong password", password=planted("wrong password")),
        task(info, named="wrong password again", password=planted("wrong password")),
        task(info, named="wrong secret", client_secret=planted("wrong client secret")),
        task(
            info,
            named="given tokens",
            bearer_token=planted("given bearer"),
            session_token=planted("given session"),
        ),
        task(info, named="refused", api_version="v2"),
        task(info, named="unreachable", proxies={"http": url, "all": url}, timeout=0.5),
        task(info, named="bad choice", api_version="v9", password=planted("wrong password")),
        task(info, named="bad session", session_token=planted("wrong password")),
    ]


FAILURES = {
    "not ours": "refused_by_plan",
    "bad url": "invalid_value",
    "wrong password": "login_rejected",
    "wrong password again": "login_rejected",
    "wrong secret": "login_rejected",
    "given tokens": "refused",
    "refused": "refused",
    "unreachable": "unavailable",
    "bad session": "configuration",
}


def plays(folder: Path) -> list[dict[str, Any]]:
    """Read, write and fail; show what was registered; run; keep the cache; log out."""
    good = [one for one in ONE_TASK_A_MODULE[0]["tasks"] if one["name"] in READ_AND_WRITE]
    bad = [{**one, "ignore_errors": True} for one in failing_tasks()]
    every = [*good, *callback_tasks(), *bad]
    tasks = [{**one, "register": f"told_{number}"} for number, one in enumerate(every)]
    show = {
        "name": "Show what was registered",
        "ansible.builtin.debug": {"msg": [f"{{{{ {one['register']} }}}}" for one in tasks]},
    }
    copy = {
        "name": "Keep the cache",
        "ansible.builtin.command": {
            "argv": ["cp", "-r", str(folder / CACHE), str(folder / CACHE_BEFORE)]
        },
    }
    spec = {
        "name": "meters",
        "target": [{"make": MAKER, "model": "alpha", "version": "B"}],
        "devices": [imei(0, 0)],
        **ONE_LOOK_ONE_TRY,
    }
    rollout = {
        "rollout_spec": spec,
        "rollout_imei_check": "off",
        "rollout_journal": str(folder / "journal.jsonl"),
        "report_path": str(folder / "report.json"),
    }
    return [
        *play(*tasks, show),
        {"import_playbook": "thingspace.fota.rollout", "vars": rollout},
        *play(copy),
        {"import_playbook": "thingspace.fota.logout"},
    ]


def account() -> dict[str, Any]:
    made = module_fleet()
    made["credentials"] = [
        {
            "key": KEY,
            "secret": PLANTED["client secret"],
            "username": USER,
            "password": PLANTED["password"],
        }
    ]
    made["accounts"][0]["devices"].append(device(imei(0, 0), "alpha"))
    made["accounts"][0]["firmware"].append(package("alpha"))
    return made


FAULTS = [
    {"operation": "v2ListSoftware", "fault": "xml_403"},
    # Tokens end in the middle, so that several of each are issued.
    {"operation": "v3ListCampaignsByStatus", "fault": "expired_both"},
    # Where a listener is registered, v1 tells its password; here every reply does.
    {
        "operation": "*",
        "fault": "added_fields",
        "times": 10**6,
        "fields": {
            "callbackPassword": PLANTED["callback password"],
            "callback": {"username": USER, "password": PLANTED["callback password"]},
        },
    },
]


@dataclass(frozen=True)
class Findings:
    """What was run, what was searched, by its name, and what shows a secret."""

    run: PlaybookRun
    wire: Wire
    texts: dict[str, str]
    secrets: dict[str, set[str]]
    leaks: list[str]

    def counts(self) -> dict[str, int]:
        return {
            "secrets": len(self.secrets),
            "spellings": sum(map(len, self.secrets.values())),
            "texts": len(self.texts),
            "characters": sum(map(len, self.texts.values())),
            "secret_leaks": len(self.leaks),
        }


def run_and_search(run_playbook: PlaybookRunner) -> Findings:
    """Plant, run, and search everything that can be read afterwards or meanwhile."""
    folder = run_playbook.folder
    wire = Wire()
    with SimulatorServer(account(), start=START, faults=FAULTS, observer=wire) as sim:
        running = run_playbook.start(
            plays(folder),
            *("-vvvv", "--diff"),
            simulator=sim,
            environment={
                "THINGSPACE_CLIENT_ID": KEY,
                "THINGSPACE_CLIENT_SECRET": PLANTED["client secret"],
                "THINGSPACE_USERNAME": USER,
                "THINGSPACE_PASSWORD": PLANTED["password"],
                "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
                "THINGSPACE_RECORD": str(folder / "recording.jsonl"),
                **{VARIABLE[name]: value for name, value in PLANTED.items()},
            },
        )
        with watched_processes() as commands:
            run = running.wait()
        log = json.dumps([sim.journal(), sim.campaigns(), sim.upgrades(), sim.devices()])
    texts = {"processes": "\n".join(sorted(commands)), "simulator": log, **files_below(folder)}
    issued = wire.issued()
    found = leaks(texts, credentials())
    # Tokens may stand in the cache, and nowhere else.
    caches = (f"{CACHE}/", f"{CACHE_BEFORE}/")
    found += leaks({at: text for at, text in texts.items() if not at.startswith(caches)}, issued)
    return Findings(run, wire, texts, {**credentials(), **issued}, found)


def search_secrets(folder: Path) -> dict[str, int]:
    """Plant, run and search below a folder; how much was searched, and how many leaks it has."""
    return run_and_search(PlaybookRunner(folder)).counts()


# -- tests ------------------------------------------------------------------------------------


def test_no_secret_is_shown_or_left(run_unpiped: PlaybookRunner) -> None:
    findings = run_and_search(run_unpiped)
    run, texts = findings.run, findings.texts
    assert run.status == 0, run.output

    # Every secret was really there, and every failure happened.
    heard = findings.wire.heard()
    for name in ("client secret", "wrong client secret"):
        assert base64.b64encode(f"{KEY}:{PLANTED[name]}".encode()).decode() in heard, name
    known = ("password", "wrong password", "given bearer", "given session")
    for name in (*known, "callback password", "callback path"):
        assert json.dumps(PLANTED[name])[1:-1] in heard, name
    assert len(findings.wire.tokens) >= 4, "two bearers and two sessions at least"
    kinds = {name: run[name]["failure"]["kind"] for name in FAILURES}
    assert kinds == FAILURES
    assert "v9" in run["bad choice"]["msg"]

    # Every place was really searched: each shows a word that belongs there.
    before = entries(texts, CACHE_BEFORE)
    assert sum(one["rejection"] is not None for one in before) == 2
    assert sum(one["session"] in findings.wire.tokens for one in before) == 1
    for where, word in {
        "processes": "ansible-playbook",
        "simulator": "startM2MSession",
        "output-0.txt": f'"username": "{USER}"',
        "results-0.jsonl": "SIMULATED",
        "ansible.log": "SIMULATED",
        "journal.jsonl": "planned",
        "report.json": "phase",
        "recording.jsonl": "v2ListSoftware",
    }.items():
        assert word in texts[where], where

    assert findings.leaks == []
    assert list(run_unpiped.temp.iterdir()) == []
    assert run["Log out"]["changed"]
    after = entries(texts, CACHE)
    assert [one["session"] for one in after] == [None, None], "only what others were refused"
    print(findings.counts())


def entries(texts: Mapping[str, str], cache: str) -> list[dict[str, Any]]:
    """The entries of a token cache."""
    return [
        json.loads(text.partition("\n")[2])
        for where, text in texts.items()
        if where.startswith(f"{cache}/") and where.endswith(".json")
    ]


@pytest.mark.parametrize("name", PLANTED)
def test_the_search_finds_every_spelling(name: str) -> None:
    """And tells where, without showing what."""
    for form in credentials()[name]:
        found = leaks({"a text": f"before {form} after"}, credentials())
        assert f"{name} in a text" in found
        assert form not in "".join(found)
    assert leaks({"a text": "nothing here"}, credentials()) == []
