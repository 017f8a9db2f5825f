# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the relay: ``python path/to/_events relay.yml`` or ``python -m ..._events relay.yml``."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
from pathlib import Path

import yaml

if not __package__:
    # Run by path: find the collection below its root in place of the folder, whose modules must not
    # hide others.
    sys.path[0] = str(Path(os.path.abspath(__file__)).parents[6])
    __package__ = "ansible_collections.thingspace.fota.plugins.plugin_utils._events"

# The secrets may be in the environment in place of the file.
VARIABLES = {
    "path": "FOTA_RELAY_PATH",
    "forward_secret": "FOTA_RELAY_SECRET",
    "callback_password": "FOTA_RELAY_PASSWORD",
}


def main(arguments: list[str]) -> int:
    """Run until a signal; the exit status."""
    relay = importlib.import_module(".relay", __package__)
    checks = importlib.import_module(".arguments", __package__)
    logging.basicConfig(format="%(asctime)s relay: %(message)s", level=logging.INFO)
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python path/to/_events relay.yml", file=sys.stderr)
        return 2
    try:
        args = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
        if not isinstance(args, dict):
            raise checks.InvalidArguments([f"{arguments[0]}: must be a YAML mapping"])
        secrets = {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
        args |= {name: value for name, value in secrets.items() if value}
        return int(asyncio.run(relay.run_relay(args)))
    except (yaml.YAMLError, UnicodeDecodeError):
        print(f"relay: {arguments[0]}: must be YAML", file=sys.stderr)
    except checks.InvalidArguments as error:
        print(*(f"relay: {problem}" for problem in error.problems), sep="\n", file=sys.stderr)
    except OSError as error:
        print(f"relay: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
