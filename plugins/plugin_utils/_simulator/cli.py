# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``serve``, ``start``, ``stop``, ``replay``, and commands that print.

``serve`` runs in the foreground, ``start`` in the background. Both print one JSON line when the
port listens: ``{"url": ".../api", "control": ".../_simulator", "pid": N}``. The server ends on
SIGTERM or SIGINT, by ``stop``, when a watched process ends, or when it is idle for too long. It
leaves nothing behind.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from types import FrameType
from typing import IO, Any

from . import processes
from .faults import table
from .fleet import generate
from .fleet.copy_account import copy_account
from .listener import HOST
from .replay.questions import times
from .replay.recording import read_recording
from .replay.report import report
from .replay.report import text as report_text
from .replay_server import ReplayServer
from .server import SimulatorServer
from .state import switches

REAL_TIME = 1 / 3600
START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2


# -- commands ---------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    chosen = dict(_pair(item) for item in options.switch)
    with _garbage_collection_off():
        server = SimulatorServer(
            _fleet(options.fleet, seed=options.seed),
            start=options.start,
            hours_per_second=options.hours_per_second,
            seed=options.seed,
            latency_ms=options.latency_ms,
            refuse_writes=options.refuse_writes,
            switches=chosen,
            faults=None if options.faults is None else _json_file("faults", options.faults),
            tls=_tls(options),
            port=options.port,
        )
    ended = _until_signal()
    watched = [processes.Process.of(pid) for pid in options.watch_pid]
    with server, _scratch() if options.scratch else nullcontext() as folder:
        line = {"url": server.url, "control": server.control_url, "pid": os.getpid()}
        if folder is not None:
            line["folder"] = folder
        if options.log:
            with Path(options.log).open("ab") as log:
                os.dup2(log.fileno(), sys.stderr.fileno())
        print(json.dumps(line), flush=True)
        while not ended.is_set() and not server.wait_for_stop(POLL_SECONDS):
            if not all(process.alive() for process in watched):
                break
            if options.idle_minutes and server.idle_seconds >= options.idle_minutes * 60:
                break
    return 0


def _until_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    ended = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return ended


def _start(options: argparse.Namespace) -> int:
    pids = list(options.watch_pid)
    if options.watch_ansible:
        pids.append(processes.ansible_command(os.getpid()))
    command = [sys.executable, str(Path(__file__).resolve().parent), "serve"]
    command += _serve_arguments(options, pids)
    fleet = sys.stdin.buffer.read() if options.fleet == "-" else b""
    # Until it listens, the server has the same standard error as this command.
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd="/"
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process has no pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(fleet)
        process.stdin.close()
    line = _first_line(process, process.stdout)
    if not line:
        print("simulator: the server did not start", file=sys.stderr)
        return 1
    sys.stdout.write(line)
    sys.stdout.flush()
    return 0


def _stop(options: argparse.Namespace) -> int:
    base = options.url.rstrip("/").removesuffix("/api").removesuffix("/_simulator")
    scheme, _mark, address = base.partition("://")
    host, _colon, digits = address.partition(":")
    if scheme not in ("http", "https") or host != HOST or not digits.isdecimal():
        raise ValueError(f"--url: must start with http://{HOST}:PORT or https://{HOST}:PORT")
    port = int(digits)
    connection = HTTPConnection(HOST, port, timeout=STOP_SECONDS)
    if scheme == "https":
        # The request has no secrets, so the certificate does not matter.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = HTTPSConnection(HOST, port, timeout=STOP_SECONDS, context=context)
    try:
        connection.request("POST", "/_simulator/stop", b"{}")
        connection.getresponse()
    except ConnectionRefusedError:
        return 0  # it has already ended
    finally:
        connection.close()
    if not processes.port_closed(HOST, port, within=STOP_SECONDS):
        print(f"simulator: port {port} is still open", file=sys.stderr)
        return 1
    return 0


