"""The OpenAPI document, and the page that shows it without fetching anything from elsewhere."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

from apps.core.api import render


@lru_cache(maxsize=1)
def document() -> bytes:
    """Drawn up once a process: it takes a second, and says the same to everybody."""
    return render(SchemaGenerator().get_schema(request=None, public=True))


@require_safe
@cache_control(max_age=300)
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json")


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI, without the inline style of drf-spectacular's own page: the content security policy forbids it."""

    template_name = "core/docs.html"


urlpatterns = [
    path("schema", schema, name="schema"),
    path("docs", Docs.as_view(url_name="schema", title="Scratcher's API")),
]
