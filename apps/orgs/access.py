"""How orgs and DevHubs are entered. The only place that decrypts.

    client = client_for(org)      a warm token costs no query and no login
        cold, or a 401 → the credential chain: JWT bearer with the DevHub's connected app → the stored refresh token
        → the sf CLI's login on this machine
        → the fresh token is committed at once by compare-and-swap → the database connection goes back to the pool

Two polls that renew the same token at the same time end up with the same one: whoever commits second takes the first
one's. A token under a lost encryption key counts as none, so that an org heals itself where a login is possible.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from prometheus_client import Counter

from apps.core import crypto
from apps.core.errors import ScratcherError
from apps.orgs.holding import hold
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.auth import jwt, refresh_token
from apps.salesforce.auth.sf_cli import SfCli
from apps.salesforce.auth.token import Token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import (
    HostNotAllowed,
    InvalidPrivateKey,
    LoginRefused,
    SalesforceError,
    SfCliError,
    SfCliMissing,
)
from apps.salesforce.transport import Deadline, Transport

POLL_SECONDS = 90
POLL_LEASE_SECONDS = 120  # above what a poll may take
SYNC_SECONDS = 240
API_CALLS = Counter("scratcher_salesforce_calls_total", "Requests sent to Salesforce, logins among them")

Credential = ScratchOrg.Credential
Row = TypeVar("Row", ScratchOrg, DevHub)


class NoCredential(ScratcherError):
    """Nothing is stored that could enter the org."""

    code = "not_enrolled"


class WrongOrg(LoginRefused):
    """The credential works, but leads into another org."""

    code = "wrong_org"
    sentence = "This credential leads into another org. Give the one of the org that is meant."


@lru_cache(maxsize=1)
def transport() -> Transport:
    """The process's transport: one TLS context, one HTTP session per thread."""
    return Transport(
        hosts=settings.SALESFORCE_HOSTS,
        ca_file=settings.SALESFORCE_CA_FILE,
        api_version=settings.SALESFORCE_API_VERSION,
        on_request=API_CALLS.inc,
    )


@lru_cache(maxsize=1)
def sf_cli() -> SfCli | None:
    """The machine's sf CLI; None where SF_CLI switches it off."""
    if not settings.SF_CLI:
        return None
    return SfCli(settings.SF_CLI, settings.SALESFORCE_CA_FILE, locks_folder=settings.DATA_DIR)


def client_for(org: ScratchOrg, deadline_seconds: float = POLL_SECONDS) -> SalesforceClient:
    """A client that is logged in, and logs in again on a 401. `deadline_seconds` bounds all that it does.

    `org` needs its id, instance_url and access_token; the rest is read when a login is due. Raises what a login raises
    (SalesforceError), NoCredential, or KeyMissing where the only credential needs a lost key.
    """
    return _client(org, _log_in_org, deadline_seconds)


def hub_client(hub: DevHub, deadline_seconds: float = SYNC_SECONDS) -> SalesforceClient:
    """The same for a DevHub, by JWT bearer."""
    return _client(hub, _log_in_hub, deadline_seconds)


def seal(row: models.Model, field: str, secret: str) -> str:
    """The text to store in `field` of `row`, which must have its primary key."""
    return crypto.encrypt(secret, table=row._meta.db_table, pk=row.pk, field=field)


def unseal(row: models.Model, field: str) -> str:
    """The secret in `field`; empty if there is none. Raises KeyMissing or Undecipherable."""
    return crypto.decrypt(getattr(row, field), table=row._meta.db_table, pk=row.pk, field=field)


def swap(model: type[models.Model], field: str, secrets: Sequence[tuple[int, str, str]]) -> int:
    """Stores texts, (id, the one read, the one to store), where those read still stand; returns how many did."""
    if not secrets:
        return 0
    table, column = map(connection.ops.quote_name, (model._meta.db_table, field))
    with transaction.atomic(), connection.cursor() as cursor:
        hold(model._default_manager.filter(pk__in=[pk for pk, _used, _fresh in secrets]))
        cursor.execute(
            f"""
            UPDATE {table} AS stored SET {column} = swap.fresh
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS swap(id, used, fresh)
            WHERE stored.id = swap.id AND stored.{column} = swap.used
            """,  # noqa: S608 - the names come from the model
            [list(column) for column in zip(*secrets, strict=True)],
        )
        return int(cursor.rowcount)


def give_connection_back() -> None:
    """To the pool, before a wait for the network. An open transaction keeps it."""
    if not connection.in_atomic_block:
        connection.close()


def _client(row: Row, log_in: Callable[[Row, Deadline], Token], deadline_seconds: float) -> SalesforceClient:
    deadline = transport().deadline(deadline_seconds)

    def renew() -> str:
        return _renew(row, log_in, deadline)

    access_token = _warm_token(row) or renew()
    give_connection_back()
    return SalesforceClient(transport(), row.instance_url, access_token, renew, deadline)


def _warm_token(row: ScratchOrg | DevHub) -> str:
    try:
        return unseal(row, "access_token")
    except (crypto.KeyMissing, crypto.Undecipherable):
        return ""  # a login brings one under today's key; if none is possible, that is the error to tell


