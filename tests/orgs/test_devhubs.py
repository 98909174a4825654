"""Adding a DevHub, and giving it other credentials: what is wrong is said, and nothing is stored then."""

import subprocess

import pytest

from apps.core.errors import Conflict, InvalidInput, ScratcherError, Unavailable
from apps.orgs import access
from apps.orgs.devhubs import add_dev_hub, update_credentials
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.simulators import Simulator
from tests.watching import Watch, add_hub

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(cast: Cast, simulator: Simulator, **given: str) -> ScratcherError:
    """What adding the simulator's hub with some other values is refused with."""
    values = {
        "login_url": simulator.hub.login_url,
        "client_id": simulator.hub.client_id,
        "username": simulator.hub.username,
        "private_key": simulator.hub.private_key,
    }
    with pytest.raises(ScratcherError) as refused:
        add_dev_hub(team=cast.team, **(values | given))
    assert DevHub.objects.count() == 0
    return refused.value


def other_key() -> str:
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout


def test_a_hub_is_added_with_its_name_and_is_due_at_once(cast: Cast, simulator: Simulator) -> None:
    hub = add_hub(cast.team, simulator)
    stored = DevHub.objects.get()
    assert (stored.org_id, stored.can_view_all, stored.team) == (simulator.hub.org_id, True, cast.team)
    assert hub.name == stored.name != ""
    assert simulator.hub.private_key not in stored.private_key
    assert access.unseal(stored, "private_key") == simulator.hub.private_key


@pytest.mark.parametrize("key", ["", "hello", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"])
def test_a_private_key_that_is_no_key(cast: Cast, simulator: Simulator, key: str) -> None:
    error = refusal(cast, simulator, private_key=key)
    assert (error.code, error.status) == ("invalid_private_key", 400)
    assert key == "" or key not in str(error)


def test_a_key_of_another_app(cast: Cast, simulator: Simulator) -> None:
    assert refusal(cast, simulator, private_key=other_key()).code == "login_refused"


def test_a_host_that_is_not_allowed(cast: Cast, simulator: Simulator) -> None:
    for url in (
        "https://evil.example.com",
        "http://127.0.0.1:1",
        "ftp://x",
        "",
        "https://login.salesforce.com@evil.com",
    ):
        assert refusal(cast, simulator, login_url=url).code == "host_not_allowed"


def test_a_login_that_is_refused(cast: Cast, simulator: Simulator) -> None:
    error = refusal(cast, simulator, username="nobody@example.com")
    assert (error.code, isinstance(error, InvalidInput)) == ("login_refused", True)


def test_an_org_that_is_no_dev_hub(cast: Cast, simulator: Simulator) -> None:
    [made] = simulator.create_orgs(count=1)
    assert refusal(cast, simulator, username=made["username"]).code == "not_a_dev_hub"


def test_salesforce_that_is_away(cast: Cast, simulator: Simulator) -> None:
    simulator.fault("hub", "unavailable", on="both")
    error = refusal(cast, simulator)
    assert (error.code, isinstance(error, Unavailable)) == ("unavailable", True)


def test_a_hub_that_stands_already(cast: Cast, simulator: Simulator) -> None:
    add_hub(cast.team, simulator)
    with pytest.raises(Conflict, match="stands already"):
        add_hub(cast.team, simulator)
    assert DevHub.objects.count() == 1


def test_other_credentials_are_tried_before_they_are_kept(watch: Watch, simulator: Simulator) -> None:
    before = DevHub.objects.values().get()
    with pytest.raises(InvalidInput):
        update_credentials(watch.hub, private_key=other_key())
    with pytest.raises(InvalidInput):
        update_credentials(watch.hub, username="nobody@example.com")
    assert DevHub.objects.values().get() == before
    update_credentials(watch.hub, private_key=simulator.hub.private_key)
    assert DevHub.objects.values().get() != before


def test_credentials_of_another_hub_are_refused(watch: Watch, simulator: Simulator) -> None:
    DevHub.objects.update(org_id="00D000000000001EAA")
    watch.hub.refresh_from_db()
    with pytest.raises(InvalidInput, match="another org"):
        update_credentials(watch.hub, private_key=simulator.hub.private_key)


def test_other_credentials_wake_up_orgs_whose_login_was_refused(watch: Watch, simulator: Simulator) -> None:
    simulator.fault("all", "login_refused")
    simulator.clear_faults("hub")
    watch.sync()
    watch.sweep()
    refused = ScratchOrg.objects.filter(unwatched_reason="login_refused")
    assert refused.count() == 23
    watch.sync()
    assert refused.count() == 23
    simulator.clear_faults()
    update_credentials(watch.hub, private_key=simulator.hub.private_key)
    assert refused.count() == 0
    watch.sweep()
    assert ScratchOrg.objects.filter(watched=True, consecutive_failures=0).count() == 22


def test_an_org_whose_address_was_not_allowed_is_watched_once_it_is(watch: Watch) -> None:
    watch.sync()
    # As a sync leaves them while SALESFORCE_HOSTS lacks their address.
    ScratchOrg.objects.update(instance_url="", watched=False, unwatched_reason="not_enrolled")
    watch.sync()
    assert ScratchOrg.objects.filter(watched=True).count() == 23
