"""The component in a real browser, against the running service and simulator.

Started once: the demo (SCRATCHER_DATA_DIR names one that runs already), the harness's server before it, Chromium.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from apex import misfits
from playwright.sync_api import Browser, Page, sync_playwright
from screens import Screens
from service import Service
from simulator import Simulator

ROOT = Path(__file__).resolve().parents[3]
HARNESS = ROOT / "salesforce" / "harness"
DEMO_SECONDS = 180
MANY = 600
WATCHED = 22  # of the demo's 24 orgs
SIMULATOR_SAYS = Path("demo", "simulator", "simulator.json")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Open = Callable[..., Page]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.exit(f"It did not start:\n{log.read_text()[-2000:]}", returncode=1)
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def ask(access: dict[str, str], path: str) -> dict[str, Any]:
    """What the service itself answers."""
    with urlopen(Request(access["SCRATCHER_URL"] + path, headers={"X-API-Key": access["SCRATCHER_API_KEY"]})) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def read_env(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def feed_answers(page: Page, wanted: Callable[[dict[str, Any]], bool]) -> Any:
    """Lasts until the page has an answer to such a reading of the feed; it also reads it by itself, for its gaps."""
    door = "/apex/ScratcherExternalService.getChanges"
    return page.expect_response(
        lambda answer: answer.url.endswith(door) and wanted(answer.request.post_data_json), timeout=30_000
    )


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a demo that serves changes."""
    if given := os.environ.get("SCRATCHER_DATA_DIR"):
        yield Path(given)
        return
    folder = tmp_path_factory.mktemp("demo")
    log, port = folder / "out.log", free_port()
    env = {"SCRATCHER_DATA_DIR": str(folder), "FLOWER_PORT": str(free_port()), "PLATFORM_EVENTS_PER_MINUTE": "60"}
    with running([sys.executable, "manage.py", "demo", "--port", str(port)], env, log) as process:
        wait_for(lambda: "Ctrl-C stops everything" in log.read_text(), process, log, DEMO_SECONDS)
        access = read_env(folder / "demo.env")
        wait_for(lambda: ask(access, "/api/coverage")["coverage"]["watched"] >= WATCHED, process, log, DEMO_SECONDS)
        Simulator(folder / SIMULATOR_SAYS).work()
        wait_for(lambda: ask(access, "/api/changes?limit=100")["next"] is not None, process, log, DEMO_SECONDS)
        yield folder


@pytest.fixture(scope="session")
def access(data_dir: Path) -> dict[str, str]:
    return read_env(data_dir / "demo.env")


@pytest.fixture(scope="session")
def simulator(data_dir: Path) -> Simulator:
    return Simulator(data_dir / SIMULATOR_SAYS)


@pytest.fixture
def many_changes(access: dict[str, str], simulator: Simulator) -> None:
    """More are served than the page shows."""

    def are_there() -> bool:
        return len(ask(access, f"/api/changes?limit={MANY}")["changes"]) == MANY

    if not are_there():
        simulator.edit(*[f"Many{number:03}" for number in range(MANY)])
    deadline = time.monotonic() + DEMO_SECONDS
    while not are_there():
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.fixture(scope="session")
def service(access: dict[str, str]) -> Iterator[Service]:
    service = Service(access["SCRATCHER_URL"])
    yield service
    service.close()


@contextmanager
def harness(service: Service, access: dict[str, str], data_dir: Path, log: Path, **env: str) -> Iterator[str]:
    port = free_port()
    known = {
        "SCRATCHER_URL": service.url,
        "SCRATCHER_API_KEY": access["SCRATCHER_API_KEY"],
        "SCRATCHER_DATA_DIR": str(data_dir),
        "HARNESS_SETTINGS": '{"refreshSeconds": 4}',
    }
    command = ["node", str(HARNESS / "server" / "serve.mjs"), "--port", str(port)]
    with running(command, known | env, log) as process:
        url = f"http://localhost:{port}/"
        wait_for(lambda: answers(url), process, log, 20)
        yield url


@pytest.fixture(scope="session")
def serve(
    service: Service, access: dict[str, str], data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Starts the harness's server with this environment; where it is."""
    with ExitStack() as servers:

        def serve(**env: str) -> str:
            log = tmp_path_factory.mktemp("harness") / "out.log"
            return servers.enter_context(harness(service, access, data_dir, log, **env))

        yield serve


@pytest.fixture(scope="session")
def url(serve: Callable[..., str]) -> str:
    return serve()


@pytest.fixture(scope="session")
def patient_url(serve: Callable[..., str]) -> str:
    """The page asks by itself after an hour only."""
    return serve(HARNESS_SETTINGS='{"refreshSeconds": 3600}')


@pytest.fixture(scope="session")
def no_dev_hub_url(serve: Callable[..., str]) -> str:
    return serve(HARNESS_DEV_HUB="none")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.exit(
            f"There is no {CHROMIUM}: apt-get install chromium, or name one: CHROMIUM=/path/to/it", returncode=1
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Open]:
    """Opens the component; what it may not do (an exception, a request elsewhere, a call that Apex would refuse) fails
    the check in the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(15_000)
    problems: list[str] = []

    def open_page(query: str = "", at: str = url) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{error}\n{error.stack}"))
        page.on("dialog", lambda dialog: problems.append(f"a dialog said {dialog.message}"))
        page.on("request", lambda asked: None if asked.url.startswith((at, "data:")) else problems.append(asked.url))
        page.on("request", lambda asked: problems.extend(misfits(asked.url, asked.post_data)))
        page.goto(at + query)
        return page

    yield open_page
    context.close()
    assert problems == []


@pytest.fixture
def page(open_page: Open) -> Page:
    """The component with its first changes."""
    page = open_page()
    page.get_by_text("latest changes").wait_for()
    return page


@pytest.fixture(scope="session")
def screens() -> Iterator[Screens]:
    screens = Screens(Path(os.environ.get("SCREENSHOTS", ROOT / ".data" / "screenshots")))
    yield screens
    print(f"\nScreenshots are in {screens.folder}")


@pytest.fixture(scope="session")
def post(access: dict[str, str]) -> Callable[[str], None]:
    """Asks the service itself for something."""

    def post(path: str) -> None:
        headers = {"X-API-Key": access["SCRATCHER_API_KEY"], "Content-Type": "application/json"}
        with urlopen(Request(access["SCRATCHER_URL"] + path, data=b"{}", headers=headers)):
            pass

    return post
