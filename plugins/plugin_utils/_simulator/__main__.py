# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the simulator: ``python path/to/_simulator serve`` or ``python -m ..._simulator serve``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

if __package__:
    cli = import_module(f"{__package__}.cli")
else:
    # Run by path: replace the folder by its parent in sys.path, so that the package has a name and
    # its modules do not hide those of the standard library.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    cli = import_module("_simulator.cli")
    del sys.path[0]

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
