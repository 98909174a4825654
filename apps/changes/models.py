"""What was seen: changes, the present state of components, who people are, and where we did not look.

Rows are written by `apps.changes.recording` alone, in one statement; their indexes are what every list reads by.
Types and names are collated "C" whatever the database's locale is: a prefix is then a range of the index.
"""

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import Team
from apps.orgs.models import DevHub, ScratchOrg

ORDER = ("last_modified_date", "id")


class ChangeType(models.TextChoices):
    """DevOps Center's words."""

    NEW = "NEW"
    CHANGE = "CHANGE"
    DELETE = "DELETE"


class SourceChange(models.Model):
    """One revision of one component, seen in one org.

    `change_id` is the SourceMember's id, which stays while its revision rises; `changed_by` a user's id in that org,
    18 characters (see Person). `feed_position` numbers the team's changes in commit order.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, db_index=False)
    scratch_org = models.ForeignKey(ScratchOrg, on_delete=models.CASCADE, db_index=False)
    feed_position = models.BigIntegerField()
    tracking_epoch = models.IntegerField(default=0)
    change_id = models.CharField(max_length=18)
    member_type = models.CharField(max_length=100, db_collation="C")
    member_name = models.CharField(max_length=255, db_collation="C")
    change_type = models.CharField(max_length=6, choices=ChangeType.choices)
    revision_num = models.BigIntegerField()
    changed_by = models.CharField(max_length=255, blank=True)
    last_modified_date = models.DateTimeField()
    created_at = models.DateTimeField("seen at", db_default=Now())
    batch_id = models.UUIDField(null=True)
    is_bulk = models.BooleanField(default=False)

    class Meta:
        db_table = "source_changes"
        constraints = [
            models.UniqueConstraint(
                fields=["scratch_org", "tracking_epoch", "change_id", "revision_num"], name="source_changes_once"
            ),
            models.UniqueConstraint(fields=["team", "feed_position"], name="source_changes_position"),
        ]
        indexes = [
            models.Index(fields=["team", *ORDER], name="source_changes_newest"),
            models.Index(fields=["team", "scratch_org", *ORDER], name="source_changes_by_org"),
            models.Index(fields=["team", "member_type", *ORDER], name="source_changes_by_type"),
            models.Index(fields=["team", "member_name", *ORDER], name="source_changes_by_name"),
            models.Index(fields=["team", "changed_by", *ORDER], name="source_changes_by_person"),
            models.Index(fields=["team", "change_type", *ORDER], name="source_changes_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.change_type} {self.member_type} {self.member_name}"


class TrackedComponent(models.Model):
    """The present state of one component in one org. It alone decides what is new.

    `edited_at`, `edited_by` and `edit_type` tell of the last revision that was neither baseline nor part of a bulk
    deployment: what the overlap radar reads.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, db_index=False)
    dev_hub = models.ForeignKey(DevHub, on_delete=models.CASCADE, db_index=False)
    scratch_org = models.ForeignKey(ScratchOrg, on_delete=models.CASCADE, db_index=False)
    tracking_epoch = models.IntegerField(default=0)
    change_id = models.CharField(max_length=18)
    member_type = models.CharField(max_length=100, db_collation="C")
    member_name = models.CharField(max_length=255, db_collation="C")
    revision_num = models.BigIntegerField()
    changed_by = models.CharField(max_length=255, blank=True)
    last_modified_date = models.DateTimeField()
    is_deleted = models.BooleanField(default=False)
    is_baseline = models.BooleanField(default=False)
    edited_at = models.DateTimeField(null=True)
    edited_by = models.CharField(max_length=255, blank=True)
    edit_type = models.CharField(max_length=6, choices=ChangeType.choices, blank=True)

    class Meta:
        db_table = "tracked_components"
        constraints = [
            models.UniqueConstraint(
                fields=["scratch_org", "member_type", "member_name"], name="tracked_components_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["team", "dev_hub", "member_type", "member_name", "scratch_org", "edited_at"],
                name="tracked_components_edited",
                condition=models.Q(edited_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_type} {self.member_name}"


class Person(models.Model):
    """A user of one org, as its User object names them. A default admin called "User User" gets the owner's name."""

    scratch_org = models.ForeignKey(ScratchOrg, on_delete=models.CASCADE, db_index=False)
    user_id = models.CharField(max_length=255)
    username = models.CharField(max_length=255)
    name = models.CharField(max_length=255)

    class Meta:
        db_table = "people"
        constraints = [models.UniqueConstraint(fields=["scratch_org", "user_id"], name="people_once")]
        indexes = [
            models.Index(fields=["username"], name="people_by_username"),
            models.Index(fields=["name"], name="people_by_name"),
            models.Index(fields=["user_id"], name="people_by_user_id"),
        ]

    def __str__(self) -> str:
        return self.name


class DailyChangeCount(models.Model):
    """How many changes of a type and kind a team made on a UTC day, counted as they are stored."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    member_type = models.CharField(max_length=100)
    change_type = models.CharField(max_length=6, choices=ChangeType.choices)
    count = models.BigIntegerField(default=0)

    class Meta:
        db_table = "daily_change_counts"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "day", "member_type", "change_type"], name="daily_change_counts_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.member_type} {self.change_type}: {self.count}"


class Span(models.Func):
    """What a gap mark covers, as a range: GiST finds those that overlap a page of the feed, however deep.

    A clock that was set back must not stop the poll that leaves a mark: `tstzrange` refuses ends in the wrong order.
    """

    template = "TSTZRANGE(LEAST(%(expressions)s), GREATEST(%(expressions)s), '[]')"
    output_field = DateTimeRangeField()


class GapMark(models.Model):
    """A span in which an org was not watched, or its tracking was reset: only the last state is known."""

    class Reason(models.TextChoices):
        NOT_WATCHED = "not_watched"
        TRACKING_RESET = "tracking_reset"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, db_index=False)
    scratch_org = models.ForeignKey(ScratchOrg, on_delete=models.CASCADE, related_name="gaps")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "gap_marks"
        indexes = [GistIndex(Span("from_at", "to_at"), name="gap_marks_span")]

    def __str__(self) -> str:
        return f"{self.reason} {self.from_at:%Y-%m-%d %H:%M} to {self.to_at:%H:%M}"
