"""Who is asking: an API key in `X-API-Key`, or a person's session with a CSRF token.

A key decides alone: with X-API-Key present, a session counts for nothing, neither as a second chance nor as a second
power. After it `request.team` is the team whose rows may be seen, and `caller(request)` says who asks.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import keys
from apps.accounts.models import Team, User
from apps.accounts.permissions import ABILITIES, Ability
from apps.core import prepared, throttling
from apps.core.errors import NotAllowed

KEY_HEADER = "HTTP_X_API_KEY"
TEAM_HEADER = "HTTP_X_TEAM"

# One row: the key, whether it is good, whether its last use is worth writing, and the team as far as doors need it.
_FIND_KEY = """
    SELECT k.id, k.name, k.digest, k.scopes, k.revoked_at IS NOT NULL, coalesce(k.expires_at <= now(), false),
           coalesce(k.last_used_at < now() - interval '1 minute', true),
           t.id, t.name, t.slug, t.noise_rules, t.feed_position
    FROM api_keys k JOIN teams t ON t.id = k.team_id WHERE k.prefix = %s
"""
_FIND_MEMBERSHIP = """
    SELECT m.role, t.id, t.name, t.slug, t.noise_rules, t.feed_position
    FROM memberships m JOIN teams t ON t.id = m.team_id
    WHERE m.user_id = %s AND (%s = '' OR t.slug = %s) ORDER BY m.id LIMIT 1
"""
_TEAM_FIELDS = ("id", "name", "slug", "noise_rules", "feed_position")
_NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is for logs and the audit: an e-mail address, or `key LWC (scr_12345678)`."""

    team: Team
    name: str
    abilities: frozenset[Ability]
    role: str = ""  # of a person; empty for a key
    user: User | None = None

    def why_not(self, needed: Ability) -> str:
        if self.role:
            return f"a {self.role} of {self.team.name} may not do this"
        return f"this API key lacks the scope {needed}" if needed is not Ability.OWN else "this is for people, not keys"


def caller(request: Request) -> Caller:
    """Who asks, on any door that needs an ability."""
    return cast(Caller, request.auth)


class KeyAuthentication(BaseAuthentication):
    """`X-API-Key`. One SQL query; a write once a minute at most."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        key = request.META.get(KEY_HEADER)
        if key is None:
            return None
        address = throttling.address_of(request._request)
        digest = keys.digest(key)
        sender = f"key-{digest[:12].hex()}"  # whether it is right or wrong
        throttling.admit(sender, address)
        found = _find(key, digest)
        if found is None:
            throttling.remember_wrong_key(sender, address)
            raise AuthenticationFailed("this API key is wrong, expired or revoked")
        request._request.team = found.team  # type: ignore[attr-defined]
        return AnonymousUser(), found

    def authenticate_header(self, request: Request) -> str:
        return 'X-API-Key realm="Scratcher"'


class PersonAuthentication(SessionAuthentication):
    """A signed-in person with a CSRF token, in the team named by `X-Team` (its slug), else in their first."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = cast(User, signed_in[0])
        throttling.admit(f"user-{user.pk}", throttling.address_of(request._request))
        slug = request.META.get(TEAM_HEADER, "")
        with connection.cursor() as cursor:
            cursor.execute(_FIND_MEMBERSHIP, [user.pk, slug, slug])
            row = cursor.fetchone()
        if row is None:
            raise NotAllowed("you are in no team" if not slug else f"you are in no team called {slug!r}")
        team = Team.from_db("default", _TEAM_FIELDS, row[1:])
        request._request.team = team  # type: ignore[attr-defined]
        return user, Caller(team, user.email, ABILITIES[row[0]], row[0], user)


def _find(key: str, digest: bytes) -> Caller | None:
    if not keys.has_form_of_a_key(key):
        return None
    prefix = key[: keys.PREFIX_LENGTH]
    row = prepared.execute(_FIND_KEY, [prefix]).fetchone()
    # Compared also when nothing was found, so that an unknown prefix takes as long as a wrong key.
    is_it = compare_digest(digest, bytes(row[2]) if row else _NO_DIGEST)
    if not row or not is_it or row[4] or row[5]:
        return None
    if row[6]:
        prepared.execute(
            "UPDATE api_keys SET last_used_at = now() WHERE id = %s"
            " AND coalesce(last_used_at < now() - interval '1 minute', true)",
            [row[0]],
        )
    team = Team.from_db("default", _TEAM_FIELDS, row[7:])
    return Caller(team, f"key {row[1]} ({prefix})", frozenset(map(Ability, row[3])))
