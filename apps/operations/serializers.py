"""What the doors to operations answer."""

from typing import Any

from rest_framework import serializers

from apps.operations.models import Operation


class ProgressAnswer(serializers.Serializer[Any]):
    phase = serializers.CharField(allow_blank=True)
    current = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField(allow_blank=True)


class OperationAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    status = serializers.ChoiceField(Operation.Status.choices)
    progress = ProgressAnswer()
    started_by = serializers.CharField()
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class LogAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    message = serializers.CharField()


def progress_json(operation: Operation) -> dict[str, Any]:
    return {
        "phase": operation.phase,
        "current": operation.current,
        "total": operation.total,
        "message": operation.message,
    }


def operation_json(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.pk,
        "kind": operation.kind,
        "status": operation.status,
        "progress": progress_json(operation),
        "started_by": operation.started_by,
        "cancel_requested": operation.cancel_requested,
        "created_at": operation.created_at,
        "finished_at": operation.finished_at,
    }


OPERATION_EXAMPLE = {
    "id": 41,
    "kind": "poll",
    "status": "running",
    "progress": {"phase": "polling", "current": 9, "total": 22, "message": "9 of 22 orgs polled"},
    "started_by": "alice@example.com",
    "cancel_requested": False,
    "created_at": "2026-11-21T09:30:00Z",
    "finished_at": None,
}
