# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person declared to a :class:`RolloutSpec`; every error at once, before any call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from ..._model.errors import InvalidValue
from ..._model.imei import ImeiCheck, check_device_ids, shorten
from .names import MOST_DEVICES, ROLLOUT_NAME
from .sections import InvalidSpec, Section
from .spec import Gate, Limits, RolloutSpec, Selected, Target, Timing, Wave, WaveKind

PROTOCOLS = ("LWM2M", "OMA", "HTTP")
# Wave 99 is kept for devices that no wave reached.
MOST_WAVES = 98
WAVE_NAME = re.compile(r"[A-Za-z0-9_-]{1,30}")

# Where neither a wave nor the rollout says otherwise: the pilot, the second wave, all later ones.
_GATES = (
    Gate(
        max_failure_rate=Fraction("0.10"),
        max_failures=2,
        min_success_rate=None,
        min_sample=5,
        min_coverage=Fraction("0.75"),
        max_rejected=Fraction("0.10"),
        max_failed_lane_share=Fraction("0.5"),
    ),
    *(
        Gate(
            max_failure_rate=Fraction("0.05"),
            max_failures=None,
            min_success_rate=None,
            min_sample=20,
            min_coverage=Fraction("0.80"),
            max_rejected=Fraction("0.10"),
            max_failed_lane_share=Fraction("0.5"),
        ),
    )
    * 2,
)
_DAYS = (3, 5, 7)
DEFAULT_WAVES = (
    {"name": "pilot", "per_package": 5, "at_least": 20},
    {"name": "early", "percent": 5, "at_least": 60},
    {"name": "broad", "percent": 25},
    {"name": "all", "rest": True},
)


