"""PostgreSQL and Valkey of our own, started, killed and started again."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from apps.launcher.embedded import EmbeddedServers
from apps.launcher.errors import AlreadyRunning, LauncherError
from apps.launcher.placement import choose
from apps.launcher.postgres import MINIMAL_ENVIRONMENT
from tests.launcher.processes import command_lines, is_gone, processes_on, wait_until

STARTER = """
import json, sys, time
from pathlib import Path
from apps.launcher.embedded import EmbeddedServers
servers = EmbeddedServers(Path(sys.argv[1]))
servers.start()
print(json.dumps({"database_url": servers.database_url, "pids": servers.pids}), flush=True)
time.sleep(600)
"""


def store(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [text])


def stored(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY text").fetchall()]


def ping(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return client.ping() is True


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_both_servers_answer_and_nothing_is_left_afterwards(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        store(servers.database_url, "one")
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (
                "scratcher",
                "scratcher",
            )
            assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert ping(servers.redis_url)
        assert len(processes_on(data_dir)) >= 2
    assert processes_on(data_dir) == []


def test_a_second_start_finds_what_the_first_one_stored(data_dir: Path) -> None:
    for text in ("first", "second"):
        with EmbeddedServers(data_dir) as servers:
            store(servers.database_url, text)
    with EmbeddedServers(data_dir) as servers:
        assert stored(servers.database_url) == ["first", "second"]


def test_a_start_cut_short_while_the_cluster_is_made_is_made_good_by_the_next(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(data_dir) as servers:
        store(servers.database_url, "one")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_a_killed_starter_takes_its_servers_along_and_loses_nothing(data_dir: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, str(data_dir)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        said = json.loads(starter.stdout.readline())
        store(said["database_url"], "kept")
        starter.send_signal(signal.SIGKILL)
    wait_until(lambda: all(map(is_gone, said["pids"].values())))
    with EmbeddedServers(data_dir) as servers:
        assert stored(servers.database_url) == ["kept"]


def test_a_server_that_outlived_its_parent_is_stopped_first(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        store(servers.database_url, "kept")
    place = choose(data_dir)
    command = [str(place.postgres_bin / "postgres"), "-D", str(place.home / "postgres"), "-k", str(place.sockets)]
    log = (data_dir / "orphan.log").open("wb")
    orphan = subprocess.Popen(command, stderr=log, env=MINIMAL_ENVIRONMENT, start_new_session=True, **place.run_as)
    try:
        wait_until((place.sockets / ".s.PGSQL.5432").exists)
        with EmbeddedServers(data_dir) as servers:
            assert orphan.wait(10) == 0
            assert stored(servers.database_url) == ["kept"]
    finally:
        orphan.kill()
        orphan.wait()


def test_a_process_number_that_another_program_has_now_is_no_obstacle(data_dir: Path) -> None:
    servers = EmbeddedServers(data_dir)
    servers.start()
    pid = servers.pids["PostgreSQL"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: servers.pids["PostgreSQL"] is None)
    servers.stop()
    pid_file = data_dir / "postgres" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"], **choose(data_dir).run_as) as other:
        pid_file.write_text(pid_file.read_text().replace(str(pid), str(other.pid), 1))
        with EmbeddedServers(data_dir) as again:
            store(again.database_url, "one")
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("name", ["PostgreSQL", "Valkey"])
def test_a_killed_server_comes_back_at_the_same_address(data_dir: Path, name: str) -> None:
    with EmbeddedServers(data_dir) as servers:
        store(servers.database_url, "kept")
        pid = servers.pids[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: servers.pids[name] is None)
        assert servers.revive() == [name]
        assert stored(servers.database_url) == ["kept"]
        assert ping(servers.redis_url)
        assert servers.revive() == []


def test_a_second_starter_on_the_same_data_is_told_so(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        with pytest.raises(AlreadyRunning, match=r"already runs on .*SCRATCHER_DATA_DIR"):
            EmbeddedServers(data_dir).start()
        store(servers.database_url, "undisturbed")


def test_nobody_else_can_read_sockets_data_or_password(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        password = (data_dir / "valkey.password").read_text()
        assert password in servers.redis_url
        assert [mode(data_dir / name) for name in ("valkey.password", "postgres.log")] == [0o600] * 2
        assert [mode(data_dir / name) for name in ("run", "postgres", "valkey")] == [0o700] * 3
        assert not [line for line in command_lines() if password in line]
        with pytest.raises(redis.AuthenticationError):
            ping(servers.redis_url.replace(password, "guess"))


def test_a_path_too_long_for_a_socket_moves_the_socket_only(data_dir: Path, var_tmp: list[Path]) -> None:
    deep = data_dir / ("deep" * 25)
    said: list[str] = []
    with EmbeddedServers(deep, said.append) as servers:
        store(servers.database_url, "one")
        assert (deep / "postgres").exists()
        assert len(said) == 1
        assert str(var_tmp_folder(servers.database_url)) in said[0]
        var_tmp.append(var_tmp_folder(servers.database_url))


@pytest.mark.usefixtures("as_root")
def test_root_runs_the_servers_as_nobody(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        for pid in servers.pids.values():
            assert psutil.Process(pid).uids().effective != 0


@pytest.mark.usefixtures("as_root")
def test_root_below_a_closed_folder_gets_servers_and_data_in_var_tmp(data_dir: Path, var_tmp: list[Path]) -> None:
    data_dir.chmod(0o700)
    said: list[str] = []
    for text in ("first", "second"):
        with EmbeddedServers(data_dir / "data", said.append) as servers:
            folder = var_tmp_folder(servers.database_url)
            var_tmp.append(folder)
            store(servers.database_url, text)
            assert ping(servers.redis_url)
            binaries = [psutil.Process(pid).exe() for pid in servers.pids.values()]
            assert all(path.startswith(str(folder)) for path in binaries)
    assert stored_in(data_dir / "data") == ["first", "second"]
    assert mode(folder) == 0o700
    assert len(said) == 2  # one line a start
    assert str(folder) in said[0]


@pytest.mark.usefixtures("as_root")
def test_a_folder_in_var_tmp_that_somebody_else_made_is_refused(data_dir: Path, var_tmp: list[Path]) -> None:
    data_dir.chmod(0o700)
    with EmbeddedServers(data_dir) as servers:
        folder = var_tmp_folder(servers.database_url)
    var_tmp.append(folder)
    shutil.rmtree(folder)
    folder.mkdir(mode=0o755)
    with pytest.raises(LauncherError, match="is not a folder of ours"):
        EmbeddedServers(data_dir).start()


@pytest.mark.usefixtures("as_root")
def test_an_ordinary_user_needs_no_other_account(data_dir: Path) -> None:
    os.chown(data_dir, 65534, 65534)
    child = os.fork()  # not a new interpreter: this one's may lie where no ordinary user can enter
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with EmbeddedServers(data_dir) as servers:
                store(servers.database_url, "one")
                code = 0 if ping(servers.redis_url) and stored(servers.database_url) == ["one"] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert processes_on(data_dir) == []
    assert (data_dir / "postgres").stat().st_uid == 65534


def stored_in(data_dir: Path) -> list[str]:
    with EmbeddedServers(data_dir, lambda _line: None) as servers:
        return stored(servers.database_url)


def var_tmp_folder(database_url: str) -> Path:
    folder = Path(database_url.split("host=")[1]).parent
    assert folder.parent == Path("/var/tmp")
    return folder


@pytest.fixture
def var_tmp() -> Iterator[list[Path]]:
    """Folders to be removed at the end."""
    folders: list[Path] = []
    yield folders
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
