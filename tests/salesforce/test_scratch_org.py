"""A scratch org of the simulator, polled."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from apps.salesforce import errors
from apps.salesforce.auth import jwt
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import SalesforceError
from apps.salesforce.records import ApiUsage
from apps.salesforce.transport import Transport
from tests.simulators import Simulator


@pytest.fixture
def org_id(salesforce: Simulator) -> str:
    """A scratch org of its own, with 40 components."""
    return str(salesforce.create_orgs(components=40)[0]["org_id"])


@pytest.fixture
def client(salesforce: Simulator, transport: Transport, org_id: str) -> SalesforceClient:
    return _client(salesforce, transport, org_id)


def test_a_poll_from_zero_reads_all_and_a_later_one_what_is_new(
    salesforce: Simulator, client: SalesforceClient, org_id: str
) -> None:
    first = client.source_members(since=0)
    assert len(first.rows) == 40
    entry = salesforce.edit(org_id, "ApexClass", "BrandNew", "NEW")
    highest = max(row.revision_counter for row in first.rows)
    later = client.source_members(since=highest)
    assert {row.revision_counter for row in later.rows} == {highest, entry["revision"]}
    row = next(row for row in later.rows if row.member_name == "BrandNew")
    assert (row.id, row.changed_by, row.is_new_member) == (entry["source_member_id"], entry["user_id"], True)
    assert row.last_modified_date == datetime.fromisoformat(entry["at"]).replace(microsecond=0)
    assert later.usage == ApiUsage(used=2, max=15_000)


def test_a_deletion_is_a_row(salesforce: Simulator, client: SalesforceClient, org_id: str) -> None:
    salesforce.edit(org_id, "ApexClass", "ShortLived", "NEW")
    salesforce.edit(org_id, "ApexClass", "ShortLived", "DELETE")
    row = next(row for row in client.source_members(since=0).rows if row.member_name == "ShortLived")
    assert row.is_name_obsolete


def test_the_read_has_the_simulator_s_time(salesforce: Simulator, client: SalesforceClient) -> None:
    now = datetime.fromisoformat(salesforce.step(3_600)).astimezone(UTC)
    read = client.source_members(since=0)
    assert abs((read.started_at - now).total_seconds()) <= 1
    assert read.started_at <= read.finished_at


def test_all_pages_are_read(salesforce: Simulator, transport: Transport) -> None:
    org = salesforce.create_orgs(components=4_504)[0]
    read = _client(salesforce, transport, org["org_id"]).source_members(since=0)
    assert (len(read.rows), read.pages) == (4_504, 3)
    assert len({row.id for row in read.rows}) == 4_504


def test_people_are_found_by_the_ids_of_their_changes(client: SalesforceClient) -> None:
    changed_by = {row.changed_by for row in client.source_members(since=0).rows}
    people = client.people([*changed_by, "005000000000000AAA", "not an id", "005'); DROP"])
    assert {person.id for person in people} == changed_by
    assert all(person.name and "@" in person.username for person in people)


def test_many_people_are_asked_for_in_pieces(client: SalesforceClient) -> None:
    changed_by = client.source_members(since=0).rows[0].changed_by
    people = client.people([changed_by, *(f"005{n:012d}AAA" for n in range(950))])
    assert [person.id for person in people] == [changed_by]


def test_a_scratch_org_knows_that_it_is_one(client: SalesforceClient, org_id: str) -> None:
    organization = client.organization()
    assert organization.id == org_id
    assert organization.is_sandbox
    assert organization.trial_expiration_date is not None
    assert client.limits()["DailyApiRequests"].max == 15_000


def test_an_expired_token_is_renewed(salesforce: Simulator, transport: Transport, org_id: str) -> None:
    username = next(org["username"] for org in salesforce.orgs(org_id=org_id))

    def renew() -> str:
        hub = salesforce.hub
        return jwt.login(
            transport,
            login_url=hub.login_url,
            client_id=hub.client_id,
            username=username,
            private_key_pem=hub.private_key,
        ).access_token

    client = SalesforceClient(transport, salesforce.url, "00D000000000001!expired", renew)
    assert len(client.source_members(since=0).rows) == 40


def test_an_org_that_takes_no_token_is_renewed_for_once(
    salesforce: Simulator, transport: Transport, org_id: str
) -> None:
    token = salesforce.login_as(org_id)["access_token"]
    salesforce.fault([org_id], "unauthorized")
    renewals: list[str] = []

    def renew() -> str:
        renewals.append(token)
        return str(token)

    with pytest.raises(errors.SessionExpired):
        SalesforceClient(transport, salesforce.url, token, renew).source_members(since=0)
    assert len(renewals) == 1


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        ("quota", {}, errors.QuotaExceeded),
        ("gone", {}, errors.OrgGone),
        ("unavailable", {"retry_after": 30}, errors.Unavailable),
        ("no_tracking", {}, errors.NoSourceTracking),
        ("html", {}, errors.MalformedAnswer),
        ("malformed_json", {}, errors.MalformedAnswer),
        ("wrong_shape", {}, errors.MalformedAnswer),
        ("redirect", {}, errors.Redirected),
        ("reset", {}, errors.Unreachable),
        ("hang", {"seconds": 20}, errors.TimedOut),
        ("drip", {"bytes_per_second": 50}, errors.TimedOut),
        ("endless", {}, errors.BodyTooLarge),
    ],
)
def test_each_fault_has_its_error(
    salesforce: Simulator, org_id: str, fault: str, options: dict[str, int], error: type[SalesforceError]
) -> None:
    short_of_time = Transport(
        (salesforce.url.removeprefix("https://"),), salesforce.ca, request_seconds=2, body_bytes=5_000_000
    )
    client = _client(salesforce, short_of_time, org_id)
    assert client.source_members(since=0).rows
    salesforce.fault([org_id], fault, **options)
    with pytest.raises(error) as caught:
        client.source_members(since=0)
    assert type(caught.value) is error
    if fault == "unavailable":
        assert caught.value.retry_after_seconds == 30
    salesforce.clear_faults([org_id])
    assert client.source_members(since=0).rows


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_an_org_that_is_gone_says_so(salesforce: Simulator, client: SalesforceClient, org_id: str, end: str) -> None:
    assert client.source_members(since=0).rows
    ending: Callable[[str], None] = getattr(salesforce, end)
    ending(org_id)
    with pytest.raises(errors.OrgGone):
        client.source_members(since=0)


@pytest.mark.parametrize("name", ["N" * 256, "null\0byte"])
def test_a_name_that_no_row_could_hold_spoils_the_read(
    salesforce: Simulator, client: SalesforceClient, org_id: str, name: str
) -> None:
    salesforce.edit(org_id, "ApexClass", name, "NEW")
    with pytest.raises(errors.MalformedAnswer):
        client.source_members(0)


def test_a_null_counter_spoils_the_read(salesforce: Simulator, client: SalesforceClient, org_id: str) -> None:
    salesforce.edit(org_id, "ApexClass", "Uncounted", "NEW", null_counter=True)
    with pytest.raises(errors.MalformedAnswer, match="RevisionCounter"):
        client.source_members(since=0)


def test_a_duplicate_row_is_read_once(salesforce: Simulator, client: SalesforceClient, org_id: str) -> None:
    salesforce.edit(org_id, "ApexClass", "Twin", "NEW", duplicate=True)
    assert [row.member_name for row in client.source_members(since=0).rows].count("Twin") == 1


def _client(salesforce: Simulator, transport: Transport, org_id: str) -> SalesforceClient:
    session = salesforce.login_as(org_id)
    return SalesforceClient(transport, session["instance_url"], session["access_token"])
