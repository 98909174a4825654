"""Doors that ask for a poll, of all orgs or of one."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Caller, caller
from apps.accounts.permissions import Ability
from apps.changes.manual import start_poll
from apps.core.api import ok
from apps.core.openapi import door
from apps.operations.serializers import OPERATION_EXAMPLE, OperationAnswer, operation_json
from apps.orgs.finding import find_org
from apps.orgs.models import ScratchOrg

_SAYS = (
    "Skips backoff, not an org's API budget nor a refused login; the operation's message says how many those are. "
    "While one runs, a second call answers with the same operation. `Location` is where it goes on."
)


class PollAll(APIView):
    needs = {"POST": Ability.POLL}

    @door(
        "Poll all orgs now",
        status=202,
        says=_SAYS,
        answers={"operation": OperationAnswer()},
        example={"operation": OPERATION_EXAMPLE},
    )
    def post(self, request: Request) -> Response:
        return _start(caller(request), None)


class PollOne(APIView):
    needs = {"POST": Ability.POLL}

    @door(
        "Poll one org now",
        status=202,
        says=_SAYS,
        answers={"operation": OperationAnswer()},
        example={"operation": OPERATION_EXAMPLE},
        errors=[404],
    )
    def post(self, request: Request, org_id: str) -> Response:
        who = caller(request)
        return _start(who, find_org(who.team, org_id))


def _start(who: Caller, org: ScratchOrg | None) -> Response:
    operation = start_poll(who.team, org, who.name)
    operation.refresh_from_db()
    return ok(202, {"Location": f"/api/operations/{operation.pk}"}, operation=operation_json(operation))
