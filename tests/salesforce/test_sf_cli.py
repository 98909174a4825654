"""The sf CLI as it should answer and as it should not: what acts as `sf` is a real process."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from apps.salesforce.auth import sf_cli
from apps.salesforce.auth.sf_cli import SfCli
from apps.salesforce.auth.token import Token
from apps.salesforce.errors import (
    HostNotAllowed,
    SalesforceError,
    SfCliError,
    SfCliLoggedOut,
    SfCliMissing,
    SfCliOutdated,
)
from apps.salesforce.transport import Transport
from tests.sf_cli import FakeSf

USERNAME = "test-abc@example.com"
URL = "https://scratch.example.com"
ORG_ID = "00D5e0000001abc"
TOKEN = f"{ORG_ID}!AQsecret.canary"
TRANSPORT = Transport(("scratch.example.com",), None)
USES_THE_CLI = """
import pathlib, sys
from apps.salesforce.auth.sf_cli import SfCli
from apps.salesforce.transport import Transport

with Transport(("scratch.example.com",), None).deadline() as deadline:
    SfCli(sys.argv[1], locks_folder=pathlib.Path(sys.argv[2])).usernames(deadline)
"""


@pytest.fixture
def fake(tmp_path: Path) -> FakeSf:
    """It is logged in to one org."""
    fake = FakeSf(tmp_path)
    fake.answer("list", [{"username": USERNAME, "orgId": ORG_ID}, {"username": "broken@example.com", "error": "x"}])
    fake.answer("display", {"id": ORG_ID, "instanceUrl": f"{URL}/", "accessToken": "[REDACTED] …"})
    fake.answer("token", {"accessToken": TOKEN})
    return fake


def login(fake: FakeSf, username: str = USERNAME, *, seconds: float = 10) -> Token:
    cli = SfCli(str(fake.path), locks_folder=fake.path.parent, command_seconds=seconds)
    with TRANSPORT.deadline() as deadline:
        return cli.login(TRANSPORT, username, deadline)


def refusal(fake: FakeSf, *, seconds: float = 10) -> SalesforceError:
    with pytest.raises(SalesforceError) as refused:
        login(fake, seconds=seconds)
    return refused.value


def is_running(pid: int) -> bool:
    """A zombie is not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def all_end(pids: Path) -> bool:
    """Those of `pids`, soon: a kill is on its way when it has been sent."""
    started = [int(pid) for pid in pids.read_text().split()]
    assert started
    deadline = time.monotonic() + 5
    while any(is_running(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(is_running(pid) for pid in started)


def test_a_token_comes_with_its_org_and_address(fake: FakeSf) -> None:
    token = login(fake)
    assert (token.access_token, token.instance_url, token.org_id[:15]) == (TOKEN, URL, ORG_ID)
    assert len(token.org_id) == 18
    assert TOKEN not in repr(token)
    assert fake.calls() == [
        f"org display --target-org={USERNAME} --json",
        f"org auth show-access-token --target-org={USERNAME} --json",
    ]


@pytest.mark.parametrize("username", ["--help", "a@b.c --json; touch /tmp/x", "$(id)@example.com", ""])
def test_a_username_is_one_word_and_no_flag(fake: FakeSf, username: str) -> None:
    login(fake, username)
    assert fake.calls()[0] == f"org display --target-org={username} --json"


def test_its_name_is_looked_up_on_the_path(fake: FakeSf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{fake.path.parent}:{os.environ['PATH']}")
    with TRANSPORT.deadline() as deadline:
        assert SfCli("sf", locks_folder=fake.path.parent).login(TRANSPORT, USERNAME, deadline).access_token == TOKEN


def test_it_lists_whose_logins_it_holds_without_the_broken_ones(fake: FakeSf) -> None:
    with TRANSPORT.deadline() as deadline:
        assert SfCli(str(fake.path), locks_folder=fake.path.parent).usernames(deadline) == {USERNAME}


def test_an_address_that_is_not_allowed_gets_no_token(fake: FakeSf) -> None:
    fake.answer("display", {"id": ORG_ID, "instanceUrl": "https://evil.example.com"})
    assert isinstance(refusal(fake), HostNotAllowed)
    assert len(fake.calls()) == 1


@pytest.mark.parametrize("shown", ["[REDACTED] Use 'sf org auth show-access-token' to view", "", "two words", "a\nb"])
def test_what_is_no_token_is_not_taken_for_one(fake: FakeSf, shown: str) -> None:
    fake.answer("token", {"accessToken": shown})
    assert refusal(fake).code == "sf_cli_failed"


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", "null", '{"status": 0}', '{"status": 0, "result": null}'])
@pytest.mark.parametrize("command", ["display", "token"])
def test_an_answer_of_no_use_is_an_error(fake: FakeSf, command: str, text: str) -> None:
    fake.prints(command, text)
    assert refusal(fake).code == "sf_cli_failed"


@pytest.mark.parametrize("org_id", ["", "00D", "005000000000001AAA", 5])
def test_an_org_without_an_id_is_not_entered(fake: FakeSf, org_id: object) -> None:
    fake.answer("display", {"id": org_id, "instanceUrl": URL})
    assert refusal(fake).code == "sf_cli_failed"


def test_an_org_that_it_does_not_know_is_told_apart(fake: FakeSf) -> None:
    fake.refuse("display", "NamedOrgNotFoundError", "No authorization information found for x.")
    assert isinstance(refusal(fake), SfCliLoggedOut)


def test_an_old_one_does_not_know_the_command(fake: FakeSf) -> None:
    fake.does("token", 'echo "Warning: org auth show-access-token is not a sf command." >&2; exit 127')
    assert isinstance(refusal(fake), SfCliOutdated)


def test_one_without_its_node_is_not_called_old(fake: FakeSf) -> None:
    fake.does("display", "exit 127")
    assert isinstance(refusal(fake), SfCliMissing)


def test_any_other_refusal_is_named_and_nothing_it_printed_is_repeated(fake: FakeSf) -> None:
    fake.refuse("display", "DomainNotFoundError", f"with {TOKEN}")
    error = refusal(fake)
    assert "DomainNotFoundError" in str(error)
    assert TOKEN not in repr(error) + repr(error.__context__) + repr(error.__cause__)
    for text in (f"{TOKEN} is no JSON", f'{{"name": "{TOKEN}"}}'):
        fake.prints("display", text, status=1)
        error = refusal(fake)
        assert TOKEN not in repr(error) + repr(error.__context__) + repr(error.__cause__)


@pytest.mark.parametrize("where", ["/nonexistent/sf", "", "/etc/passwd"])
def test_one_that_is_missing_is_said_to_be(where: str, tmp_path: Path) -> None:
    with TRANSPORT.deadline() as deadline, pytest.raises(SfCliMissing):
        SfCli(where, locks_folder=tmp_path).usernames(deadline)


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60 & echo $! > {pids}; echo $$ >> {pids}; wait",
        "echo $$ > {pids}; exec >&-; sleep 60",  # its end of the pipe is closed, and it stays
        "(sleep 60 & echo $! > {pids}); exit 0",  # it ends, and what it started holds the pipe
    ],
)
def test_one_that_hangs_is_killed_with_all_that_it_started(fake: FakeSf, tmp_path: Path, script: str) -> None:
    pids = tmp_path / "pids"
    fake.does("display", script.format(pids=pids))
    began = time.monotonic()
    assert "in time" in str(refusal(fake, seconds=2))
    assert time.monotonic() - began < 30
    assert all_end(pids)


def test_one_that_prints_without_end_is_cut_short(fake: FakeSf, tmp_path: Path) -> None:
    fake.does("display", f"echo $$ > {tmp_path}/pid; exec yes {'x' * 1000}")
    assert refusal(fake, seconds=30).code == "sf_cli_failed"
    assert all_end(tmp_path / "pid")


def test_at_most_two_run_at_a_time(fake: FakeSf, tmp_path: Path) -> None:
    line = f'printf "{{}}\\n" >> {tmp_path}/turns'
    result = (
        f"{line.format('begin')}; sleep 0.3; {line.format('end')}\n"
        f'printf \'{{"status": 0, "result": {{"id": "{ORG_ID}", "instanceUrl": "{URL}"}}}}\''
    )
    fake.does("display", result)
    cli = SfCli(str(fake.path), locks_folder=fake.path.parent)

    def enter(number: int) -> Token:
        with TRANSPORT.deadline() as deadline:
            return cli.login(TRANSPORT, f"{number}@example.com", deadline)

    with ThreadPoolExecutor(6) as threads:
        assert len(list(threads.map(enter, range(6)))) == 6
    running, most = 0, 0
    for turn in (tmp_path / "turns").read_text().split():
        running += 1 if turn == "begin" else -1
        most = max(most, running)
    assert most == 2


@pytest.mark.parametrize(("turn_seconds", "deadline_seconds"), [(0.5, 30), (30, 0.5)])
def test_whoever_waits_for_a_turn_does_not_wait_long(
    fake: FakeSf, monkeypatch: pytest.MonkeyPatch, turn_seconds: float, deadline_seconds: float
) -> None:
    """Each has an SfCli of its own, as the processes of a machine have."""
    monkeypatch.setattr(sf_cli, "TURN_SECONDS", turn_seconds)
    fake.does("display", "sleep 60")

    def enter(seconds: float) -> str:
        cli = SfCli(str(fake.path), locks_folder=fake.path.parent, command_seconds=3)
        with TRANSPORT.deadline(seconds) as deadline, pytest.raises(SfCliError) as refused:
            cli.login(TRANSPORT, USERNAME, deadline)
        return str(refused.value)

    with ThreadPoolExecutor(3) as threads:
        hanging = [threads.submit(enter, 30) for _ in range(2)]
        time.sleep(0.3)
        assert "busy" in enter(deadline_seconds)
        assert not any(each.done() for each in hanging)
        assert all("in time" in each.result() for each in hanging)


def test_without_a_place_for_its_locks_it_is_not_started(fake: FakeSf) -> None:
    with TRANSPORT.deadline() as deadline, pytest.raises(SfCliError, match="data folder"):
        SfCli(str(fake.path), locks_folder=fake.path).usernames(deadline)
    assert fake.calls() == []


def test_what_runs_ends_with_the_process_that_started_it(fake: FakeSf, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    fake.does("list", f"sleep 60 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    uses_it = [sys.executable, "-c", USES_THE_CLI, str(fake.path), str(tmp_path)]
    began = time.monotonic()
    with subprocess.Popen(uses_it) as ours:
        while not pids.exists():
            assert time.monotonic() - began < 30
            time.sleep(0.01)
        assert all(is_running(int(pid)) for pid in pids.read_text().split())
        ours.kill()
    assert all_end(pids)


def test_it_gets_of_our_environment_what_it_needs(fake: FakeSf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_LOG_LEVEL", "error")
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/other.pem")
    monkeypatch.setenv("SF_DISABLE_TELEMETRY", "false")
    with TRANSPORT.deadline() as deadline:
        SfCli(str(fake.path), "/ca.pem", locks_folder=fake.path.parent).usernames(deadline)
    given = dict(line.partition("=")[::2] for line in fake.environment_file.read_text().splitlines())
    assert given["HOME"] == os.environ["HOME"]
    assert (given["SF_LOG_LEVEL"], given["NODE_EXTRA_CA_CERTS"]) == ("error", "/ca.pem")
    assert given["SF_DISABLE_TELEMETRY"] == given["SF_AUTOUPDATE_DISABLE"] == "true"
    assert not {"DATABASE_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "REDIS_URL"} & given.keys()