def _replay(options: argparse.Namespace) -> int:
    recording = read_recording(Path(options.file))
    found = report(recording)
    if options.report:
        print(json.dumps(found, indent=1) if options.json else report_text(found))
        return 0
    ended = _until_signal()
    with ReplayServer(recording, port=options.port) as server:
        line = {"url": server.url, "control": server.control_url, "pid": os.getpid()}
        print(json.dumps({**line, "account": next(iter(recording.accounts), "")}), flush=True)
        if not options.json:
            print(report_text(found), flush=True)
        while not ended.is_set() and not server.wait_for_stop(POLL_SECONDS):
            if options.idle_minutes and server.idle_seconds >= options.idle_minutes * 60:
                break
        state = server.state()
    if options.json:
        print(json.dumps({**found, "replay": state}, indent=1))
        return 0
    print(f"\nReplies served: {state['served']}, not asked for: {state['left']}")
    for what, count in state["unmatched"].items():
        print(f"  not recorded, asked for {times(count)}: {what}")
    return 0


def _switches(_options: argparse.Namespace) -> int:
    print(switches.describe())
    return 0


def _print_faults(_options: argparse.Namespace) -> int:
    print(table.describe())
    return 0


def _print_fleet(options: argparse.Namespace) -> int:
    if options.devices is None:
        fleet = generate.default_fleet(seed=options.seed)
    else:
        fleet = generate.generate_fleet(devices=options.devices, seed=options.seed)
    print(json.dumps(fleet, indent=2))
    return 0


def _print_copy(_options: argparse.Namespace) -> int:
    print(json.dumps(copy_account(json.load(sys.stdin)), indent=1))
    return 0


# -- options ----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="_simulator", description="A simulated ThingSpace FOTA service on loopback."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run in the foreground")
    _add_serve_options(serve)
    serve.set_defaults(run=_serve)
    start = commands.add_parser(
        "start", help="run in the background; returns when the port listens"
    )
    _add_serve_options(start)
    start.add_argument(
        "--watch-ansible",
        action="store_true",
        help="end when the ansible command that started it ends",
    )
    start.set_defaults(run=_start)
    stop = commands.add_parser("stop", help="stop a running simulator")
    stop.add_argument("--url", required=True, help="the url that 'start' printed")
    stop.set_defaults(run=_stop)
    replay = commands.add_parser(
        "replay", help="serve a recording, and print what it says about the service"
    )
    replay.add_argument("file", help="file that the option 'record' has written")
    replay.add_argument("--report", action="store_true", help="print the report only")
    replay.add_argument("--json", action="store_true", help="print the report as JSON")
    replay.add_argument("--port", type=int, default=0, help="port on loopback (default: any)")
    replay.add_argument(
        "--idle-minutes",
        type=float,
        default=30,
        help="end when idle for this long; 0 is never (default: 30)",
    )
    replay.set_defaults(run=_replay)
    switches_command = commands.add_parser(
        "switches", help="print the switches for undocumented behavior"
    )
    switches_command.set_defaults(run=_switches)
    faults_command = commands.add_parser("faults", help="print the faults and their parameters")
    faults_command.set_defaults(run=_print_faults)
    fleet = commands.add_parser("fleet", help="print a fleet file as an example")
    fleet.add_argument(
        "--devices", type=int, help="number of devices (default: the vendor's examples)"
    )
    fleet.add_argument("--seed", type=int, default=1)
    fleet.set_defaults(run=_print_fleet)
    copy = commands.add_parser(
        "copy", help="print a fleet file with the data of a real account (JSON on standard input)"
    )
    copy.set_defaults(run=_print_copy)
    return parser


