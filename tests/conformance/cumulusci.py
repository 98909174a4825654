"""CumulusCI: its JWT session, and its task that lists the changes of a scratch org."""

import logging
import os
from importlib.metadata import version
from typing import Any

from tests.conformance.operations import must_equal, operation, perform, simulator

# Read by CumulusCI when it is imported: the login host, and the connected app that it logs in through.
os.environ["SF_PROD_LOGIN_URL"] = simulator().url
os.environ["SFDX_CLIENT_ID"] = simulator().hub.client_id
os.environ["SFDX_HUB_KEY"] = simulator().hub.private_key

from cumulusci.core.config import BaseProjectConfig, OrgConfig, TaskConfig, UniversalConfig
from cumulusci.core.exceptions import SalesforceCredentialsException
from cumulusci.core.keychain import BaseProjectKeychain
from cumulusci.oauth.salesforce import jwt_session as log_in
from cumulusci.tasks.salesforce.sourcetracking import ListChanges


@operation
def jwt_session() -> None:
    hub = simulator().hub
    answer = log_in(hub.client_id, hub.private_key, hub.username, url=simulator().url)
    assert answer["access_token"].startswith(f"{hub.org_id[:15]}!"), answer
    must_equal(answer["instance_url"], simulator().url)


@operation
def jwt_session_refused() -> None:
    hub = simulator().hub
    try:
        log_in(hub.client_id, hub.private_key, "nobody@example.com", url=simulator().url)
    except SalesforceCredentialsException as error:
        refusal = str(error)
    else:
        raise AssertionError("CumulusCI was let in")
    assert "invalid_grant" in refusal, refusal


@operation
def list_changes() -> None:
    """The task logs in by itself, reads who it is and what org it is in, then lists what is there and not deleted."""
    org = simulator().create_orgs()[0]
    for name, kind in (("Sun", "NEW"), ("Moon", "NEW"), ("Star", "NEW"), ("Moon", "DELETE")):
        simulator().edit(org["org_id"], "ApexClass", name, kind)
    told = listed(org)
    found = told.index("Found 2 changed components in the scratch org.")
    must_equal(told[found + 1 :], ["ApexClass: Sun", "ApexClass: Star"])


def listed(org: dict[str, Any]) -> list[str]:
    """What CumulusCI's task tells of the org's changes."""
    described = {"project": {"name": "Conformance", "package": {"api_version": "67.0"}}}
    project = BaseProjectConfig(UniversalConfig(), described, repo_info={"root": os.environ["HOME"]})
    keychain = project.keychain = BaseProjectKeychain(project, None)
    config = OrgConfig({"username": org["username"], "instance_url": simulator().url}, "watched", keychain)
    told = Told()
    logging.getLogger("cumulusci").addHandler(told)
    ListChanges(project, TaskConfig({"options": {}}), config)()
    return told.messages


class Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


if __name__ == "__main__":
    logging.getLogger("cumulusci").setLevel(logging.INFO)
    perform("CumulusCI", version("cumulusci"))
