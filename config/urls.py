from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.orgs import probes

handler400 = "apps.core.api.bad_request"
handler403 = "apps.core.api.permission_denied"
handler404 = "apps.core.api.page_not_found"
handler500 = "apps.core.api.server_error"

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("admin/", admin.site.urls),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.prometheus),
    path("api/", include("apps.accounts.urls")),
    path("api/", include("apps.operations.urls")),
    path("api/", include("apps.orgs.urls")),
    path("api/", include("apps.changes.urls")),
    path("api/", include("apps.core.documentation")),
]
