# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that take devices."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments C(thingspace.fota.devices) and its part for results."""

    DOCUMENTATION = r"""
options:
  imei_check:
    description:
      - How to treat an IMEI in O(devices) with a wrong check digit. V(warn) warns, V(strict)
        fails, and V(off) does not check it. An IMEI must always have 15 digits.
    type: str
    choices: [warn, strict, 'off']
    default: warn
"""

    FILE = r"""
options:
  devices_file:
    description:
      - File with devices, to use instead of O(devices), on the host where the task runs. A
        relative path starts at the directory where the task runs, so use an absolute path, such as
        C({{ playbook_dir }}/meters.csv).
      - The format is recognized by the first line. It is one IMEI per line, where C(#) starts a
        comment; or CSV, separated by comma, semicolon or tab, also with C(sep=;) as its first
        line; or JSON Lines; or one JSON list. Entries of JSON are IMEIs or objects. The encoding
        must be UTF-8, or UTF-16 with a byte order mark. Excel workbooks are not read.
      - IMEIs are in the column of CSV or the key of JSON that O(imei_column) names, else in C(imei)
        or C(deviceId) (in any spelling, such as C(Device ID)), else in the only one with the word
        IMEI, such as C(IMEI Number).
      - The file is checked before the service is called. The first few invalid lines are reported
        with their numbers.
    type: path
    version_added: 0.4.0
  imei_column:
    description: Column or key with the IMEIs in O(devices_file), if the name does not tell.
    type: str
    version_added: 0.6.0
"""

    RESULTS = r"""
options:
  results_file:
    description:
      - File to write every device of the result to, as with O(return_devices=all), while the result
        itself stays small. It is written on the host where the task runs. The name must end in
        C(.csv) for CSV, or in C(.jsonl) or C(.ndjson) for JSON Lines. The directory must exist.
      - The file is replaced atomically, and has the mode V(0644) minus the umask. A symbolic link
        is rejected. Writing the file does not count as a change.
      - An apostrophe is added before text in CSV that a spreadsheet would treat as a formula.
      - Not written in check mode, like the journal of the role C(thingspace.fota.rollout).
    type: path
    version_added: 0.4.0
"""

    RETURN = r"""
options:
  return_devices:
    description:
      - Which devices to return. V(attention) returns devices that failed, were rejected or have an
        unknown status.
    type: str
    choices: [none, attention, all]
    default: attention
"""

    MODE = r"""
options:
  devices_mode:
    description:
      - V(at_least) adds missing devices and keeps others.
      - V(exact) also removes devices that are not in O(devices).
      - V(remove) removes the devices in O(devices), and never creates anything.
    type: str
    choices: [at_least, exact, remove]
    default: at_least
"""
