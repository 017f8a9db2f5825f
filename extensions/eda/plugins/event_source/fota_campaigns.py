# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source that polls campaigns, and reports each change once."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fota_campaigns
short_description: Poll campaigns and published firmware, and report each change once
description:
  - Reads the campaigns of an account every O(interval) seconds, or those of one rollout, and puts
    one event for each change. With O(packages=true), also for each package that is published.
  - Puts another event, C(run_due), when the next run of a rollout should be made. Many changes
    within O(min_interval) make one such event, and none is lost.
  - What was there when the source started is not reported, unless O(state_file) remembers an
    earlier state. Then changes since that state are reported, and none is reported twice.
  - Reads only. It shares the login with the modules through the token cache, and polls less often,
    at least every 15 minutes, while the service does not answer.
  - A rejected login ends the source, because another attempt could lock the user.
version_added: 0.9.0
author:
  - thingspace.fota contributors (@thingspace)
options:
  account:
    description: Account name. The default is the variable E(THINGSPACE_ACCOUNT).
    type: str
  client_id:
    description: Key of the application. The default is the variable E(THINGSPACE_CLIENT_ID).
    type: str
  client_secret:
    description:
      - Secret of the application. The default is the variable E(THINGSPACE_CLIENT_SECRET).
    type: str
  username:
    description: User name. The default is the variable E(THINGSPACE_USERNAME).
    type: str
  password:
    description: Password. The default is the variable E(THINGSPACE_PASSWORD).
    type: str
  bearer_token:
    description:
      - Token in place of O(client_id) and O(client_secret). The default is the variable
        E(THINGSPACE_BEARER_TOKEN).
    type: str
  session_token:
    description:
      - Token in place of O(username) and O(password). The default is the variable
        E(THINGSPACE_SESSION_TOKEN).
    type: str
  base_url:
    description:
      - URL of the service. The default is the variable E(THINGSPACE_BASE_URL), or
        V(https://thingspace.verizon.com/api).
    type: str
  validate_certs:
    description: Check certificates. The default is the variable E(THINGSPACE_VALIDATE_CERTS).
    type: bool
  ca_path:
    description: File with CA certificates. The default is the variable E(THINGSPACE_CA_PATH).
    type: path
  proxies:
    description: Proxy URL by scheme. The default is the variable E(THINGSPACE_PROXIES).
    type: dict
  timeout:
    description:
      - Maximum seconds of a call, with retries. The default is the variable E(THINGSPACE_TIMEOUT),
        or 120.
    type: float
  token_cache:
    description:
      - Directory of the token cache, shared with the modules. The default is the variable
        E(THINGSPACE_TOKEN_CACHE).
    type: path
  max_connections:
    description:
      - Maximum number of calls at a time. The default is the variable
        E(THINGSPACE_MAX_CONNECTIONS), or 8.
    type: int
  requests_per_second:
    description:
      - Maximum rate of calls. The default is the variable E(THINGSPACE_REQUESTS_PER_SECOND).
    type: float
  record:
    description:
      - File to append every exchange with the service to, without secrets and identifiers. The
        default is the variable E(THINGSPACE_RECORD).
    type: path
  type:
    description: V(firmware) is v3, V(software) is v2.
    type: str
    choices: [firmware, software]
    default: firmware
  rollout:
    description: Name of a rollout. Only its campaigns are watched.
    type: str
  devices:
    description:
      - Also read the device report of each running campaign, one call for 1000 devices, and report
        how many devices have which result.
    type: bool
    default: true
  packages:
    description: Also read the published packages.
    type: bool
    default: false
  interval:
    description: Seconds between two polls, at least 1.
    type: float
    default: 60
  min_interval:
    description:
      - A C(run_due) event follows this many seconds after a change, for all changes until then. Set
        it to at least the duration of a run, so that all changes during a run lead to one further
        run.
    type: float
    default: 30
  max_interval:
    description:
      - A C(run_due) event follows this many seconds after the last one if nothing has changed,
        because soak times and dates pass without a change. 0 turns this off.
    type: float
    default: 3600
  state_file:
    description:
      - File that remembers what was reported. It has no secrets. Use one for each source. A crash
        can repeat the last event, and loses none.
    type: path
notes:
  - "An event has one key, C(fota), with C(event), which is C(run_due), C(campaign_found),
    C(campaign_changed), C(campaign_ended), C(campaign_failed), C(campaign_gone),
    C(devices_changed) or C(firmware_published). The other keys are described in the guide on events
    and in C(schemas/fota_event.json) beside this source."
  - Texts of the service have parentheses in place of braces, so that none can be a template.
"""

EXAMPLES = r"""
- name: Watch one rollout
  thingspace.fota.fota_campaigns:
    rollout: meters
    state_file: /var/lib/eda/meters.json

- name: Watch all campaigns and the published firmware
  thingspace.fota.fota_campaigns:
    account: 0000123456-00001
    packages: true
    interval: 300
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
    await _load("campaigns").watch_campaigns(queue, args)
