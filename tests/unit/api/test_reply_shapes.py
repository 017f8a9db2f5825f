# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation judges the shape of its reply: HTTP 200 alone does not make it a list.

Where an error or an incomplete reply could be read as "nothing there" or as a short list:

- the pages of devices, campaigns, upgrades and licenses of all versions (13 operations, also in
  parallel): an object without its rows, or without a flag that says whether more follow;
- whole lists: packages (v1, v2, v3) and histories of devices (v1, v2, v3), also a list of errors;
- the query of devices by IMEI (v3), whose devices would be gone from the account;
- single objects: campaigns (v2, v3), upgrades (v1) and subscriptions (v1, v2, v3);
- replies to writes, which would be "accepted": create, change of devices or dates, cancel,
  licenses, refresh of versions, and reports of devices.

``PAGES``, ``READS`` and ``WRITES`` have all operations of the API layer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ansible_collections.thingspace.fota.plugins.module_utils._api.v1 import FotaV1
from ansible_collections.thingspace.fota.plugins.module_utils._api.v2 import FotaV2
from ansible_collections.thingspace.fota.plugins.module_utils._api.v3 import FotaV3
from ansible_collections.thingspace.fota.plugins.module_utils._client import client as client_module
from ansible_collections.thingspace.fota.plugins.module_utils._client.errors import (
    ServiceRefused,
    UnexpectedReply,
    WriteOutcomeUnknown,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.operation import (
    Kind,
    Operation,
)
from ansible_collections.thingspace.fota.plugins.module_utils._client.transport import (
    Reply,
    Request,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.callback import Listener
from ansible_collections.thingspace.fota.plugins.module_utils._model.campaign import (
    CampaignRequest,
    CampaignType,
    Change,
    Schedule,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.configuration_file import (
    FileUpload,
)
from ansible_collections.thingspace.fota.plugins.module_utils._model.upgrade import UpgradeRequest
from ansible_collections.thingspace.fota.tests.tools.api_operations import api_operations

IMEI = "867530912345674"
ERROR = {"errorCode": "REQUEST_FAILED.Unexpected", "errorMessage": "try later"}
# Bodies that are no reply of any operation, under HTTP 200.
NO_REPLIES: tuple[Any, ...] = (
    {},
    ERROR,
    [ERROR],
    [{}],
    {"fault": {"code": 101503, "message": "down"}},
    {"fault": "down"},
    {"error": "unavailable", "error_description": "down"},
    {"message": "try later"},
    {"status": 500, "title": "try later"},
    "try later",
    7,
    True,
)
WITHOUT_ERROR: tuple[Any, ...] = ({}, *NO_REPLIES[7:9])


class Answers:
    """Stands for the client: decodes one body after the other as the real one does."""

    def __init__(self, *bodies: Any, connections: int = 1, missing: str = "") -> None:
        self.connections = connections
        self.called: list[str] = []
        self._bodies = list(bodies)
        self._missing = missing

    def call(self, operation: Operation, **_given: Any) -> object:
        self.called.append(operation.id)
        if operation.id == self._missing:
            raise ServiceRefused("no such path", http_status=404)
        body = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client_module._decoded(Request(operation, operation.path), Reply(200, {}, sent))


Call = Callable[[Any], Any]


def on(service: type, call: Call) -> Call:
    return lambda answers: call(service(answers, "0000123456-00001"))


def campaign_request(type_: CampaignType) -> CampaignRequest:
    return CampaignRequest(type_, "n", "p", "a", "b", "LWM2M", SCHEDULE, (IMEI,))


SCHEDULE = Schedule(start=date(2026, 3, 2), end=date(2026, 3, 9))
UPLOAD = FileUpload("meter.conf", "7", "Verizon", "Model-A", "/etc/meter.conf", b"x")
LISTENER = Listener("https://hooks.example.com/fota")
UPGRADE = UpgradeRequest("a", "p", "b", date(2026, 3, 2), None, (IMEI,))
DEVICES, CAMPAIGNS, UPGRADES = "deviceList", "campaignList", "reportList"

# The key of the rows, and the call.
PAGES: dict[str, tuple[str, Call]] = {
    "v1ListDevices": (DEVICES, on(FotaV1, lambda s: s.list_devices())),
    "v1ListUpgradesByStatus": (UPGRADES, on(FotaV1, lambda s: s.list_upgrades("Queued"))),
    "v1GetLicenseStatus": (DEVICES, on(FotaV1, lambda s: s.list_licenses()[1])),
    "v2ListDevices": (DEVICES, on(FotaV2, lambda s: s.list_devices())),
    "v2GetLicenseStatus": (DEVICES, on(FotaV2, lambda s: s.list_licenses()[1])),
    "v2ListCampaignsByStatus": (CAMPAIGNS, on(FotaV2, lambda s: s.list_campaigns("x"))),
    "v2ListCampaignDevices": (DEVICES, on(FotaV2, lambda s: s.list_campaign_devices("c"))),
    "v3ListDevices": (DEVICES, on(FotaV3, lambda s: s.list_devices())),
    "v3GetLicenseStatus": (DEVICES, on(FotaV3, lambda s: s.list_licenses()[1])),
    "v3GetLicenseStatusDocsPath": (DEVICES, on(FotaV3, lambda s: s.list_licenses()[1])),
    "v3ListCampaignsByStatus": (CAMPAIGNS, on(FotaV3, lambda s: s.list_campaigns("x"))),
    "v3ListCampaignsByStatusDocsPath": (CAMPAIGNS, on(FotaV3, lambda s: s.list_campaigns("x"))),
    "v3ListCampaignDevices": (DEVICES, on(FotaV3, lambda s: s.list_campaign_devices("c"))),
}
# A path that is only used if another one does not exist.
INSTEAD_OF = {
    "v3GetLicenseStatusDocsPath": "v3GetLicenseStatus",
    "v3ListCampaignsByStatusDocsPath": "v3ListCampaignsByStatus",
}
HISTORY: Call = lambda s: s.get_device_history(IMEI)  # noqa: E731
READS: dict[str, Call] = {
    **{name: call for name, (_rows, call) in PAGES.items()},
    "v1ListFirmware": on(FotaV1, lambda s: s.list_firmware()),
    "v1GetUpgrade": on(FotaV1, lambda s: s.get_upgrade("u")),
    "v1GetDeviceHistory": on(FotaV1, HISTORY),
    "v1GetSubscription": on(FotaV1, lambda s: s.get_subscription()),
    "v2ListLoggingDevices": on(FotaV2, lambda s: s.list_logging()),
    "v2GetDeviceLogs": on(FotaV2, lambda s: s.get_device_logs(IMEI)),
    "v2GetCheckInHistory": on(FotaV2, lambda s: s.get_check_ins(IMEI)),
    "v2ListFiles": on(FotaV2, lambda s: s.list_files()),
    "v1ListCallbacks": on(FotaV1, lambda s: s.get_listener()),
    "v2GetCallback": on(FotaV2, lambda s: s.get_listener()),
    "v3GetCallback": on(FotaV3, lambda s: s.get_listener()),
    "v1ListCancelCandidates": on(FotaV1, lambda s: s.list_candidates()),
    "v2ListCancelCandidates": on(FotaV2, lambda s: s.list_candidates()),
    "v2ListSoftware": on(FotaV2, lambda s: s.list_software()),
    "v2GetCampaign": on(FotaV2, lambda s: s.get_campaign("c")),
    "v2GetDeviceHistory": on(FotaV2, HISTORY),
    "v2GetSubscription": on(FotaV2, lambda s: s.get_subscription()),
    "v3ListFirmware": on(FotaV3, lambda s: s.list_firmware()),
    "v3QueryDevices": on(FotaV3, lambda s: s.query_devices([IMEI])),
    "v3GetCampaign": on(FotaV3, lambda s: s.get_campaign("c")),
    "v3GetDeviceHistory": on(FotaV3, HISTORY),
    "v3GetSubscription": on(FotaV3, lambda s: s.get_subscription()),
}
WRITES: dict[str, Call] = {
    "v1ScheduleUpgrade": on(FotaV1, lambda s: s.schedule_upgrade(UPGRADE)),
    "v1UpdateUpgradeDevices": on(FotaV1, lambda s: s.change_devices("u", Change.APPEND, [IMEI])),
    "v1CancelUpgrade": on(FotaV1, lambda s: s.cancel_upgrade("u")),
    **{
        f"v{number}{name}": on(service, call)
        for number, service in ((2, FotaV2), (3, FotaV3))
        for name, call in {
            "ScheduleCampaign": lambda s: s.create_campaign(campaign_request(s.type)),
            "UpdateCampaignDevices": lambda s: s.change_devices("c", Change.APPEND, [IMEI]),
            "UpdateCampaignDates": lambda s: s.change_dates("c", SCHEDULE),
            "CancelCampaign": lambda s: s.cancel_campaign("c"),
        }.items()
    },
    **{
        f"v{number}{name}": on(service, call)
        for number, service in ((1, FotaV1), (2, FotaV2), (3, FotaV3))
        for name, call in {
            "AssignLicenses": lambda s: s.assign_licenses([IMEI]),
            "RemoveLicenses": lambda s: s.remove_licenses([IMEI]),
        }.items()
    },
    "v2EnableLogging": on(FotaV2, lambda s: s.enable_logging([IMEI])),
    "v2EnableDeviceLogging": on(FotaV2, lambda s: s.enable_device_logging(IMEI)),
    "v2DisableLogging": on(FotaV2, lambda s: s.disable_logging([IMEI])),
    "v2DisableDeviceLogging": on(FotaV2, lambda s: s.disable_device_logging(IMEI)),
    "v2ScheduleFileCampaign": on(
        FotaV2, lambda s: s.create_campaign(replace(campaign_request(s.type), is_file=True))
    ),
    "v2UploadFile": on(FotaV2, lambda s: s.upload_file(UPLOAD)),
    "v1RegisterCallback": on(FotaV1, lambda s: s.register_listener(LISTENER)),
    "v1DeregisterCallback": on(FotaV1, lambda s: s.deregister_listener()),
    **{
        f"v{number}{name}Callback": on(service, call)
        for number, service in ((2, FotaV2), (3, FotaV3))
        for name, call in {
            "Register": lambda s: s.register_listener(LISTENER),
            "Update": lambda s: s.update_listener(LISTENER),
            "Deregister": lambda s: s.deregister_listener(),
        }.items()
    },
    **{
        f"v{number}{name}": on(service, call)
        for number, service in ((1, FotaV1), (2, FotaV2))
        for name, call in {
            "CreateCancelCandidates": lambda s: s.create_candidates([IMEI], append=True),
            "DeleteCancelCandidates": lambda s: s.delete_candidates(),
        }.items()
    },
    "v3SyncDeviceFirmware": on(FotaV3, lambda s: s.sync_devices([IMEI])),
    "v3ReportDeviceFirmware": on(FotaV3, lambda s: s.report_device(IMEI)),
}
REPEATABLE = {"v3SyncDeviceFirmware", "v3ReportDeviceFirmware"}
# A null list is an empty one in other replies of the service, so a whole list may be null too.
LISTENING = {"v1ListCallbacks", "v2GetCallback", "v3GetCallback"}
MAY_BE_NULL = LISTENING | {"v2ListLoggingDevices", "v2GetDeviceLogs", "v2GetCheckInHistory"}
MAY_BE_NULL |= {"v1GetDeviceHistory", "v2GetDeviceHistory", "v3GetDeviceHistory"}
# After these, only the status that is read counts, so an object without a word is no failure.
UNCLEAR = {"v1CancelUpgrade", "v2CancelCampaign", "v3CancelCampaign"}
UNCLEAR |= {f"{version}DeregisterCallback" for version in ("v1", "v2", "v3")}
UNCLEAR |= {"v2DisableLogging", "v2DisableDeviceLogging"}
UNCLEAR |= {"v1DeleteCancelCandidates", "v2DeleteCancelCandidates"}


def test_every_operation_has_a_case() -> None:
    kinds = {operation.id: operation.kind for operation in api_operations()}
    assert {name for name, kind in kinds.items() if kind is Kind.READ} == set(READS)
    assert {name for name, kind in kinds.items() if kind.writes} == set(WRITES)
    assert {name for name, kind in kinds.items() if kind is Kind.REPEATABLE_WRITE} == REPEATABLE


@pytest.mark.parametrize("operation", READS)
def test_a_read_that_got_something_else_has_failed(operation: str) -> None:
    bodies = [*NO_REPLIES, *([] if operation in MAY_BE_NULL else [None])]
    bodies += [] if operation in LISTENING else [b""]
    bodies += [[]] if operation in PAGES else [{"deviceList": [{}], "hasMoreData": False}]
    for body in bodies:
        answers = Answers(body, missing=INSTEAD_OF.get(operation, ""))
        with pytest.raises(UnexpectedReply, match=operation) as caught:
            pytest.fail(f"{body} was read as {READS[operation](answers)}")
        assert caught.value.operation == operation
        assert caught.value.http_status == 200
        assert "The reply was not used" in str(caught.value.hint)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_got_something_else_is_not_accepted(operation: str) -> None:
    expected = UnexpectedReply if operation in REPEATABLE else WriteOutcomeUnknown
    for body in NO_REPLIES:
        answers = Answers(body)
        if operation in UNCLEAR and body in WITHOUT_ERROR:
            assert WRITES[operation](answers) is None
            continue
        with pytest.raises(expected, match=operation) as caught:
            pytest.fail(f"{body} was read as {WRITES[operation](answers)}")
        assert caught.value.operation == operation
        assert caught.value.hint


# -- pages


def page(operation: str, number: int, more: Any) -> dict[str, Any]:
    rows, _call = PAGES[operation]
    name = f"{IMEI[:-1]}{number}"
    cursor = {DEVICES: "lastSeenDeviceId", CAMPAIGNS: "lastSeenCampaignId"}
    return {
        "hasMoreFlag" if rows == UPGRADES else "hasMoreData": more,
        cursor.get(rows, "lastSeenUpgradeId"): name,
        rows: [{"deviceId": name} if rows == DEVICES else {"id": name}],
    }


@pytest.mark.parametrize("operation", PAGES)
@pytest.mark.parametrize("connections", [1, 4])
def test_every_spelling_of_the_flag_reads_the_whole_list(operation: str, connections: int) -> None:
    for yes, no in ((True, False), (1, 0), ("true", "false"), ("True", "False"), ("1", "0")):
        answers = Answers(
            *(page(operation, 1, yes), page(operation, 2, no), page(operation, 3, no)),
            connections=connections,
            missing=INSTEAD_OF.get(operation, ""),
        )
        assert len(PAGES[operation][1](answers)) == 2


@pytest.mark.parametrize("operation", PAGES)
def test_a_page_without_a_readable_flag_fails_the_read(operation: str) -> None:
    for more in (None, "absent", "more", 2, [], {}):
        for number in (1, 2):
            pages = [page(operation, before, more=True) for before in range(1, number)]
            last = page(operation, number, more)
            if more == "absent":
                last = {key: value for key, value in last.items() if not key.startswith("hasMore")}
            answers = Answers(*pages, last, missing=INSTEAD_OF.get(operation, ""))
            with pytest.raises(UnexpectedReply, match=f"{operation}.*unknown whether more rows"):
                PAGES[operation][1](answers)


@pytest.mark.parametrize("operation", PAGES)
def test_an_error_on_a_later_page_fails_the_read(operation: str) -> None:
    for body in (*NO_REPLIES, b""):
        for connections in (1, 4):
            first = page(operation, 1, more=True)
            answers = Answers(
                first, body, connections=connections, missing=INSTEAD_OF.get(operation, "")
            )
            with pytest.raises(UnexpectedReply, match=operation):
                PAGES[operation][1](answers)
