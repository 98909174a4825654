"""What can go wrong between us and Salesforce, in sentences that say what to do.

    SalesforceError
    ├── LoginRefused      login_refused       permanent   the token endpoint said no
    ├── InvalidPrivateKey invalid_private_key permanent   what should sign the login is no RSA private key
    ├── NotADevHub        not_a_dev_hub       permanent   the org has no ScratchOrgInfo
    ├── NoSourceTracking  no_source_tracking  permanent   the org has no SourceMember
    ├── EventNotInstalled event_not_installed permanent   the org has no such platform event
    ├── HostNotAllowed    host_not_allowed    permanent   SALESFORCE_HOSTS does not allow the address
    ├── SessionExpired    session_expired                 401, and a fresh token did not help
    ├── QuotaExceeded     quota_exceeded                  no API call left today
    ├── QueryRefused      query_refused                   any other 4xx; .salesforce_code has Salesforce's code
    ├── OrgGone           org_gone                        420: perhaps deleted or expired; the DevHub decides
    ├── HostNotFound      host_not_found                  DNS knows no such host: perhaps gone, too
    ├── Unavailable       unavailable                     5xx or 429, with Salesforce's Retry-After
    ├── Unreachable       unreachable                     no connection, a broken one, or one whose certificate is wrong
    ├── TimedOut          timed_out                       the request's or the poll's deadline has passed
    ├── MalformedAnswer   malformed_answer                not JSON, not this shape, or not HTTP
    ├── BodyTooLarge      body_too_large                  an answer beyond the cap
    ├── Redirected        redirected                      3xx, which we never follow
    └── SfCliError        sf_cli_failed                   the sf CLI hangs, fails, or answers what nobody understands
        ├── SfCliMissing    sf_cli_missing    permanent   there is no such program, or it is switched off here
        ├── SfCliOutdated   sf_cli_outdated   permanent   it has no `sf org auth show-access-token`
        └── SfCliLoggedOut  sf_cli_logged_out permanent   it holds no login for the org

Foreign errors are translated here and nowhere else: of_failure() for the network's, of_answer() for Salesforce's own.
No message holds a token, a key or a body; what Salesforce says is quoted with everything that could be a secret taken
out.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson


class SalesforceError(Exception):
    """str() is a sentence that may be shown to any user.

    .permanent: trying again is pointless until a person has changed something.
    .retry_after_seconds: what Salesforce asked for, 0 to 86,400; None when it said nothing.
    .salesforce_code: Salesforce's errorCode (or OAuth's error), "" where it gave none.
    """

    code = "salesforce_error"
    permanent = False
    sentence = "Salesforce could not be used."

    def __init__(
        self, sentence: str | None = None, *, retry_after_seconds: int | None = None, salesforce_code: str = ""
    ) -> None:
        super().__init__(sentence or self.sentence)
        self.retry_after_seconds = retry_after_seconds
        self.salesforce_code = salesforce_code


class LoginRefused(SalesforceError):
    code = "login_refused"
    permanent = True
    sentence = "Salesforce refused the login. Check the connected app, the user and the key, then enrol again."


class InvalidPrivateKey(SalesforceError):
    code = "invalid_private_key"
    permanent = True
    sentence = (
        "This is no RSA private key in PEM form without a passphrase. Give the file that begins with "
        "“-----BEGIN PRIVATE KEY-----” and belongs to the connected app's certificate."
    )


class NotADevHub(SalesforceError):
    code = "not_a_dev_hub"
    permanent = True
    sentence = (
        "This org is no DevHub, or its user may not see ScratchOrgInfo. Enable Dev Hub in its Setup, or give the "
        "user that access."
    )


class NoSourceTracking(SalesforceError):
    code = "no_source_tracking"
    permanent = True
    sentence = "This org has no source tracking. Create scratch orgs with it (the default) to have them watched."


class EventNotInstalled(SalesforceError):
    code = "event_not_installed"
    permanent = True
    sentence = (
        "The Scratcher package is not installed in this DevHub, or its user may not create the package's platform "
        "event. Deploy the package, and give the user that Scratcher logs in as the right to create the event."
    )


class HostNotAllowed(SalesforceError):
    code = "host_not_allowed"
    permanent = True
    sentence = (
        "This address is not allowed. It must be https and match SALESFORCE_HOSTS; an administrator can add one there."
    )


class SessionExpired(SalesforceError):
    code = "session_expired"
    sentence = "Salesforce did not accept the access token. If this stays, enrol the org again."


class QuotaExceeded(SalesforceError):
    code = "quota_exceeded"
    sentence = (
        "The org has used up its API calls of the last 24 hours. Polling goes on when Salesforce allows calls again."
    )


class QueryRefused(SalesforceError):
    code = "query_refused"
    sentence = "Salesforce refused the request. Check that the user may read what is asked for."


class OrgGone(SalesforceError):
    code = "org_gone"
    sentence = "Salesforce says that this org's data is not available: it has perhaps been deleted or has expired."


class HostNotFound(SalesforceError):
    code = "host_not_found"
    sentence = (
        "The org's address could not be found in DNS: the org is perhaps gone, or this machine's DNS does not work."
    )


class Unavailable(SalesforceError):
    code = "unavailable"
    sentence = "Salesforce is busy or down for this org. It is tried again by itself."


class Unreachable(SalesforceError):
    code = "unreachable"
    sentence = (
        "No working connection to the org. It is tried again by itself; if this stays, check the network and firewall."
    )


class TimedOut(SalesforceError):
    code = "timed_out"
    sentence = "The org did not answer in time. It is tried again by itself."


class MalformedAnswer(SalesforceError):
    code = "malformed_answer"
    sentence = (
        "The answer is not what Salesforce's API promises. It is tried again by itself; if this stays, look for a "
        "proxy in between."
    )


class BodyTooLarge(SalesforceError):
    code = "body_too_large"
    sentence = "The answer was larger than Scratcher reads, so it was dropped."


class Redirected(SalesforceError):
    code = "redirected"
    sentence = (
        "The address answers with a redirect, which Scratcher does not follow. Enter the org's My Domain address "
        "(https://….my.salesforce.com)."
    )


class SfCliError(SalesforceError):
    code = "sf_cli_failed"
    sentence = "The sf CLI did not answer as it should. It is asked again by itself."


class SfCliMissing(SfCliError):
    code = "sf_cli_missing"
    permanent = True
    sentence = "The sf CLI that SF_CLI names could not be started on this machine."


class SfCliOutdated(SfCliError):
    code = "sf_cli_outdated"
    permanent = True
    sentence = "The sf CLI on this machine is too old: it does not know `sf org auth show-access-token`."


class SfCliLoggedOut(SfCliError):
    code = "sf_cli_logged_out"
    permanent = True
    sentence = "The sf CLI on this machine is not logged in to the org."


def of_failure(failure: Exception) -> SalesforceError:
    """An error of the network, of TLS or of HTTP's framing, as one of ours. Most specific first."""
    for kind, error, sentence in _FAILURES:
        if isinstance(failure, kind):
            return error(sentence)
    return MalformedAnswer("The org's answer is not HTTP. It is tried again by itself.")