def _renew(row: Row, log_in: Callable[[Row, Deadline], Token], deadline: Deadline) -> str:
    """A token newer than the row's, committed; the row carries it afterwards."""
    used = row.access_token
    if _somebody_renewed(row, used):
        return unseal(row, "access_token")
    try:
        token = log_in(row, deadline)
    except (SalesforceError, ScratcherError):
        # Where refresh tokens rotate, each works once: a login at the same time may have used ours up.
        if _somebody_renewed(row, used):
            return unseal(row, "access_token")
        raise
    sealed = seal(row, "access_token", token.access_token)
    same = type(row)._default_manager.filter(pk=row.pk, access_token=used)
    if same.update(access_token=sealed, instance_url=token.instance_url):
        row.access_token, row.instance_url = sealed, token.instance_url
    else:
        _somebody_renewed(row, used)
    give_connection_back()
    return unseal(row, "access_token") or token.access_token


def _somebody_renewed(row: ScratchOrg | DevHub, used: str) -> bool:
    """Reads the row's token again and says whether it is a usable one other than `used`."""
    row.refresh_from_db(fields=["access_token", "instance_url"])
    return row.access_token != used and bool(_warm_token(row))


def _log_in_hub(hub: DevHub, deadline: Deadline) -> Token:
    private_key = unseal(hub, "private_key")
    give_connection_back()
    token = jwt.login(
        transport(),
        login_url=hub.login_url,
        client_id=hub.client_id,
        username=hub.username,
        private_key_pem=private_key,
        deadline=deadline,
    )
    return into(hub.org_id, token)


def _log_in_org(org: ScratchOrg, deadline: Deadline) -> Token:
    """By the first credential that works: the one that worked last, then the others. Remembers which.

    If none works, raises a refusal only where every one was refused: the org is given up then, and what else went
    wrong may pass or be mended.
    """
    org = ScratchOrg.objects.select_related("dev_hub").get(pk=org.pk)
    failures: list[Exception] = []
    for credential in chain(org):
        try:
            token = _ENTRANCES[credential](org, deadline)
        except (LoginRefused, InvalidPrivateKey, HostNotAllowed, SfCliError, ScratcherError) as error:
            failures.append(error)
            continue
        if credential != org.credential:
            ScratchOrg.objects.filter(pk=org.pk).update(credential=credential)
        return token
    if not failures:
        raise NoCredential("nothing is stored that could enter this org: enrol it")
    raise min(failures, key=lambda failure: isinstance(failure, LoginRefused))


def chain(org: ScratchOrg) -> list[Credential]:
    """What may enter the org, in the order in which it is tried. A JWT enters only an org that the DevHub made with
    the same connected app (ScratchOrgInfo.ConnectedAppConsumerKey); the sf CLI, one that it is logged in to."""
    possible = [Credential.JWT] if org.connected_app == org.dev_hub.client_id and org.instance_url else []
    if org.refresh_token:
        possible.append(Credential.REFRESH)
    if org.known_to_sf_cli:
        possible.append(Credential.SF_CLI)
    return sorted(possible, key=lambda credential: credential != org.credential)


def _by_jwt(org: ScratchOrg, deadline: Deadline) -> Token:
    private_key = unseal(org.dev_hub, "private_key")
    give_connection_back()
    token = jwt.login(
        transport(),
        login_url=org.instance_url,
        client_id=org.dev_hub.client_id,
        username=org.username,
        private_key_pem=private_key,
        deadline=deadline,
    )
    return into(org.org_id, token)


def _by_refresh_token(org: ScratchOrg, deadline: Deadline) -> Token:
    used = org.refresh_token
    stored, secret = unseal(org, "refresh_token"), unseal(org, "refresh_client_secret")
    give_connection_back()
    token = refresh_token.login(
        transport(),
        login_url=org.refresh_login_url or org.instance_url,
        client_id=org.refresh_client_id,
        client_secret=secret,
        refresh_token=stored,
        deadline=deadline,
    )
    if token.refresh_token and token.refresh_token != stored:
        rotated = seal(org, "refresh_token", token.refresh_token)
        ScratchOrg.objects.filter(pk=org.pk, refresh_token=used).update(refresh_token=rotated)
    return into(org.org_id, token)


def _by_sf_cli(org: ScratchOrg, deadline: Deadline) -> Token:
    cli = sf_cli()
    if cli is None:
        raise SfCliMissing("The sf CLI is switched off on this worker's machine (SF_CLI).")
    give_connection_back()
    return into(org.org_id, cli.login(transport(), org.username, deadline))


_ENTRANCES: dict[Credential, Callable[[ScratchOrg, Deadline], Token]] = {
    Credential.JWT: _by_jwt,
    Credential.REFRESH: _by_refresh_token,
    Credential.SF_CLI: _by_sf_cli,
}


def into(org_id: str, token: Token) -> Token:
    if token.org_id != org_id:
        raise WrongOrg
    return token
