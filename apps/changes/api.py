"""Doors to what was seen: the feed from both its ends, overlaps, an org's components, counts."""

from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import caller
from apps.accounts.permissions import Ability
from apps.changes import examples, feed
from apps.changes.components import components
from apps.changes.filters import FILTERS
from apps.changes.overlaps import overlaps
from apps.changes.serializers import ChangeAnswer, ComponentAnswer, CountAnswer, FeedGap, OverlapAnswer
from apps.changes.trends import BY, MOST_DAYS, MOST_DAYS_OF_CHANGES, counts
from apps.core.api import ok, render
from apps.core.errors import InvalidInput
from apps.core.openapi import NEXT, door
from apps.core.query import PAGE, choice, day, flag, read, text, whole
from apps.orgs.finding import find_org

MOST_POSITION = 2**63 - 1 - feed.WINDOW


class ChangeList(APIView):
    needs = {"GET": Ability.READ}
    query = (
        *FILTERS,
        whole(
            "after",
            "Oldest first what came in after this position: `latest` of the answer before. 0: from the beginning.",
            low=0,
            high=MOST_POSITION,
        ),
        *PAGE,
    )

    @door(
        "List changes",
        answers={
            "changes": ChangeAnswer(many=True),
            "next": NEXT,
            "latest": serializers.IntegerField(help_text="Pass it as `after` to hear what came in since."),
            "gaps": FeedGap(many=True, required=False, help_text="Without `after`: what overlaps this page."),
            "more": serializers.BooleanField(
                required=False, help_text="With `after`: ask again at once, from `latest` on."
            ),
        },
        query=query,
        example={"changes": [examples.CHANGE], "next": None, "latest": 51234, "gaps": [examples.GAP]},
        says=(
            "Who changed what, in all scratch orgs of the team; the newest first. Page with `next`. To follow the "
            "feed, pass `latest` as `after`: such an answer is oldest first and has an `ETag`; with `If-None-Match` "
            "it is 304 while nothing came in. What the team's noise rules hide is not listed."
        ),
        errors=[410],
    )
    def get(self, request: Request) -> HttpResponse:
        team, query = caller(request).team, read(request, self.query)
        if query["after"] is None:
            page = feed.newest(team, query)
            return _answer(changes=page.changes, next=page.next, latest=page.latest, gaps=page.gaps)
        if query["cursor"] is not None:
            raise InvalidInput("cursor and after exclude each other", code="invalid_value", details={"field": "cursor"})
        tag = feed.etag(team, query)
        if tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
            return HttpResponse(status=304, headers={"ETag": tag})
        page = feed.after(team, query)
        answer = _answer(changes=page.changes, next=None, latest=page.latest, more=page.more)
        answer.headers["ETag"] = tag
        return answer


class OverlapList(APIView):
    needs = {"GET": Ability.READ}
    query = (
        whole("days", "Edited in so many last days.", low=1, high=365, default=14),
        whole("dev_hub", "Only orgs of the DevHub with this id.", low=1, high=2**63 - 1),
        *PAGE,
    )

    @door(
        "List overlaps",
        answers={"overlaps": OverlapAnswer(many=True), "next": NEXT},
        query=query,
        example={"overlaps": [examples.OVERLAP], "next": None},
        says=(
            "Components edited, or deleted, in two or more active orgs of one DevHub; the latest edited first. "
            "What was there from the start, deployments of more than 200 revisions and noise do not count."
        ),
    )
    def get(self, request: Request) -> Response:
        found = overlaps(caller(request).team, read(request, self.query))
        return ok(overlaps=found.overlaps, next=found.next)


class ComponentList(APIView):
    needs = {"GET": Ability.READ}
    query = (
        text("member_type", "Only this metadata type, e.g. `ApexClass`."),
        flag("deleted", "Whether it is deleted."),
        flag("baseline", "Whether it was there when the org was first read, and not changed since."),
        *PAGE,
    )

    @door(
        "List an org's components",
        answers={"components": ComponentAnswer(many=True), "next": NEXT},
        query=query,
        example={"components": [examples.COMPONENT], "next": None},
        errors=[404],
        says="What its source tracking told of, each once, by type and name; baseline and noise too.",
    )
    def get(self, request: Request, org_id: str) -> Response:
        team, query = caller(request).team, read(request, self.query)
        found, following = components(team, find_org(team, org_id), query)
        return ok(components=found, next=following)


class ChangeCounts(APIView):
    needs = {"GET": Ability.READ}
    query = (
        choice("by", "What to count by.", list(BY), default="day_and_type"),
        day("since", "From this day on; 30 days before `until` if left out."),
        day("until", "Up to this day, which does not count any more; tomorrow if left out."),
        *(param for param in FILTERS if param.name not in ("since", "until")),
    )

    @door(
        "Count changes",
        answers={
            "counts": CountAnswer(many=True),
            "since": serializers.DateField(),
            "until": serializers.DateField(),
            "next": NEXT,
        },
        query=query,
        example={
            "counts": [{"day": "2026-11-21", "member_type": "ApexClass", "count": 340}],
            "since": "2026-10-23",
            "until": "2026-11-22",
            "next": None,
        },
        says=(
            f"Days are UTC days of `last_modified_date`. At most {MOST_DAYS} days; by org or person, or filtered by "
            f"`org`, `member_name` or `changed_by`, at most {MOST_DAYS_OF_CHANGES}. Noise counts."
        ),
    )
    def get(self, request: Request) -> Response:
        found, since, until = counts(caller(request).team, read(request, self.query))
        return ok(counts=found, since=since, until=until, next=None)


def _answer(**content: object) -> HttpResponse:
    """As `core.api.ok` answers, without DRF's renderers: here it counts."""
    return HttpResponse(render({"success": True, **content}), content_type="application/json")
