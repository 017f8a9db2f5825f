# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find misspelled variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fota_misspelled
author:
  - thingspace.fota contributors (@thingspace)
version_added: 0.6.0
short_description: Find misspelled variables
description:
  - Returns one line for every defined variable whose name is nearly that of a known one. Ansible
    ignores such a variable, so that C(-e rollout_sate=halted) would not halt anything.
  - A name that continues the nearest known one, such as C(rollout_hosts_north) after
    C(rollout_hosts), is not misspelled. Names with two underscores after the prefix are internal.
options:
  _terms:
    description: Prefixes of the names to check, such as V(rollout_).
    type: list
    elements: str
    required: true
  known:
    description: The correct names.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Check the names of variables
  ansible.builtin.assert:
    that: mistakes | length == 0
    fail_msg: "{{ mistakes | join(' ') }}"
  vars:
    mistakes: >-
      {{ query('thingspace.fota.fota_misspelled', 'backup_', known=['backup_path', 'backup_age']) }}
"""

RETURN = r"""
_raw:
  description: One line for each such variable, in the order of their names.
  type: list
  elements: str
  sample:
    - "rollout_sate: unknown variable; did you mean rollout_state? To use a variable of your own,
      give it a name that does not start with rollout_."
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.plugins.lookup import LookupBase

NEAR = 0.7
"""Likeness of two names without their prefix, of 1, from which one is taken for the other."""


class LookupModule(LookupBase):
    """The plugin; see the documentation above."""

    def run(
        self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        """Return the lines."""
        self.set_options(direct=kwargs)  # type: ignore[no-untyped-call]
        known: list[str] = self.get_option("known")  # type: ignore[no-untyped-call]
        prefixes = self._flatten(terms)  # type: ignore[no-untyped-call]
        return [
            f"{name}: unknown variable; did you mean {near}? To use a variable of your own, give it"
            f" a name that does not start with {prefix}."
            for prefix in prefixes
            for name, near in find_misspelled(variables or {}, prefix, known)
        ]


def find_misspelled(
    names: Iterable[str], prefix: str, known: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Give each name with the prefix that is nearly a known one, and that one."""
    rests = [name.removeprefix(prefix) for name in known if name.startswith(prefix)]
    for name in sorted(names):
        rest = name.removeprefix(prefix)
        if rest == name or rest in rests or rest.startswith("_"):
            continue
        near = get_close_matches(rest.lower(), rests, n=1, cutoff=NEAR)
        if near and not rest.startswith(f"{near[0]}_"):
            yield name, prefix + near[0]
