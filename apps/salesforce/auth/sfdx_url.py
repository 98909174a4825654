"""The sfdx auth URL of `sf org auth show-sfdx-auth-url`: force://<clientId>:<clientSecret>:<refreshToken>@<instance
host>."""

import re
from dataclasses import dataclass, field

_URL = re.compile(
    r"force://([!-9;-?A-~]+):([!-9;-?A-~]*):([!-9;-?A-~]+)@(?:https://)?([A-Za-z0-9.-]+(?::[0-9]{1,5})?)/?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class SfdxAuthUrl:
    """instance_url is https and not yet checked against SALESFORCE_HOSTS."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    instance_url: str


def parse(url: str) -> SfdxAuthUrl:
    """Raises ValueError with a sentence that repeats nothing of the URL. The short form without client id
    (force://<token>@<host>) belongs to no app that we know of and is refused."""
    match = _URL.fullmatch(url.strip())
    if match is None or "[REDACTED]" in url:
        raise ValueError(
            "This is no sfdx auth URL. Copy what `sf org auth show-sfdx-auth-url` prints; it begins with force://"
        )
    client_id, client_secret, refresh_token, host = match.groups()
    return SfdxAuthUrl(client_id, client_secret, refresh_token, f"https://{host}")
