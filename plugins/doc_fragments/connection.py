# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to ThingSpace."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment C(thingspace.fota.connection)."""

    DOCUMENTATION = r"""
options:
  account:
    description:
      - Billing account of the devices, usually in the form C(##########-#####). Any other form
        causes a warning.
      - Falls back to the environment variable E(THINGSPACE_ACCOUNT). One of the two is required.
    type: str
  client_id:
    description:
      - Key of the ThingSpace application.
      - Falls back to E(THINGSPACE_CLIENT_ID).
    type: str
  client_secret:
    description:
      - Secret of the ThingSpace application.
      - Falls back to E(THINGSPACE_CLIENT_SECRET).
    type: str
  username:
    description:
      - User of the ThingSpace API (the UWS account).
      - Falls back to E(THINGSPACE_USERNAME).
    type: str
  password:
    description:
      - Password of O(username). The service locks a user after five rejected logins. A rejected
        login is therefore not repeated automatically, and is recorded in O(token_cache) for 15
        minutes or until you provide other credentials.
      - Falls back to E(THINGSPACE_PASSWORD).
    type: str
  bearer_token:
    description:
      - An existing bearer token to use instead of O(client_id) and O(client_secret).
      - Falls back to E(THINGSPACE_BEARER_TOKEN).
    type: str
  session_token:
    description:
      - An existing M2M session token to use instead of O(username) and O(password).
      - Falls back to E(THINGSPACE_SESSION_TOKEN).
    type: str
  base_url:
    description:
      - URL of the service, without C(/ts/v1), C(/m2m/v1) and C(/fota/vN). Plain C(http) is
        accepted only for loopback addresses.
      - Falls back to E(THINGSPACE_BASE_URL).
    type: str
    default: https://thingspace.verizon.com/api
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the service.
      - Falls back to E(THINGSPACE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File or directory of CA certificates to trust instead of the default ones.
      - Falls back to E(THINGSPACE_CA_PATH).
    type: path
  proxies:
    description:
      - Proxies by URL scheme. By default, the proxies of the environment are used.
      - Falls back to E(THINGSPACE_PROXIES).
    type: dict
  timeout:
    description:
      - Timeout in seconds of one call to the service, including retries of reads.
      - Falls back to E(THINGSPACE_TIMEOUT).
    type: float
    default: 120.0
  token_cache:
    description:
      - Directory that stores the tokens of a login for all tasks, hosts and forks, so that a
        playbook run logs in only once. It contains tokens but no credentials, and only its owner
        can read it. Mount it into execution environments.
      - The default is the directory C(thingspace.fota) in E(XDG_CACHE_HOME), or in C(~/.cache).
      - Falls back to E(THINGSPACE_TOKEN_CACHE).
    type: path
  max_connections:
    description:
      - Maximum number of parallel calls. Long lists of devices are read in parallel. With V(1),
        each list is read sequentially.
      - Falls back to E(THINGSPACE_MAX_CONNECTIONS).
    type: int
    default: 8
  requests_per_second:
    description:
      - Maximum number of calls per second, including retries. The limit applies to each task; if
        tasks run at the same time, divide it between them.
      - The service publishes no limit. By default, the rate is not limited.
      - Falls back to E(THINGSPACE_REQUESTS_PER_SECOND).
    type: float
    version_added: 0.4.0
  record:
    description:
      - File to append every exchange with the service to, as lines of JSON, to report how the
        service behaves or to serve it again with the simulator. Without it, nothing is recorded.
      - The file has no secrets and tokens. IMEIs, phone numbers, ids and names of campaigns,
        accounts and users, e-mail addresses and URLs are replaced by stand-ins, the same value
        always by the same one. Names of packages, models, versions, statuses and dates stay.
      - The file and the key of its stand-ins, a file of the same name with C(.key) at its end, are
        readable by their owner only. Keep the key to yourself.
      - Tasks that run at the same time can share the file. If it cannot be used, the task warns and
        goes on without it, because it may have to stop a rollout. Check mode is recorded, too.
      - Falls back to E(THINGSPACE_RECORD).
    type: path
    version_added: 0.9.0
requirements:
  - requests
  - python-dateutil
notes:
  - Every result contains the host of the service and whether it is the simulator of this
    collection.
  - Dates are UTC days and hours are UTC hours. The current time is taken from the clock of the
    service, not from the controller.
"""
