# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of the OpenAPI document that the simulator does not serve yet.

Everything else has to be served, so the list can only shrink.
"""

from __future__ import annotations

NOT_BUILT = frozenset(
    {
        "v1CreateCancelCandidates",
        "v1DeleteCancelCandidates",
        "v1DeregisterCallback",
        "v1ListCallbacks",
        "v1ListCancelCandidates",
        "v1RegisterCallback",
        "v2CreateCancelCandidates",
        "v2DeleteCancelCandidates",
        "v2DeregisterCallback",
        "v2DisableDeviceLogging",
        "v2DisableLogging",
        "v2EnableDeviceLogging",
        "v2EnableLogging",
        "v2GetCallback",
        "v2GetCheckInHistory",
        "v2GetDeviceLogs",
        "v2ListCancelCandidates",
        "v2ListFiles",
        "v2ListLoggingDevices",
        "v2RegisterCallback",
        "v2ScheduleFileCampaign",
        "v2UpdateCallback",
        "v2UploadFile",
        "v3DeregisterCallback",
        "v3GetCallback",
        "v3RegisterCallback",
        "v3UpdateCallback",
    }
)
