# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person declared to a :class:`RolloutSpec`; every error at once, before any call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta, tzinfo

from ...._model.campaign import CampaignType
from ...._model.firmware import Package
from ...._model.imei import ImeiCheck
from .campaign_names import MOST_DEVICES, ROLLOUT_NAME
from .sections import InvalidSpec, Section
from .spec import Accept, Approval, Limits, RolloutSpec, Target, Timing, Wave
from .spec_calendar import read_calendar
from .spec_devices import ReadFile, check_variables, no_file, read_devices
from .spec_waves import read_waves

FEWEST_DIGITS = 4
REPORTED_IS_ENOUGH = (
    "verify: reported_is_enough: devices count as verified on the word of a report; nobody reads"
    " what they run"
)


def read_spec(
    raw: object,
    *,
    find_zone: Callable[[str], tzinfo | None],
    read_file: ReadFile = no_file,
    imei_check: ImeiCheck = ImeiCheck.WARN,
) -> RolloutSpec:
    """Read a declared rollout.

    :param find_zone: gives the rules of an IANA zone, None for one that is not known.
    :param read_file: gives the devices of a file.
    :raises InvalidSpec: it cannot be used; every reason is named.
    """
    problems: list[str] = []
    top = Section(raw, "", problems)
    top.know(
        "name", "type", "protocol", "target", "packages", "verify", "devices", "devices_file",
        "waves", "gate", "limits", "timing", "calendar", "qualified_packages",
        "assign_licenses", "approved", "accept", "require_digest", "on_halt", "retry", "sweep",
        "supersede", "late_joiners",
    )  # fmt: skip
    name = top.text("name")
    if name and not ROLLOUT_NAME.fullmatch(name):
        top.refuse("name", "use 1 to 20 of a-z, 0-9 and -; campaigns carry it in their names")
    type_ = _read_type(top)
    protocol = top.text("protocol", default=type_.protocols[0])
    if protocol not in type_.protocols:
        top.refuse("protocol", f"is none of {', '.join(type_.protocols)}")
    targets = _read_targets(top)
    packages, reported_is_enough = _read_packages(top, type_), _read_verify(top, type_)
    devices, remarks = read_devices(top, imei_check, read_file)
    waves = read_waves(top)
    check_variables(waves, devices, problems)
    calendar, zones = read_calendar(top, devices, find_zone)
    limits, timing = _read_limits(top), _read_timing(top)
    approved, accepted = _read_approvals(top, waves), _read_accepts(top, waves)
    required = _read_digest(top, "require_digest") if "require_digest" in top else ""
    qualified = frozenset(top.texts("qualified_packages"))
    assign = top.flag("assign_licenses", default=False)
    if assign and type_ is CampaignType.SOFTWARE:
        top.refuse("assign_licenses", "v2 assigns none by itself: assign them first")
    sweep = top.flag("sweep", default=True)
    supersede = top.flag("supersede", default=False)
    late_joiners = top.text("late_joiners", default="leave")
    if late_joiners not in ("leave", "last"):
        top.refuse("late_joiners", "is neither leave nor last")
    on_halt = top.text("on_halt", default="shorten")
    if on_halt not in ("shorten", "abort"):
        top.refuse("on_halt", "is neither shorten nor abort")
    if problems:
        raise InvalidSpec("rollout", problems)
    return RolloutSpec(
        name=name,
        protocol=protocol,
        type=type_,
        packages=packages,
        reported_is_enough=reported_is_enough,
        targets=targets,
        devices=devices,
        waves=waves,
        limits=limits,
        timing=timing,
        calendar=calendar,
        zones=zones,
        approved=approved,
        accepted=accepted,
        require_digest=required,
        supersede=supersede,
        late_joiners=late_joiners == "last",
        abort_on_halt=on_halt == "abort",
        sweep=sweep,
        qualified_packages=qualified,
        assign_licenses=assign,
        remarks=(*remarks, *([REPORTED_IS_ENOUGH] if reported_is_enough else [])),
    )


def _read_targets(top: Section) -> tuple[Target, ...]:
    targets: dict[tuple[str, str], Target] = {}
    for entry in top.sections("target"):
        entry.know("make", "model", "version")
        target = Target(entry.text("make"), entry.text("model"), entry.text("version"))
        if (target.make, target.model) in targets:
            entry.refuse("model", f"{target.make} has a target in an entry before this one")
        targets[target.make, target.model] = target
    return tuple(targets.values())


def _read_type(top: Section) -> CampaignType:
    word = top.text("type", default=CampaignType.FIRMWARE.value)
    try:
        return CampaignType(word)
    except ValueError:
        top.refuse("type", f"is none of {', '.join(one.value for one in CampaignType)}")
        return CampaignType.FIRMWARE


