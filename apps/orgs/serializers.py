"""What the doors of this room take and answer. Secrets go in and never come out."""

from typing import Any

from rest_framework import serializers

from apps.core.api import Body
from apps.orgs import health
from apps.orgs.coverage import Coverage
from apps.orgs.models import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES, DevHub, ScratchOrg
from apps.orgs.standing import Standing, of_hub, of_org


class EnrolBody(Body):
    sfdx_auth_url = serializers.CharField(
        required=False, write_only=True, help_text="`force://…`, as `sf org auth show-sfdx-auth-url` prints it."
    )
    refresh_token = serializers.CharField(required=False, write_only=True, help_text="Instead of an sfdx auth URL.")
    client_id = serializers.CharField(
        required=False, max_length=255, help_text="The token's app; PlatformCLI if left out."
    )
    client_secret = serializers.CharField(required=False, write_only=True, help_text="The app's secret, if it has one.")
    login_url = serializers.CharField(required=False, max_length=255, help_text="The org's own address if left out.")


class DevHubBody(Body):
    login_url = serializers.CharField(required=False, max_length=255, default="https://login.salesforce.com")
    client_id = serializers.CharField(max_length=255, help_text="The connected app's consumer key.")
    username = serializers.CharField(max_length=255, help_text="Whom the app enters the hub as; sees all scratch orgs.")
    private_key = serializers.CharField(write_only=True, help_text="PEM; the app holds its certificate.")
    name = serializers.CharField(required=False, max_length=255, help_text="The org's own name if left out.")


class DevHubChangeBody(Body):
    active = serializers.BooleanField(required=False, help_text="false: neither synced nor polled.")
    poll_interval_minutes = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=SHORTEST_INTERVAL_MINUTES,
        max_value=LONGEST_INTERVAL_MINUTES,
        help_text="null: POLL_INTERVAL_MINUTES.",
    )
    name = serializers.CharField(required=False, max_length=255)


class StandingAnswer(serializers.Serializer[Any]):
    watched = serializers.BooleanField(help_text="Its last poll succeeded; of a hub: its list of orgs is read.")
    reason = serializers.CharField(allow_blank=True, help_text="Why not, for programs; empty if all is well.")
    why = serializers.CharField(allow_blank=True, help_text="Why not, in words.")
    what_to_do = serializers.CharField(allow_blank=True)


