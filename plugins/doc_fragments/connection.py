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
      - Billing account whose devices are meant, usually of the form C(##########-#####). Another
        form only warns.
      - Falls back to the environment variable E(THINGSPACE_ACCOUNT). It must be given in one of
        the two ways.
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
      - Password of O(username). The service locks a user after five refused logins, so a refused
        login is never tried
        again by itself, and is remembered in O(token_cache) for 15 minutes or until other
        credentials are given.
      - Falls back to E(THINGSPACE_PASSWORD).
    type: str
  bearer_token:
    description:
      - A bearer token that you have already, in place of O(client_id) and O(client_secret).
      - Falls back to E(THINGSPACE_BEARER_TOKEN).
    type: str
  session_token:
    description:
      - An M2M session token that you have already, in place of O(username) and O(password).
      - Falls back to E(THINGSPACE_SESSION_TOKEN).
    type: str
  base_url:
    description:
      - Everything before C(/ts/v1), C(/m2m/v1) and C(/fota/vN). Plain C(http) is accepted for
        loopback addresses only.
      - Falls back to E(THINGSPACE_BASE_URL).
    type: str
    default: https://thingspace.verizon.com/api
  validate_certs:
    description:
      - Whether to check the certificate of the service.
      - Falls back to E(THINGSPACE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File or directory of certificate authorities to trust in place of the usual ones.
      - Falls back to E(THINGSPACE_CA_PATH).
    type: path
  proxies:
    description:
      - Proxies by URL scheme. Without this option those of the environment are used.
      - Falls back to E(THINGSPACE_PROXIES).
    type: dict
  timeout:
    description:
      - Seconds that one call to the service may take, retries of reads included.
      - Falls back to E(THINGSPACE_TIMEOUT).
    type: float
    default: 120.0
  token_cache:
    description:
      - Directory that keeps the tokens of a login for all tasks, hosts and forks, so that a whole
        run logs in once. It
        holds tokens, never credentials, and is readable by its owner only. Mount it into execution
        environments.
      - Without this option it is C(thingspace.fota) below E(XDG_CACHE_HOME), else below
        C(~/.cache).
      - Falls back to E(THINGSPACE_TOKEN_CACHE).
    type: path
  max_connections:
    description:
      - How many calls run side by side. Long lists of devices are read in several places at once.
        With V(1) each list is read from its beginning to its end.
      - Falls back to E(THINGSPACE_MAX_CONNECTIONS).
    type: int
    default: 8
  requests_per_second:
    description:
      - Makes no more calls than so many a second, repeated ones included. It holds for one task;
        tasks that run at the same time share it by hand.
      - The service publishes no limit. By default calls go as fast as they are answered.
      - Falls back to E(THINGSPACE_REQUESTS_PER_SECOND).
    type: float
    version_added: 0.4.0
requirements:
  - requests
  - python-dateutil
notes:
  - Every result names the service's host and tells whether it is the simulator of this collection.
  - Dates are UTC days and hours are UTC hours. What counts as now is the clock of the service, not
    that of the controller.
"""
