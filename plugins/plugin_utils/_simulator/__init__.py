# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator of the ThingSpace FOTA service. It imports the standard library only.

``state`` is what the service holds, ``fleet`` where that comes from, and ``lifecycle`` how it
changes over time. ``api`` is the service as clients see it, ``faults`` how it fails on purpose.
``service`` combines them, ``control`` and ``listener`` offer them on a port, ``server`` and ``cli``
start it. Each of these imports only those before it.
"""