_FAILURES: tuple[tuple[type[Exception], type[SalesforceError], str | None], ...] = (
    (TimeoutError, TimedOut, None),
    (socket.gaierror, HostNotFound, None),
    (
        ssl.SSLCertVerificationError,
        Unreachable,
        "The org's TLS certificate is not trusted. If a proxy in between has an authority of its own, name that one's "
        "file in SALESFORCE_CA_FILE.",
    ),
    (EOFError, Unreachable, "The org hung up before its answer was complete. It is tried again by itself."),
    (OSError, Unreachable, None),
)


def of_answer(status: int, headers: Mapping[str, str], body: bytes) -> SalesforceError:
    """Any answer that is not 2xx, as one of ours. A body has one of two shapes: `[{"errorCode", "message"}]` from the
    API, `{"error", "error_description"}` from the token endpoint (OAuth 2.0, RFC 6749 section 5.2)."""
    said_code, text = _said(body)
    kind, sentence = _kind(status, said_code, text)
    return kind(sentence, retry_after_seconds=_retry_after(headers), salesforce_code=said_code)


def _kind(status: int, said_code: str, text: str) -> tuple[type[SalesforceError], str | None]:
    by_status = {401: SessionExpired, 420: OrgGone, 429: Unavailable}
    kind: type[SalesforceError]
    sentence = None
    if said_code == "REQUEST_LIMIT_EXCEEDED":
        kind = QuotaExceeded
    elif status >= 500:
        kind = Unavailable
    elif status < 400:
        kind = Redirected
    elif said_code.islower():
        kind, sentence = _of_login(said_code, text)
    elif status in by_status:
        kind = by_status[status]
    elif said_code:
        kind, sentence = QueryRefused, f"Salesforce refused the request ({said_code}): {text}"
    else:
        kind = MalformedAnswer
        sentence = f"Salesforce's API would not answer like this (status {status}). Look for a proxy in between."
    return kind, sentence


