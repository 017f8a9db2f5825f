# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a page: templates escape every value, and a policy allows their style and script only."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from ....module_utils._model.text import visible

_FOLDER = __file__.rpartition("/")[0]


def _grouped(number: int) -> str:
    """Give a number as people read it: 100,000."""
    return f"{number:,}"


def _printable(value: object) -> object:
    """Make the value of an expression printable, unless it is markup of a template."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return visible(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["grouped"] = _grouped
    return environment


_ENVIRONMENT = _environment()


def render(template: str, **context: Any) -> str:
    """Render a page as one file of HTML.

    :param template: name of a file of this folder that extends ``base.html.j2``.
    :param context: its variables. Texts are escaped, so that no name of a device can be markup.
    :raises KeyError: the template needs something that ``context`` has not.
    """
    style, script = _source("page.css"), _source("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    parts = {"style": Markup(style), "script": Markup(script)}  # noqa: S704 - files of ours
    try:
        return _ENVIRONMENT.get_template(template).render(**context, policy=policy, **parts)
    except UndefinedError as error:
        raise KeyError(str(error)) from error


def _source(name: str) -> str:
    loader = _ENVIRONMENT.loader
    if loader is None:
        raise ValueError("the environment has no loader")
    return loader.get_source(_ENVIRONMENT, name)[0]


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
