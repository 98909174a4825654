"""What checkDeployStatus tells of a deploy: the DeployResult, and a DeployMessage for each component and problem."""

from typing import Any

from apps.simulator.clock import salesforce_datetime
from apps.simulator.metadata.deploying import Deployment, Outcome
from apps.simulator.metadata.inventory import metadata_datetime
from apps.simulator.metadata.plan import Problem


def result_of(deployment: Deployment, *, with_details: bool) -> dict[str, Any]:
    """The DeployResult. Before the end nothing is counted yet."""
    errors = [problem for problem in deployment.problems if not problem.is_warning]
    if not deployment.options.ignore_warnings:
        errors = deployment.problems
    total = len(deployment.outcomes) + len(errors)
    return {
        "checkOnly": deployment.options.check_only,
        "completedDate": _datetime(deployment.completed),
        "createdBy": deployment.user.Id,
        "createdByName": deployment.user.Name,
        "createdDate": _datetime(deployment.created),
        "details": _details(deployment) if with_details else None,
        "done": deployment.done,
        "id": deployment.id,
        "ignoreWarnings": deployment.options.ignore_warnings,
        "lastModifiedDate": _datetime(deployment.completed or deployment.started or deployment.created),
        "numberComponentErrors": len(errors),
        "numberComponentsDeployed": len(deployment.outcomes),
        "numberComponentsTotal": total,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": deployment.options.rollback_on_error,
        "runTestsEnabled": False,
        "startDate": _datetime(deployment.started),
        "status": deployment.status,
        "success": deployment.status == "Succeeded",
    }


def _datetime(at: float | None) -> str | None:
    return None if at is None else metadata_datetime(salesforce_datetime(at))


def _details(deployment: Deployment) -> dict[str, Any]:
    """Warnings that count are failures; those ignored stand among the successes."""
    ended = deployment.completed or deployment.created
    ignored = deployment.options.ignore_warnings
    failures = [problem for problem in deployment.problems if not (problem.is_warning and ignored)]
    warnings = [problem for problem in deployment.problems if problem.is_warning and ignored]
    successes = [_success(outcome, ended) for outcome in deployment.outcomes]
    successes += [_manifest_read(path, ended) for path in deployment.manifests if deployment.done]
    return {
        "componentFailures": [_failure(problem, ended, success=False) for problem in failures],
        "componentSuccesses": successes + [_failure(problem, ended, success=True) for problem in warnings],
        "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": "0.0"},
    }


def _success(outcome: Outcome, at: float) -> dict[str, Any]:
    return {
        "changed": outcome.word != "",
        "componentType": outcome.key.type,
        "created": outcome.word == "created",
        "createdDate": _datetime(at),
        "deleted": outcome.word == "deleted",
        "fileName": outcome.file_name,
        "fullName": outcome.key.name,
        "id": outcome.id,
        "success": True,
    }


def _manifest_read(path: str, at: float) -> dict[str, Any]:
    return {
        "changed": True,
        "componentType": "",
        "created": False,
        "createdDate": _datetime(at),
        "deleted": False,
        "fileName": path,
        "fullName": "package.xml",
        "success": True,
    }


def _failure(problem: Problem, at: float, *, success: bool) -> dict[str, Any]:
    return {
        "changed": False,
        "columnNumber": problem.column,
        "componentType": problem.component_type,
        "created": False,
        "createdDate": _datetime(at),
        "deleted": False,
        "fileName": problem.file_name,
        "fullName": problem.full_name,
        "lineNumber": problem.line,
        "problem": problem.text,
        "problemType": "Warning" if problem.is_warning else "Error",
        "success": success,
    }
