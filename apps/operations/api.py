"""Doors to a long-running job: how far it is, what it said, and a way to end it."""

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import audit
from apps.accounts.authentication import caller
from apps.accounts.permissions import Ability
from apps.accounts.scoping import row
from apps.core.api import ok
from apps.core.keyset import page
from apps.core.openapi import NEXT, door
from apps.core.query import PAGE, read
from apps.operations.models import Operation, OperationLog
from apps.operations.serializers import (
    OPERATION_EXAMPLE,
    LogAnswer,
    OperationAnswer,
    ProgressAnswer,
    operation_json,
    progress_json,
)


class OperationDetail(APIView):
    needs = {"GET": Ability.READ}

    @door(
        "Show an operation",
        answers={"operation": OperationAnswer()},
        example={"operation": OPERATION_EXAMPLE},
        errors=[404],
    )
    def get(self, request: Request, operation_id: int) -> Response:
        read(request, ())
        return ok(operation=operation_json(row(Operation, caller(request).team, pk=operation_id)))


class OperationProgress(APIView):
    needs = {"GET": Ability.READ}

    @door(
        "Show an operation's progress",
        answers={"progress": ProgressAnswer()},
        errors=[404],
        example={"progress": OPERATION_EXAMPLE["progress"]},
    )
    def get(self, request: Request, operation_id: int) -> Response:
        read(request, ())
        return ok(progress=progress_json(row(Operation, caller(request).team, pk=operation_id)))


class OperationLogs(APIView):
    needs = {"GET": Ability.READ}

    @door(
        "Read an operation's log",
        answers={"logs": LogAnswer(many=True), "next": NEXT},
        query=PAGE,
        errors=[404],
        example={
            "logs": [{"id": 5, "at": "2026-11-21T09:30:00Z", "message": "started by alice@example.com"}],
            "next": None,
        },
        says="The newest line first.",
    )
    def get(self, request: Request, operation_id: int) -> Response:
        query, team = read(request, PAGE), caller(request).team
        logs = OperationLog.objects.filter(operation=row(Operation, team, pk=operation_id))
        lines, following = page(f"logs-{operation_id}", team.pk, query, logs)
        return ok(logs=[{"id": line.pk, "at": line.at, "message": line.message} for line in lines], next=following)


class OperationCancel(APIView):
    needs = {"POST": Ability.POLL}

    @door(
        "Cancel an operation",
        status=202,
        answers={"operation": OperationAnswer()},
        errors=[404],
        example={"operation": {**OPERATION_EXAMPLE, "cancel_requested": True}},
        says="It ends before its next step. One that has ended stays as it is.",
    )
    def post(self, request: Request, operation_id: int) -> Response:
        who = caller(request)
        with transaction.atomic():
            operation = row(Operation, who.team, pk=operation_id)
            unfinished = Operation.objects.filter(pk=operation.pk, finished_at=None, cancel_requested=False)
            if unfinished.update(cancel_requested=True):
                audit.record(who.team, actor=who.name, action="operation.cancelled", target=str(operation.pk))
            operation.refresh_from_db()
        return ok(202, operation=operation_json(operation))
