# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event sources and of the relay, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import math
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ...module_utils._model.text import short_error
from ...module_utils._module.events.watch import WATCH_OPTIONS
from ...module_utils._module.options import CONNECTION_OPTIONS

Options = Mapping[str, Mapping[str, Any]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Where the service sends callbacks from: "About Callback Services" of the vendor's documentation of
# software management, https://thingspace.verizon.com/documentation/ (docs/contract.md, section 8).
PUBLISHED_SENDERS = (
    *("3.87.163.45", "3.91.119.203", "54.197.62.209", "54.200.43.232"),
    *("34.216.81.234", "137.117.33.109", "168.62.173.153", "68.128.212.217"),
)
ANY_SENDER = "any"
SHORTEST_PATH = 32
# The parts of a path that is a secret; nothing in it has to be encoded.
PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)
LEAST_VARIETY = 10

PACE_OPTIONS: dict[str, dict[str, Any]] = {
    "min_interval": {"type": "float", "default": 30.0},
    "max_interval": {"type": "float", "default": 3600.0},
}
CAMPAIGNS_OPTIONS: dict[str, dict[str, Any]] = {
    **CONNECTION_OPTIONS,
    **WATCH_OPTIONS,
    **PACE_OPTIONS,
    "interval": {"type": "float", "default": 60.0},
    "state_file": {"type": "path"},
}
LISTENER_OPTIONS: dict[str, dict[str, Any]] = {
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int", "required": True},
    "path": {"type": "str", "required": True, "no_log": True},
    "certfile": {"type": "path"},
    "keyfile": {"type": "path"},
    "senders": {"type": "list", "elements": "str", "default": list(PUBLISHED_SENDERS)},
    "trusted_proxies": {"type": "list", "elements": "str", "default": []},
    "callback_username": {"type": "str"},
    "callback_password": {"type": "str", "no_log": True},
    "max_body": {"type": "int", "default": 65536},
}
CALLBACKS_OPTIONS: dict[str, dict[str, Any]] = {**LISTENER_OPTIONS, **PACE_OPTIONS}
RELAY_OPTIONS: dict[str, dict[str, Any]] = {
    **CALLBACKS_OPTIONS,
    "forward_url": {"type": "str", "required": True},
    "forward_secret": {"type": "str", "required": True, "no_log": True},
    "forward_header": {"type": "str", "default": "X-Hub-Signature-256"},
    "forward_ca_path": {"type": "path"},
    "forward_timeout": {"type": "float", "default": 30.0},
}


class InvalidArguments(ValueError):
    """Arguments cannot be used; the message has every mistake, and no secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class ListenerSettings:
    """Where to listen, and which requests count as callbacks.

    :ivar path: of the URL, which is a secret.
    :ivar senders: from where; None is from anywhere.
    :ivar proxies: whose ``X-Forwarded-For`` names the sender.
    :ivar username: and ``password``: what each message must contain; empty for none.
    :ivar max_body: in bytes.
    """

    host: str
    port: int
    path: str = field(repr=False)
    senders: tuple[Network, ...] | None = None
    proxies: tuple[Network, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    max_body: int = 65536
    tls: ssl.SSLContext | None = None


def check_arguments(options: Options, args: Mapping[str, Any]) -> dict[str, Any]:
    """Convert arguments to the types of their options, with defaults and the environment.

    :raises InvalidArguments: some are unknown, missing or of another type.
    """
    given = {name: value for name, value in args.items() if value is not None}
    validated = ArgumentSpecValidator(dict(options)).validate(given)
    if validated.error_messages:
        messages = remove_values(validated.error_messages, validated._no_log_values)
        raise InvalidArguments([short_error(message) for message in messages])
    params: dict[str, Any] = validated.validated_parameters
    problems = [
        f"{name}: must be a number of seconds from {least:g} on"
        for name, least in _LEAST.items()
        if name in params and not least <= params[name] < math.inf
    ]
    if problems:
        raise InvalidArguments(problems)
    return params


_LEAST = {"interval": 1.0, "min_interval": 0.0, "max_interval": 0.0, "forward_timeout": 1.0}


def read_listener(params: Mapping[str, Any]) -> ListenerSettings:
    """Read where and what to accept.

    :raises InvalidArguments: some cannot be used.
    """
    problems: list[str] = []
    path = params["path"]
    if not PATH.fullmatch(path):
        problems.append("path: must begin with / and contain only letters, digits, and . _ ~ - /")
    elif len(path) <= SHORTEST_PATH or len(set(path)) < LEAST_VARIETY:
        problems.append(
            f"path: must be random and have more than {SHORTEST_PATH} characters, because it is the"
            ' secret of the listener. Make one with: python3 -c "import secrets;'
            " print('/' + secrets.token_urlsafe(32))\""
        )
    if not 0 <= params["port"] <= 65535:
        problems.append("port: must be from 0 to 65535")
    if not 1 <= params["max_body"] <= 2**20:
        problems.append(f"max_body: must be from 1 to {2**20}")
    user, password = params.get("callback_username"), params.get("callback_password")
    if bool(user) != bool(password):
        problems.append("callback_username and callback_password: must be given together")
    senders = None if params["senders"] == [ANY_SENDER] else _networks(params, "senders", problems)
    if not params["senders"]:
        problems.append(f"senders: must not be empty; use [{ANY_SENDER}] to check none")
    proxies = _networks(params, "trusted_proxies", problems)
    tls = _tls(params, problems)
    if problems:
        raise InvalidArguments(problems)
    return ListenerSettings(
        host=params["host"],
        port=params["port"],
        path=path,
        senders=senders,
        proxies=proxies,
        username=user or "",
        password=password or "",
        max_body=params["max_body"],
        tls=tls,
    )


def _networks(params: Mapping[str, Any], option: str, problems: list[str]) -> tuple[Network, ...]:
    networks = []
    for text in params[option]:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError:
            problems.append(
                f"{option}: {text!r} must be an address or a network such as 10.0.0.0/8"
            )
    return tuple(networks)


def _tls(params: Mapping[str, Any], problems: list[str]) -> ssl.SSLContext | None:
    certificate, key = params.get("certfile"), params.get("keyfile")
    if certificate is None:
        if key is not None:
            problems.append("keyfile: must be given together with certfile")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        problems.append(
            f"certfile: {certificate!r} must have a certificate whose key is there, or in keyfile"
            f" ({error.strerror or type(error).__name__})"
        )
    return context
