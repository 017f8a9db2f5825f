# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files of devices; ``device_lines`` reads them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from .._model.device_lines import DeviceLine, read_device_lines
from .._model.errors import InvalidValue
from .._model.imei import ImeiCheck


def read_devices_file(path: str, *, option: str, check: ImeiCheck) -> Iterator[DeviceLine]:
    """Read the devices of a file on this host, as they come.

    :param option: the option that names the file, for errors.
    :raises InvalidValue: the file cannot be read, or lines of it cannot be used.
    """
    path = os.path.expanduser(os.path.expandvars(path))
    try:
        # A pipe without a writer must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InvalidValue(option, path, "must exist on the host where the task runs") from error
    except OSError as error:
        raise InvalidValue(option, path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidValue(option, path, "must be a path") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidValue(option, path, "must be a regular file")
    with open(descriptor, encoding="utf-8-sig", errors="surrogateescape", newline=None) as lines:
        try:
            yield from read_device_lines(lines, option=option, path=path, check=check)
        except OSError as error:
            raise InvalidValue(option, path, f"cannot be read: {error.strerror}") from error
