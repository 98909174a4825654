"""Who a token belongs to: /services/oauth2/userinfo (OpenID Connect) and the identity URL /id/<org>/<user>.

Unlike the REST API, both refuse with 403 or 404 and one word of plain text (Salesforce Help, "Identity URLs").
"""

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from apps.simulator.answers import HTML_TYPE, Answer, json_answer
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.rest import VERSIONS
from apps.simulator.tokens import Session
from apps.simulator.wire import Exchange

USERINFO = "/services/oauth2/userinfo"
_IDENTITY = re.compile(r"/id/([^/]+)/([^/]+)/?")
_SOAP = {"enterprise": "c", "metadata": "m", "partner": "u", "tooling_soap": "T"}
_REST = {
    "rest": "",
    "sobjects": "sobjects/",
    "search": "search/",
    "query": "query/",
    "recent": "recent/",
    "tooling_rest": "tooling/",
    "feeds": "chatter/feeds",
    "groups": "chatter/groups",
    "users": "chatter/users",
    "feed_items": "chatter/feed-items",
    "feed_elements": "chatter/feed-elements",
}
_MILLISECONDS_FROM_UTC = 3_600_000  # Europe/Berlin, where every user here lives, in winter


class IdentityRefused(Exception):
    """A status and the word that is the whole body."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word

    def answer(self) -> Answer:
        return Answer(self.status, self.word.encode(), [HTML_TYPE])


def bad_token() -> IdentityRefused:
    return IdentityRefused(403, "Bad_OAuth_Token")


def is_identity(path: str) -> bool:
    return path.rstrip("/") == USERINFO or _IDENTITY.fullmatch(path) is not None


def token_of(exchange: Exchange, body: bytes) -> str:
    """The token of the Authorization header, or of the parameter oauth_token or access_token, in the URL or a form.
    IdentityRefused where there is none."""
    if exchange.bearer:
        return exchange.bearer
    given = {**dict(parse_qsl(exchange.query_string)), **dict(parse_qsl(body.decode("latin-1")))}
    token = given.get("oauth_token") or given.get("access_token")
    if not token:
        raise IdentityRefused(403, "Missing_OAuth_Token")
    return token


def identify(exchange: Exchange, session: Session, origin: str) -> Answer:
    """The session's user, in the words of the path that was asked."""
    match = _IDENTITY.fullmatch(exchange.path)
    if match is None:
        return json_answer(_userinfo(session.org, session.user, origin))
    org, user = session.org, session.user
    if match[1][:15] != org.id[:15]:
        raise IdentityRefused(403, "Wrong_Org")
    wanted = next((known for known in org.users if known.Id[:15] == match[2][:15]), None)
    if wanted is None:
        raise IdentityRefused(404, "Bad_Id")
    version = (parse_qs(exchange.query_string).get("version") or ["{version}"])[0]
    own = wanted is user
    return json_answer(_identity(org, wanted, origin, VERSIONS[-1] if version == "latest" else version, own=own))


def _identity(org: Org, user: User, origin: str, version: str, *, own: bool) -> dict[str, Any]:
    return {
        "id": f"{origin}/id/{org.id}/{user.Id}",
        "asserted_user": own,
        "user_id": user.Id,
        "organization_id": org.id,
        "username": user.Username,
        "nick_name": user.Alias,
        "display_name": user.Name,
        "email": user.Email,
        "email_verified": True,
        "first_name": user.FirstName,
        "last_name": user.LastName,
        "timezone": user.TimeZoneSidKey,
        "photos": _photos(origin),
        **dict.fromkeys(("addr_street", "addr_city", "addr_state", "addr_country", "addr_zip", "mobile_phone")),
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(org, user, origin, version),
        "active": user.IsActive,
        "user_type": "STANDARD",
        "language": org.organization.LanguageLocaleKey,
        "locale": org.organization.LanguageLocaleKey,
        "utcOffset": _MILLISECONDS_FROM_UTC,
        "last_modified_date": _utc(user),
        "is_app_installed": True,
    }


def _userinfo(org: Org, user: User, origin: str) -> dict[str, Any]:
    return {
        "sub": f"{origin}/id/{org.id}/{user.Id}",
        "user_id": user.Id,
        "organization_id": org.id,
        "preferred_username": user.Username,
        "nickname": user.Alias,
        "name": user.Name,
        "email": user.Email,
        "email_verified": True,
        "given_name": user.FirstName,
        "family_name": user.LastName,
        "zoneinfo": user.TimeZoneSidKey,
        "photos": _photos(origin),
        "profile": f"{origin}/{user.Id}",
        "picture": _photos(origin)["picture"],
        "address": {},
        "is_salesforce_integration_user": False,
        "urls": _urls(org, user, origin, "{version}"),
        "active": user.IsActive,
        "user_type": "STANDARD",
        "language": org.organization.LanguageLocaleKey,
        "locale": org.organization.LanguageLocaleKey,
        "utcOffset": _MILLISECONDS_FROM_UTC,
        "updated_at": _utc(user),
        "is_app_installed": True,
    }


def _photos(origin: str) -> dict[str, str]:
    return {"picture": f"{origin}/profilephoto/005/F", "thumbnail": f"{origin}/profilephoto/005/T"}


def _urls(org: Org, user: User, origin: str, version: str) -> dict[str, str]:
    soap = {name: f"{origin}/services/Soap/{letter}/{version}/{org.id[:15]}" for name, letter in _SOAP.items()}
    rest = {name: f"{origin}/services/data/v{version}/{path}" for name, path in _REST.items()}
    return {**soap, **rest, "profile": f"{origin}/{user.Id}", "custom_domain": origin}


def _utc(user: User) -> str:
    return (user.CreatedDate or "").replace(".000+0000", "Z")
