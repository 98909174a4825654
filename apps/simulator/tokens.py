"""POST /services/oauth2/token: the three grants, and the sessions that they open.

Salesforce's rules as observed with real clients: `exp` comes in seconds, in milliseconds (sf) or as text (simple-
salesforce); `aud` is a login URL, with or without a trailing slash. exp is checked against the wall clock, everything
else lives by the simulator's.
"""

import math
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import jwt

from apps.simulator.answers import Answer, json_answer
from apps.simulator.lifecycle import grant_refresh_token, note_login
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.world import World

SESSION_IDLE_SECONDS = 2 * 3_600
SESSIONS_PER_ORG = 50
EXP_LEEWAY_SECONDS = 60
LOGIN_URLS = ("https://login.salesforce.com", "https://test.salesforce.com")

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_MILLISECONDS_FROM = 1e11


class GrantRefused(Exception):
    """OAuth's error and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def answer(self) -> Answer:
        return json_answer({"error": self.error, "error_description": self.description}, 400)


@dataclass(slots=True)
class Session:
    """Ends two hours (of the simulator's clock) after its last use."""

    org: Org
    user: User
    last_used: float


@dataclass(frozen=True, slots=True)
class Granted:
    """Who may come in, and the new refresh token if there is one."""

    org: Org
    user: User
    refresh_token: str | None = None


class Sessions:
    """Access tokens: the org's 15 characters, an exclamation mark, something unguessable."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._tokens_of: dict[str, list[str]] = {}
        self._spent_codes: set[str] = set()

    def open(self, org: Org, user: User, now: float) -> str:
        token = f"{org.id[:15]}!AQ{secrets.token_urlsafe(48)}"
        self._sessions[token] = Session(org, user, now)
        tokens = self._tokens_of.setdefault(org.id, [])
        tokens.append(token)
        if len(tokens) > SESSIONS_PER_ORG:
            self._sessions.pop(tokens.pop(0), None)
        return token

    def find(self, token: str, now: float) -> Session | None:
        """The session of a token that is known and did not idle out. It ends for good once its user is deactivated."""
        session = self._sessions.get(token)
        if session is None or now - session.last_used > SESSION_IDLE_SECONDS:
            return None
        user = session.org.user_of_id(session.user.Id)
        if user is None or not user.IsActive:
            del self._sessions[token]
            return None
        session.user = user
        session.last_used = now
        return session

    def spend(self, code: str) -> bool:
        """An authorization code works once."""
        if code in self._spent_codes:
            return False
        self._spent_codes.add(code)
        return True


def org_meant_by(world: World, form: dict[str, str]) -> Org | None:
    """Whose login is asked for, unverified: which org's faults apply."""
    if "refresh_token" in form:
        found = world.refresh_tokens.get(form["refresh_token"])
        return found[0] if found else None
    try:
        claims = jwt.decode(form.get("assertion", ""), options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    found = world.users.get(str(claims.get("sub", "")).lower())
    return found[0] if found else None


def grant(world: World, sessions: Sessions, form: dict[str, str], now: float) -> Answer:
    """200 with a token, or GrantRefused."""
    kind = form.get("grant_type", "")
    if kind == JWT_BEARER:
        granted = _by_jwt(world, form)
    elif kind == "refresh_token":
        granted = _by_refresh_token(world, form)
    elif kind == "authorization_code":
        granted = _by_code(world, sessions, form)
    else:
        raise GrantRefused("unsupported_grant_type", "grant type not supported")
    note_login(granted.org, now)
    return json_answer(_token(world, granted, sessions.open(granted.org, granted.user, now), now))


def _token(world: World, granted: Granted, access_token: str, now: float) -> dict[str, Any]:
    answer = {
        "access_token": access_token,
        "instance_url": world.origin,
        "id": f"{world.origin}/id/{granted.org.id}/{granted.user.Id}",
        "token_type": "Bearer",
        "scope": "refresh_token web api",
        "issued_at": str(int(now * 1000)),
        "signature": secrets.token_urlsafe(32),
    }
    return answer | ({"refresh_token": granted.refresh_token} if granted.refresh_token else {})


def _by_jwt(world: World, form: dict[str, str]) -> Granted:
    assertion = form.get("assertion", "")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise GrantRefused("invalid_grant", "invalid assertion") from error
    app = world.apps.get(str(claims.get("iss", "")))
    if app is None:
        raise GrantRefused("invalid_client_id", "client identifier invalid")
    if app.public_key is None:
        raise GrantRefused("invalid_grant", "invalid assertion")
    unchecked = {f"verify_{claim}": False for claim in ("exp", "aud", "iat", "nbf", "iss", "sub", "jti")}
    try:
        jwt.decode(assertion, app.public_key, algorithms=["RS256"], options=unchecked)  # type: ignore[arg-type]
    except jwt.PyJWTError as error:
        raise GrantRefused("invalid_grant", "invalid assertion") from error
    _check_audience(world, claims.get("aud"))
    _check_expiry(claims.get("exp"))
    found = world.users.get(str(claims.get("sub", "")).lower())
    if found is None or app.client_id not in found[0].approved_apps:
        raise GrantRefused("invalid_grant", "user hasn't approved this consumer")
    return _admitted(found, "login_refused")


def _check_audience(world: World, audience: Any) -> None:
    allowed = {*LOGIN_URLS, world.origin}
    port = urlsplit(world.origin).port
    allowed.add(f"{urlsplit(world.origin).scheme}://localhost:{port}")
    given = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(url, str) and url.removesuffix("/") in allowed for url in given):
        raise GrantRefused("invalid_grant", "audience validation failed")


def _check_expiry(exp: Any) -> None:
    try:
        expires = float(exp)
    except (TypeError, ValueError, OverflowError) as error:
        raise GrantRefused("invalid_grant", "expiration validation failed") from error
    if expires > _MILLISECONDS_FROM:
        expires /= 1000
    if not time.time() - EXP_LEEWAY_SECONDS <= expires < math.inf:
        raise GrantRefused("invalid_grant", "expired authorization code")


def _by_refresh_token(world: World, form: dict[str, str]) -> Granted:
    token = form.get("refresh_token", "")
    found = world.refresh_tokens.get(token)
    if found is None or form.get("client_id") not in found[0].approved_apps:
        raise GrantRefused("invalid_grant", "expired access/refresh token")
    granted = _admitted(found, "refresh_refused", "expired access/refresh token")
    if not world.rotate_refresh_tokens:
        return granted
    del world.refresh_tokens[token]
    granted.org.refresh_tokens.remove(token)
    return _with_refresh_token(world, granted)


def _by_code(world: World, sessions: Sessions, form: dict[str, str]) -> Granted:
    code = form.get("code", "")
    org = next((org for org in world.active_orgs() if org.info is not None and org.info.AuthCode == code), None)
    if org is None or org.info is None or not sessions.spend(code):
        raise GrantRefused("invalid_grant", "expired authorization code")
    if form.get("client_id") != org.info.ConnectedAppConsumerKey:
        raise GrantRefused("invalid_client_id", "client identifier invalid")
    if form.get("redirect_uri") != org.info.ConnectedAppCallbackUrl:
        raise GrantRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
    return _with_refresh_token(world, _admitted((org, org.users[0]), "login_refused"))


def _with_refresh_token(world: World, granted: Granted) -> Granted:
    return replace(granted, refresh_token=grant_refresh_token(world, granted.org, granted.user))


def _admitted(found: tuple[Org, User], fault: str, description: str = "user hasn't approved this consumer") -> Granted:
    org, user = found
    if fault in org.faults:
        raise GrantRefused("invalid_grant", description)
    if not user.IsActive:
        raise GrantRefused("invalid_grant", "inactive user")
    return Granted(org, user)
