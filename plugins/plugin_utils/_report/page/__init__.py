# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages in HTML: one file each that loads nothing from elsewhere.

A page extends ``base.html.j2`` and fills its blocks ``title``, ``kicker``, ``headline``,
``figures``, ``contents`` and ``footer``. ``charts.svg.j2`` has its bars and charts, and
``tables.html.j2`` its tables of devices. :func:`.render.render` makes the file.
"""
