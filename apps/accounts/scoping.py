"""The one door to a team's rows. Another team's row does not exist: 404."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from apps.accounts.models import Team
from apps.core.errors import NotFound

Row = TypeVar("Row", bound=Model)


def rows(model: type[Row], team: Team) -> QuerySet[Row]:
    return model._default_manager.filter(team=team)


def row(model: type[Row], team: Team, **which: Any) -> Row:
    """Raises NotFound (404), whether there is none or it is another team's."""
    found = rows(model, team).filter(**which).first()
    if found is None:
        raise NotFound(f"there is no such {model._meta.verbose_name}")
    return found
