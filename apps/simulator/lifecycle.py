"""How orgs come and go: the DevHub itself, a scratch org signed up, asked for over REST, deleted, expired."""

import hashlib
from array import array
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.simulator import ids
from apps.simulator.clock import salesforce_date, salesforce_datetime
from apps.simulator.orgs import (
    HUB_CALLS_PER_DAY,
    HUB_DELIVERIES_PER_DAY,
    SCRATCH_ORG_CALLS_PER_DAY,
    SCRATCH_ORG_DELIVERIES_PER_DAY,
    Org,
)
from apps.simulator.people import HUB_DOMAIN, Person, make_user
from apps.simulator.records import ActiveScratchOrg, Organization, ScratchOrgInfo, User
from apps.simulator.tracking import EMPTY, Tracking
from apps.simulator.world import World

DAY_SECONDS = 86_400
SIGNUP_SECONDS = 5
MAX_DAYS = 30
RELEASE_LANGUAGE = "en_US"
PLATFORM_CLI = "PlatformCLI"
CALLBACK_URL = "http://localhost:1717/OauthRedirect"
_EDITIONS = ("Developer", "Enterprise", "Group", "Professional")
EDITIONS = {name.lower(): name for own in _EDITIONS for name in (own, f"Partner {own}")}  # sf sends them in lower case


@dataclass(frozen=True, slots=True)
class Signup:
    """What a scratch org is made from. `owner` is the DevHub user who asks for it; `created` and times in seconds
    since 1970."""

    owner: User
    created: float
    username: str
    first: str | None = "User"
    last: str = "User"
    days: int = 7
    edition: str = "Developer"
    features: str | None = None
    description: str | None = None
    org_name: str = "Helios"
    connected_app: str = PLATFORM_CLI
    source_tracking: bool = True
    refresh_token: bool = False
    baseline: "array[int]" = field(default_factory=lambda: EMPTY)


def make_hub(world: World, people: list[Person], created: float) -> Org:
    """The DevHub with an integration user (who logs in by JWT) and one user per person."""
    number = next(world.serials)
    organization = _organization(
        number, name="Helios", instance="NA139", trial_ends=None, edition="Enterprise Edition", created=created
    )
    hub = Org(
        number, organization, [], HUB_CALLS_PER_DAY, HUB_DELIVERIES_PER_DAY, approved_apps={world.hub_app.client_id}
    )
    world.hub = hub
    username = f"scratcher@{HUB_DOMAIN}"
    integration = make_user(
        next(world.serials), username=username, first="Scratcher", last="Integration", email=username, created=created
    )
    world.add_user(hub, integration)
    for person in people:
        add_hub_user(world, person, f"{person.mailbox}@{HUB_DOMAIN}", created)
    return hub


def add_hub_user(world: World, person: Person, username: str, created: float) -> User:
    """A person of the DevHub; the username is their e-mail address too."""
    user = make_user(
        next(world.serials), username=username, first=person.first, last=person.last, email=username, created=created
    )
    world.add_user(world.hub, user)
    return user


def create_scratch_org(world: World, signup: Signup, info: ScratchOrgInfo | None = None) -> Org:
    """An active scratch org, its ActiveScratchOrg row and its end by the clock. `info` is the row that asked for it,
    if there is one."""
    number = next(world.serials)
    ends = signup.created + signup.days * DAY_SECONDS
    organization = _organization(
        number,
        name=signup.org_name,
        instance="USA254S",
        trial_ends=ends,
        edition=f"{signup.edition} Edition",
        created=signup.created,
    )
    org = Org(number, organization, [], SCRATCH_ORG_CALLS_PER_DAY, SCRATCH_ORG_DELIVERIES_PER_DAY, owner=signup.owner)
    org.approved_apps = {signup.connected_app}
    admin = make_user(
        next(world.serials),
        username=signup.username,
        first=signup.first,
        last=signup.last,
        email=signup.owner.Email or "",
        created=signup.created,
    )
    world.scratch_orgs[org.id[:15]] = org
    world.add_user(org, admin)
    if signup.source_tracking:
        born = salesforce_datetime(signup.created)
        org.tracking = Tracking(number, world.components, signup.baseline, born, admin.Id[:15])
    org.info = _active_info(world, org, signup, info or new_info(world, signup, status="New"))
    org.active = _active_row(org.info, number)
    if signup.refresh_token:
        grant_refresh_token(world, org, admin)
    world.at(ends, lambda at: expire(world, org, at))
    return org


