"""What the DevHub tells of its scratch orgs."""

from collections.abc import Callable
from urllib.parse import unquote_plus

import pytest

from apps.salesforce import errors
from apps.salesforce.auth import jwt
from apps.salesforce.client import SalesforceClient
from apps.salesforce.transport import Transport
from tests.salesforce.conftest import Server, http, page
from tests.simulators import Simulator


@pytest.fixture
def hub(salesforce: Simulator, transport: Transport) -> SalesforceClient:
    given = salesforce.hub
    token = jwt.login(
        transport,
        login_url=given.login_url,
        client_id=given.client_id,
        username=given.username,
        private_key_pem=given.private_key,
    )
    return SalesforceClient(transport, token.instance_url, token.access_token)


@pytest.fixture
def scratch_org(salesforce: Simulator, transport: Transport) -> SalesforceClient:
    session = salesforce.login_as(salesforce.create_orgs()[0]["org_id"])
    return SalesforceClient(transport, session["instance_url"], session["access_token"])


def test_every_living_scratch_org_is_listed_with_its_info(salesforce: Simulator, hub: SalesforceClient) -> None:
    orgs = {org.org_id: org for org in hub.active_scratch_orgs()}
    alive = {org["org_id"]: org for org in salesforce.orgs(alive=True)}
    assert orgs.keys() == alive.keys()
    for org_id, org in orgs.items():
        assert org.signup_username == alive[org_id]["username"]
        assert org.info is not None
        assert org.info.status == "Active"
        assert org.info.login_url == salesforce.url
        assert org.info.connected_app_consumer_key is not None
        assert org.info.created_by_name
        assert org.info.expiration_date == org.expiration_date is not None


def test_an_org_that_is_no_longer_active_is_found_in_its_info(salesforce: Simulator, hub: SalesforceClient) -> None:
    deleted, expired = (org["org_id"] for org in salesforce.create_orgs(count=2))
    salesforce.delete(deleted)
    salesforce.expire(expired)
    assert not {deleted, expired} & {org.org_id for org in hub.active_scratch_orgs()}
    infos = {info.org_id: info for info in hub.scratch_org_infos([deleted, expired[:15], "00D000000000000"])}
    assert infos.keys() == {deleted, expired}
    assert infos[deleted].status == "Deleted"


def test_more_orgs_than_a_page_holds_are_all_listed(salesforce: Simulator, hub: SalesforceClient) -> None:
    created = salesforce.create_orgs(count=2_050, components=0)
    orgs = {org.org_id: org for org in hub.active_scratch_orgs()}
    assert orgs.keys() >= {org["org_id"] for org in created}
    assert all(org.info is not None for org in orgs.values())
    for org in created:
        salesforce.delete(org["org_id"])


def test_the_hub_s_user_sees_all_by_a_permission_set(salesforce: Simulator, hub: SalesforceClient) -> None:
    assert hub.can_view_all()
    salesforce.fault("hub", "lost_view_all")
    assert not hub.can_view_all()


def test_view_all_data_is_enough(scratch_org: SalesforceClient) -> None:
    assert scratch_org.can_view_all()


def test_a_hub_is_told_from_another_org(hub: SalesforceClient, scratch_org: SalesforceClient) -> None:
    assert hub.is_dev_hub()
    assert not scratch_org.is_dev_hub()
    with pytest.raises(errors.NotADevHub):
        scratch_org.active_scratch_orgs()


def test_the_hub_s_limits_tell_how_many_scratch_orgs_it_may_have(hub: SalesforceClient) -> None:
    assert {"DailyApiRequests", "ActiveScratchOrgs", "DailyScratchOrgs"} <= hub.limits().keys()
    assert not hub.organization().is_sandbox


class HubWithAuthUrls:
    """A hub whose ScratchOrgInfo has a pool's SfdxAuthUrl__c, or not."""

    def __init__(self, serve: Callable[..., Server], *, has_field: bool) -> None:
        self.has_field = has_field
        self.server = serve(self.say)
        self.client = SalesforceClient(self.server.transport(), self.server.url, "00D!token")

    def say(self, connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        record = {
            "Id": "2SR000000000001",
            "ScratchOrg": "00D000000000001",
            "Status": "Active",
            "CreatedDate": "2026-11-21T05:58:58.000+0000",
            "CreatedBy": None,
        }
        if b"SfdxAuthUrl__c" in request and not self.has_field:
            connection.sendall(http(400, [{"errorCode": "INVALID_FIELD", "message": "No such column"}]))
        else:
            connection.sendall(http(200, page(record | {"SfdxAuthUrl__c": "force://a::b@c.salesforce.com"})))


def test_a_pool_s_auth_url_is_read_where_the_hub_has_the_field(serve: Callable[..., Server]) -> None:
    info = HubWithAuthUrls(serve, has_field=True).client.scratch_org_infos(["00D000000000001"])[0]
    assert info.sfdx_auth_url == "force://a::b@c.salesforce.com"


def test_a_hub_without_the_field_is_asked_for_it_once(serve: Callable[..., Server]) -> None:
    hub = HubWithAuthUrls(serve, has_field=False)
    for _ in range(3):
        assert len(hub.client.scratch_org_infos(["00D000000000001"])) == 1
    assert len([r for r in hub.server.requests if b"SfdxAuthUrl__c" in r]) == 1


def test_urls_stay_short_and_hold_only_ids(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, page())))
    client = SalesforceClient(server.transport(), server.url, "00D!token")
    ids = [f"00D{n:012d}" for n in range(1_001)]
    client.scratch_org_infos([*ids, "00D') OR Id != ('", "", "005000000000001"])
    lines = [request.partition(b" HTTP/1.1")[0].decode() for request in server.requests]
    assert all(len(line) < 8_000 for line in lines)
    asked = "".join(unquote_plus(line) for line in lines)
    assert all(f"'{i}'" in asked for i in ids)
    assert "OR Id" not in asked
    assert "'005" not in asked
