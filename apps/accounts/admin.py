"""People, teams, memberships, API keys and the audit, for superusers, across teams."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from apps.accounts import audit
from apps.accounts.keys import Scope, create_api_key
from apps.accounts.models import ApiKey, AuditEntry, Membership, Team, User
from apps.core.admin import EditsOnlyAdmin, InspectionAdmin

admin.site.site_header = admin.site.site_title = "Scratcher"
admin.site.index_title = "Everything, across teams"
admin.site.enable_nav_sidebar = False  # the lists need the width
admin.site.unregister(Group)  # roles are memberships; superusers need no groups


class LowerCaseEmail:
    """People type addresses in any case; they are kept, and found, in lower case."""

    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(LowerCaseEmail, AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)


class UserForm(LowerCaseEmail, UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    autocomplete_fields = ("user", "team")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    inlines = (MembershipInline,)
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("When", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)


@admin.register(Team)
class TeamAdmin(EditsOnlyAdmin):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "noise_rules", "feed_position", "created_at")
    readonly_fields = ("feed_position", "created_at")
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False  # with it would go its changes, millions of them, in one request


class NewKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ.value],
    )

    class Meta:
        model = ApiKey
        fields = ("team", "name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The key is shown once, on the page that follows its making. Its digest is never shown."""

    list_display = ("name", "team", "prefix", "scopes", "created_by", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("team",)
    list_select_related = ("team", "created_by")
    search_fields = ("name", "prefix")
    ordering = ("-pk",)
    actions = ("revoke",)
    fields = (
        "team",
        "name",
        "prefix",
        "scopes",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # revoked ones tell who could do what

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.fields if obj else NewKeyForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return self.fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **options) if obj else NewKeyForm

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        row, key = create_api_key(
            team=obj.team,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            created_by=request.user if isinstance(request.user, User) else None,
        )
        obj.pk, obj.prefix = row.pk, row.prefix
        request.key_shown_once = key  # type: ignore[attr-defined]
        audit.record(row.team, actor=str(request.user), action="key.created", target=str(row), scopes=row.scopes)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"API key {obj.name}",
            "opts": self.opts,
            "key": request.key_shown_once,  # type: ignore[attr-defined]
        }
        page = TemplateResponse(request, "admin/accounts/apikey/shown_once.html", context)
        add_never_cache_headers(page)
        return page

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        live = list(keys.filter(revoked_at=None).select_related("team"))
        for key in live:
            audit.record(key.team, actor=str(request.user), action="key.revoked", target=str(key))
        ApiKey.objects.filter(pk__in=[key.pk for key in live]).update(revoked_at=Now())
        messages.success(request, f"{len(live)} keys no longer work.")


@admin.register(AuditEntry)
class AuditEntryAdmin(InspectionAdmin):
    list_display = ("at", "team", "actor", "action", "target")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("=actor", "=action", "target")
    ordering = ("-pk",)

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False