def _read_packages(top: Section, type_: CampaignType) -> tuple[Package, ...]:
    """Read the packages of software; those of firmware are in the account's catalogue."""
    if type_ is CampaignType.FIRMWARE:
        if "packages" in top:
            top.refuse("packages", "the catalogue tells those of firmware; only software needs it")
        return ()
    found: dict[str, Package] = {}
    for entry in top.sections("packages"):
        entry.know("name", "from", "to", "make", "model")
        package = Package(
            name=entry.text("name"),
            make=entry.text("make"),
            model=entry.text("model"),
            from_version=entry.text("from"),
            to_version=entry.text("to"),
        )
        if package.from_version and package.from_version == package.to_version:
            entry.refuse("to", "is the version that it begins with")
        if package.name and package.name in found:
            entry.refuse("name", "another package has this name")
        found[package.name] = package
    return tuple(found.values())


def _read_verify(top: Section, type_: CampaignType) -> bool:
    """Tell whether a report counts as verified."""
    verify = top.text("verify", default="read")
    if verify not in ("read", "reported_is_enough"):
        top.refuse("verify", "is neither read nor reported_is_enough")
    elif verify == "reported_is_enough" and type_ is CampaignType.FIRMWARE:
        top.refuse("verify", "versions of firmware can be read, so they are")
    return verify == "reported_is_enough"


def _read_limits(top: Section) -> Limits:
    section = Section(top.raw.get("limits"), "limits", top.problems)
    known = Limits()
    section.know(*vars(known))
    return Limits(
        max_campaign_devices=section.whole(
            "max_campaign_devices", default=known.max_campaign_devices, least=1, most=MOST_DEVICES
        ),
        max_creates=section.whole("max_creates", default=known.max_creates, least=1, most=100),
        max_exposure=section.whole("max_exposure", default=0, least=1, most=MOST_DEVICES) or None,
    )


def _read_timing(top: Section) -> Timing:
    section = Section(top.raw.get("timing"), "timing", top.problems)
    known = vars(Timing())
    section.know(*(f"{name}_hours" for name in known))
    return Timing(
        **{
            name: timedelta(
                hours=section.whole(
                    f"{name}_hours", default=int(value.total_seconds()) // 3600, least=1, most=720
                )
            )
            for name, value in known.items()
        }
    )


def _read_approvals(top: Section, waves: Sequence[Wave]) -> tuple[Approval, ...]:
    found = []
    for entry in top.sections("approved", required=False):
        entry.know("wave", "digest", "failures")
        wave = _read_wave_name(entry, waves)
        if wave is not None and (not wave.gate.approval or wave is waves[-1]):
            entry.refuse("wave", "this wave does not wait for an approval")
        found.append(
            Approval(
                wave=wave.name if wave else "",
                digest=_read_digest(entry, "digest"),
                failures=entry.whole("failures", default=0, least=0, most=MOST_DEVICES),
            )
        )
    return tuple(found)


def _read_accepts(top: Section, waves: Sequence[Wave]) -> tuple[Accept, ...]:
    found = []
    for entry in top.sections("accept", required=False):
        entry.know("wave", "cohort", "failures", "up_to", "by", "reason")
        wave = _read_wave_name(entry, waves)
        failures = entry.whole("failures", default=0, least=0, most=MOST_DEVICES)
        if "up_to" not in entry:
            entry.refuse("up_to", "is required: how many failures are taken")
        up_to = entry.whole("up_to", default=failures, least=0, most=MOST_DEVICES)
        if up_to < failures:
            entry.refuse("up_to", f"is less than the failures there are, {failures}")
        found.append(
            Accept(
                wave=wave.name if wave else "",
                cohort=entry.text("cohort", default=""),
                failures=failures,
                up_to=up_to,
                by=entry.text("by"),
                reason=entry.text("reason"),
            )
        )
    return tuple(found)


def _read_wave_name(entry: Section, waves: Sequence[Wave]) -> Wave | None:
    name = entry.text("wave")
    found = next((wave for wave in waves if wave.name == name), None)
    if name and found is None:
        known = ", ".join(wave.name for wave in waves)
        entry.refuse("wave", f"no wave has this name; known: {known}")
    return found


def _read_digest(section: Section, key: str) -> str:
    digest = section.text(key).lower()
    if digest and not (
        FEWEST_DIGITS <= len(digest) <= 64 and all(digit in "0123456789abcdef" for digit in digest)
    ):
        section.refuse(key, f"is no digest: give its first {FEWEST_DIGITS} hex digits or more")
    return digest
