"""Every route by verb, role and team, from the URL map: who may not gets nothing, and changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from apps.accounts import audit
from apps.accounts.keys import Scope, create_api_key
from apps.accounts.models import Membership, Role
from apps.accounts.permissions import ABILITIES, Ability
from apps.changes.models import GapMark
from apps.operations.models import OperationLog
from tests.conftest import Cast, key_client
from tests.factories import (
    FIRST_EDIT,
    DevHubFactory,
    OperationFactory,
    PersonFactory,
    ScratchOrgFactory,
    SourceChangeFactory,
    TrackedComponentFactory,
)

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN_TO_ALL = {"api/schema", "api/docs"}
BY_LOOKING = ("last_used_at", "last_login")
CANARY = "belongs-to-alice"
# What a door needs to find in a body before it looks for a row.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "api/keys"): {"name": "made", "scopes": ["admin"]},
    ("POST", "api/members"): {"email": "made@example.com", "role": "viewer"},
    ("PATCH", "api/members/<int:member_id>"): {"role": "developer"},
    ("POST", "api/devhubs"): {"client_id": "c", "username": "u", "private_key": "none"},
    ("PATCH", "api/devhubs/<int:dev_hub_id>"): {"active": False},
    ("POST", "api/orgs/<str:org_id>/enrol"): {"sfdx_auth_url": "force://c::t@localhost"},
}


def doors() -> dict[str, Any]:
    """Route → view class, of all that stands under /api/."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield route, getattr(pattern.callback, "view_class", pattern.callback)
            else:
                yield from walk(pattern, route)

    return {route: view for route, view in walk(get_resolver(), "") if route.startswith("api/")}


DOORS = doors()
SHUT = {route: view for route, view in DOORS.items() if route not in OPEN_TO_ALL}


@pytest.fixture
def address(cast: Cast) -> dict[str, str]:
    """The address of each route, with rows of alice's team, which holds one row of every kind."""
    hub = DevHubFactory(team=cast.team, name=f"hub {CANARY}")
    org = ScratchOrgFactory(dev_hub=hub, org_name=CANARY, username=f"{CANARY}@example.com", alias=CANARY)
    SourceChangeFactory(scratch_org=org, member_name=CANARY)
    TrackedComponentFactory(scratch_org=org, member_name=CANARY)
    PersonFactory(scratch_org=org, name=CANARY, username=CANARY)
    GapMark.objects.create(team=cast.team, scratch_org=org, reason="not_watched", from_at=FIRST_EDIT, to_at=FIRST_EDIT)
    operation = OperationFactory(team=cast.team, message=CANARY)
    OperationLog.objects.create(operation=operation, message=CANARY)
    key, _secret = create_api_key(team=cast.team, name=CANARY, scopes=["read"])
    audit.record(cast.team, actor=CANARY, action="key.created")
    bob = Membership.objects.get(user=cast.bob.user)
    rows = {
        "<str:org_id>": org.org_id,
        "<int:dev_hub_id>": hub.pk,
        "<int:operation_id>": operation.pk,
        "<int:key_id>": key.pk,
        "<int:member_id>": bob.pk,
    }
    found = {}
    for route in SHUT:
        url = f"/{route}"
        for parameter, value in rows.items():
            url = url.replace(parameter, str(value))
        assert "<" not in url, f"say here which row of alice's stands for the parameter of {route}"
        found[route] = url
    return found


def knock(client: APIClient, verb: str, route: str, url: str) -> Any:
    client.raise_request_exception = False
    body = BODIES.get((verb, route))
    return client.generic(verb, url, json.dumps(body) if body else "", "application/json")


def everything() -> dict[str, list[str]]:
    """All rows of all our tables, but for what changes by looking: when somebody signed in, or used a key."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if not model.__module__.startswith("apps."):
                continue
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}" ORDER BY id')
            names = [column.name for column in cursor.description or []]
            found[model._meta.db_table] = [
                repr([value for name, value in zip(names, row, strict=True) if name not in BY_LOOKING])
                for row in cursor.fetchall()
            ]
    return found


def verbs_of(view: Any) -> set[str]:
    return {verb for verb in VERBS if hasattr(view, verb.lower())}


@pytest.mark.parametrize("route", SHUT)
def test_every_verb_of_a_door_says_what_it_needs(route: str) -> None:
    assert set(SHUT[route].needs) == verbs_of(SHUT[route])


@pytest.mark.parametrize("route", SHUT)
def test_anonymous_gets_nothing_anywhere(cast: Cast, address: dict[str, str], route: str) -> None:
    before = everything()
    for verb in VERBS:
        answer = knock(cast.anonymous, verb, route, address[route])
        assert answer.status_code == 401, (verb, answer.content)
        assert CANARY not in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("route", SHUT)
def test_charlie_gets_nothing_of_alices_team(cast: Cast, address: dict[str, str], route: str) -> None:
    """An owner of another team, and a key of theirs with every scope."""
    of_alice = {name: rows for name, rows in everything().items() if name in HELD_BY_ALICE}
    for client in (cast.charlie.client, cast.charlie.key_client):
        for verb in VERBS:
            answer = knock(client, verb, route, address[route])
            assert answer.status_code < 500 or answer.status_code == 503, (verb, answer.content)
            assert CANARY not in answer.content.decode(), (verb, answer.content)
            if "<" in route and verb in verbs_of(SHUT[route]) and answer.status_code != 403:
                assert answer.status_code == 404, (verb, answer.content)
    after = everything()
    for name, rows in of_alice.items():
        assert set(rows) <= set(after[name]), name


# Tables whose rows must all be there, unchanged, after charlie has tried every verb.
HELD_BY_ALICE = {
    "teams",
    "memberships",
    "api_keys",
    "dev_hubs",
    "scratch_orgs",
    "source_changes",
    "tracked_components",
    "operations",
    "operation_logs",
    "audit_entries",
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("route", SHUT)
def test_a_role_reaches_as_far_as_it_says(cast: Cast, address: dict[str, str], route: str, role: Role) -> None:
    reach(cast.as_role(role).client, ABILITIES[role], route, address[route])


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("route", SHUT)
def test_a_scope_reaches_as_far_as_it_says(cast: Cast, address: dict[str, str], route: str, scope: Scope) -> None:
    reach(key_client(cast.team, scope), frozenset({Ability(scope)}), route, address[route])


def reach(client: APIClient, abilities: frozenset[Ability], route: str, url: str) -> None:
    view = SHUT[route]
    for verb in VERBS:
        before = everything()
        answer = knock(client, verb, route, url)
        if verb not in verbs_of(view):
            assert answer.status_code == 405, (verb, answer.content)
        elif view.needs[verb] in abilities:
            assert answer.status_code not in (401, 403, 404, 405, 500), (verb, answer.content)
            continue
        else:
            assert answer.status_code == 403, (verb, answer.content)
            assert CANARY not in answer.content.decode()
        assert everything() == before, verb
