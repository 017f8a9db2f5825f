# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive a simulator with the vendor's own SDK (``sdksio-verizon-apis-sdk`` 2.0.0).

Runs under an interpreter of its own, since that SDK pins old dependencies::

    python sdk_drive.py < plan.json > results.json

``plan`` holds ``url`` (``http://127.0.0.1:PORT/api``), ``credentials`` and ``steps``: a list of
``{"call": "controller.method", "arguments": [...]}``. An argument ``{"module": name, "model": name,
"fields": {...}}`` becomes an SDK model and ``{"date": "YYYY-MM-DD"}`` a date. Each result is
``{"call", "status", "body"}`` on success and ``{"call", "status", "error", "body"}`` when the SDK
raised its own exception. The SDK's models are printed by attribute, so a value is there only if the
SDK understood the reply.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import requests
from verizon.api_helper import APIHelper
from verizon.configuration import Configuration, Environment, Server
from verizon.exceptions.api_exception import APIException
from verizon.http.auth.thingspace_oauth import ThingspaceOauthCredentials
from verizon.http.auth.vz_m2m_token import VZM2mTokenCredentials
from verizon.models.log_in_request import LogInRequest
from verizon.verizon_client import VerizonClient


class LoopbackOnly(requests.Session):
    """A session that talks to the simulator and refuses every other host before connecting."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._place = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if urlsplit(str(request.url)).netloc != self._place:
            raise RuntimeError(f"the SDK tried to reach {request.url}")
        return super().send(request, **options)


def connect(url: str, credentials: dict[str, str]) -> VerizonClient:
    """Log in through the SDK; the client returned carries both tokens."""
    # The SDK has no option for the host: its table of environments is rewritten.
    Configuration.environments[Environment.PRODUCTION].update(
        {
            Server.THINGSPACE: url,
            Server.OAUTH_SERVER: f"{url}/ts/v1",
            Server.M2M: f"{url}/m2m",
            Server.SOFTWARE_MANAGEMENT_V1: f"{url}/fota/v1",
            Server.SOFTWARE_MANAGEMENT_V2: f"{url}/fota/v2",
            Server.SOFTWARE_MANAGEMENT_V3: f"{url}/fota/v3",
        }
    )
    oauth = ThingspaceOauthCredentials(credentials["client_id"], credentials["client_secret"])
    session = LoopbackOnly(url)
    client = VerizonClient(http_client_instance=session, thingspace_oauth_credentials=oauth)
    login = LogInRequest(credentials["username"], credentials["password"])
    answer = client.session_management.start_connectivity_management_session(login)
    return VerizonClient(
        http_client_instance=session,
        thingspace_oauth_credentials=oauth,
        vz_m2m_token_credentials=VZM2mTokenCredentials(answer.body.session_token),
    )


def argument(value: Any) -> Any:
    """Turn one planned argument into what the SDK method takes."""
    if isinstance(value, list):
        return [argument(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "date" in value:
        return date.fromisoformat(value["date"])
    module = import_module(f"verizon.models.{value['module']}")
    fields = {name: argument(item) for name, item in value["fields"].items()}
    return getattr(module, value["model"])(**fields)


def plain(value: Any) -> Any:
    """An SDK result as JSON: models by their Python attributes, dates as ISO text."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, APIHelper.RFC3339DateTime):
        return value.datetime.isoformat()
    if hasattr(value, "_names"):
        present = {name: getattr(value, name, None) for name in value._names}
        return {name: plain(item) for name, item in present.items()}
    return value


def run(client: VerizonClient, call: str, arguments: list[Any]) -> dict[str, Any]:
    """Make one call and return its result."""
    controller, _dot, method = call.partition(".")
    try:
        answer = getattr(getattr(client, controller), method)(*map(argument, arguments))
    except APIException as refusal:
        body = {name: getattr(refusal, name, None) for name in ("error_code", "error_message")}
        error = type(refusal).__name__
        return {"call": call, "status": refusal.response_code, "error": error, "body": body}
    return {"call": call, "status": answer.status_code, "body": plain(answer.body)}


def main() -> None:
    """Read the plan, run it, print the results."""
    plan = json.load(sys.stdin)
    client = connect(plan["url"], plan["credentials"])
    results = [run(client, step["call"], step["arguments"]) for step in plan["steps"]]
    results.append(run(client, "session_management.end_connectivity_management_session", []))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