class DevHubName(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class OwnerAnswer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    username = serializers.CharField(allow_blank=True)


class BudgetAnswer(serializers.Serializer[Any]):
    used = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(allow_null=True)


class ScratchOrgAnswer(StandingAnswer):
    org_id = serializers.CharField(help_text="18 characters.")
    name = serializers.CharField(allow_blank=True)
    alias = serializers.CharField(allow_blank=True)
    username = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    dev_hub = DevHubName()
    status = serializers.ChoiceField(ScratchOrg.Status.choices)
    health = serializers.ChoiceField(health.ALL)
    edition = serializers.CharField(allow_blank=True)
    owner = OwnerAnswer(help_text="Who made it, in the DevHub.")
    created_date = serializers.DateTimeField(allow_null=True)
    expiration_date = serializers.DateField(allow_null=True)
    credential = serializers.ChoiceField(ScratchOrg.Credential.choices, allow_blank=True)
    last_polled_at = serializers.DateTimeField(allow_null=True, help_text="The last poll that succeeded.")
    last_attempted_at = serializers.DateTimeField(allow_null=True)
    next_poll_at = serializers.DateTimeField(allow_null=True)
    consecutive_failures = serializers.IntegerField()
    budget = BudgetAnswer(help_text="API calls of the org's day.")
    changes_total = serializers.IntegerField()
    last_change_at = serializers.DateTimeField(allow_null=True)


class OrgGapAnswer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(["not_watched", "tracking_reset"])
    locals()["from"] = serializers.DateTimeField()  # a word of Python's
    to = serializers.DateTimeField()


class ScratchOrgDetailAnswer(ScratchOrgAnswer):
    description = serializers.CharField(allow_blank=True)
    features = serializers.CharField(allow_blank=True)
    connected_app = serializers.CharField(allow_blank=True)
    gaps = OrgGapAnswer(many=True, help_text="The newest 50 spans of which only the last state is known.")


class DevHubAnswer(StandingAnswer):
    id = serializers.IntegerField()
    org_id = serializers.CharField()
    name = serializers.CharField()
    username = serializers.CharField()
    login_url = serializers.CharField()
    url = serializers.CharField()
    active = serializers.BooleanField()
    poll_interval_minutes = serializers.FloatField(allow_null=True)
    last_synced_at = serializers.DateTimeField(allow_null=True)
    budget = BudgetAnswer()


class CoveredOrg(StandingAnswer):
    org_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    username = serializers.CharField()
    dev_hub = serializers.CharField()
    last_polled_at = serializers.DateTimeField(allow_null=True)


class CoveredHub(StandingAnswer):
    org_id = serializers.CharField()
    name = serializers.CharField()
    orgs_active = serializers.IntegerField()
    orgs_watched = serializers.IntegerField()
    last_synced_at = serializers.DateTimeField(allow_null=True)


class CoverageAnswer(serializers.Serializer[Any]):
    summary = serializers.CharField()
    active = serializers.IntegerField()
    watched = serializers.IntegerField()
    orgs = CoveredOrg(many=True, help_text="Active orgs that are not watched, or watched with something wrong.")
    dev_hubs = CoveredHub(many=True)


def org_json(org: ScratchOrg) -> dict[str, Any]:
    """`org.dev_hub` is read."""
    return {
        "org_id": org.org_id,
        "name": org.org_name,
        "alias": org.alias,
        "username": org.username,
        "url": org.instance_url,
        "dev_hub": {"id": org.dev_hub_id, "name": org.dev_hub.name},
        "status": org.status,
        "health": health.health_of(org),
        **_standing_json(of_org(org)),
        "edition": org.edition,
        "owner": {"name": org.owner_name, "username": org.owner_username},
        "created_date": org.created_date,
        "expiration_date": org.expiration_date,
        "credential": org.credential,
        "last_polled_at": org.last_polled_at,
        "last_attempted_at": org.last_attempted_at,
        "next_poll_at": org.next_poll_at if org.watched else None,
        "consecutive_failures": org.consecutive_failures,
        "budget": {"used": org.api_used, "max": org.api_max},
        "changes_total": org.changes_total,
        "last_change_at": org.last_change_at,
    }


def org_detail_json(org: ScratchOrg) -> dict[str, Any]:
    gaps = org.gaps.order_by("-to_at")[:50]
    return {
        **org_json(org),
        "description": org.description,
        "features": org.features,
        "connected_app": org.connected_app,
        "gaps": [{"reason": gap.reason, "from": gap.from_at, "to": gap.to_at} for gap in gaps],
    }


def hub_json(hub: DevHub) -> dict[str, Any]:
    return {
        "id": hub.pk,
        "org_id": hub.org_id,
        "name": hub.name,
        "username": hub.username,
        "login_url": hub.login_url,
        "url": hub.instance_url,
        "active": hub.active,
        "poll_interval_minutes": hub.poll_interval_minutes,
        "last_synced_at": hub.last_synced_at,
        **_standing_json(of_hub(hub)),
        "budget": {"used": hub.api_used, "max": hub.api_max},
    }


def coverage_json(found: Coverage) -> dict[str, Any]:
    return {
        "summary": found.summary,
        "active": found.active,
        "watched": found.watched,
        "orgs": [
            {
                "org_id": org.org_id,
                "name": org.name,
                "username": org.username,
                "dev_hub": org.dev_hub,
                "last_polled_at": org.last_polled_at,
                **_standing_json(org.standing),
            }
            for org in found.orgs
        ],
        "dev_hubs": [
            {
                "org_id": hub.org_id,
                "name": hub.name,
                "orgs_active": hub.active,
                "orgs_watched": hub.watched,
                "last_synced_at": hub.last_synced_at,
                **_standing_json(hub.standing),
            }
            for hub in found.dev_hubs
        ],
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "watched": standing.watched,
        "reason": standing.reason,
        "why": standing.why,
        "what_to_do": standing.what_to_do,
    }
