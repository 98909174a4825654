"""Doors to keys, members and the audit."""

from django.db import transaction
from django.db.models.functions import Now
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import audit, members
from apps.accounts.authentication import caller
from apps.accounts.keys import create_api_key
from apps.accounts.models import ApiKey, AuditEntry, Membership
from apps.accounts.permissions import Ability
from apps.accounts.scoping import row, rows
from apps.accounts.serializers import (
    AuditAnswer,
    KeyAnswer,
    KeyBody,
    MemberAnswer,
    MemberBody,
    RoleBody,
    entry_json,
    key_json,
    member_json,
)
from apps.core.api import ok
from apps.core.errors import NotAllowed
from apps.core.keyset import page
from apps.core.openapi import NEXT, door
from apps.core.query import PAGE, read, text

_KEY = {
    "id": 7,
    "name": "LWC",
    "prefix": "scr_Ab3dE6gH",
    "scopes": ["poll", "read"],
    "created_by": "alice@example.com",
    "created_at": "2026-11-21T09:30:00Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-11-21T10:02:00Z",
}
_MEMBER = {"id": 3, "email": "bob@example.com", "name": "Bob", "role": "viewer"}


class KeyList(APIView):
    needs = {"GET": Ability.ADMIN, "POST": Ability.ADMIN}

    @door(
        "List API keys",
        answers={"keys": KeyAnswer(many=True), "next": NEXT},
        query=PAGE,
        example={"keys": [_KEY], "next": None},
        says="The newest first, revoked ones too. Maintainers.",
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, PAGE)
        keys, following = page("keys", team.pk, query, rows(ApiKey, team).select_related("created_by"))
        return ok(keys=[key_json(key) for key in keys], next=following)

    @door(
        "Create an API key",
        status=201,
        takes=KeyBody,
        takes_example={"name": "LWC", "scopes": ["read", "poll"]},
        answers={"key": KeyAnswer(), "secret": serializers.CharField(help_text="The key itself, never shown again.")},
        example={"key": _KEY, "secret": "scr_Ab3dE6gH_" + 43 * "x"},
        says="Nobody gives away what they lack themselves. To rotate: make a second key, switch, revoke the first.",
    )
    def post(self, request: Request) -> Response:
        who, body = caller(request), KeyBody.read(request.data)
        missing = sorted(set(body["scopes"]) - who.abilities)
        if missing:
            raise NotAllowed(f"you can't give the scope {missing[0]}: you lack it", details={"scopes": missing})
        with transaction.atomic():
            key, secret = create_api_key(team=who.team, created_by=who.user, **body)
            audit.record(who.team, actor=who.name, action="key.created", target=str(key), scopes=key.scopes)
        return ok(201, key=key_json(key), secret=secret)


class KeyDetail(APIView):
    needs = {"DELETE": Ability.ADMIN}

    @door(
        "Revoke an API key",
        answers={"key": KeyAnswer()},
        example={"key": _KEY},
        errors=[404],
        says="At once, and for good. Revoking it again changes nothing.",
    )
    def delete(self, request: Request, key_id: int) -> Response:
        who = caller(request)
        with transaction.atomic():
            key = row(ApiKey, who.team, pk=key_id)
            if rows(ApiKey, who.team).filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
                audit.record(who.team, actor=who.name, action="key.revoked", target=str(key))
            key.refresh_from_db(fields=["revoked_at"])
        return ok(key=key_json(key))


class MemberList(APIView):
    needs = {"GET": Ability.READ, "POST": Ability.OWN}

    @door(
        "List members",
        answers={"members": MemberAnswer(many=True), "next": NEXT},
        query=PAGE,
        example={"members": [_MEMBER], "next": None},
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, PAGE)
        found, following = page("members", team.pk, query, rows(Membership, team).select_related("user"))
        return ok(members=[member_json(member) for member in found], next=following)

    @door(
        "Add a member",
        status=201,
        takes=MemberBody,
        takes_example={"email": "bob@example.com", "role": "viewer"},
        answers={"member": MemberAnswer()},
        example={"member": _MEMBER},
        errors=[409],
        says="Owners. Somebody unknown gets an account; an admin sets its password.",
    )
    def post(self, request: Request) -> Response:
        who = caller(request)
        return ok(201, member=member_json(members.add(who.team, actor=who.name, **MemberBody.read(request.data))))


class MemberDetail(APIView):
    needs = {"PATCH": Ability.OWN, "DELETE": Ability.OWN}

    @door(
        "Change a member's role",
        takes=RoleBody,
        takes_example={"role": "developer"},
        errors=[404, 409],
        answers={"member": MemberAnswer()},
        example={"member": _MEMBER},
    )
    def patch(self, request: Request, member_id: int) -> Response:
        who, body = caller(request), RoleBody.read(request.data)
        return ok(member=member_json(members.change_role(who.team, member_id, actor=who.name, role=body["role"])))

    @door(
        "Remove a member",
        answers={"member": MemberAnswer()},
        example={"member": _MEMBER},
        errors=[404, 409],
        says="The account stays; it no longer sees this team.",
    )
    def delete(self, request: Request, member_id: int) -> Response:
        who = caller(request)
        return ok(member=member_json(members.remove(who.team, member_id, actor=who.name)))


class AuditList(APIView):
    needs = {"GET": Ability.ADMIN}
    query = (text("action", "Only this action, e.g. `key.created`."), text("actor", "Only what they did."), *PAGE)

    @door(
        "Read the audit",
        answers={"entries": AuditAnswer(many=True), "next": NEXT},
        query=query,
        example={
            "entries": [
                {
                    "id": 12,
                    "at": "2026-11-21T09:30:00Z",
                    "actor": "alice@example.com",
                    "action": "key.created",
                    "target": "LWC (scr_Ab3dE6gH…)",
                    "data": {"scopes": ["poll", "read"]},
                }
            ],
            "next": None,
        },
        says="Who did what, the newest first. Maintainers.",
    )
    def get(self, request: Request) -> Response:
        team, query = caller(request).team, read(request, self.query)
        entries = rows(AuditEntry, team)
        for name in ("action", "actor"):
            if query[name] is not None:
                entries = entries.filter(**{name: query[name]})
        found, following = page("audit", team.pk, query, entries)
        return ok(entries=[entry_json(entry) for entry in found], next=following)
