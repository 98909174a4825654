"""DevHubs and scratch orgs, for superusers, across teams. No token and no key is ever shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts import audit
from apps.accounts.models import Team, User
from apps.core.admin import InspectionAdmin
from apps.core.errors import ScratcherError
from apps.orgs import devhubs, enrolment, health, standing
from apps.orgs.models import DevHub, ScratchOrg


class WriteOnly(forms.Textarea):
    """What was typed is not shown again, not even with an error."""

    def format_value(self, value: Any) -> str:
        return ""


class Credentials(forms.Form):
    """What a DevHub is entered by. The key goes in and never comes out."""

    team = forms.ModelChoiceField(Team.objects.order_by("name"))
    username = forms.CharField(max_length=255, widget=AdminTextInputWidget, help_text="The integration user.")
    client_id = forms.CharField(
        label="Consumer key", max_length=255, widget=AdminTextInputWidget, help_text="Of the connected app."
    )
    login_url = forms.CharField(
        label="Login URL",
        max_length=200,
        initial="https://login.salesforce.com",
        widget=AdminTextInputWidget,
        help_text="The hub's My Domain address (https://….my.salesforce.com), or https://login.salesforce.com.",
    )
    private_key = forms.CharField(
        widget=WriteOnly(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false", "class": "vLargeTextField"}),
        strip=False,
        help_text="PEM. It is stored encrypted and never shown again.",
    )


class ChangedCredentials(Credentials):
    team = None  # type: ignore[assignment]
    private_key = forms.CharField(
        widget=WriteOnly(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false", "class": "vLargeTextField"}),
        strip=False,
        required=False,
        help_text="PEM. Empty: the stored key stays.",
    )


@admin.register(DevHub)
class DevHubAdmin(InspectionAdmin):
    list_display = ("name", "team", "org_id", "active", "how_it_stands", "last_synced_at", "due_at", "api_calls")
    list_filter = ("active", "team", "last_error_code")
    list_select_related = ("team",)
    search_fields = ("name", "org_id", "username")
    actions = ("sync_now",)
    change_form_template = "admin/orgs/devhub/change_form.html"
    fields = (
        "name", "active", "poll_interval_minutes", "team", "org_id", "username", "login_url", "instance_url",
        "client_id", "how_it_stands", "last_error", "consecutive_failures", "can_view_all", "api_calls",
        "last_synced_at", "due_at", "created_at", "updated_at",
    )  # fmt: skip
    editable = ("name", "active", "poll_interval_minutes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_readonly_fields(self, request: HttpRequest, obj: DevHub | None = None) -> list[str]:
        return [name for name in self.fields if name not in self.editable]

    def save_model(self, request: HttpRequest, obj: DevHub, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "poll_interval_minutes" in form.changed_data:
            devhubs.has_new_interval(obj)

    def get_urls(self) -> list[URLPattern]:
        credentials = path(
            "<int:pk>/credentials/",
            self.admin_site.admin_view(self.credentials_view),
            name="orgs_devhub_credentials",
        )
        return [credentials, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("private_key"))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Not the admin's own: that one would keep a transaction open while Salesforce is asked."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = Credentials(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                hub = devhubs.add_dev_hub(**form.cleaned_data)
            except ScratcherError as error:
                form.add_error(None, str(error))
            else:
                return self._kept(request, hub, "dev_hub.added", "Added. Its orgs are found within seconds.")
        return self._credentials_page(request, form, "Add a DevHub")

    @method_decorator(sensitive_post_parameters("private_key"))
    def credentials_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        hub = self.get_object(request, str(pk))
        if hub is None or not self.has_change_permission(request, hub):
            raise PermissionDenied
        form = ChangedCredentials(
            request.POST or None,
            initial={"username": hub.username, "client_id": hub.client_id, "login_url": hub.login_url},
        )
        if request.method == "POST" and form.is_valid():
            try:
                devhubs.update_credentials(hub, **form.cleaned_data)
            except ScratcherError as error:
                form.add_error(None, str(error))
            else:
                return self._kept(request, hub, "dev_hub.credentials_changed", "The new credentials work.")
        return self._credentials_page(request, form, f"Credentials of {hub.name}")

    def _kept(self, request: HttpRequest, hub: DevHub, deed: str, words: str) -> HttpResponse:
        audit.record(hub.team, actor=_actor(request), action=deed, target=f"{hub.name} ({hub.org_id})")
        messages.success(request, words)
        return HttpResponseRedirect(reverse("admin:orgs_devhub_change", args=[hub.pk]))

    def _credentials_page(self, request: HttpRequest, form: Credentials, title: str) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "form": form, "title": title, "opts": self.opts}
        return TemplateResponse(request, "admin/orgs/devhub/credentials.html", context)

    @admin.display(description="how it stands")
    def how_it_stands(self, hub: DevHub) -> str:
        return _words(standing.of_hub(hub))

    @admin.display(description="API calls today")
    def api_calls(self, hub: DevHub) -> str:
        return _calls(hub)

    @admin.action(description="Sync now", permissions=["change"])
    def sync_now(self, request: HttpRequest, hubs: QuerySet[DevHub]) -> None:
        messages.success(request, f"{devhubs.sync_now(hubs)} DevHubs are read within seconds.")


class HealthFilter(admin.SimpleListFilter):
    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in health.ALL]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ScratchOrg]) -> QuerySet[ScratchOrg]:
        word = self.value()
        return queryset.alias(health=health.HEALTH).filter(health=word) if word else queryset


@admin.register(ScratchOrg)
class ScratchOrgAdmin(InspectionAdmin):
    list_display = (
        "health", "username", "label", "why", "last_polled_at", "next_poll", "dev_hub", "expiration_date",
    )  # fmt: skip
    list_display_links = ("username",)
    list_filter = (HealthFilter, "status", "unwatched_reason", "credential", "last_error_code", "dev_hub", "team")
    list_select_related = ("dev_hub",)
    search_fields = ("=org_id", "username", "org_name", "alias", "owner_name")
    ordering = ("-pk",)
    actions = ("poll_now", "stop_watching", "start_watching")
    fields = (
        "alias", "org_name", "username", "org_id", "team", "dev_hub", "instance_url", "status", "health", "why",
        "what_to_do", "watched", "unwatched_reason", "visible_to_hub", "credential", "known_to_sf_cli", "connected_app",
        "owner_name", "owner_username", "signup_email", "edition", "features", "description", "created_date",
        "expiration_date", "last_polled_at", "last_attempted_at", "next_poll_at", "last_poll_took",
        "consecutive_failures", "last_error_code", "last_error", "changes_total", "last_change_at", "api_calls",
        "baselined_at", "tracking_epoch", "created_at",
    )  # fmt: skip
    editable = ("alias",)

    def get_readonly_fields(self, request: HttpRequest, obj: ScratchOrg | None = None) -> list[str]:
        return [name for name in self.fields if name not in self.editable]

    @admin.display(description="name")
    def label(self, org: ScratchOrg) -> str:
        return org.alias or org.org_name

    @admin.display
    def health(self, org: ScratchOrg) -> str:
        return health.health_of(org)

    @admin.display(description="last error, or why it is not watched")
    def why(self, org: ScratchOrg) -> str:
        return standing.of_org(org).why

    @admin.display(description="what to do")
    def what_to_do(self, org: ScratchOrg) -> str:
        return standing.of_org(org).what_to_do

    @admin.display
    def last_poll_took(self, org: ScratchOrg) -> str:
        return f"{org.last_poll_seconds:.2f} s"

    @admin.display(description="next poll", ordering="next_poll_at")
    def next_poll(self, org: ScratchOrg) -> Any:
        return org.next_poll_at if org.watched else None

    @admin.display(description="API calls today")
    def api_calls(self, org: ScratchOrg) -> str:
        return _calls(org)

    @admin.action(description="Poll now", permissions=["change"])
    def poll_now(self, request: HttpRequest, orgs: QuerySet[ScratchOrg]) -> None:
        messages.success(request, f"{enrolment.poll_now(orgs)} watched orgs are polled within seconds.")

    @admin.action(description="Stop watching", permissions=["change"])
    def stop_watching(self, request: HttpRequest, orgs: QuerySet[ScratchOrg]) -> None:
        _record(request, "orgs.watching_stopped", orgs)
        messages.success(request, f"{enrolment.stop_watching(orgs)} orgs are no longer watched.")

    @admin.action(description="Start watching", permissions=["change"])
    def start_watching(self, request: HttpRequest, orgs: QuerySet[ScratchOrg]) -> None:
        _record(request, "orgs.watching_started", orgs)
        started = enrolment.start_watching(orgs)
        messages.success(request, f"{started} orgs are watched again; an org without a credential must be enrolled.")


def _record(request: HttpRequest, deed: str, orgs: QuerySet[ScratchOrg]) -> None:
    """One audit entry for each team whose orgs were chosen."""
    for team in Team.objects.filter(pk__in=orgs.order_by().values("team_id")):
        names = [org.username for org in orgs.filter(team=team)[:100]]
        audit.record(team, actor=_actor(request), action=deed, target=names[0] if len(names) == 1 else "", orgs=names)


def _actor(request: HttpRequest) -> str:
    return request.user.email if isinstance(request.user, User) else ""


def _words(stands: standing.Standing) -> str:
    return stands.why or "well"


def _calls(row: DevHub | ScratchOrg) -> str:
    return f"{row.api_used} of {row.api_max}" if row.api_max else "not known yet"
