# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to ThingSpace, for plugins that run on the controller."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.thingspace.fota.plugins.doc_fragments import connection


def _for_plugins(fragment: str) -> str:
    """Write the fragment of the modules as one of plugins.

    Modules read the environment themselves; of a plugin Ansible does it, by its documentation.
    """
    documented: dict[str, Any] = yaml.safe_load(fragment)
    for name, option in documented["options"].items():
        option["env"] = [{"name": f"THINGSPACE_{name.upper()}"}]
    # Ansible takes no text for a dictionary here, and the environment holds nothing else.
    documented["options"]["proxies"]["type"] = "raw"
    del documented["notes"]  # they are about results of modules
    return str(yaml.safe_dump(documented, sort_keys=False))


class ModuleDocFragment:
    """Fragment C(thingspace.fota.connection_plugin)."""

    # With a type, as tools that read this without running it look for a plain text here.
    DOCUMENTATION: str = _for_plugins(connection.ModuleDocFragment.DOCUMENTATION)
