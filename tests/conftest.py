"""The cast that every permission test tells its story with.

alice owns a team, bob is a viewer in it, charlie owns another team, and anonymous is nobody. Each has a `client`
(signed in, by session) and a `key_client` (an API key); `cast.as_role("developer")` makes one more of alice's team.
"""

from dataclasses import dataclass
from functools import cached_property

import pytest
from django.conf import settings
from redis import Redis
from rest_framework.test import APIClient

from apps.accounts.keys import Scope, create_api_key
from apps.accounts.models import Role, Team, User
from apps.core import throttling
from apps.orgs import access
from tests.factories import MembershipFactory, TeamFactory, UserFactory


def key_for(team: Team, *scopes: str) -> str:
    """A new key of the team, with these scopes; all of them if none are named."""
    return create_api_key(team=team, name="for a test", scopes=scopes or list(Scope))[1]


def key_client(team: Team, *scopes: str) -> APIClient:
    """A client that sends a new key."""
    return APIClient(headers={"X-API-Key": key_for(team, *scopes)})


@dataclass
class Actor:
    """One of the cast. `client` is signed in by session and, as Django's test client does, skips CSRF checks."""

    user: User
    team: Team
    role: str

    @cached_property
    def client(self) -> APIClient:
        client = APIClient()
        client.force_login(self.user)
        return client

    @cached_property
    def key_client(self) -> APIClient:
        return key_client(self.team)


@dataclass
class Cast:
    """`team` is alice's and bob's; `other_team` is charlie's."""

    alice: Actor
    bob: Actor
    charlie: Actor
    anonymous: APIClient

    @property
    def team(self) -> Team:
        return self.alice.team

    @property
    def other_team(self) -> Team:
        return self.charlie.team

    def as_role(self, role: str) -> Actor:
        """Somebody else in alice's team."""
        return _actor(UserFactory(), self.team, role)


def _actor(user: User, team: Team, role: str) -> Actor:
    MembershipFactory(team=team, user=user, role=role)
    return Actor(user, team, role)


@pytest.fixture(autouse=True)
def transport_of_these_settings() -> None:
    """The process's transport was made under the settings of a test before."""
    access.transport.cache_clear()


@pytest.fixture
def fresh_counters() -> None:
    """Nobody has knocked yet: the rate limits count from nought, and Redis is taken to be there."""
    redis = Redis.from_url(settings.REDIS_URL)
    for key in [*redis.scan_iter("scratcher:requests:*"), *redis.scan_iter("scratcher:wrong:*")]:
        redis.delete(key)
    redis.close()
    throttling._resume_at = 0.0


@pytest.fixture
def cast(db: None, fresh_counters: None) -> Cast:
    team, other_team = TeamFactory(name="Alice's team"), TeamFactory(name="Charlie's team")
    return Cast(
        alice=_actor(UserFactory(email="alice@example.com", name="Alice"), team, Role.OWNER),
        bob=_actor(UserFactory(email="bob@example.com", name="Bob"), team, Role.VIEWER),
        charlie=_actor(UserFactory(email="charlie@example.com", name="Charlie"), other_team, Role.OWNER),
        anonymous=APIClient(),
    )


@pytest.fixture
def alice(cast: Cast) -> Actor:
    return cast.alice


@pytest.fixture
def bob(cast: Cast) -> Actor:
    return cast.bob


@pytest.fixture
def charlie(cast: Cast) -> Actor:
    return cast.charlie
