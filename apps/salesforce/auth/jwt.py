"""JWT bearer (RFC 7523): a login without a person, signed with the private key of a connected app's certificate.

It enters a scratch org only through the connected app that the org was created with
(ScratchOrgInfo.ConnectedAppConsumerKey).
"""

import time

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apps.salesforce.auth.token import Token, request_token
from apps.salesforce.errors import InvalidPrivateKey
from apps.salesforce.transport import Deadline, Transport


def login(
    transport: Transport,
    *,
    login_url: str,
    client_id: str,
    username: str,
    private_key_pem: str,
    deadline: Deadline | None = None,
) -> Token:
    """Raises InvalidPrivateKey, and what request_token raises. The audience is the login URL: a My Domain, login. or
    test.salesforce.com."""
    transport.check_host(login_url)
    # Salesforce takes an assertion for three minutes at most; two leave room for clocks that differ.
    claims = {"iss": client_id, "sub": username, "aud": login_url.rstrip("/"), "exp": int(time.time()) + 120}
    assertion = jwt.encode(claims, private_key(private_key_pem), algorithm="RS256")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return request_token(transport, login_url, form, deadline)


def private_key(pem: str) -> RSAPrivateKey:
    """Raises InvalidPrivateKey for what is no PEM, has a passphrase, or is another kind of key."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # raised below: no exception may carry a part of what was given
    if not isinstance(key, RSAPrivateKey):
        raise InvalidPrivateKey
    return key
