"""No token, key or password in any log line or in any row that people read, whatever goes wrong."""

import logging

import pytest

from apps.core.errors import ScratcherError
from apps.core.models import Event
from apps.orgs import access
from apps.orgs.devhubs import update_credentials
from apps.orgs.enrolment import enrol
from apps.orgs.models import DevHub, ScratchOrg
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)

# A refused login comes last, because it stops the polling.
FAULTS = ("unauthorized", "html", "malformed_json", "unavailable", "redirect", "gone", "reset", "login_refused")


def test_no_secret_is_logged_or_told(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    enrol(watch.org(made["org_id"]), refresh_token=made["refresh_token"])
    watch.sweep()
    secrets = {made["refresh_token"], access.unseal(DevHub.objects.get(), "access_token")}
    secrets |= {access.unseal(org, "access_token") for org in ScratchOrg.objects.exclude(access_token="")}
    secrets |= {line for line in watch.simulator.hub.private_key.splitlines() if not line.startswith("---")}
    for fault in FAULTS:
        watch.simulator.fault("all", fault)
        watch.simulator.fault("hub", fault)
        watch.sync()
        watch.sweep()
        for attempt in (
            lambda: update_credentials(watch.hub, username="nobody@example.com"),
            lambda: enrol(watch.org(made["org_id"]), refresh_token=made["refresh_token"] + "x"),
        ):
            with pytest.raises(ScratcherError) as refused:
                attempt()
            logging.getLogger("test").info("%s %r", refused.value, refused.value.details)
        watch.simulator.clear_faults()
        watch.simulator.clear_faults("hub")
    told = caplog.text + repr(list(Event.objects.values()))
    told += repr(list(ScratchOrg.objects.values_list("last_error"))) + repr(
        list(DevHub.objects.values_list("last_error"))
    )
    assert "sync_failed" in told
    assert "poll_failed" in told
    assert len(secrets) > 20
    assert not [secret for secret in secrets if secret in told]
