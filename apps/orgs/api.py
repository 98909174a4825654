"""Doors to DevHubs, their scratch orgs, and how much of them is watched."""

from django.db import transaction
from django.db.models.functions import Now
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import audit
from apps.accounts.authentication import caller
from apps.accounts.permissions import Ability
from apps.accounts.scoping import row, rows
from apps.core.api import ok
from apps.core.keyset import page
from apps.core.openapi import NEXT, door
from apps.core.query import PAGE, choice, flag, read, whole
from apps.operations import running
from apps.operations.serializers import OPERATION_EXAMPLE, OperationAnswer, operation_json
from apps.orgs import enrolment, examples, health
from apps.orgs.coverage import coverage
from apps.orgs.devhubs import add_dev_hub, has_new_interval
from apps.orgs.finding import find_org
from apps.orgs.models import DevHub, ScratchOrg
from apps.orgs.serializers import (
    CoverageAnswer,
    DevHubAnswer,
    DevHubBody,
    DevHubChangeBody,
    EnrolBody,
    ScratchOrgAnswer,
    ScratchOrgDetailAnswer,
    coverage_json,
    hub_json,
    org_detail_json,
    org_json,
)

_HUB = whole("dev_hub", "Only orgs of the DevHub with this id.", low=1, high=2**63 - 1)


class OrgList(APIView):
    needs = {"GET": Ability.READ}
    query = (
        choice("status", "Only orgs of which the DevHub says this.", ScratchOrg.Status.values),
        choice("health", "ok, or what is wrong with its polling.", health.ALL),
        flag("watched", "Whether its last poll succeeded."),
        _HUB,
        *PAGE,
    )

    @door(
        "List orgs",
        says="Every scratch org ever seen, the newest found first.",
        query=query,
        answers={"orgs": ScratchOrgAnswer(many=True), "next": NEXT},
        example={"orgs": [examples.ORG], "next": None},
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, self.query)
        orgs = rows(ScratchOrg, team).select_related("dev_hub").alias(health=health.HEALTH)
        for name, field in (("status", "status"), ("health", "health"), ("dev_hub", "dev_hub_id")):
            if query[name] is not None:
                orgs = orgs.filter(**{field: query[name]})
        if query["watched"] is not None:
            orgs = orgs.filter(health=health.OK) if query["watched"] else orgs.exclude(health=health.OK)
        found, following = page("orgs", team.pk, query, orgs)
        return ok(orgs=[org_json(org) for org in found], next=following)


class OrgDetail(APIView):
    needs = {"GET": Ability.READ}

    @door(
        "Show an org",
        says="`org_id`: 15 or 18 characters, or a username.",
        answers={"org": ScratchOrgDetailAnswer()},
        example={"org": examples.ORG_DETAIL},
        errors=[404],
    )
    def get(self, request: Request, org_id: str) -> Response:
        read(request, ())
        return ok(org=org_detail_json(find_org(caller(request).team, org_id)))


class OrgEnrol(APIView):
    needs = {"POST": Ability.ENROL}

    @door(
        "Enrol an org",
        says="Credentials for an org that the DevHub's connected app cannot enter: an sfdx auth URL, or a refresh "
        "token. They are tried at once, stored encrypted, and never shown.",
        takes=EnrolBody,
        takes_example={"sfdx_auth_url": "force://PlatformCLI::5Aep…@example.scratch.my.salesforce.com"},
        answers={"org": ScratchOrgDetailAnswer()},
        example={"org": examples.ORG_DETAIL},
        errors=[404, 410],
    )
    def post(self, request: Request, org_id: str) -> Response:
        who = caller(request)
        org = find_org(who.team, org_id)
        enrolment.enrol(org, **EnrolBody.read(request.data))
        audit.record(who.team, actor=who.name, action="org.enrolled", target=f"{org.username} ({org.org_id})")
        return ok(org=org_detail_json(find_org(who.team, org.org_id)))


