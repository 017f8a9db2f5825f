# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source that listens for the callbacks of the service."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fota_callbacks
short_description: Listen for the callbacks of the service
description:
  - Listens for callbacks and puts an event, C(run_due), when the next run of a rollout should be
    made. All callbacks within O(min_interval) make one such event, and none is lost.
  - Callbacks are not signed, and their structure is not published for v2 and v3. Therefore, a
    callback is only a hint to read the service. Nothing of its body is part of an event.
  - Each request is answered at once. A request with another path, method, size, sender, secret or
    body changes nothing. The first of each kind is logged, then the 10th, the 100th and so on,
    without its content.
  - The event at the start, whose reason is C(start), makes up for callbacks that came while nothing
    listened.
  - Register the URL with M(thingspace.fota.fota_callback). v2 and v3 require HTTPS with a
    certificate of a public CA, here or at a proxy in front of the listener.
version_added: 0.9.0
author:
  - thingspace.fota contributors (@thingspace)
options:
  host:
    description: Address to listen at. Set it to V(0.0.0.0) to listen at all addresses.
    type: str
    default: 127.0.0.1
  port:
    description:
      - Port to listen at. For similar callbacks of Verizon, the ports are limited to 80, 443,
        9001 to 9006, 50551 to 50559, and 28200 to 28220.
    type: int
    required: true
  path:
    description:
      - Path of the URL, which is a secret and must be random, with more than 32 characters.
    type: str
    required: true
  certfile:
    description: File with the certificate chain, in PEM format. Without it, the port has no TLS.
    type: path
  keyfile:
    description: File with the private key, if it is not in O(certfile).
    type: path
  senders:
    description:
      - Addresses and networks that may send callbacks. The default is the list that Verizon has
        published. V([any]) checks none.
    type: list
    elements: str
    default:
      - 3.87.163.45
      - 3.91.119.203
      - 54.197.62.209
      - 54.200.43.232
      - 34.216.81.234
      - 137.117.33.109
      - 168.62.173.153
      - 68.128.212.217
  trusted_proxies:
    description:
      - Addresses and networks of your own proxies. Behind one of them, the sender is the last
        address in the header C(X-Forwarded-For).
    type: list
    elements: str
    default: []
  callback_username:
    description:
      - User name that was registered with the listener. Only v1 has one and sends it in each
        message. With it, messages without it are refused, those of v2 and v3 included.
    type: str
  callback_password:
    description: Password that was registered with the listener.
    type: str
  max_body:
    description: Maximum size of a body in bytes, at most 1048576.
    type: int
    default: 65536
  min_interval:
    description:
      - An event follows this many seconds after a callback, for all callbacks until then. Set it to
        at least the duration of a run, so that all callbacks during a run lead to one further run.
    type: float
    default: 30
  max_interval:
    description:
      - An event follows this many seconds after the last one if no callback has come, because
        callbacks can be lost, and soak times and dates pass without one. 0 turns this off.
    type: float
    default: 3600
notes:
  - "An event has one key, C(fota), with C(event), which is C(run_due), and C(reasons), which is the
    number of hints for each reason: C(start), C(callback) or C(timer)."
"""

EXAMPLES = r"""
- name: Listen behind a proxy that has the certificate
  thingspace.fota.fota_callbacks:
    port: 9001
    path: "{{ callback_path }}"
    trusted_proxies: [10.0.0.0/24]

- name: Listen at a public address
  thingspace.fota.fota_callbacks:
    host: 0.0.0.0
    port: 443
    path: "{{ callback_path }}"
    certfile: /etc/eda/callbacks.pem
"""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).absolute().parents[7]
EVENTS = "ansible_collections.thingspace.fota.plugins.plugin_utils._events"


def _load(name: str) -> Any:
    """Import from the collection, which ansible-rulebook does not make importable."""
    try:
        return importlib.import_module(f"{EVENTS}.{name}")
    except ModuleNotFoundError as error:
        if not EVENTS.startswith(f"{error.name}."):
            raise
    sys.path.append(str(ROOT))
    if "ansible_collections" in sys.modules:
        sys.modules["ansible_collections"].__path__.append(str(ROOT / "ansible_collections"))
    return importlib.import_module(f"{EVENTS}.{name}")


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put events until the source is stopped."""
    await _load("callbacks").receive_callbacks(queue, args)