def read_spec(raw: object, *, imei_check: ImeiCheck = ImeiCheck.WARN) -> RolloutSpec:
    """Read a declared rollout.

    :raises InvalidSpec: it cannot be used; every reason is named.
    """
    problems: list[str] = []
    top = Section(raw, "", problems)
    top.know(
        "name", "type", "protocol", "target", "devices", "waves", "gate", "limits", "timing",
        "qualified_packages", "assign_licenses",
    )  # fmt: skip
    name = top.text("name")
    if name and not ROLLOUT_NAME.fullmatch(name):
        top.refuse("name", "use 1 to 20 of a-z, 0-9 and -; campaigns carry it in their names")
    if top.text("type", default="firmware") != "firmware":
        top.refuse("type", "a rollout is of type firmware")
    protocol = top.text("protocol", default="LWM2M")
    if protocol not in PROTOCOLS:
        top.refuse("protocol", f"is none of {', '.join(PROTOCOLS)}")
    targets = _read_targets(top)
    devices, remarks = _read_devices(top, imei_check)
    waves = _read_waves(top)
    _check_variables(waves, devices, problems)
    limits, timing = _read_limits(top), _read_timing(top)
    qualified = frozenset(top.texts("qualified_packages"))
    assign = top.flag("assign_licenses", default=False)
    if problems:
        raise InvalidSpec("rollout", problems)
    return RolloutSpec(
        name=name,
        protocol=protocol,
        targets=targets,
        devices=devices,
        waves=waves,
        limits=limits,
        timing=timing,
        qualified_packages=qualified,
        assign_licenses=assign,
        remarks=remarks,
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


def _read_devices(
    top: Section, imei_check: ImeiCheck
) -> tuple[tuple[Selected, ...], tuple[str, ...]]:
    """Read devices: IMEIs, or mappings of ``imei``, ``host``, ``groups`` and variables."""
    value = top.raw.get("devices")
    if not isinstance(value, (list, tuple)) or not value:
        top.refuse("devices", "no device is selected: name at least one, or check the pattern")
        return (), ()
    found: dict[str, Selected] = {}
    wrong: list[str] = []
    merged = 0
    for place, entry in enumerate(value):
        device = _read_device(entry)
        if device is None:
            shown = entry.get("imei") if isinstance(entry, Mapping) else entry
            wrong.append(f"devices[{place}] = {shown!r}")
        elif device.imei in found:
            merged += 1
            if device.variables != found[device.imei].variables:
                top.problems.append(
                    f"devices[{place}] = {device.imei!r}: is declared twice, with other variables"
                )
        else:
            found[device.imei] = device
    if wrong:
        top.problems.append(
            f"{shorten(wrong)}: a device is an IMEI of exactly 15 digits, as text (quote it, so"
            " that zeros stay), or a mapping with such an imei"
        )
    remarks = [f"devices: merged {merged} that were declared twice"] if merged else []
    try:
        remarks += check_device_ids(found, field="devices", check=imei_check).warnings
    except InvalidValue as error:
        top.problems.append(str(error))
    return tuple(found.values()), tuple(remarks)


def _read_device(entry: object) -> Selected | None:
    if not isinstance(entry, Mapping):
        entry = {"imei": entry}
    imei = str(entry.get("imei", "")).strip()
    if len(imei) != 15 or not (imei.isascii() and imei.isdigit()):
        return None
    groups = entry.get("groups")
    return Selected(
        imei=imei,
        host=str(entry.get("host", "")),
        groups=tuple(str(one) for one in groups) if isinstance(groups, (list, tuple)) else (),
        variables={
            str(key): str(value)
            for key, value in entry.items()
            if key not in ("imei", "host", "groups") and value is not None
        },
    )


def _read_waves(top: Section) -> tuple[Wave, ...]:
    source = top
    if top.raw.get("waves") is None:
        source = Section({**top.raw, "waves": DEFAULT_WAVES}, "", top.problems)
    sections = source.sections("waves")
    if len(sections) > MOST_WAVES:
        top.refuse("waves", f"has more than {MOST_WAVES} entries")
    common = Section(top.raw.get("gate"), "gate", top.problems)
    waves: list[Wave] = []
    for number, section in enumerate(sections, 1):
        name = section.text("name")
        section.where += f" ({name})"
        if name and not WAVE_NAME.fullmatch(name):
            section.refuse("name", "use 1 to 30 of A-Z, a-z, 0-9, _ and -")
        if name and name in [wave.name for wave in waves]:
            section.refuse("name", "another wave has this name")
        waves.append(_read_wave(section, number, name, common))
    for wave, section in zip(waves, sections, strict=True):
        last = wave is waves[-1]
        if wave.kind is WaveKind.REST and not last:
            section.refuse("rest", "takes all that is left, so it can only be the last wave")
        if last and wave.kind is not WaveKind.REST:
            section.problems.append(
                f"{section.where}: the last wave must be rest: true, or devices would be left out"
            )
    return tuple(waves)


def _read_wave(section: Section, number: int, name: str, common: Section) -> Wave:
    kinds = [kind for kind in WaveKind if kind.value in section]
    section.know(
        "name", *(kind.value for kind in WaveKind), "at_least", "diversity", "days", "gate"
    )
    if len(kinds) != 1:
        section.problems.append(
            f"{section.where}: needs exactly one of {', '.join(kind.value for kind in WaveKind)},"
            f" and has {', '.join(kind.value for kind in kinds) or 'none'}"
        )
    kind = kinds[0] if kinds else WaveKind.REST
    size = Fraction(0)
    if kind is WaveKind.PERCENT:
        size = section.percent("percent")
    elif kind in (WaveKind.COUNT, WaveKind.PER_PACKAGE):
        size = Fraction(section.whole(kind.value, default=1, least=1, most=MOST_DEVICES))
    elif kind is WaveKind.REST and kinds and not section.flag("rest", default=True):
        section.refuse("rest", "is only ever true")
    if kind is not WaveKind.PER_PACKAGE and "diversity" in section:
        section.refuse("diversity", "only a per_package wave chooses by variables")
    if kind not in (WaveKind.PER_PACKAGE, WaveKind.PERCENT) and "at_least" in section:
        section.refuse("at_least", "goes with per_package or percent")
    default = min(number, 3) - 1
    gate = _read_gate(common, _GATES[default], quiet=number > 1)
    return Wave(
        number=number,
        name=name,
        kind=kind,
        size=size,
        group=section.text("group") if kind is WaveKind.GROUP else "",
        at_least=section.whole("at_least", default=0, least=1, most=MOST_DEVICES),
        diversity=section.texts("diversity"),
        days=section.whole("days", default=_DAYS[default], least=2, most=31),
        gate=_read_gate(
            Section(section.raw.get("gate"), f"{section.where}.gate", section.problems), gate
        ),
    )


def _read_gate(section: Section, default: Gate, *, quiet: bool = False) -> Gate:
    """Read a gate over ``default``; ``quiet`` when the same section was read before."""
    if quiet:
        section = Section(section.raw, section.where, [])
    section.know(*vars(default))
    gate = replace(
        default,
        max_failure_rate=section.share("max_failure_rate", default=default.max_failure_rate),
        min_sample=section.whole(
            "min_sample", default=default.min_sample, least=1, most=MOST_DEVICES
        ),
        min_coverage=section.share("min_coverage", default=default.min_coverage),
        max_rejected=section.share("max_rejected", default=default.max_rejected),
        max_failed_lane_share=section.share(
            "max_failed_lane_share", default=default.max_failed_lane_share
        ),
    )
    if "min_success_rate" in section:
        rate = section.share("min_success_rate", default=gate.success_needed)
        gate = replace(gate, min_success_rate=rate)
    if "max_failures" in section:
        most = section.whole("max_failures", default=0, least=0, most=MOST_DEVICES)
        gate = replace(gate, max_failures=most)
    return gate


def _check_variables(
    waves: Sequence[Wave], devices: Sequence[Selected], problems: list[str]
) -> None:
    """Refuse devices that lack what a wave chooses by."""
    for wave in waves:
        place = f"waves[{wave.number - 1}] ({wave.name})"
        grouped = any(wave.group in device.groups for device in devices)
        if wave.kind is WaveKind.GROUP and devices and not grouped:
            problems.append(
                f"{place}.group = {wave.group!r}: no selected device is in this group; check the"
                " name, and that devices come with their groups (lookup fota_hosts)"
            )
        for variable in wave.diversity:
            bare = [device.imei for device in devices if variable not in device.variables]
            if bare:
                problems.append(
                    f"{place}.diversity = {variable!r}: {len(bare)} devices have no such variable:"
                    f" {_shown(bare, devices)}"
                )


def _shown(imeis: Iterable[str], devices: Sequence[Selected]) -> str:
    hosts = {device.imei: device.host for device in devices}
    return shorten([f"{imei} ({hosts[imei]})" if hosts[imei] else imei for imei in imeis])


def _read_limits(top: Section) -> Limits:
    section = Section(top.raw.get("limits"), "limits", top.problems)
    known = Limits()
    section.know(*vars(known))
    return Limits(
        max_campaign_devices=section.whole(
            "max_campaign_devices", default=known.max_campaign_devices, least=1, most=MOST_DEVICES
        ),
        max_creates=section.whole("max_creates", default=known.max_creates, least=1, most=100),
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
