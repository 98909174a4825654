"""What the admin's lists of large tables share: they open at once, however many rows there are."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

ROWS_TO_PAGE_THROUGH = 5_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts, and so pages, no further than ROWS_TO_PAGE_THROUGH; what lies beyond is found by filter or search.

    COUNT over ten million rows takes seconds, and so does OFFSET.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list  # a QuerySet
        return int(rows[:ROWS_TO_PAGE_THROUGH].count())


class EditsOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An edit writes what was edited, and nothing that a worker may have written since the page was asked for: leases,
    tokens, cursors, positions."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        stamps = [column.name for column in obj._meta.fields if getattr(column, "auto_now", False)]
        obj.save(update_fields=[*form.changed_data, *stamps] if change else None)


class InspectionAdmin(EditsOnlyAdmin):
    """Rows that the program writes: they are neither added nor deleted by hand."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    class Media:
        css = {"all": ["core/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
