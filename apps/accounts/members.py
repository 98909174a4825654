"""Who belongs to a team. A team never loses its last owner."""

from django.db import transaction

from apps.accounts import audit
from apps.accounts.models import Membership, Role, Team, User
from apps.accounts.scoping import row, rows
from apps.core.errors import Conflict


@transaction.atomic
def add(team: Team, *, email: str, name: str, role: str, actor: str) -> Membership:
    """A person nobody knew gets an account that can't sign in until a password is set. Raises Conflict."""
    email = email.lower()
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    member, is_new = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
    if not is_new:
        raise Conflict(f"{email} is in this team already")
    audit.record(team, actor=actor, action="member.added", target=email, role=role)
    return member


@transaction.atomic
def change_role(team: Team, member_id: int, *, role: str, actor: str) -> Membership:
    member = _locked(team, member_id)
    _keep_an_owner(team, member, role)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    audit.record(team, actor=actor, action="member.role_changed", target=member.user.email, before=before, after=role)
    return member


@transaction.atomic
def remove(team: Team, member_id: int, *, actor: str) -> Membership:
    member = _locked(team, member_id)
    _keep_an_owner(team, member, "")
    Membership.objects.filter(pk=member.pk).delete()
    audit.record(team, actor=actor, action="member.removed", target=member.user.email, role=member.role)
    return member


def _locked(team: Team, member_id: int) -> Membership:
    """The member, under the team's lock: two owners can't remove each other at once."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    return row(Membership, team, pk=member_id)


def _keep_an_owner(team: Team, member: Membership, role: str) -> None:
    if member.role != Role.OWNER or role == Role.OWNER:
        return
    if not rows(Membership, team).filter(role=Role.OWNER).exclude(pk=member.pk).exists():
        raise Conflict("the last owner of a team can't leave it: make somebody else owner first")