# What the token endpoint says (in its error_description or its error), and what helps.
_LOGIN_HELP = (
    (
        ("user hasn't approved this consumer", "invalid_app_access"),
        "The user has not approved the connected app. Set its Permitted Users to “Admin approved users are "
        "pre-authorized” and give the user's profile or a permission set access to it.",
    ),
    (
        ("audience",),
        "The login address does not fit the org. Use the org's My Domain address, https://test.salesforce.com for a "
        "scratch org or https://login.salesforce.com for a DevHub.",
    ),
    (
        ("expired access/refresh token", "token validity expired", "expired authorization code"),
        "The refresh token has expired or was revoked. Enrol the org again.",
    ),
    (
        ("inactive user", "user is inactive"),
        "The user is inactive or frozen in the org. Activate the user, or enrol with another one.",
    ),
    (
        ("ip restricted",),
        "The org does not let the user in from this address. Relax the IP ranges of the profile or the connected app.",
    ),
    (("inactive organization", "inactive_org"), "The org is inactive: it has perhaps expired or been deleted."),
    (
        ("invalid assertion",),
        "The signature does not fit. Check that the private key belongs to the certificate in the connected app, "
        "and the username.",
    ),
    (
        ("invalid client credentials", "invalid_client"),
        "The connected app's consumer key or secret is wrong. Enrol the org again with the right ones.",
    ),
    (
        ("client identifier invalid", "invalid_client_id"),
        "The org does not know the connected app's consumer key. Check it; a new app needs ten minutes to be known.",
    ),
)
_LOGIN_LATER = ("login rate exceeded", "retry your request", "temporarily unavailable")


def _of_login(error: str, description: str) -> tuple[type[SalesforceError], str | None]:
    said = description.lower()
    if any(phrase in said for phrase in _LOGIN_LATER):
        return Unavailable, None
    for phrases, what_helps in _LOGIN_HELP:
        for phrase in phrases:
            if phrase in said or phrase == error:
                return LoginRefused, f"Salesforce refused the login ({phrase}). {what_helps}"
    return LoginRefused, f"Salesforce refused the login ({error}: {description}). Check the connected app and the user."


# Tokens, assertions, keys and consumer secrets are long runs without a blank; an error code is at most 31 characters
# long.
_COULD_BE_SECRET = re.compile(r"[\w!%.~+/=-]{32,}", re.ASCII)


def _said(body: bytes) -> tuple[str, str]:
    """Code and text of Salesforce's error; ("", "") where the body is not one."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if isinstance(answer, list) and answer:
        answer = answer[0]
    if not isinstance(answer, dict):
        return "", ""
    code = answer.get("errorCode") or answer.get("error")
    text = answer.get("message") or answer.get("error_description") or ""
    if not isinstance(code, str) or not re.fullmatch(r"\w{1,64}", code, re.ASCII):
        return "", ""
    printable = "".join(c if c.isprintable() else " " for c in str(text)[:2000])
    return code, _COULD_BE_SECRET.sub("…", printable)[:300]


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds from a Retry-After header (RFC 9110 section 10.2.3: seconds, or a date that we hold against the answer's
    own Date)."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), 86_400)
    try:
        seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(0, min(int(seconds), 86_400))
