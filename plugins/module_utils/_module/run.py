# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module shell does: options in, use-case, result or one readable failure out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._client.errors import FotaError
from .._client.transport import REQUESTS_IMPORT_ERROR
from .._model.errors import InvalidValue
from .._model.times import DATEUTIL_IMPORT_ERROR
from .._plan.refusal import PlanRefused
from .context import Context, open_context
from .failure import TaskFailure, describe_failure
from .options import CONNECTION_OPTIONS

GARBAGE_THRESHOLD = 200_000

UseCase = Callable[[Context, Mapping[str, Any]], dict[str, Any]]

_LIBRARIES = (("requests", REQUESTS_IMPORT_ERROR), ("python-dateutil", DATEUTIL_IMPORT_ERROR))


def run_module(
    use_case: UseCase, options: Mapping[str, Mapping[str, Any]], **constraints: Any
) -> None:
    """Run ``use_case`` as an Ansible module.

    :param options: the module's own options; those of the connection are added.
    :param constraints: ``required_if`` and the like, as :class:`AnsibleModule` takes them.
    """
    # A task holds up to hundreds of thousands of records, none of them in a cycle.
    gc.set_threshold(GARBAGE_THRESHOLD)
    module = AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **options}, supports_check_mode=True, **constraints
    )
    for library, error in _LIBRARIES:
        if error is not None:
            module.fail_json(msg=missing_required_lib(library), exception=str(error))
    context: Context | None = None
    try:
        context = open_context(module.params, check_mode=module.check_mode)
        result = use_case(context, module.params)
    except (FotaError, InvalidValue, PlanRefused, TaskFailure) as error:
        _finish(module, context)
        message, failure = describe_failure(error)
        result = error.result if isinstance(error, TaskFailure) else {}
        if context is not None:
            result = {**result, "service": context.service()}
        module.fail_json(**{**_shown(module, result), "msg": message, "failure": failure})
    _finish(module, context)
    module.exit_json(**_shown(module, {**result, "service": context.service()}))


def _finish(module: AnsibleModule, context: Context | None) -> None:
    if context is not None:
        for warning in context.all_warnings():
            module.warn(warning)
        context.client.close()


def _shown(module: AnsibleModule, result: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the diff out where nobody asked for it: it lists every device."""
    return {name: value for name, value in result.items() if name != "diff" or module._diff}
