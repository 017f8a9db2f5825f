# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crowds of processes on one token cache: one login, one refused attempt, or nothing at all.

What a crowd may never do is lock the user, so most tests end with a count of what was sent.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pytest
from client_rig import ACCOUNT, Ops, count

from ansible_collections.thingspace.fota.plugins.module_utils._client import (
    private_files,
    token_cache,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    LoginRejected,
    TokenCacheError,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.plugin_utils._simulator.server import (
    SimulatorServer,
)
from ansible_collections.thingspace.fota.tests.tools.soak_values import first_in_test

OAUTH, LOGIN, LOGOUT = "requestOAuthToken", "startM2MSession", "endM2MSession"
READ = "v3ListFirmware"
ROOT = Path(__file__).resolve().parents[3]
CROWD_SIZE = 50

# One process imports. For each order, many are forked from it, and all are let go at once. A member
# with settings calls with these, one without takes them from its environment, as a module does.
CROWDS = """
import json, os, resource, sys
sys.path.insert(0, sys.argv[1])
import conftest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.thingspace.fota.plugins.module_utils._client.client import Client
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import FotaError
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind, Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.settings import (
    ConnectionSettings,
)
from ansible_collections.thingspace.fota.plugins.module_utils._module.options import (
    CONNECTION_OPTIONS, connection_settings,
)

read = Operation("v3ListFirmware", "GET", "/fota/v3/firmware/{account}", Kind.READ)

def settings(member):
    if member["settings"] is not None:
        return ConnectionSettings(**member["settings"])
    os.environ.update(member["environment"])
    options = ArgumentSpecValidator(CONNECTION_OPTIONS).validate({}).validated_parameters
    return connection_settings(options, check_mode=False)

def act(member, order):
    if order["largest_file"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"],) * 2)
    with Client(settings(member)) as client:
        for _call in range(order["calls"]):
            client.call(read, params={"account": order["account"]}, query={"protocol": "all"})

def crowd(order):
    gate, open_gate = os.pipe()
    told, tell = os.pipe()
    children = []
    for member in order["members"]:
        child = os.fork()
        if child == 0:
            os.close(open_gate)
            os.read(gate, 1)
            word = "ok"
            try:
                act(member, order)
            except FotaError as error:
                word = error.kind
            os.write(tell, f"{word} ".encode())  # one write, so that words stay whole
            os._exit(0)
        children.append(child)
    os.close(gate)
    os.close(open_gate)
    for child in children:
        os.waitpid(child, 0)
    os.close(tell)
    with os.fdopen(told) as words:
        return words.read()

for line in sys.stdin:
    print(crowd(json.loads(line)), flush=True)
"""


@dataclass(frozen=True)
class Member:
    """One process of a crowd, by its settings or by nothing but its environment."""

    settings: ConnectionSettings | None
    environment: Mapping[str, str] = field(default_factory=dict)


class Crowd(Protocol):
    """How so many processes, each with so many reads, ended: ``ok`` or the kind of the failure.

    ``largest_file`` (bytes) makes every write beyond it fail, also root's.
    """

    def __call__(
        self, members: Sequence[Member], *, calls: int = 1, largest_file: int | None = None
    ) -> Counter[str]: ...


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    command = [sys.executable, "-c", CROWDS, str(ROOT / "tests")]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin and process.stdout

        def run(
            members: Sequence[Member], *, calls: int = 1, largest_file: int | None = None
        ) -> Counter[str]:
            order = {
                "account": ACCOUNT,
                "calls": calls,
                "largest_file": largest_file,
                "members": [
                    {
                        "settings": one.settings and asdict(one.settings),
                        "environment": dict(one.environment),
                    }
                    for one in members
                ],
            }
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            words = Counter(process.stdout.readline().split())
            assert words.total() == len(members), f"every process tells how it ended: {words}"
            return words

        yield run
        assert process.communicate()[0] == ""


def alike(settings: ConnectionSettings, number: int = CROWD_SIZE) -> list[Member]:
    return [Member(settings)] * number


def read(settings: ConnectionSettings, ops: Ops) -> object:
    with Client(settings) as client:
        return client.call(ops.read, params=ops.params, query=ops.query)


def folder(settings: ConnectionSettings) -> Path:
    return Path(str(settings.token_cache))


def entry_file(settings: ConnectionSettings) -> Path:
    (found,) = folder(settings).glob("*.json")
    return found


# -- one login, one attempt -------------------------------------------------------------------


def test_fifty_processes_make_one_login(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings
) -> None:
    assert crowd(alike(settings), calls=2) == {"ok": CROWD_SIZE}
    assert (count(sim, OAUTH), count(sim, LOGIN), count(sim, READ)) == (1, 1, 2 * CROWD_SIZE)


def test_fifty_processes_with_a_wrong_password_make_one_attempt(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings
) -> None:
    assert crowd(alike(replace(settings, password="not-it"))) == {"login_rejected": CROWD_SIZE}
    assert (count(sim, LOGIN), count(sim, READ)) == (1, 0)


def test_a_password_changed_in_between_is_tried_again_at_once(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    old = replace(settings, password="of-last-month")
    with pytest.raises(LoginRejected):
        read(old, ops)
    # Half of the jobs have the new password, the others were started before.
    half = CROWD_SIZE // 2
    mixed = [Member(old), Member(settings)] * half
    assert crowd(mixed) == {"login_rejected": half, "ok": half}
    assert count(sim, LOGIN) == 2, "the old one was refused before, the new one logs in once"


def test_a_locked_user_is_recognised_by_all_and_works_again_once_repaired(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    sim.faults([{"operation": LOGIN, "fault": "lockout"}])
    assert crowd(alike(settings)) == {"locked_out": CROWD_SIZE}
    assert count(sim, LOGIN) == 1
    with pytest.raises(LoginRejected, match="locked") as caught:
        read(settings, ops)
    hint = str(caught.value.hint)
    assert "Only Verizon support can unlock the user" in hint
    assert (
        "15 minutes" in hint and "thingspace.fota.logout" in hint and str(folder(settings)) in hint
    )

    sim.unlock()
    with pytest.raises(LoginRejected, match="locked"):
        read(settings, ops)  # nobody knows that it is repaired
    with Client(settings) as client:
        assert client.logout() == (False, False)
    assert crowd(alike(settings, 5)) == {"ok": 5}
    assert count(sim, LOGIN) == 2


# -- races ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "bearers", "logins"),
    first_in_test([("expired_both", 2, 2), ("expired_bearer", 2, 1), ("expired_session", 1, 2)]),
)
def test_tokens_that_end_under_a_crowd_are_renewed_once(
    crowd: Crowd,
    sim: SimulatorServer,
    settings: ConnectionSettings,
    fault: str,
    bearers: int,
    logins: int,
) -> None:
    """All fifty hold the tokens that end, whichever of their calls meets the end first."""
    sim.faults([{"operation": READ, "nth": CROWD_SIZE, "fault": fault}])
    assert crowd(alike(settings), calls=3) == {"ok": CROWD_SIZE}
    assert (count(sim, OAUTH), count(sim, LOGIN)) == (bearers, logins)


def test_a_session_that_ended_costs_a_crowd_one_login_more(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    read(settings, ops)
    sim.expire("both")
    assert crowd(alike(settings, 20), calls=2) == {"ok": 20}
    assert (count(sim, OAUTH), count(sim, LOGIN)) == (2, 2)


def test_whoever_is_refused_late_takes_what_a_sibling_renewed(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    """The race of two, step by step: both hold a stale token, and one is long done with it."""
    with Client(settings) as early, Client(settings) as late:
        for client in (early, late):
            client.call(ops.read, params=ops.params, query=ops.query)
        sim.expire("both")
        early.call(ops.read, params=ops.params, query=ops.query)
        renewed = entry_file(settings).read_bytes()
        late.call(ops.read, params=ops.params, query=ops.query)
        assert entry_file(settings).read_bytes() == renewed
        statuses = [one["status"] for one in sim.journal() if one["operation"] == READ]
        assert statuses.count(200) == 4 and len(statuses) > 5, "late was refused first"
    assert (count(sim, OAUTH), count(sim, LOGIN)) == (2, 2)


def test_a_logout_beside_a_task_costs_a_login_and_no_failure(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    with Client(settings) as task, Client(settings) as operator:
        for number in range(1, 4):
            task.call(ops.read, params=ops.params, query=ops.query)
            assert count(sim, LOGIN) == number
            assert operator.has_session()
            assert operator.logout() == (True, False)
            assert not operator.has_session()


# -- directories ------------------------------------------------------------------------------


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, number: int, *, writing: bool) -> None:
    """Make a system call fail for everybody, root too; with ``writing``, only where it writes."""
    real = getattr(os, call)
    flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def fail(*arguments: Any, **options: Any) -> Any:
        if writing and not arguments[1] & flags:
            return real(*arguments, **options)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(token_cache.os, call, fail)


def read_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "open", errno.EROFS, writing=True)


def forbidden(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "open", errno.EACCES, writing=True)


def out_of_inodes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "open", errno.ENOSPC, writing=True)


def over_quota(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "fsync", errno.EDQUOT, writing=False)


def failing_disk(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "fsync", errno.EIO, writing=False)


def no_rename(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "replace", errno.EPERM, writing=False)


def without_locks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deny_locks(monkeypatch, errno.ENOLCK)


def without_lock_server(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deny_locks(monkeypatch, errno.EOPNOTSUPP)


def deny_locks(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(_descriptor: int, operation: int) -> None:
        if operation & private_files.fcntl.LOCK_EX:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(private_files.fcntl, "flock", fail)


def readable_by_all(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.chmod(0o755)


def writable_by_group(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.chmod(0o770)


def readable_files(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in place.iterdir():
        file.chmod(0o644)


def of_another_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Seen from the other side, which nobody needs to be root for.
    stranger = os.geteuid() + 1
    monkeypatch.setattr(token_cache.os, "geteuid", lambda: stranger)


def linked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rename(place.with_name("elsewhere"))
    place.symlink_to("elsewhere", target_is_directory=True)


def linked_locks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in place.glob("*.lock"):
        file.rename(place / "moved")
        file.symlink_to("moved")


def linked_entry(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in place.glob("*.json"):
        file.rename(place / "moved")
        file.symlink_to("moved")


Spoil = Callable[[Path, pytest.MonkeyPatch], None]
BEFORE_A_LOGIN: list[Spoil] = [
    *(read_only, forbidden, out_of_inodes, over_quota, failing_disk, no_rename),
    *(without_locks, without_lock_server),
    *(readable_by_all, writable_by_group, of_another_user, linked),
]
AFTER_A_LOGIN: list[Spoil] = [
    *(read_only, forbidden, without_locks, without_lock_server),
    *(readable_by_all, writable_by_group, readable_files, of_another_user),
    *(linked, linked_locks, linked_entry),
]


@pytest.mark.parametrize("spoil", BEFORE_A_LOGIN)
def test_nothing_is_sent_where_a_login_could_not_be_kept(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
) -> None:
    folder(settings).mkdir(mode=0o700)
    spoil(folder(settings), monkeypatch)
    for _again in range(2):
        with pytest.raises(TokenCacheError) as caught:
            read(settings, ops)
    assert sim.journal() == []
    assert str(folder(settings)) in str(caught.value)
    assert "token_cache (THINGSPACE_TOKEN_CACHE)" in str(caught.value.hint)
    assert settings.password not in f"{caught.value!r}{caught.value.payload()}"


@pytest.mark.parametrize("spoil", AFTER_A_LOGIN)
def test_nothing_is_sent_with_tokens_of_a_cache_that_went_bad(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
) -> None:
    read(settings, ops)
    sim.clear_journal()
    spoil(folder(settings), monkeypatch)
    with pytest.raises(TokenCacheError):
        read(settings, ops)
    with Client(settings) as client:
        with pytest.raises(TokenCacheError):
            client.has_session()
        with pytest.raises(TokenCacheError):
            client.logout()
    assert sim.journal() == []


def test_a_directory_that_cannot_be_made_is_refused(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse(monkeypatch, "mkdir", errno.EROFS, writing=False)
    with pytest.raises(TokenCacheError, match="Read-only file system"):
        read(settings, ops)
    assert sim.journal() == []


@pytest.mark.parametrize("largest_file", first_in_test([40, 0]))
def test_a_crowd_on_a_full_disk_sends_nothing(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, largest_file: int
) -> None:
    """Real writes that fail: of the salt, or, where that fits, of the entry."""
    words = crowd(alike(settings, 10), largest_file=largest_file)
    assert words == {"token_cache": 10}
    assert sim.journal() == []
    assert crowd(alike(settings, 10)) == {"ok": 10}, "with room again it works, and logs in once"
    assert count(sim, LOGIN) == 1


# -- clocks -----------------------------------------------------------------------------------

HOUR, YEAR = 3600.0, 366 * 86400.0
REAL_TIME = time.time


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the wall clock of this machine, for all that comes."""
    monkeypatch.setattr(time, "time", lambda: REAL_TIME() + seconds)


@pytest.mark.parametrize("seconds", [-YEAR, -HOUR, -60, 60, HOUR, YEAR])
def test_a_clock_that_jumps_never_costs_a_login(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    """The service's tokens live by its clock; at most a bearer is asked for too early."""
    read(settings, ops)
    jump(monkeypatch, seconds)
    for _again in range(3):
        read(settings, ops)
    assert count(sim, LOGIN) == 1
    assert count(sim, OAUTH) == (2 if seconds >= HOUR else 1)
    sim.expire("both")
    read(settings, ops)
    assert count(sim, LOGIN) == 2


@pytest.mark.parametrize(
    ("seconds", "attempts"), [(-YEAR, 2), (-HOUR, 2), (-600, 1), (600, 1), (HOUR, 2), (YEAR, 2)]
)
def test_a_clock_that_jumps_repeats_a_refused_login_once_at_most(
    sim: SimulatorServer,
    settings: ConnectionSettings,
    ops: Ops,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    attempts: int,
) -> None:
    wrong = replace(settings, password="wrong")
    for moved in (0.0, seconds):
        jump(monkeypatch, moved)
        for _again in range(3):
            with pytest.raises(LoginRejected):
                read(wrong, ops)
    assert count(sim, LOGIN) == attempts


# -- execution environments -------------------------------------------------------------------


def in_environments(
    sim: SimulatorServer, settings: ConnectionSettings, homes: Sequence[Path], **more: str
) -> list[Member]:
    """Members in containers, told apart by their homes, that have all from the environment."""
    shared = {
        "THINGSPACE_BASE_URL": sim.url,
        "THINGSPACE_CLIENT_ID": str(settings.client_id),
        "THINGSPACE_CLIENT_SECRET": str(settings.client_secret),
        "THINGSPACE_USERNAME": str(settings.username),
        "THINGSPACE_PASSWORD": str(settings.password),
        "XDG_CACHE_HOME": "",
        **more,
    }
    members = [Member(None, {**shared, "HOME": str(home)}) for home in homes]
    return members * (20 // len(homes))


def test_execution_environments_share_a_mounted_cache(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, tmp_path: Path
) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    mounted = str(tmp_path / "mounted")
    members = in_environments(sim, settings, homes, THINGSPACE_TOKEN_CACHE=mounted)
    assert crowd(members) == {"ok": 20}
    assert (count(sim, OAUTH), count(sim, LOGIN)) == (1, 1)
    assert not any(home.exists() for home in homes)


def test_without_one_each_environment_has_its_own(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings, tmp_path: Path
) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    assert crowd(in_environments(sim, settings, homes)) == {"ok": 20}
    assert count(sim, LOGIN) == 2
    assert all((home / ".cache" / "thingspace.fota" / "salt").is_file() for home in homes)


# -- content ----------------------------------------------------------------------------------


def content(settings: ConnectionSettings) -> str:
    """Names and content of all that the cache holds."""
    files = sorted(folder(settings).rglob("*"))
    return "\n".join(f"{file.name} {file.read_bytes().decode('latin-1')}" for file in files)


def test_no_credential_is_in_the_cache_and_a_logout_takes_the_rest(
    crowd: Crowd, sim: SimulatorServer, settings: ConnectionSettings
) -> None:
    wrong = replace(settings, password="wr0ng/pa55+word")
    assert crowd([*alike(settings, 5), *alike(wrong, 5)]) == {"ok": 5, "login_rejected": 5}
    held = content(settings)
    assert "The username or password is not valid" in held, "the rejection is there"
    for one in (settings, wrong):
        pair = f"{one.client_id}:{one.client_secret}".encode()
        for credential in (one.client_id, one.client_secret, one.username, one.password):
            assert str(credential) not in held
            assert quote(str(credential), safe="") not in held
        assert base64.b64encode(pair).decode() not in held

    (tokens,) = [
        entry
        for file in folder(settings).glob("*.json")
        if (entry := json.loads(file.read_bytes()))["session"] and not entry["rejection"]
    ]
    assert tokens["bearer"] in held and tokens["session"] in held
    for one in (settings, wrong):
        with Client(one) as client:
            client.logout()
    left = content(settings)
    assert tokens["bearer"] not in left and tokens["session"] not in left
    assert "not valid" not in left
    assert {file.suffix for file in folder(settings).iterdir()} == {"", ".lock"}
    assert count(sim, LOGOUT) == 1


def test_nobody_but_the_logout_of_its_own_user_forgets_a_session(
    sim: SimulatorServer, settings: ConnectionSettings, ops: Ops
) -> None:
    read(settings, ops)
    with Client(replace(settings, username="somebody-else")) as other:
        assert not other.has_session()
        assert other.logout() == (False, False)
    with Client(settings) as client:
        assert client.has_session()
    read(settings, ops)
    assert (count(sim, LOGIN), count(sim, LOGOUT)) == (1, 0)


def test_a_given_session_counts_as_one_and_no_cache_is_opened(settings: ConnectionSettings) -> None:
    given = replace(settings, bearer_token="b", session_token="s")
    with Client(given) as client:
        assert client.has_session()
    assert not folder(given).exists()
