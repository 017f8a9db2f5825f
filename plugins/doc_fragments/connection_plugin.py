# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to ThingSpace, for plugins that run on the controller."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.thingspace.fota.plugins.doc_fragments import connection


def _for_plugins(fragment: str) -> str:
    """Convert the fragment of the modules to one for plugins.

    Modules read the environment themselves. For a plugin, Ansible reads it as documented.
    """
    documented: dict[str, Any] = yaml.safe_load(fragment)
    for name, option in documented["options"].items():
        option["env"] = [{"name": f"THINGSPACE_{name.upper()}"}]
    # Ansible does not convert text to a dictionary here, and the environment contains only text.
    documented["options"]["proxies"]["type"] = "raw"
    del documented["notes"]  # they describe results of modules
    return str(yaml.safe_dump(documented, sort_keys=False))


class ModuleDocFragment:
    """Fragment C(thingspace.fota.connection_plugin)."""

    # The type annotation is needed by tools that read this file without running it.
    DOCUMENTATION: str = _for_plugins(connection.ModuleDocFragment.DOCUMENTATION)
