# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a rollout's campaigns: the record that survives every crash.

A campaign of ours is called ``tsr.<rollout>.<gen6>.w<NN>.<cohort6>.t<NN>.a<N>.n<count>``. Whatever
does not parse is foreign and never touched.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache

ROLLOUT_NAME = re.compile(r"[a-z0-9-]{1,20}")
_CODE = r"[0-9a-f]{6}"
_NAME = re.compile(
    rf"tsr\.({ROLLOUT_NAME.pattern})\.({_CODE})\.w(\d\d)\.({_CODE})\.t(\d{{2,3}})\.a(\d)\.n(\d{{1,6}})",
    re.ASCII,
)
# What a name can say: batches of one cohort in one wave, attempts, devices of one campaign.
MOST_BATCHES = 999
MOST_ATTEMPTS = 9
# After the last wave: devices that no wave has reached, once more.
SWEEP_WAVE = 99
MOST_DEVICES = 999_999

Batch = tuple[str, int, str, int]
"""Generation, wave, cohort and number of a batch."""


@dataclass(frozen=True, order=True, slots=True)
class CampaignName:
    """What the name of one of our campaigns says.

    :ivar generation: six hex digits over the target (:func:`generation`).
    :ivar wave: 1 is the pilot.
    :ivar cohort: six hex digits over the cohort (:attr:`Cohort.code`).
    :ivar batch: 1 is the first campaign of this cohort in this wave.
    :ivar attempt: 1 is the first.
    :ivar count: devices that were asked for.
    """

    rollout: str
    generation: str
    wave: int
    cohort: str
    batch: int
    attempt: int
    count: int

    @property
    def batch_key(self) -> Batch:
        """The batch, whatever the attempt."""
        return self.generation, self.wave, self.cohort, self.batch

    def __str__(self) -> str:
        return (
            f"tsr.{self.rollout}.{self.generation}.w{self.wave:02}.{self.cohort}"
            f".t{self.batch:02}.a{self.attempt}.n{self.count}"
        )


def parse_name(text: str) -> CampaignName | None:
    """Read a campaign's name; None for a foreign one. Only the exact spelling counts."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    rollout, code, wave, cohort, batch, attempt, count = found.groups()
    name = CampaignName(rollout, code, int(wave), cohort, int(batch), int(attempt), int(count))
    return name if str(name) == text and name.wave and name.batch and name.attempt else None


@lru_cache(maxsize=4096)
def fingerprint(*parts: str) -> str:
    """Six hex digits over texts: the same on every machine, different when any text differs."""
    return hashlib.sha256(json.dumps(parts).encode("utf-8")).hexdigest()[:6]


def generation(make: str, model: str, version: str) -> str:
    """The generation of a target: a new version for a model starts a new one for that model."""
    return fingerprint("target", make, model, version)


@dataclass(frozen=True, order=True, slots=True)
class Cohort:
    """What devices must share to be in one campaign.

    :ivar version: the one they run now.
    :ivar zone: IANA zone of their windows; empty without a calendar.
    """

    protocol: str
    make: str
    model: str
    version: str
    zone: str = ""

    @property
    def code(self) -> str:
        return fingerprint("lane", self.protocol, self.make, self.model, self.version, self.zone)


def place_in_line(rollout: str, imei: str) -> str:
    """The place of a device in a rollout: an order that depends on no choice and never changes."""
    return hashlib.sha256(f"{rollout}{imei}".encode()).hexdigest()