class CoverageDoor(APIView):
    needs = {"GET": Ability.READ}
    query = (_HUB,)

    @door(
        "Show coverage",
        says="How many active orgs are watched; of the others why not, in words, and what to do.",
        query=query,
        answers={"coverage": CoverageAnswer()},
        example={"coverage": examples.COVERAGE},
        errors=[404],
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, self.query)
        hub = row(DevHub, team, pk=query["dev_hub"]) if query["dev_hub"] else None
        return ok(coverage=coverage_json(coverage(team, hub)))


class DevHubList(APIView):
    needs = {"GET": Ability.READ, "POST": Ability.ADMIN}

    @door(
        "List DevHubs",
        query=PAGE,
        answers={"dev_hubs": DevHubAnswer(many=True), "next": NEXT},
        example={"dev_hubs": [examples.HUB], "next": None},
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, PAGE)
        hubs, following = page("dev_hubs", team.pk, query, rows(DevHub, team))
        return ok(dev_hubs=[hub_json(hub) for hub in hubs], next=following)

    @door(
        "Add a DevHub",
        says="Logs in first; what is refused is not stored. Its orgs are read within seconds.",
        status=201,
        takes=DevHubBody,
        takes_example=examples.HUB_BODY,
        answers={"dev_hub": DevHubAnswer()},
        example={"dev_hub": examples.HUB},
        errors=[409],
    )
    def post(self, request: Request) -> Response:
        who = caller(request)
        hub = add_dev_hub(team=who.team, **DevHubBody.read(request.data))
        audit.record(who.team, actor=who.name, action="dev_hub.added", target=_named(hub))
        return ok(201, dev_hub=hub_json(row(DevHub, who.team, pk=hub.pk)))


class DevHubDetail(APIView):
    needs = {"GET": Ability.READ, "PATCH": Ability.ADMIN, "DELETE": Ability.ADMIN}

    @door("Show a DevHub", answers={"dev_hub": DevHubAnswer()}, example={"dev_hub": examples.HUB}, errors=[404])
    def get(self, request: Request, dev_hub_id: int) -> Response:
        read(request, ())
        return ok(dev_hub=hub_json(row(DevHub, caller(request).team, pk=dev_hub_id)))

    @door(
        "Change a DevHub",
        says="What is left out stays.",
        takes=DevHubChangeBody,
        takes_example={"poll_interval_minutes": 2},
        answers={"dev_hub": DevHubAnswer()},
        example={"dev_hub": examples.HUB},
        errors=[404],
    )
    def patch(self, request: Request, dev_hub_id: int) -> Response:
        who, wanted = caller(request), DevHubChangeBody.read(request.data)
        with transaction.atomic():
            hub = row(DevHub, who.team, pk=dev_hub_id)
            if wanted:
                DevHub.objects.filter(pk=hub.pk).update(**wanted, updated_at=Now())
                audit.record(who.team, actor=who.name, action="dev_hub.changed", target=_named(hub), **wanted)
            hub.refresh_from_db()
            if "poll_interval_minutes" in wanted:
                has_new_interval(hub)
        return ok(dev_hub=hub_json(hub))

    @door(
        "Remove a DevHub",
        status=202,
        says="With all its orgs and their changes, by an operation that can't be undone; polling stops at once.",
        answers={"operation": OperationAnswer()},
        example={"operation": {**OPERATION_EXAMPLE, "kind": "remove_dev_hub"}},
        errors=[404],
    )
    def delete(self, request: Request, dev_hub_id: int) -> Response:
        who = caller(request)
        with transaction.atomic():
            hub = row(DevHub, who.team, pk=dev_hub_id)
            DevHub.objects.filter(pk=hub.pk).update(active=False, updated_at=Now())
            operation = running.start(
                team=who.team,
                kind="remove_dev_hub",
                arguments={"dev_hub": hub.pk},
                total=hub.scratch_orgs.count(),
                phase="removing",
                started_by=who.name,
            )
            audit.record(who.team, actor=who.name, action="dev_hub.removed", target=_named(hub))
        operation.refresh_from_db()
        where = {"Location": f"/api/operations/{operation.pk}"}
        return ok(202, where, operation=operation_json(operation))


def _named(hub: DevHub) -> str:
    return f"{hub.name} ({hub.org_id})"
