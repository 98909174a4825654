"""Which team a command means."""

from apps.accounts.models import Team
from apps.core.errors import InvalidInput


def find_team(slug: str = "") -> Team:
    """The team of this slug; without one, the only team. Raises InvalidInput that names the choices."""
    teams = list(Team.objects.filter(slug=slug) if slug else Team.objects.all()[:2])
    if len(teams) == 1:
        return teams[0]
    slugs = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
    raise InvalidInput(f"Name a team with --team. There are: {slugs}.")
