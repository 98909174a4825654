"""Rows for tests, real ones: `ScratchOrgFactory(team=cast.team)`; what a test does not care about is made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.accounts.models import Membership, Role, Team, User
from apps.changes.models import ChangeType, Person, SourceChange, TrackedComponent
from apps.operations.models import Operation
from apps.orgs.models import DevHub, ScratchOrg

FIRST_EDIT = datetime(2026, 3, 2, 9, tzinfo=UTC)  # the first SourceChangeFactory row; each next one is a minute later


def salesforce_id(prefix: str, number: int) -> str:
    """18 characters: prefix, number, and the three that tell which of the 15 are capitals."""
    id_15 = f"{prefix}{number:0{15 - len(prefix)}d}"
    capitals = [sum(2**bit for bit, letter in enumerate(id_15[i : i + 5]) if letter.isupper()) for i in (0, 5, 10)]
    return id_15 + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in capitals)


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    slug = factory.Sequence(lambda n: f"team-{n}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Faker("name")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        return model_class.objects.create_user(*args, **fields)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.VIEWER


class DevHubFactory(DjangoModelFactory):
    class Meta:
        model = DevHub

    team = factory.SubFactory(TeamFactory)
    name = factory.Sequence(lambda n: f"DevHub {n}")
    org_id = factory.Sequence(lambda n: salesforce_id("00DH", n))
    username = factory.Sequence(lambda n: f"hub{n}@example.com")
    login_url = "https://login.salesforce.com"
    instance_url = factory.Sequence(lambda n: f"https://hub{n}.my.salesforce.com")
    client_id = "3MVG9consumerkey"
    private_key = ""


class ScratchOrgFactory(DjangoModelFactory):
    """A watched, active org of a hub of its own (or of `dev_hub`, or of one made for `team`)."""

    class Meta:
        model = ScratchOrg

    team = factory.SelfAttribute("dev_hub.team")
    dev_hub = factory.SubFactory(DevHubFactory)
    org_id = factory.Sequence(lambda n: salesforce_id("00D", n))
    org_name = factory.Sequence(lambda n: f"Scratch {n}")
    username = factory.Sequence(lambda n: f"test-{n}@example.com")
    alias = factory.Sequence(lambda n: f"feature-{n}")
    instance_url = factory.Sequence(lambda n: f"https://scratch{n}.scratch.my.salesforce.com")
    created_date = factory.LazyFunction(lambda: datetime.now(UTC) - timedelta(days=1))
    expiration_date = factory.LazyFunction(lambda: datetime.now(UTC).date() + timedelta(days=6))
    edition = "Developer"
    credential = ScratchOrg.Credential.JWT
    watched = True

    @classmethod
    def _create(cls, model_class: type[ScratchOrg], *args: Any, **fields: Any) -> ScratchOrg:
        org: ScratchOrg = super()._create(model_class, *args, **fields)
        org.refresh_from_db()  # what the database filled in
        return org


class SourceChangeFactory(DjangoModelFactory):
    """One row of the feed; raises the team's `feed_position` as recording does."""

    class Meta:
        model = SourceChange

    scratch_org = factory.SubFactory(ScratchOrgFactory)
    team = factory.SelfAttribute("scratch_org.team")
    change_id = factory.Sequence(lambda n: salesforce_id("0MZ", n))
    member_type = "ApexClass"
    member_name = factory.Sequence(lambda n: f"Class{n}")
    change_type = ChangeType.CHANGE
    revision_num = factory.Sequence(lambda n: n + 1)
    changed_by = salesforce_id("005", 1)
    last_modified_date = factory.Sequence(lambda n: FIRST_EDIT + timedelta(minutes=n))

    @classmethod
    def _create(cls, model_class: type[SourceChange], *args: Any, **fields: Any) -> SourceChange:
        if "feed_position" not in fields:
            team = Team.objects.get(pk=fields["team"].pk)
            team.feed_position += 1
            team.save(update_fields=["feed_position"])
            fields["feed_position"] = fields["team"].feed_position = team.feed_position
        change: SourceChange = super()._create(model_class, *args, **fields)
        change.refresh_from_db(fields=["created_at"])
        return change


class TrackedComponentFactory(DjangoModelFactory):
    """A component that somebody edited in its org; `is_baseline=True, edited_at=None` for one that nobody did."""

    class Meta:
        model = TrackedComponent

    scratch_org = factory.SubFactory(ScratchOrgFactory)
    team = factory.SelfAttribute("scratch_org.team")
    dev_hub = factory.SelfAttribute("scratch_org.dev_hub")
    change_id = factory.Sequence(lambda n: salesforce_id("0MZ", n))
    member_type = "ApexClass"
    member_name = factory.Sequence(lambda n: f"Class{n}")
    revision_num = factory.Sequence(lambda n: n + 1)
    changed_by = salesforce_id("005", 1)
    last_modified_date = factory.LazyFunction(lambda: datetime.now(UTC) - timedelta(hours=1))
    edited_at = factory.SelfAttribute("last_modified_date")
    edited_by = factory.SelfAttribute("changed_by")
    edit_type = ChangeType.CHANGE


class PersonFactory(DjangoModelFactory):
    class Meta:
        model = Person

    scratch_org = factory.SubFactory(ScratchOrgFactory)
    user_id = salesforce_id("005", 1)
    username = factory.Sequence(lambda n: f"person{n}@scratch.example.com")
    name = factory.Faker("name")


class OperationFactory(DjangoModelFactory):
    class Meta:
        model = Operation

    team = factory.SubFactory(TeamFactory)
    kind = "poll"
    arguments = factory.Sequence(lambda n: {"made_for_a_test": n})
    started_by = "alice@example.com"
    phase = "polling"
    total = 3

    @classmethod
    def _create(cls, model_class: type[Operation], *args: Any, **fields: Any) -> Operation:
        operation: Operation = super()._create(model_class, *args, **fields)
        operation.refresh_from_db()
        return operation