def _add_serve_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--fleet", help="fleet file, - for standard input (default: the vendor's examples)")
    add("--port", type=int, default=0, help="port on loopback (default: any free one)")
    add("--host", choices=[HOST], default=HOST, help=argparse.SUPPRESS)
    add("--start", help="virtual start time, RFC 3339 (default: that of the fleet, or now)")
    add(
        "--hours-per-second",
        type=float,
        default=REAL_TIME,
        help="virtual hours per second; 0 stops the clock (default: real time)",
    )
    add("--seed", type=int, help="seed of ids and outcomes (default: that of the fleet)")
    add("--latency-ms", type=float, default=0, help="milliseconds to add to every call of the API")
    add("--refuse-writes", action="store_true", help="refuse every write with 403")
    add(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a switch; see 'switches'",
    )
    add("--faults", metavar="FILE", help="file with fault rules, a JSON list; see 'faults'")
    add("--tls-cert", metavar="FILE", help="certificate chain (PEM); the port accepts HTTPS only")
    add("--tls-key", metavar="FILE", help="private key (default: in the certificate file)")
    add("--watch-pid", action="append", default=[], type=int, help="end when this process ends")
    add("--log", help="file for messages of the server once it listens")
    add(
        "--scratch",
        action="store_true",
        help="make a private folder that is removed when the server ends",
    )
    add(
        "--idle-minutes",
        type=float,
        default=30,
        help="end when idle for this long; 0 is never (default: 30)",
    )


def _serve_arguments(options: argparse.Namespace, pids: list[int]) -> list[str]:
    """The options of ``start`` as arguments of ``serve``."""
    fleet = options.fleet if options.fleet in (None, "-") else str(Path(options.fleet).resolve())
    files = {
        name: str(Path(file).resolve())
        for name, file in (
            ("faults", options.faults),
            ("tls-cert", options.tls_cert),
            ("tls-key", options.tls_key),
        )
        if file is not None
    }
    arguments = [
        f"--port={options.port}",
        f"--hours-per-second={options.hours_per_second}",
        f"--latency-ms={options.latency_ms}",
        f"--idle-minutes={options.idle_minutes}",
        f"--log={os.devnull if options.log is None else Path(options.log).resolve()}",
        *(f"--switch={item}" for item in options.switch),
        *(f"--watch-pid={pid}" for pid in pids),
        *(f"--{name}={file}" for name, file in files.items()),
    ]
    for name, value in (("fleet", fleet), ("start", options.start), ("seed", options.seed)):
        if value is not None:
            arguments.append(f"--{name}={value}")
    flags = {"--refuse-writes": options.refuse_writes, "--scratch": options.scratch}
    return arguments + [flag for flag, chosen in flags.items() if chosen]


def _pair(item: str) -> tuple[str, str]:
    name, sign, value = item.partition("=")
    if not sign:
        raise ValueError(f"--switch {item}: must be NAME=VALUE")
    return name, value


def _fleet(source: str | None, *, seed: int | None) -> Any:
    if source is None:
        return generate.default_fleet(seed=1 if seed is None else seed)
    if source != "-":
        return _json_file("fleet", source)
    try:
        return _parse_json(sys.stdin.read())
    except ValueError as error:
        raise ValueError(f"fleet -: {error}") from None


def _json_file(what: str, source: str) -> Any:
    try:
        return _parse_json(Path(source).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{what} {source}: {error}") from None


def _parse_json(text: str) -> Any:
    """Parse JSON and share equal strings, as devices have the same makes and versions."""
    texts: dict[str, str] = {}

    def share(item: dict[str, Any]) -> dict[str, Any]:
        for key, value in item.items():
            if isinstance(value, str) and key != "deviceId":
                item[key] = texts.setdefault(value, value)
        return item

    return json.loads(text, object_hook=share)


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        if options.tls_key is not None:
            raise ValueError("--tls-key needs --tls-cert")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


@contextmanager
def _garbage_collection_off() -> Iterator[None]:
    """Create the many objects of a fleet without garbage collection, then exempt them from it."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _scratch() -> Iterator[str]:
    """A private folder that is removed when the server ends."""
    folder = tempfile.mkdtemp(prefix="fota-simulator-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first_line(process: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    """The first line of the server; empty if it ended or was too slow and is terminated."""
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(output.readline()), daemon=True)
    reader.start()
    reader.join(START_SECONDS)
    if not lines or not lines[0]:
        process.terminate()
        process.wait()
        return ""
    return lines[0].decode("ascii")
