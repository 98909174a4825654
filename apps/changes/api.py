"""Doors to what was seen: the feed from both its ends."""

from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.authentication import caller
from apps.accounts.permissions import Ability
from apps.changes import feed
from apps.changes.examples import CHANGE, GAP
from apps.changes.filters import FILTERS
from apps.changes.serializers import ChangeAnswer, GapAnswer
from apps.core.api import render
from apps.core.errors import InvalidInput
from apps.core.openapi import NEXT, door
from apps.core.query import PAGE, read, whole

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
            "gaps": GapAnswer(many=True, required=False, help_text="Without `after`: what overlaps this page."),
            "more": serializers.BooleanField(
                required=False, help_text="With `after`: ask again at once, from `latest` on."
            ),
        },
        query=query,
        example={"changes": [CHANGE], "next": None, "latest": 51234, "gaps": [GAP]},
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


def _answer(**content: object) -> HttpResponse:
    """As `core.api.ok` answers, without DRF's renderers: here it counts."""
    return HttpResponse(render({"success": True, **content}), content_type="application/json")
