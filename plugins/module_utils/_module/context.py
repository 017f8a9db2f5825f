# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a use-case works with: client, account, settings and warnings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._api.campaign_service import CampaignService
from .._api.v1 import FotaV1
from .._api.v2 import FotaV2
from .._api.v3 import FotaV3
from .._client.client import Client
from .._client.errors import FotaError
from .._model.account import check_account
from .._model.campaign import CampaignType
from .._model.text import visible
from .failure import TaskFailure
from .options import check_positive, check_versions, connection_settings
from .results_file import OPTION, ResultsFile, Rows
from .waiting import SETTLING, Waiting

Service = FotaV1 | FotaV2 | FotaV3


@dataclass
class Context:
    """The context of one task.

    :ivar results_file: where to write every device of the result, if anywhere.
    :ivar warnings: each is printed once, when the task is done.
    :ivar sleep: takes seconds; tests replace it.
    :ivar settling: how long a write may take to show in what is read.
    """

    client: Client
    account: str
    check_mode: bool
    results_file: ResultsFile | None = None
    warnings: list[str] = field(default_factory=list)
    sleep: Callable[[float], None] = time.sleep
    settling: Waiting = SETTLING

    @property
    def v1(self) -> FotaV1:
        return FotaV1(self.client, self.account)

    @property
    def v2(self) -> FotaV2:
        return FotaV2(self.client, self.account)

    @property
    def v3(self) -> FotaV3:
        return FotaV3(self.client, self.account)

    def api(self, version: str) -> Service:
        """Give the API of a version: v1, v2 or v3."""
        services: dict[str, Service] = {"v1": self.v1, "v2": self.v2, "v3": self.v3}
        return services[version]

    def campaigns(self, type_: CampaignType) -> CampaignService:
        """Give the API of campaigns of this type."""
        return self.v3 if type_ is CampaignType.FIRMWARE else self.v2

    def wants_devices(self, return_devices: str) -> bool:
        """Tell whether the result or the results file will list devices."""
        return return_devices != "none" or self.results_file is not None

    def service(self) -> dict[str, Any]:
        """Give the service that answered, as a module result."""
        return {"host": self.client.host, "simulated": self.client.simulated}

    def headline(self, text: str) -> str:
        """Give a summary in one line, marked when the service is simulated."""
        simulated = f"SIMULATED on {self.client.host}: " if self.client.simulated else ""
        return simulated + visible(text)

    def conclude(
        self, result: dict[str, Any], devices: Rows, *, failure: FotaError | None = None
    ) -> dict[str, Any]:
        """Write the results file, if it is declared, and give the result.

        :param failure: of the task; it is raised together with the result.
        :raises TaskFailure: ``failure``, or the file could not be written.
        """
        if self.results_file is not None:
            try:
                result = {**result, OPTION: self.results_file.write(devices)}
            except FotaError as error:
                if failure is None:
                    failure = error
                else:
                    self.warnings.append(str(error))
        if failure is not None:
            raise TaskFailure(failure, result) from failure
        return result

    def all_warnings(self) -> list[str]:
        """Give every warning once, in order."""
        return list(dict.fromkeys(map(visible, [*self.warnings, *self.client.warnings()])))


def open_context(params: Mapping[str, Any], *, check_mode: bool) -> Context:
    """Check the options that all modules have, and create a client; nothing is called yet.

    :raises InvalidValue: an option cannot be used.
    :raises ConfigurationError: credentials are missing or the URL is not allowed.
    """
    warning = check_account(params.get("account"))
    check_versions(params)
    positive = ("timeout", "max_connections", "requests_per_second", "wait_timeout", "wait_delay")
    check_positive(params, *positive)
    results_file = ResultsFile.declared(params, check_mode=check_mode)
    client = Client(connection_settings(params, check_mode=check_mode))
    return Context(
        client=client,
        account=params["account"],
        check_mode=check_mode,
        results_file=results_file,
        warnings=[warning] if warning else [],
    )
