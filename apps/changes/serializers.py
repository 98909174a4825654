"""What the doors of this room answer, for the OpenAPI document: rows become JSON without serializers."""

from typing import Any

from rest_framework import serializers

from apps.changes.models import ChangeType, GapMark
from apps.orgs.serializers import DevHubName


class ChangedOrg(serializers.Serializer[Any]):
    org_id = serializers.CharField(help_text="18 characters.")
    name = serializers.CharField(allow_blank=True)
    alias = serializers.CharField(allow_blank=True)
    username = serializers.CharField()
    url = serializers.CharField()


class ChangedBy(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The user's id in that org, 18 characters.")
    username = serializers.CharField(allow_null=True, help_text="Null while it is not known.")
    name = serializers.CharField(allow_null=True, help_text="Null while it is not known.")


class ChangeAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    org = ChangedOrg()
    change_id = serializers.CharField(help_text="The SourceMember's id; it stays while the revision rises.")
    member_type = serializers.CharField()
    member_name = serializers.CharField()
    change_type = serializers.ChoiceField(ChangeType.choices)
    revision_num = serializers.IntegerField()
    changed_by = ChangedBy()
    last_modified_date = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    is_bulk = serializers.BooleanField(help_text="One of more than 200 by one person at once: a deployment.")
    batch_id = serializers.UUIDField(allow_null=True, help_text="What is of one deployment has the same.")


class FeedGap(serializers.Serializer[Any]):
    org = ChangedOrg()
    reason = serializers.ChoiceField(GapMark.Reason.choices)
    # `from` is a word of Python's
    locals()["from"] = serializers.DateTimeField()
    to = serializers.DateTimeField()
    message = serializers.CharField()


class OverlapEdit(serializers.Serializer[Any]):
    org = ChangedOrg()
    changed_by = ChangedBy()
    change_type = serializers.ChoiceField(ChangeType.choices)
    edited_at = serializers.DateTimeField()


class OverlapAnswer(serializers.Serializer[Any]):
    dev_hub = DevHubName()
    member_type = serializers.CharField()
    member_name = serializers.CharField()
    last_edited_at = serializers.DateTimeField()
    org_count = serializers.IntegerField()
    distinct_people = serializers.IntegerField(help_text="By name; by user id where the name is not known.")
    orgs = OverlapEdit(many=True, help_text="The last edit in each org, the latest first; at most 100.")


class LastEdit(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    change_type = serializers.ChoiceField(ChangeType.choices)
    changed_by = ChangedBy()


class ComponentAnswer(serializers.Serializer[Any]):
    member_type = serializers.CharField()
    member_name = serializers.CharField()
    change_id = serializers.CharField()
    revision_num = serializers.IntegerField()
    changed_by = ChangedBy()
    last_modified_date = serializers.DateTimeField()
    is_deleted = serializers.BooleanField()
    is_baseline = serializers.BooleanField(help_text="It was there when the org was first read, and not changed since.")
    last_edit = LastEdit(allow_null=True, help_text="Somebody's own: neither baseline nor part of a deployment.")


class CountAnswer(serializers.Serializer[Any]):
    day = serializers.DateField(required=False)
    member_type = serializers.CharField(required=False)
    change_type = serializers.ChoiceField(ChangeType.choices, required=False)
    org = ChangedOrg(required=False)
    person = serializers.CharField(required=False)
    count = serializers.IntegerField()
