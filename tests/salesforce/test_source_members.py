"""What one poll makes of the pages it gets."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from apps.salesforce import errors
from apps.salesforce.client import SalesforceClient
from apps.salesforce.records import ApiUsage, SourceMembers, to_18
from tests.salesforce.conftest import Server, http, page, source_member

Serve = Callable[..., Server]


def read(serve: Serve, *answers: bytes, since: int = 0) -> SourceMembers:
    left = list(answers)
    server = serve(lambda connection, _: connection.sendall(left.pop(0)))
    return SalesforceClient(server.transport(), server.url, "00D!token").source_members(since)


def test_a_row_becomes_a_record(serve: Serve) -> None:
    member = read(serve, http(200, page(source_member()))).rows[0]
    assert (member.id, member.member_type, member.member_name) == ("0MZ000000000001AAA", "ApexClass", "Invoice")
    assert (member.revision_counter, member.is_new_member, member.is_name_obsolete) == (7, True, False)
    assert member.changed_by == "005000000000001AAA"
    assert member.last_modified_date == datetime(2026, 11, 21, 5, 58, 58, tzinfo=UTC)


def test_the_query_asks_for_the_floor_and_what_follows_in_order(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, page())))
    SalesforceClient(server.transport(), server.url, "00D!token").source_members(since=4711)
    request = server.requests[0]
    assert b"/services/data/v67.0/tooling/query/?q=SELECT+Id%2C+" in request
    assert b"WHERE+RevisionCounter+%3E%3D+4711+ORDER+BY+RevisionCounter" in request


def test_salesforce_s_clock_tells_when_the_read_began_and_ended(serve: Serve) -> None:
    read_ = read(
        serve,
        http(200, page(source_member(), next_page=1), date="Sat, 21 Nov 2026 12:00:00 GMT"),
        http(200, page(source_member(), next_page=2), date="Sat, 21 Nov 2026 12:00:05 GMT"),
        http(200, page(source_member()), date="Sat, 21 Nov 2026 12:00:09 GMT"),
    )
    assert read_.started_at == datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
    assert read_.finished_at == datetime(2026, 11, 21, 12, 0, 9, tzinfo=UTC)
    assert read_.pages == 3


def test_a_row_that_comes_twice_is_kept_once_with_its_highest_revision(serve: Serve) -> None:
    rows = read(
        serve,
        http(200, page(source_member(RevisionCounter=7), source_member(RevisionCounter=9), next_page=1)),
        http(200, page(source_member(RevisionCounter=8), source_member(Id="0MZ000000000002AAA", RevisionCounter=8))),
    ).rows
    assert sorted((m.id, m.revision_counter) for m in rows) == [("0MZ000000000001AAA", 9), ("0MZ000000000002AAA", 8)]


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("Sforce-Limit-Info: api-usage=18/5000", ApiUsage(18, 5000)),
        ("sforce-limit-info: api-usage=25/5000; per-app-api-usage=17/250(appName=x)", ApiUsage(25, 5000)),
        ("Sforce-Limit-Info: nonsense", None),
        ("X: y", None),
    ],
)
def test_api_usage_comes_with_the_read(serve: Serve, header: str, usage: ApiUsage | None) -> None:
    assert read(serve, http(200, page(), header)).usage == usage


@pytest.mark.parametrize(
    ("sent", "member_type", "member_name"),
    [
        ({"MemberType": "QuickActionDefinition"}, "QuickAction", "Invoice"),
        ({"MemberType": "Layout", "MemberName": "Account-Sales %28EMEA%29"}, "Layout", "Account-Sales (EMEA)"),
        ({"MemberType": "Profile", "MemberName": "100% sure"}, "Profile", "100% sure"),
        ({"MemberType": "CustomLabel", "MemberName": "Größe_日本"}, "CustomLabel", "Größe_日本"),
    ],
)
def test_types_and_names_are_put_right(
    serve: Serve, sent: dict[str, object], member_type: str, member_name: str
) -> None:
    member = read(serve, http(200, page(source_member(**sent)))).rows[0]
    assert (member.member_type, member.member_name) == (member_type, member_name)


@pytest.mark.parametrize("changed_by", ["005000000000001", "005000000000001AAA", "Jane Doe", "005 Bar and Grill"])
def test_changed_by_may_be_an_id_of_either_length_or_a_name(serve: Serve, changed_by: str) -> None:
    member = read(serve, http(200, page(source_member(ChangedBy=changed_by)))).rows[0]
    assert member.changed_by == ("005000000000001AAA" if changed_by.startswith("0050") else changed_by)


def without(field: str) -> dict[str, object]:
    record = source_member()
    del record[field]
    return record


@pytest.mark.parametrize(
    "record",
    [without(field) for field in source_member() if field != "attributes"]
    + [{**source_member(), field: None} for field in source_member() if field != "attributes"]
    + [
        source_member(RevisionCounter="7"),
        source_member(RevisionCounter=7.5),
        source_member(RevisionCounter=True),
        source_member(RevisionCounter=-1),
        source_member(RevisionCounter=2**63),
        source_member(IsNewMember="true"),
        source_member(IsNameObsolete=0),
        source_member(LastModifiedDate="yesterday"),
        source_member(LastModifiedDate="2026-11-21T05:58:58"),
        source_member(LastModifiedDate=1_763_704_738),
        source_member(LastModifiedDate="0001-01-01T00:00:00.000+1400"),
        source_member(MemberName=""),
        source_member(MemberName="a\x00b"),
        source_member(MemberName="a%00b"),
        source_member(Id=7),
    ],
)
def test_a_row_that_is_not_whole_spoils_the_read(serve: Serve, record: dict[str, object]) -> None:
    with pytest.raises(errors.MalformedAnswer):
        read(serve, http(200, page(source_member(Id="0MZ000000000009AAA"), record)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Data Not Available</body></html>",
        orjson.dumps(page(source_member()))[:-30],
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b'{"done": true}',
        b'{"done": true, "records": null}',
        b'{"done": true, "records": {}}',
        b'{"done": true, "records": [7]}',
        b'{"done": "true", "records": []}',
        b'{"records": []}',
        b'{"done": true, "records": [], "records": 1}',
        b'{"done": true, "records": [NaN]}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
    ],
)
def test_what_is_no_page_of_rows_is_malformed(serve: Serve, body: bytes) -> None:
    with pytest.raises(errors.MalformedAnswer):
        read(serve, http(200, body))


@pytest.mark.parametrize("date", ["", "today", "Sat, 99 Nov 2026 12:00:00 GMT"])
def test_an_answer_without_a_time_is_malformed(serve: Serve, date: str) -> None:
    with pytest.raises(errors.MalformedAnswer, match="Date"):
        read(serve, http(200, page(source_member()), date=date))


def test_a_second_page_that_fails_fails_the_read(serve: Serve) -> None:
    with pytest.raises(errors.Unavailable):
        read(serve, http(200, page(source_member(), next_page=1)), http(503, b""))


def test_an_org_without_sourcemember_has_no_source_tracking(serve: Serve) -> None:
    says = [{"message": "sObject type 'SourceMember' is not supported.", "errorCode": "INVALID_TYPE"}]
    with pytest.raises(errors.NoSourceTracking) as caught:
        read(serve, http(400, says))
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("id_15", "id_18"),
    [
        ("005000000000001", "005000000000001AAA"),
        ("00Dxx0000001gPL", "00Dxx0000001gPLEAY"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("00DZZZZZZZZZZZZ", "00DZZZZZZZZZZZZ255"),
    ],
)
def test_ids_get_their_three_characters(id_15: str, id_18: str) -> None:
    assert to_18(id_15) == to_18(id_18) == id_18


@pytest.mark.parametrize("text", ["", "005", "00500000000000!", "005000000000001AAAA", "００５000000000001"])  # noqa: RUF001
def test_what_is_no_id_gets_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a Salesforce id"):
        to_18(text)
