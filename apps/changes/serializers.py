"""What the doors of this room answer, for the OpenAPI document: rows become JSON without serializers."""

from typing import Any

from rest_framework import serializers

from apps.changes.models import ChangeType, GapMark


class OrgAnswer(serializers.Serializer[Any]):
    org_id = serializers.CharField(help_text="18 characters.")
    name = serializers.CharField(allow_blank=True)
    alias = serializers.CharField(allow_blank=True)
    username = serializers.CharField()
    url = serializers.CharField()


class PersonAnswer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The user's id in that org, 18 characters.")
    username = serializers.CharField(allow_null=True, help_text="Null while it is not known.")
    name = serializers.CharField(allow_null=True, help_text="Null while it is not known.")


class ChangeAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    org = OrgAnswer()
    change_id = serializers.CharField(help_text="The SourceMember's id; it stays while the revision rises.")
    member_type = serializers.CharField()
    member_name = serializers.CharField()
    change_type = serializers.ChoiceField(ChangeType.choices)
    revision_num = serializers.IntegerField()
    changed_by = PersonAnswer()
    last_modified_date = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    is_bulk = serializers.BooleanField(help_text="One of more than 200 by one person at once: a deployment.")
    batch_id = serializers.UUIDField(allow_null=True, help_text="What is of one deployment has the same.")


class GapAnswer(serializers.Serializer[Any]):
    org = OrgAnswer()
    reason = serializers.ChoiceField(GapMark.Reason.choices)
    # `from` is a word of Python's
    locals()["from"] = serializers.DateTimeField()
    to = serializers.DateTimeField()
    message = serializers.CharField()