def grant_refresh_token(world: World, org: Org, user: User) -> str:
    """The same seed gives the same tokens, so that a restarted simulator still knows them."""
    digest = hashlib.sha256(f"{world.seed}:{org.id}:{user.Id}:{org.refresh_grants}".encode()).hexdigest()
    token = f"5Aep861{digest}"
    org.refresh_grants += 1
    org.refresh_tokens.append(token)
    world.refresh_tokens[token] = (org, user)
    return token


def request_scratch_org(world: World, owner: User, asked: dict[str, Any], now: float) -> ScratchOrgInfo:
    """The ScratchOrgInfo row with status New; some seconds later it turns Active with its org, or Error with an
    ErrorCode."""
    number = next(world.serials)
    username = asked.get("Username") or f"test-{ids.make_id('', number).strip('0').lower()[:12]}@example.com"
    signup = Signup(
        owner=owner,
        created=now,
        username=username,
        days=asked.get("DurationDays") or 7,
        edition=EDITIONS.get((asked.get("Edition") or "Developer").lower(), ""),
        features=asked.get("Features"),
        description=asked.get("Description"),
        org_name=asked.get("OrgName") or "Company",
        connected_app=asked["ConnectedAppConsumerKey"],
    )
    info = new_info(world, signup, status="New")._replace(
        **{name: value for name, value in asked.items() if name in ScratchOrgInfo._fields},
        SignupUsername=None,
    )
    world.requested[info.Id[:15]] = info

    def answer(at: float) -> None:
        if info.Id[:15] not in world.requested:
            return
        error = _signup_error(world, signup)
        if error:
            world.requested[info.Id[:15]] = info._replace(
                Status="Error", ErrorCode=error, SystemModstamp=salesforce_datetime(at)
            )
            return
        del world.requested[info.Id[:15]]
        create_scratch_org(world, signup, info)

    world.at(now + SIGNUP_SECONDS, answer)
    return info


