# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compresses replies for clients that accept gzip."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace

from .exchange import Reply

# Shorter bodies gain nothing from compression.
MIN_BYTES = 1024
LEVEL = 1


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether ``accept-encoding`` has gzip, and not with q=0."""
    for item in headers.get("accept-encoding", "").lower().split(","):
        name, *parameters = (part.replace(" ", "") for part in item.split(";"))
        if name == "gzip":
            return not any(
                part.startswith("q=0") and not part[3:].strip(".0") for part in parameters
            )
    return False


def gzipped(reply: Reply) -> Reply:
    """The reply, compressed if its body is long JSON."""
    if reply.content_type != "application/json" or len(reply.body) < MIN_BYTES:
        return reply
    return replace(
        reply,
        body=gzip.compress(reply.body, compresslevel=LEVEL, mtime=0),
        headers=(*reply.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")),
    )
