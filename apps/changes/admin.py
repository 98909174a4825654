"""Changes and components for inspection, across teams and at any size: nothing is counted beyond the first pages, and
only what an index holds can be filtered."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from apps.accounts.models import Team
from apps.changes.models import Person, SourceChange, TrackedComponent
from apps.core.admin import InspectionAdmin
from apps.orgs.models import ScratchOrg
from apps.salesforce.records import to_18


class ValueFilter(admin.SimpleListFilter):
    """A box for a value: a list of all names would take a scan."""

    template = "admin/changes/value_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # without one the admin would not show the filter

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        # Everything else that is asked for goes along with the value.
        yield {"others": [(name, changelist.params[name]) for name in changelist.params if name != self.parameter_name]}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class OrgFilter(ValueFilter):
    title = "org (id or username)"
    parameter_name = "org"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        named = self.value()
        if not named:
            return queryset
        try:
            orgs = ScratchOrg.objects.filter(org_id=to_18(named))
        except ValueError:
            orgs = ScratchOrg.objects.filter(username=named)
        return queryset.filter(scratch_org_id__in=list(orgs.values_list("pk", flat=True)))


class TypeFilter(ValueFilter):
    title = "member type"
    parameter_name = "member_type"


class NameFilter(ValueFilter):
    title = "member name"
    parameter_name = "member_name"


class UserFilter(ValueFilter):
    title = "user id (18 characters)"
    parameter_name = "changed_by"


class TeamFilter(admin.SimpleListFilter):
    """One team at a time, also if there is but one: the indexes of changes begin with it."""

    title = "team"
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [(str(team.pk), team.name) for team in Team.objects.order_by("pk")]

    def value(self) -> str | None:
        first = self.lookup_choices[0][0] if self.lookup_choices else None
        return super().value() or first

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for pk, name in self.lookup_choices:
            query = changelist.get_query_string({str(self.parameter_name): pk})
            yield {"selected": str(pk) == self.value(), "query_string": query, "display": name}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(team_id=self.value()) if self.value() else queryset.none()


class LookingAdmin(InspectionAdmin):
    """Rows that only the polls write, read with their org."""

    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER  # each would be a COUNT
    list_select_related = ("scratch_org",)
    sortable_by = ()  # only the indexes' own order is quick
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        person = Person.objects.filter(scratch_org=OuterRef("scratch_org"), user_id=OuterRef("changed_by"))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(person=Subquery(person.values("name")[:1]))
        return rows

    @admin.display(description="changed by")
    def who(self, row: Any) -> str:
        return str(row.person or row.changed_by)


@admin.register(SourceChange)
class SourceChangeAdmin(LookingAdmin):
    list_display = (
        "last_modified_date",
        "change_type",
        "member_type",
        "member_name",
        "who",
        "scratch_org",
        "is_bulk",
        "revision_num",
        "created_at",
    )
    ordering = ("-last_modified_date", "-id")
    list_filter = (TeamFilter, OrgFilter, TypeFilter, NameFilter, UserFilter, "change_type")


@admin.register(TrackedComponent)
class TrackedComponentAdmin(LookingAdmin):
    """Without an org the newest found; with one its components by type and name."""

    list_display = (
        "member_type",
        "member_name",
        "scratch_org",
        "last_modified_date",
        "who",
        "revision_num",
        "is_deleted",
        "is_baseline",
        "edited_at",
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("member_type", "member_name", "id") if request.GET.get("org") else ("-id",)

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        within_org = (TypeFilter, NameFilter, "is_deleted", "is_baseline")
        return (OrgFilter, *within_org) if request.GET.get("org") else (OrgFilter,)
