# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared values in the types that JSON has, however they came: YAML objects, templates or text.

Before ansible-core 2.19 a template gives text, which is made a list or dictionary again only if all
of its values are literals. With a date in it, it stays text as Python writes it:
``{'start_date': datetime.date(2026, 12, 18)}``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

from .._model.text import as_text

try:
    import yaml
except ImportError as error:
    YAML_IMPORT_ERROR: ImportError | None = error
else:
    YAML_IMPORT_ERROR = None

_UTC = "datetime.timezone.utc"
_TIMES = {"datetime.date": date, "datetime.datetime": datetime}


def plain(value: Any) -> Any:
    """Give a value in the types that JSON has, as a module gets it.

    Dates become text, and so do integers that Python does not write.
    """
    if isinstance(value, Mapping):
        return {as_text(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and as_text(value).startswith("<"):
        return as_text(value)
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    text = str(value)
    if text.startswith(("{", "[")) and "datetime.date" in text:
        try:
            return plain(_read_python(text))
        except (SyntaxError, TypeError, ValueError, RecursionError):
            return text
    return text


def read_dictionary(value: Any) -> Any:
    """Give a declaration; one that is text is read as YAML, which JSON is, too.

    :returns: any value but a text is given in the types that JSON has.
    :raises ValueError: it cannot be read.
    """
    value = plain(value)
    if not isinstance(value, str):
        return value
    if YAML_IMPORT_ERROR is not None:
        raise ValueError("must be a dictionary; text is read on the controller only")
    try:
        return plain(yaml.safe_load(value))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"must be a dictionary, or YAML or JSON text of one{place}") from error


def _read_python(text: str) -> Any:
    """Read literals and dates as Python writes them; nothing is executed.

    :raises ValueError: there is anything else in it.
    """
    return _value(ast.parse(text, mode="eval").body)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(_value, node.values), strict=True))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in _TIMES:
        zoned = any(ast.unparse(word.value) == _UTC for word in node.keywords)
        moment = _TIMES[ast.unparse(node.func)](*map(ast.literal_eval, node.args))
        if isinstance(moment, datetime) and zoned:
            return moment.replace(tzinfo=timezone.utc)
        return moment
    return ast.literal_eval(node)
