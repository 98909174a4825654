"""Teams are made on the command line or in the admin; the doors only work within one."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from apps.accounts import audit
from apps.accounts.models import Membership, Role, Team, User
from apps.core.errors import Conflict, InvalidInput, NotFound


def create_team(name: str, *, owner_email: str, actor: str) -> Team:
    """A team with its first owner, who gets an account that can't sign in until a password is set. Raises Conflict."""
    slug = slugify(name)
    if not slug:
        raise InvalidInput(f"{name!r} holds no letter or digit to make a short name of")
    email = owner_email.lower()
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, slug=slug)
            owner = User.objects.filter(email=email).first() or User.objects.create_user(email)
            Membership.objects.create(team=team, user=owner, role=Role.OWNER)
            audit.record(team, actor=actor, action="team.created", target=name, owner=email)
    except IntegrityError:
        raise Conflict(f"there is a team {slug} already") from None
    return team


def find_team(slug: str = "") -> Team:
    """The team with this slug; without one, the only team there is. Raises NotFound, InvalidInput."""
    teams = list((Team.objects.filter(slug=slug) if slug else Team.objects.order_by("slug"))[:2])
    if not teams:
        raise NotFound(
            f"there is no team {slug}" if slug else "there is no team yet: `manage.py create_team` makes one"
        )
    if len(teams) > 1:
        slugs = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise InvalidInput(f"there are several teams: say which one, by its slug: {slugs}")
    return teams[0]
