from collections.abc import Callable

from apps.salesforce.client import SalesforceClient
from tests.salesforce.conftest import Server, http

ROW = {
    "attributes": {"type": "SourceMember"},
    "Id": "0MZ000000000001AAA",
    "MemberType": "ApexClass",
    "MemberName": "Invoice",
    "RevisionCounter": 7,
    "IsNewMember": True,
    "IsNameObsolete": False,
    "ChangedBy": "005000000000001",
    "LastModifiedDate": "2026-11-21T05:58:58.000+0000",
}


def test_a_poll_reads_source_members(serve: Callable[..., Server]) -> None:
    page = http(200, {"totalSize": 1, "done": True, "records": [ROW]}, "Sforce-Limit-Info: api-usage=18/5000")
    server = serve(lambda connection, _: connection.sendall(page))
    transport = server.transport()
    with transport.deadline() as deadline:
        read = SalesforceClient(transport, server.url, "00D!token", deadline=deadline).source_members(since=3)
    assert [m.member_name for m in read.rows] == ["Invoice"]
    assert read.usage is not None
    assert read.usage.used == 18
