"""How people decide what is watched: credentials for an org that JWT cannot enter; stop and start.

A refused login stops an org's polling. It goes on after `enrol`, after other credentials of its DevHub
(`apps.orgs.devhubs.update_credentials`), when a pool writes its SfdxAuthUrl__c, when somebody logs in to it with the sf
CLI of this machine, or by `start_watching`.
"""

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from apps.core.errors import Gone, InvalidInput
from apps.orgs import access
from apps.orgs.answers import telling
from apps.orgs.holding import hold
from apps.orgs.models import ScratchOrg
from apps.salesforce.auth import refresh_token as refresh_token_grant
from apps.salesforce.auth import sfdx_url
from apps.salesforce.auth.sfdx_url import SfdxAuthUrl
from apps.salesforce.auth.token import Token

LOGIN_SECONDS = 30
SF_CLI = "PlatformCLI"  # the connected app of the Salesforce CLI, whose refresh tokens people have at hand

HOURLY_SHARE = 0.95  # of an org's daily API calls: from here on it is polled hourly, whoever asks
SPARED = Q(api_used__gte=F("api_max") * HOURLY_SHARE)

Unwatched = ScratchOrg.Unwatched


def enrol(
    org: ScratchOrg,
    *,
    sfdx_auth_url: str = "",
    refresh_token: str = "",
    client_id: str = SF_CLI,
    client_secret: str = "",
    login_url: str = "",
) -> None:
    """Tries the credential and keeps it, encrypted; the org is watched from now on, and polled at once.

    Either an sfdx auth URL, or a refresh token with its app and login URL (the org's own unless given). Raises
    ScratcherError with a sentence, and changes nothing then.
    """
    if bool(sfdx_auth_url) == bool(refresh_token):
        raise InvalidInput("give either sfdx_auth_url or refresh_token", details={"field": "sfdx_auth_url"})
    if org.status != ScratchOrg.Status.ACTIVE:
        raise Gone(f"this org is over ({org.status}): there is nothing left to watch")
    if sfdx_auth_url:
        credential = _parse(sfdx_auth_url)
    else:
        credential = SfdxAuthUrl(client_id, client_secret, refresh_token, login_url or org.instance_url)
    _keep(org, credential, _try(org, credential))


@transaction.atomic
def stop_watching(orgs: QuerySet[ScratchOrg]) -> int:
    """No poll from now on, whatever syncs find; returns how many orgs."""
    active = ScratchOrg.objects.filter(pk__in=hold(orgs.filter(status=ScratchOrg.Status.ACTIVE)))
    return active.update(watched=False, unwatched_reason=Unwatched.STOPPED)


@transaction.atomic
def start_watching(orgs: QuerySet[ScratchOrg]) -> int:
    """Polls those again that a stored credential may enter, at once; returns how many. Also after a refused login."""
    idle = ScratchOrg.objects.filter(pk__in=hold(orgs.filter(watched=False, status=ScratchOrg.Status.ACTIVE)))
    by_jwt = Q(connected_app=F("dev_hub__client_id")) & ~Q(instance_url="")
    started = idle.filter(by_jwt | ~Q(refresh_token="") | Q(known_to_sf_cli=True)).update(
        watched=True, unwatched_reason="", next_poll_at=Now(), consecutive_failures=0, last_error_code="", last_error=""
    )
    idle.filter(watched=False).update(unwatched_reason=Unwatched.NOT_ENROLLED)
    return started


@transaction.atomic
def poll_now(orgs: QuerySet[ScratchOrg]) -> int:
    """The next tick polls these orgs, whatever their backoff says, if their API budget allows; returns how many."""
    pollable = ScratchOrg.objects.filter(pk__in=hold(orgs.filter(watched=True).exclude(SPARED)))
    return pollable.update(next_poll_at=Now())


def _parse(sfdx_auth_url: str) -> SfdxAuthUrl:
    try:
        return sfdx_url.parse(sfdx_auth_url)
    except ValueError as error:
        raise InvalidInput(str(error), details={"field": "sfdx_auth_url"}) from None


def _try(org: ScratchOrg, credential: SfdxAuthUrl) -> Token:
    access.give_connection_back()
    transport = access.transport()
    with telling(), transport.deadline(LOGIN_SECONDS) as deadline:
        token = refresh_token_grant.login(
            transport,
            login_url=credential.instance_url,
            client_id=credential.client_id,
            client_secret=credential.client_secret,
            refresh_token=credential.refresh_token,
            deadline=deadline,
        )
        return access.into(org.org_id, token)


def _keep(org: ScratchOrg, credential: SfdxAuthUrl, token: Token) -> None:
    ScratchOrg.objects.filter(pk=org.pk).update(
        credential=ScratchOrg.Credential.REFRESH,
        access_token=access.seal(org, "access_token", token.access_token),
        refresh_token=access.seal(org, "refresh_token", token.refresh_token or credential.refresh_token),
        refresh_client_id=credential.client_id,
        refresh_client_secret=access.seal(org, "refresh_client_secret", credential.client_secret),
        refresh_login_url=credential.instance_url.rstrip("/"),
        instance_url=token.instance_url,
        watched=True,
        unwatched_reason="",
        next_poll_at=Now(),
        consecutive_failures=0,
        last_error_code="",
        last_error="",
    )
