"""Where the records of each object come from, as one user of one org sees them."""

from collections.abc import Callable, Iterable

from apps.simulator import permissions
from apps.simulator.data.store import store_of
from apps.simulator.orgs import Org
from apps.simulator.records import ActiveScratchOrg, ScratchOrgInfo, User
from apps.simulator.soql.conditions import Record
from apps.simulator.soql.plan import Source
from apps.simulator.world import World


def source(world: World, org: Org, user: User, now: float, *, deleted: bool = False) -> Source:
    """Records by the object's name; SourceMember's from a RevisionCounter on. `deleted` brings those in the recycle bin
    too."""
    made_here: dict[str, Callable[[int], Iterable[Record]]] = {
        "SourceMember": lambda since: org.tracking.visible(since) if org.tracking is not None else (),
        "User": lambda _: org.users,
        "Organization": lambda _: (org.organization,),
        "UserPermissionAccess": lambda _: (permissions.user_permission_access(org, user, now),),
        "PermissionSetAssignment": lambda _: permissions.assignments(org),
        "ObjectPermissions": lambda _: permissions.object_permissions(org),
        "ActiveScratchOrg": lambda _: _seen(world.active_rows(), org, user),
        "ScratchOrgInfo": lambda _: _seen(world.infos(), org, user),
    }

    def records(name: str, since: int) -> Iterable[Record]:
        made = made_here.get(name)
        return store_of(org).rows(name, deleted=deleted) if made is None else made(since)

    return records


def _seen(rows: Iterable[ActiveScratchOrg | ScratchOrgInfo], hub: Org, user: User) -> Iterable[Record]:
    return rows if permissions.sees_all(hub, user) else [row for row in rows if row.OwnerId == user.Id]
