"""A DevHub is added, or gets other credentials, only after a login with them has worked."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import DurationField, Func, QuerySet, Value
from django.db.models.functions import Now

from apps.accounts.models import Team
from apps.core.errors import Conflict, InvalidInput
from apps.orgs import access, enrolment
from apps.orgs.answers import telling
from apps.orgs.holding import hold
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.auth import jwt
from apps.salesforce.auth.token import Token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import NotADevHub
from apps.salesforce.records import ApiUsage

PROBE_SECONDS = 45


@dataclass(frozen=True)
class Probe:
    """What a login told about the hub."""

    token: Token
    name: str
    can_view_all: bool
    usage: ApiUsage | None


def add_dev_hub(
    *, team: Team, login_url: str, client_id: str, username: str, private_key: str, name: str = ""
) -> DevHub:
    """The stored hub; its orgs are read within seconds. `private_key`: PEM; `name`: the org's own unless given.

    Raises ScratcherError with a sentence that says what is wrong (no key, address not allowed, login refused, no
    DevHub, hub stands already), and stores nothing then.
    """
    login_url, client_id, username = login_url.strip().rstrip("/"), client_id.strip(), username.strip()
    probe = _probe(login_url=login_url, client_id=client_id, username=username, private_key=private_key)
    hub = DevHub(
        team=team,
        name=name or probe.name,
        org_id=probe.token.org_id,
        username=username,
        login_url=login_url,
        instance_url=probe.token.instance_url,
        client_id=client_id,
        can_view_all=probe.can_view_all,
    )
    try:
        with transaction.atomic():
            hub.save()
            _seal(hub, private_key, probe.token)
    except IntegrityError:
        known = DevHub.objects.get(team=team, org_id=probe.token.org_id)
        raise Conflict(
            f"this DevHub stands already: {known.name} ({known.org_id}). Change its credentials there.",
            code="dev_hub_exists",
        ) from None
    return hub


def update_credentials(
    hub: DevHub, *, private_key: str = "", client_id: str = "", username: str = "", login_url: str = ""
) -> DevHub:
    """Other credentials for a hub; what is left out stays. Orgs whose login was refused are tried again.

    Raises ScratcherError with a sentence, and changes nothing then.
    """
    private_key = private_key or access.unseal(hub, "private_key")
    client_id, username = client_id.strip() or hub.client_id, username.strip() or hub.username
    login_url = login_url.strip().rstrip("/") or hub.login_url
    probe = _probe(login_url=login_url, client_id=client_id, username=username, private_key=private_key)
    if probe.token.org_id != hub.org_id:
        raise InvalidInput(
            f"these credentials lead into another org ({probe.name}). Add it as a DevHub of its own.", code="wrong_org"
        )
    hub.client_id, hub.username, hub.login_url = client_id, username, login_url
    hub.instance_url, hub.can_view_all = probe.token.instance_url, probe.can_view_all
    with transaction.atomic():
        hub.save(update_fields=["client_id", "username", "login_url", "instance_url", "can_view_all"])
        _seal(hub, private_key, probe.token)
        DevHub.objects.filter(pk=hub.pk).update(due_at=Now(), consecutive_failures=0, last_error_code="", last_error="")
        enrolment.start_watching(
            ScratchOrg.objects.filter(dev_hub=hub, unwatched_reason=ScratchOrg.Unwatched.LOGIN_REFUSED)
        )
    return hub


@transaction.atomic
def has_new_interval(hub: DevHub) -> None:
    """Orgs that would wait longer than the hub's interval, which was shortened, are polled within it, spread out."""
    seconds = hub.poll_interval_minutes * 60 if hub.poll_interval_minutes else settings.POLL_INTERVAL_SECONDS
    soon = Func(
        Value(seconds), template="random() * make_interval(secs => %(expressions)s)", output_field=DurationField()
    )
    waiting = ScratchOrg.objects.filter(dev_hub=hub, consecutive_failures=0).exclude(enrolment.SPARED)
    held = hold(waiting.filter(next_poll_at__gt=Now() + timedelta(seconds=seconds)))
    ScratchOrg.objects.filter(pk__in=held).update(next_poll_at=Now() + soon)


def check(hub: DevHub) -> Probe:
    """A fresh login with the stored credentials; writes nothing. Raises ScratcherError with a sentence."""
    return _probe(
        login_url=hub.login_url,
        client_id=hub.client_id,
        username=hub.username,
        private_key=access.unseal(hub, "private_key"),
    )


def sync_now(hubs: QuerySet[DevHub]) -> int:
    """The next tick reads these hubs' lists, whatever their backoff says; returns how many."""
    return hubs.filter(active=True).update(due_at=Now())


def _probe(*, login_url: str, client_id: str, username: str, private_key: str) -> Probe:
    """Logs in and looks around."""
    access.give_connection_back()
    transport = access.transport()
    with telling(), transport.deadline(PROBE_SECONDS) as deadline:
        token = jwt.login(
            transport,
            login_url=login_url,
            client_id=client_id,
            username=username,
            private_key_pem=private_key,
            deadline=deadline,
        )
        client = SalesforceClient(transport, token.instance_url, token.access_token, None, deadline)
        if not client.is_dev_hub():
            raise NotADevHub
        return Probe(token, client.organization().name, client.can_view_all(), client.usage)


def _seal(hub: DevHub, private_key: str, token: Token) -> None:
    """Secrets are bound to the row's id, so they come after the row."""
    hub.private_key = access.seal(hub, "private_key", private_key)
    hub.access_token = access.seal(hub, "access_token", token.access_token)
    hub.save(update_fields=["private_key", "access_token"])
