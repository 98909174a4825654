"""The commands, as somebody at a terminal sees them."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.core import crypto
from apps.orgs import access, rotation
from apps.orgs.models import DevHub, ScratchOrg
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


def add_devhub(simulator: Simulator, **given: str) -> str:
    options = {
        "username": simulator.hub.username,
        "client_id": simulator.hub.client_id,
        "login_url": simulator.hub.login_url,
        "private_key_file": str(simulator.hub.private_key_file),
    }
    out = io.StringIO()
    call_command("add_devhub", stdout=out, **(options | given))
    return out.getvalue()


def test_the_first_hub_makes_the_first_team(simulator: Simulator) -> None:
    assert "works" in add_devhub(simulator, team="acme")
    assert DevHub.objects.get().team.slug == "acme"


def test_a_key_may_come_over_standard_input(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(simulator.hub.private_key))
    assert "works" in add_devhub(simulator, private_key_file="-")


def test_what_is_wrong_is_said_and_nothing_is_stored(simulator: Simulator, tmp_path: Path) -> None:
    no_key = tmp_path / "no.key"
    no_key.write_text("hello")
    for given, words in [
        ({"private_key_file": str(no_key)}, "no RSA private key"),
        ({"private_key_file": str(tmp_path / "missing.key")}, "could not be read"),
        ({"username": "nobody@example.com"}, "refused the login"),
        ({"login_url": "https://evil.example.com"}, "SALESFORCE_HOSTS"),
        ({"client_id": ""}, "--client-id"),
    ]:
        with pytest.raises(CommandError, match=words):
            add_devhub(simulator, **given)
    assert (DevHub.objects.count(), Team.objects.count()) == (0, 0)


def test_a_private_key_is_no_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("add_devhub", "--help")
    told = capsys.readouterr().out
    assert "--private-key-file" in told
    assert "--private-key " not in told


def test_a_hub_gets_another_key(watch: Watch) -> None:
    before = DevHub.objects.get().private_key
    call_command(
        "add_devhub",
        update=watch.hub.org_id,
        private_key_file=str(watch.simulator.hub.private_key_file),
        stdout=io.StringIO(),
    )
    assert DevHub.objects.get().private_key != before


def test_sync_devhub_needs_no_worker(watch: Watch) -> None:
    out = io.StringIO()
    call_command("sync_devhub", stdout=out)
    assert "0 of 24 active orgs watched" in out.getvalue()
    watch.simulator.fault("hub", "unavailable")
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("sync_devhub", watch.hub.org_id, stdout=out, stderr=err)
    assert "busy or down" in err.getvalue()


def test_doctor_says_what_is_wrong_and_the_next_step(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    watch.sync()
    watch.sweep()
    watch.simulator.fault("hub", "lost_view_all")
    with pytest.raises(CommandError):  # no worker runs in this test
        call_command("doctor")
    told = " ".join(capsys.readouterr().out.split())
    for words in ("22 of 24 active orgs watched", "works", "View All", "PlatformCLI", "none answers"):
        assert words in told


def test_keys_rotate_and_may_be_taken_out_then(
    watch: Watch, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.sync()
    watch.sweep()
    secrets = rotation.counts_by_key()
    assert secrets == {"k1": 2 + 23}
    old, new = settings.ENCRYPTION_KEYS, crypto.new_key("k2")
    settings.ENCRYPTION_KEYS = f"{new},{old}"
    call_command("rotate_keys", stdout=io.StringIO())
    assert rotation.counts_by_key() == {"k2": 25}
    assert "may be taken out" in " ".join(capsys.readouterr().out.split())
    settings.ENCRYPTION_KEYS = new
    assert access.unseal(DevHub.objects.get(), "private_key") == watch.simulator.hub.private_key
    watch.sweep()
    assert ScratchOrg.objects.filter(consecutive_failures=0, last_polled_at__isnull=False).count() == 22


def test_a_rotation_does_not_undo_a_renewed_token(watch: Watch, settings: Settings) -> None:
    watch.sync()
    watch.sweep()
    org = ScratchOrg.objects.exclude(access_token="").order_by("pk")[0]
    settings.ENCRYPTION_KEYS = f"{crypto.new_key('k2')},{settings.ENCRYPTION_KEYS}"
    swaps = rotation._encrypt_anew([org], "access_token", rotation.Rotation().unreadable)
    renewed = access.seal(org, "access_token", "renewed meanwhile")
    ScratchOrg.objects.filter(pk=org.pk).update(access_token=renewed)
    assert access.swap(ScratchOrg, "access_token", swaps) == 0
    assert ScratchOrg.objects.get(pk=org.pk).access_token == renewed


def test_a_rotation_goes_on_past_what_it_cannot_read(watch: Watch, settings: Settings) -> None:
    watch.sync()
    watch.sweep()
    org = ScratchOrg.objects.exclude(access_token="").order_by("pk")[0]
    ScratchOrg.objects.filter(pk=org.pk).update(refresh_token="v1:k0:AAAA:AAAA")
    settings.ENCRYPTION_KEYS = f"{crypto.new_key('k2')},{settings.ENCRYPTION_KEYS}"
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("rotate_keys", stdout=io.StringIO(), stderr=err)
    assert "k0 is missing" in err.getvalue()
    assert rotation.counts_by_key() == {"k0": 1, "k2": 25}
