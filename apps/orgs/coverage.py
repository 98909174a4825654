"""Which active orgs are watched, and of every other one why not, in words.

An org is watched when its last poll succeeded, and polls end at all in its DevHub. Two queries, however many orgs: the
hubs with their counts, and the orgs that there is something to say about.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import CharField, Count, F, Func, Q, QuerySet, Value

from apps.accounts.models import Team
from apps.core import crypto
from apps.orgs.health import with_silence
from apps.orgs.models import DevHub, ScratchOrg
from apps.orgs.standing import Standing, of_hub, of_org, silent


@dataclass(frozen=True)
class OrgCoverage:
    org_id: str
    name: str
    username: str
    dev_hub: str
    last_polled_at: datetime | None
    standing: Standing


@dataclass(frozen=True)
class HubCoverage:
    """`standing.watched`: the hub's list of orgs is read, and polls end."""

    org_id: str
    name: str
    active: int
    watched: int
    last_synced_at: datetime | None
    standing: Standing


@dataclass(frozen=True)
class Coverage:
    """Counts over the active orgs; `orgs`: those that are not watched, and those watched with something wrong."""

    active: int
    watched: int
    orgs: list[OrgCoverage]
    dev_hubs: list[HubCoverage]

    @property
    def summary(self) -> str:
        return f"{self.watched} of {self.active} active org{'' if self.active == 1 else 's'} watched"


def coverage(team: Team, dev_hub: DevHub | None = None) -> Coverage:
    """Of the whole team, or of one of its hubs."""
    hubs = [_counted(hub) for hub in _hubs(team, dev_hub)]
    return Coverage(
        active=sum(hub.active for hub in hubs),
        watched=sum(hub.watched for hub in hubs),
        orgs=[_described(org) for org in _orgs_in_trouble(team, dev_hub)],
        dev_hubs=hubs,
    )


def _hubs(team: Team, dev_hub: DevHub | None) -> QuerySet[DevHub]:
    hubs = DevHub.objects.filter(team=team) if dev_hub is None else DevHub.objects.filter(team=team, pk=dev_hub.pk)
    active = Q(scratch_orgs__status=ScratchOrg.Status.ACTIVE)
    watched = active & Q(
        active=True,
        scratch_orgs__watched=True,
        scratch_orgs__consecutive_failures=0,
        scratch_orgs__last_polled_at__isnull=False,
    )
    return with_silence(hubs.order_by("name", "pk")).annotate(
        orgs_active=Count("scratch_orgs", active), orgs_watched=Count("scratch_orgs", watched)
    )


def _orgs_in_trouble(team: Team, dev_hub: DevHub | None) -> QuerySet[ScratchOrg]:
    orgs = ScratchOrg.objects.filter(team=team, status=ScratchOrg.Status.ACTIVE)
    if dev_hub is not None:
        orgs = orgs.filter(dev_hub=dev_hub)
    refresh_key = Func(F("refresh_token"), Value(":"), Value(2), function="split_part", output_field=CharField())
    lost_key = ~Q(refresh_token="") & ~Q(refresh_key__in=list(crypto.keyring(settings.ENCRYPTION_KEYS)))
    well = Q(
        watched=True,
        consecutive_failures=0,
        last_polled_at__isnull=False,
        visible_to_hub=True,
        dev_hub__active=True,
    )
    return (
        orgs.alias(refresh_key=refresh_key)
        .filter(~well | lost_key)
        .select_related("dev_hub")
        .order_by("org_name", "username", "pk")
    )


def _described(org: ScratchOrg) -> OrgCoverage:
    return OrgCoverage(
        org_id=org.org_id,
        name=org.alias or org.org_name,
        username=org.username,
        dev_hub=org.dev_hub.name,
        last_polled_at=org.last_polled_at,
        standing=of_org(org),
    )


def _counted(hub: DevHub) -> HubCoverage:
    silent_since: datetime | None = hub.silent_since  # type: ignore[attr-defined]  # annotated in _hubs, as below
    standing = of_hub(hub)
    return HubCoverage(
        org_id=hub.org_id,
        name=hub.name,
        active=hub.orgs_active,  # type: ignore[attr-defined]
        watched=0 if silent_since else hub.orgs_watched,  # type: ignore[attr-defined]
        last_synced_at=hub.last_synced_at,
        standing=silent(silent_since) if silent_since and standing.watched else standing,
    )
