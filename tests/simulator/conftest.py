"""One quiet simulator with a stepped clock for all tests here; each test makes scratch orgs of its own."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
import requests

from tests.simulators import Simulator, start_simulator

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DATA = "/services/data/v67.0"
SOURCE_MEMBERS = (
    "SELECT Id, MemberIdOrName, MemberType, MemberName, IsNameObsolete, RevisionCounter, IsNewMember, ChangedBy, "
    "LastModifiedDate FROM SourceMember WHERE RevisionCounter >= {since} ORDER BY RevisionCounter"
)


@dataclass
class Api:
    """Calls the simulator as a client would, one session of one org's user."""

    simulator: Simulator
    token: str = ""
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.verify = self.simulator.ca
        self.http.trust_env = False

    def grant(self, **form: str) -> requests.Response:
        return self.http.post(f"{self.simulator.url}/services/oauth2/token", data=form, timeout=10)

    def jwt(self, username: str, key: str | None = None, **claims: Any) -> requests.Response:
        hub = self.simulator.hub
        sent = {"iss": hub.client_id, "sub": username, "aud": hub.login_url, "exp": int(time.time()) + 180, **claims}
        return self.grant(grant_type=JWT_BEARER, assertion=jwt.encode(sent, key or hub.private_key, "RS256"))

    def call(self, method: str, path: str, timeout: float = 10, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        return self.http.request(
            method, f"{self.simulator.url}{path}", headers=headers, timeout=timeout, allow_redirects=False, **more
        )

    def query(self, soql: str, *, tooling: bool = False) -> requests.Response:
        path = "/services/data/v67.0/tooling/query" if tooling else "/services/data/v67.0/query"
        return self.call("GET", path, params={"q": soql})

    def records(self, soql: str, *, tooling: bool = False) -> list[dict[str, Any]]:
        """Every page's records, without their attributes."""
        answer = self.query(soql, tooling=tooling)
        records: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            records += page["records"]
            if page["done"]:
                return [{name: value for name, value in record.items() if name != "attributes"} for record in records]
            answer = self.call("GET", page["nextRecordsUrl"])

    def rest(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """A call below the newest version's REST API."""
        return self.call(method, f"{DATA}/{path}", json=body, params=query)

    def create(self, sobject: str, **values: Any) -> str:
        """A new record's id."""
        answer = self.rest("POST", f"sobjects/{sobject}", values)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]  # type: ignore[no-any-return]

    def source_members(self, since: int = 0) -> list[dict[str, Any]]:
        return self.records(SOURCE_MEMBERS.format(since=since), tooling=True)

    def names(self, since: int = 0) -> list[str]:
        return [row["MemberName"] for row in self.source_members(since)]


def refusal(answer: requests.Response) -> tuple[int, str, list[str] | None]:
    """Status, errorCode and blamed fields of an answer that must be Salesforce's array of errors."""
    body = answer.json()
    assert isinstance(body, list)
    assert set(body[0]) - {"fields"} == {"message", "errorCode"}
    return answer.status_code, body[0]["errorCode"], body[0].get("fields")


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = start_simulator(tmp_path_factory.mktemp("simulator"), scenario="quiet", clock="stepped")
    yield running
    running.stop()


@pytest.fixture
def hub(simulator: Simulator) -> Iterator[Api]:
    """The DevHub's integration user; faults of the hub end with the test."""
    yield Api(simulator, simulator.login_as(simulator.hub.org_id)["access_token"])
    simulator.clear_faults("hub")


@pytest.fixture
def org(simulator: Simulator) -> dict[str, Any]:
    """A scratch org without components, made for this test."""
    return simulator.create_orgs()[0]


@pytest.fixture
def api(simulator: Simulator, org: dict[str, Any]) -> Api:
    """The admin of `org`."""
    return Api(simulator, simulator.login_as(org["org_id"])["access_token"])
