"""What the doors of this room take and answer."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from apps.accounts.keys import Scope
from apps.accounts.models import ApiKey, AuditEntry, Membership, Role
from apps.core.api import Body


class KeyBody(Body):
    name = serializers.CharField(max_length=100, help_text="What or who will use it.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField([str(scope) for scope in Scope]), allow_empty=False, help_text="What it may do."
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="Never, if left out."
    )

    def validate_expires_at(self, at: datetime | None) -> datetime | None:
        if at is not None and at <= datetime.now(UTC):
            raise serializers.ValidationError("must lie in the future")
        return at


class MemberBody(Body):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")
    role = serializers.ChoiceField(Role.choices)


class RoleBody(Body):
    role = serializers.ChoiceField(Role.choices)


class KeyAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The first 12 characters, to tell keys apart.")
    scopes = serializers.ListField(child=serializers.ChoiceField([str(scope) for scope in Scope]))
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class MemberAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(Role.choices)


class AuditAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    action = serializers.CharField()
    target = serializers.CharField(allow_blank=True)
    data = serializers.DictField()  # type: ignore[assignment] # BaseSerializer has one, too


def key_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "created_by": key.created_by.email if key.created_by else None,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def member_json(member: Membership) -> dict[str, Any]:
    return {"id": member.pk, "email": member.user.email, "name": member.user.name, "role": member.role}


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "data": entry.data,
    }
