import contextlib
import json
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.simulator.conftest import Api
from tests.simulators import ROOT, simulator


def test_it_writes_what_it_prints_and_keeps_its_key_over_a_restart(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=3) as first:
        facts = json.loads((tmp_path / "simulator.json").read_text())
        assert (facts["url"], facts["pid"]) == (first.url, first.process.pid)
        assert stat.S_IMODE((tmp_path / "hub.key").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "simulator.json").stat().st_mode) == 0o600
        orgs = [(org["org_id"], org["username"]) for org in first.orgs()]
        assert len(orgs) == 3
    with simulator(tmp_path, scenario="quiet", orgs=3) as second:
        assert second.hub.client_id == first.hub.client_id
        assert [(org["org_id"], org["username"]) for org in second.orgs()] == orgs
        assert Api(second).jwt(second.hub.username).status_code == 200


def test_it_serves_tls_by_its_own_ca_only(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=0) as running:
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{running.url}/services/data", timeout=5)
        host, port = running.url.removeprefix("https://").split(":")
        context = ssl.create_default_context(cafile=running.ca)
        with context.wrap_socket(
            socket.create_connection((host, int(port))), server_hostname="localhost"
        ) as connection:
            assert connection.version() == "TLSv1.3"


def test_it_ends_at_once_even_while_calls_hang(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=1) as running:
        org_id = running.orgs()[0]["org_id"]
        api = Api(running, running.login_as(org_id)["access_token"])
        running.fault([org_id], "hang")

        def hang() -> None:
            with contextlib.suppress(requests.ConnectionError):
                api.call("GET", "/services/data/v67.0/limits", timeout=60)

        hanging = threading.Thread(target=hang)
        hanging.start()
        while running.state()["requests"].get("limits") != 1:
            pass
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(2) == 0
        hanging.join(5)
        assert not hanging.is_alive()


def test_plain_http_on_demand(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=0, http=True) as running:
        assert running.url.startswith("http://")
        assert requests.get(f"{running.url}/services/data", timeout=5).status_code == 200


def test_a_taken_port_and_a_history_that_is_none_are_clear_messages(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = [sys.executable, "-m", "apps.simulator", "--data", str(tmp_path)]
        ended = subprocess.run(
            [*arguments, "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    (tmp_path / "history").write_text("nothing")
    replay = [*arguments, "--replay", str(tmp_path / "history")]
    ended = subprocess.run(replay, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "cannot be replayed" in ended.stderr
