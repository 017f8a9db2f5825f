# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a use-case for a module or plugin: options in, result or one readable failure out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from .._client.errors import FotaError
from .._client.transport import REQUESTS_IMPORT_ERROR
from .._model.errors import InvalidValue
from .._model.text import short_error
from .._model.times import DATEUTIL_IMPORT_ERROR
from .._plan.refusal import PlanRefused
from .context import Context, open_context
from .failure import TaskFailure, describe_failure
from .options import CONNECTION_OPTIONS, DECLARATION, GROUP_OPTIONS

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
GARBAGE_THRESHOLDS = (2_000_000, 100, 100)

Options = Mapping[str, Mapping[str, Any]]
UseCase = Callable[[Context, Mapping[str, Any]], dict[str, Any]]

_LIBRARIES = (("requests", REQUESTS_IMPORT_ERROR), ("python-dateutil", DATEUTIL_IMPORT_ERROR))


@dataclass(frozen=True)
class Task:
    """What a module does.

    :ivar options: the module's own options.
    :ivar constraints: ``required_if`` and the like, as :class:`AnsibleModule` takes them.
    :ivar connect: gives the options that the connection of the task is opened with.
    """

    use_case: UseCase
    options: Options
    constraints: Mapping[str, Any] = field(default_factory=dict)
    connect: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict

    @property
    def all_options(self) -> dict[str, Mapping[str, Any]]:
        """The options with those of the connection, and those that the group may set."""
        return {**CONNECTION_OPTIONS, **GROUP_OPTIONS, **self.options}


@dataclass(frozen=True)
class Outcome:
    """How a task ended; the result of one that failed has ``msg`` and ``failure``."""

    failed: bool
    result: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


class _Module(AnsibleModule):
    """A module that leaves a declaration as it was given.

    The validator of AnsibleModule would report its first mistake only, and convert its values.
    """

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]
        self.argument_spec = _without_suboptions(self.argument_spec)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Fail, with a shortened message where it is that of Ansible's validator."""
        if "invocation" not in result:
            msg = short_error(msg)
        super().fail_json(msg, **result)


def run_module(task: Task) -> None:
    """Run a task as an Ansible module."""
    module = _Module(  # type: ignore[no-untyped-call]
        argument_spec=task.all_options,
        supports_check_mode=True,
        **task.constraints,
    )
    outcome = _carry_out(task, module.params, check_mode=module.check_mode, diff=module._diff)
    for warning in outcome.warnings:
        module.warn(warning)
    invocation = _describe_invocation(task, module.params)
    if outcome.failed:
        module.fail_json(**outcome.result, invocation=invocation)
    module.exit_json(**outcome.result, invocation=invocation)


def run_action(
    task: Task, name: str, arguments: Mapping[str, Any], *, check_mode: bool, diff: bool
) -> dict[str, Any]:
    """Run a task in an action plugin, whose result this is.

    :param name: of the module, for messages.
    :param arguments: of the task, in the types that JSON has.
    """
    spec = _without_suboptions(task.all_options)
    validator = ArgumentSpecValidator(spec, **task.constraints)
    validated = validator.validate(arguments)
    if validated.error_messages:
        outcome = Outcome(failed=True, result={"msg": _describe_error(validated, name)})
    else:
        params = validated.validated_parameters
        outcome = _carry_out(task, params, check_mode=check_mode, diff=diff)
    result = dict(outcome.result)
    if outcome.failed:
        result["failed"] = True
    if outcome.warnings:
        result["warnings"] = outcome.warnings
    result["invocation"] = _describe_invocation(task, validated.validated_parameters)
    # As AnsibleModule does with every result.
    clean: dict[str, Any] = remove_values(result, validated._no_log_values)
    return clean


def _describe_error(validated: ValidationResult, name: str) -> str:
    """Describe the first mistake in the options of a task, as AnsibleModule does."""
    error = validated.errors[0]
    unsupported = isinstance(error, UnsupportedError)
    prefix = f"Unsupported parameters for ({name}) module: " if unsupported else ""
    return short_error(f"{prefix}{error.msg}")


def _describe_invocation(task: Task, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options as they were read, as every module returns them.

    Ansible hides a secret where it finds it, which is not in a value made of it.
    """
    secret = {name for name, option in task.all_options.items() if option.get("no_log")}
    args = {name: HIDDEN if name in secret and value else value for name, value in params.items()}
    return {"module_args": args}


def _without_suboptions(options: Options) -> dict[str, Mapping[str, Any]]:
    """Give options whose declaration is any dictionary, or text of one."""
    return {
        name: {**{key: value for key, value in option.items() if key != "options"}, "type": "raw"}
        if name == DECLARATION
        else option
        for name, option in options.items()
    }


def _carry_out(task: Task, params: Mapping[str, Any], *, check_mode: bool, diff: bool) -> Outcome:
    # A task holds up to hundreds of thousands of records, none of them in a cycle.
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    for library, error in _LIBRARIES:
        if error is not None:
            missing = missing_required_lib(library)
            return Outcome(failed=True, result={"msg": missing, "exception": str(error)})
    context: Context | None = None
    result: dict[str, Any] = {}
    failed = False
    try:
        context = open_context(task.connect(params), check_mode=check_mode)
        result = task.use_case(context, params)
    except (FotaError, InvalidValue, PlanRefused, TaskFailure) as error:
        failed = True
        message, failure = describe_failure(error)
        before = error.result if isinstance(error, TaskFailure) else {}
        result = {**before, "msg": message, "failure": failure}
    finally:
        if context is not None:
            context.client.close()
    if not diff:
        # It lists every device.
        result.pop("diff", None)
    if context is None:
        return Outcome(failed, result)
    return Outcome(failed, {**result, "service": context.service()}, context.all_warnings())