def take_back(world: World, info_id: str) -> None:
    """As if the scratch org had never been asked for."""
    del world.requested[info_id[:15]]


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many scratch orgs the DevHub may have or make, and how many more."""

    most: int
    used: int

    @property
    def remaining(self) -> int:
        return max(0, self.most - self.used)


def allocations(world: World, now: float) -> dict[str, Allocation]:
    """By what Salesforce calls them in its refusals: of the orgs that live, and of those made in the last 24 hours."""
    since = salesforce_datetime(now - DAY_SECONDS)
    infos = [info for info in world.infos() if info.Status != "Error"]
    active = sum(info.Status in ("New", "Active") for info in infos)
    signups = sum((info.CreatedDate or "") > since for info in infos)
    most = world.max_scratch_orgs
    return {"active scratch org": Allocation(most, active), "daily scratch org signup": Allocation(2 * most, signups)}


def _signup_error(world: World, signup: Signup) -> str | None:
    if signup.username.lower() in world.users:
        return "C-1007"
    return None if signup.edition else "C-1027"


def delete(world: World, org: Org, by: User, at: float) -> Callable[[], None]:
    """As DELETE of the ActiveScratchOrg row does: the row goes, the info says Deleted, the org answers no more.
    Returns how to undo it."""
    before = copy(org)
    users = [world.users[key] for key in (user.Username.lower() for user in org.users) if key in world.users]
    tokens = {token: world.refresh_tokens[token] for token in org.refresh_tokens if token in world.refresh_tokens}
    _end(world, org, at, by.Id[:15])

    def undo() -> None:
        org.info, org.active, org.alive = before.info, before.active, before.alive
        org.tracking, org.data = before.tracking, before.data
        world.users.update({user.Username.lower(): (owner, user) for owner, user in users})
        world.refresh_tokens.update(tokens)

    return undo


def expire(world: World, org: Org, at: float) -> None:
    """The org reaches its ExpirationDate (which becomes today, where that was later)."""
    if org.info is not None and org.active is not None:
        today = salesforce_date(at)
        org.info = org.info._replace(ExpirationDate=min(org.info.ExpirationDate or today, today))
        _end(world, org, at, None)


def _end(world: World, org: Org, at: float, deleted_by: str | None) -> None:
    if org.info is None or org.active is None:
        return
    stamp = salesforce_datetime(at)
    org.info = org.info._replace(
        Status="Deleted",
        DeletedBy=deleted_by,
        DeletedDate=salesforce_date(at),
        LastModifiedDate=stamp,
        SystemModstamp=stamp,
    )
    org.active = None
    org.alive = False
    org.tracking = None
    org.data = None
    for user in org.users:
        if world.users.get(user.Username.lower(), (None,))[0] is org:
            del world.users[user.Username.lower()]
    for token in org.refresh_tokens:
        world.refresh_tokens.pop(token, None)


def note_login(org: Org, at: float) -> None:
    """LastLoginDate has no time of day."""
    today = salesforce_date(at)
    if org.info is not None and org.active is not None and org.info.LastLoginDate != today:
        org.info = org.info._replace(LastLoginDate=today)
        org.active = org.active._replace(LastLoginDate=today)


def _organization(
    number: int, *, name: str, instance: str, trial_ends: float | None, edition: str, created: float
) -> Organization:
    return Organization(
        Id=ids.make_org_id(number),
        Name=name,
        InstanceName=instance,
        IsSandbox=trial_ends is not None,
        TrialExpirationDate=None if trial_ends is None else salesforce_datetime(trial_ends),
        NamespacePrefix=None,
        OrganizationType=edition,
        LanguageLocaleKey=RELEASE_LANGUAGE,
        TimeZoneSidKey="Europe/Berlin",
        CreatedDate=salesforce_datetime(created),
    )


def new_info(world: World, signup: Signup, *, status: str) -> ScratchOrgInfo:
    """A ScratchOrgInfo row as its owner's request makes it."""
    number = next(world.serials)
    stamp = salesforce_datetime(signup.created)
    owner = signup.owner
    blank: dict[str, Any] = dict.fromkeys(ScratchOrgInfo._fields)
    blank.update(
        Id=ids.make_id(ids.SCRATCH_ORG_INFO, number),
        Name=f"SOI-{number:06d}",
        Status=status,
        OrgName=signup.org_name,
        Edition=signup.edition,
        Features=signup.features,
        Description=signup.description,
        HasSampleData=False,
        DurationDays=signup.days,
        ConnectedAppConsumerKey=signup.connected_app,
        ConnectedAppCallbackUrl=CALLBACK_URL,
        IsDeleted=False,
        CreatedDate=stamp,
        LastModifiedDate=stamp,
        SystemModstamp=stamp,
    )
    blank.update(dict.fromkeys(("OwnerId", "CreatedById", "LastModifiedById"), owner.Id))
    blank.update(dict.fromkeys(("Owner", "CreatedBy", "LastModifiedBy"), owner))
    return ScratchOrgInfo(**blank)


def _active_info(world: World, org: Org, signup: Signup, info: ScratchOrgInfo) -> ScratchOrgInfo:
    expires = datetime.fromtimestamp(signup.created, UTC) + timedelta(days=signup.days)
    code = hashlib.sha256(f"code:{world.seed}:{org.id}".encode()).hexdigest()
    return info._replace(
        Status="Active",
        ScratchOrg=org.id[:15],
        SignupUsername=signup.username,
        SignupEmail=signup.owner.Email,
        SignupInstance="USA254S",
        SignupCountry="US",
        SignupLanguage=RELEASE_LANGUAGE,
        SignupTrialDays=signup.days,
        ExpirationDate=expires.date().isoformat(),
        LoginUrl=world.origin,
        AuthCode=f"aPrx{code}",
    )


def _active_row(info: ScratchOrgInfo, number: int) -> ActiveScratchOrg:
    shared = {name: getattr(info, name) for name in ActiveScratchOrg._fields if hasattr(info, name)}
    own = {"Id": ids.make_id(ids.ACTIVE_SCRATCH_ORG, number), "Name": f"ASO-{number:06d}", "ScratchOrgInfoId": info.Id}
    return ActiveScratchOrg(**{**shared, **own})
