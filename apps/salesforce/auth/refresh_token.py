"""The refresh token of an org that a person has once logged in to."""

from apps.salesforce.auth.token import Token, request_token
from apps.salesforce.transport import Deadline, Transport


def login(
    transport: Transport,
    *,
    login_url: str,
    client_id: str,
    client_secret: str = "",
    refresh_token: str,
    deadline: Deadline | None = None,
) -> Token:
    """Raises what request_token raises. Salesforce may rotate: then Token.refresh_token is set and replaces the one
    given."""
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
    if client_secret:
        form["client_secret"] = client_secret
    return request_token(transport, login_url, form, deadline)
