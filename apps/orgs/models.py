"""A team's DevHubs and their scratch orgs, with how each is entered and how its polling stands."""

from datetime import UTC, datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import Team
from apps.core.claims import Claimable

SHORTEST_INTERVAL_MINUTES, LONGEST_INTERVAL_MINUTES = 0.05, 1440  # of polls
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class DevHub(Claimable):
    """The org whose scratch orgs are watched. `due_at`: when its list of orgs is read next (`apps.orgs.syncing`)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="dev_hubs")
    name = models.CharField(max_length=255)
    org_id = models.CharField(max_length=18)
    username = models.CharField(max_length=255)
    login_url = models.URLField(default="https://login.salesforce.com")
    instance_url = models.URLField()
    client_id = models.CharField("consumer key", max_length=255)
    private_key = models.TextField(editable=False)  # encrypted
    access_token = models.TextField(blank=True, editable=False)  # encrypted
    active = models.BooleanField(default=True)
    poll_interval_minutes = models.FloatField(
        null=True,
        blank=True,
        help_text="Empty: POLL_INTERVAL_MINUTES",
        validators=[MinValueValidator(SHORTEST_INTERVAL_MINUTES), MaxValueValidator(LONGEST_INTERVAL_MINUTES)],
    )
    can_view_all = models.BooleanField(null=True)
    last_synced_at = models.DateTimeField(null=True)
    last_error_code = models.CharField(max_length=50, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    consecutive_failures = models.IntegerField(default=0)
    # A sync that would end many orgs at once waits for a second one to agree; these are the org ids it would end.
    doubted_endings = models.JSONField(default=list, blank=True)
    # Why the last sync could not ask the sf CLI whose logins it holds: an error's code.
    sf_cli_error = models.CharField(max_length=50, blank=True, db_default="")
    api_used = models.IntegerField(null=True)
    api_max = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "dev_hubs"
        verbose_name = "DevHub"
        constraints = [models.UniqueConstraint(fields=["team", "org_id"], name="dev_hubs_once_per_team")]

    def __str__(self) -> str:
        return self.name


class ScratchOrg(models.Model):
    """One scratch org: what the hub says of it, how it is entered, how its polling stands, what was counted."""

    class Status(models.TextChoices):
        ACTIVE = "Active"
        DELETED = "Deleted"
        EXPIRED = "Expired"

    class Unwatched(models.TextChoices):
        """Why an active org is not polled."""

        NOT_ENROLLED = "not_enrolled"
        LOGIN_REFUSED = "login_refused"
        STOPPED = "stopped"
        ENDED = "ended"

    class Credential(models.TextChoices):
        JWT = "jwt"
        REFRESH = "refresh_token"
        SF_CLI = "sf_cli"

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    dev_hub = models.ForeignKey(DevHub, on_delete=models.CASCADE, related_name="scratch_orgs")

    # What the hub says
    org_id = models.CharField(max_length=18)
    org_name = models.CharField(max_length=255, blank=True)
    username = models.CharField(max_length=255)
    alias = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    instance_url = models.CharField(max_length=255)
    status = models.CharField(max_length=50, choices=Status.choices, default=Status.ACTIVE)
    created_date = models.DateTimeField(null=True)
    expiration_date = models.DateField(null=True)
    edition = models.CharField(max_length=50, blank=True)
    features = models.TextField(blank=True)
    connected_app = models.CharField(max_length=255, blank=True)
    signup_email = models.CharField(max_length=255, blank=True)
    owner_name = models.CharField(max_length=255, blank=True)  # who made it, in the hub
    owner_username = models.CharField(max_length=255, blank=True)
    visible_to_hub = models.BooleanField(default=True)

    # How it is entered; tokens are encrypted
    credential = models.CharField(max_length=20, choices=Credential.choices, blank=True)
    access_token = models.TextField(blank=True, editable=False)
    refresh_token = models.TextField(blank=True, editable=False)
    refresh_client_id = models.CharField(max_length=255, blank=True, editable=False)
    refresh_client_secret = models.TextField(blank=True, editable=False)
    refresh_login_url = models.CharField(max_length=255, blank=True, editable=False)
    known_to_sf_cli = models.BooleanField(default=False, db_default=False, editable=False)
    watched = models.BooleanField(default=False)
    unwatched_reason = models.CharField(max_length=30, choices=Unwatched.choices, blank=True)

    # The poll (`apps.changes.pacing`): when, under whose lease
    next_poll_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(default=LONG_AGO, db_default=LONG_AGO, editable=False)
    lease_taken = models.BooleanField(default=False, db_default=False, editable=False)
    last_attempted_at = models.DateTimeField(null=True)
    last_polled_at = models.DateTimeField(null=True)
    last_poll_seconds = models.FloatField(default=0, db_default=0)
    consecutive_failures = models.IntegerField(default=0, db_default=0)
    last_error_code = models.CharField(max_length=50, blank=True, db_default="")
    last_error = models.CharField(max_length=500, blank=True, db_default="")

    # The cursor (`apps.changes.cursor`), all in Salesforce's counters and time
    safe_counter = models.BigIntegerField(default=0, db_default=0)
    pending_counter = models.BigIntegerField(null=True)
    pending_at = models.DateTimeField(null=True)
    highest_counter = models.BigIntegerField(default=0, db_default=0)
    highest_member_id = models.CharField(max_length=18, blank=True, db_default="")
    tracking_epoch = models.IntegerField(default=0, db_default=0)
    baselined_at = models.DateTimeField(null=True)
    read_from_zero_at = models.DateTimeField(null=True)

    # What was counted
    changes_total = models.BigIntegerField(default=0, db_default=0)
    last_change_at = models.DateTimeField(null=True)
    api_used = models.IntegerField(null=True)
    api_max = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scratch_orgs"
        constraints = [models.UniqueConstraint(fields=["team", "org_id"], name="scratch_orgs_once_per_team")]
        indexes = [
            models.Index(fields=["dev_hub", "next_poll_at"], name="scratch_orgs_due", condition=models.Q(watched=True)),
            models.Index(fields=["team", "username"], name="scratch_orgs_by_username"),
        ]

    def __str__(self) -> str:
        return self.username
