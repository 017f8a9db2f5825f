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
      - What a wrong check digit of an IMEI in O(devices) means. That it has 15 digits is checked
        always.
    type: str
    choices: [warn, strict, 'off']
    default: warn
"""

    FILE = r"""
options:
  devices_file:
    description:
      - File of devices, in place of O(devices), on the host where the task runs. A relative path
        begins at the directory where the task runs, so give an absolute one, such as
        C({{ playbook_dir }}/meters.csv).
      - Its first line tells what it is. One IMEI a line, where C(#) begins a comment; or CSV,
        separated by comma, semicolon or tab, with a column C(imei) or C(deviceId) (in any spelling,
        such as C(Device ID)); or JSON lines; or one JSON list. Entries of JSON are IMEIs or objects
        with C(imei) or C(deviceId). The text is UTF-8.
      - It is checked before any call, and the first few bad lines are named by their numbers.
    type: path
    version_added: 0.4.0
"""

    RESULTS = r"""
options:
  results_file:
    description:
      - File to write every device of the result to, as with O(return_devices=all), while the result
        itself stays small. It is on the host where the task runs. Its name ends in C(.csv) for CSV,
        or in C(.jsonl) or C(.ndjson) for JSON lines, and its directory exists.
      - It is replaced as a whole, so that nobody reads half of it, and has the mode V(0644) less
        the umask. A symbolic link is refused. That a file is written is not counted as a change.
      - Texts in CSV that a spreadsheet would take for a formula begin with an apostrophe.
      - Not written in check mode, like the journal of the role C(thingspace.fota.rollout).
    type: path
    version_added: 0.4.0
"""

    RETURN = r"""
options:
  return_devices:
    description:
      - Which devices to return. V(attention) gives those that failed, were rejected or have a
        status that is not known.
    type: str
    choices: [none, attention, all]
    default: attention
"""

    MODE = r"""
options:
  devices_mode:
    description:
      - V(at_least) adds devices that are missing and leaves others alone.
      - V(exact) also removes those that are not in O(devices).
      - V(remove) removes those in O(devices), and never creates anything.
    type: str
    choices: [at_least, exact, remove]
    default: at_least
"""
