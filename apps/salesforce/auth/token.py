"""The token endpoint of OAuth 2.0 (POST /services/oauth2/token), which every grant ends at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.salesforce.errors import HostNotAllowed, MalformedAnswer
from apps.salesforce.records import ids_of_identity, optional_text, text
from apps.salesforce.transport import Deadline, Transport


@dataclass(frozen=True, slots=True)
class Token:
    """refresh_token: a new one when Salesforce rotated it; store it before the old one stops working. Ids have 18
    characters; user_id is empty where the sf CLI gave the token."""

    access_token: str = field(repr=False)
    instance_url: str
    refresh_token: str | None = field(repr=False)
    org_id: str
    user_id: str


def request_token(transport: Transport, login_url: str, form: Mapping[str, str], deadline: Deadline | None) -> Token:
    """Raises LoginRefused, HostNotAllowed (for the login URL, or for the instance URL that came back) and the
    transport's errors."""
    if "?" in login_url:
        raise HostNotAllowed
    url = f"{login_url.rstrip('/')}/services/oauth2/token"
    answer = transport.session.request("POST", url, data=form, deadline=deadline).json()
    if not isinstance(answer, dict):
        raise MalformedAnswer
    instance_url = text(answer, "instance_url")
    transport.check_host(instance_url)
    access_token = text(answer, "access_token")
    if not (access_token.isascii() and access_token.isprintable()):
        raise MalformedAnswer
    org_id, user_id = ids_of_identity(answer, "id")
    return Token(access_token, instance_url, optional_text(answer, "refresh_token"), org_id, user_id)
