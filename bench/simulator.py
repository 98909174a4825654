"""Is the simulator light and quick enough to measure others with? `python -m bench.simulator`; SIMULATED=10000 orgs.

Resident memory with so many orgs, at rest and after 50 edits in each of 2,000; then SourceMember queries per second of
the simulator's CPU, each on a new TLS connection: answers with no row, and with 50. It should answer at least five
times what the largest sweep (P1 with 10,000 orgs, without a pause) asks of it: no more than a fifth of a core.
"""

import multiprocessing
import os
import socket
import ssl
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import psutil

from bench.report import Row, tell
from bench.sweep import ideal_seconds
from tests.simulators import Simulator, simulator

ORGS = int(os.environ.get("SIMULATED", "10000"))
SWEEP_QUERIES_PER_SECOND = 10_000 / ideal_seconds(10_000, 2 * 90)
CLIENTS = 2
REQUESTS_PER_CLIENT = 1_500
SOQL = (
    "SELECT Id, MemberIdOrName, MemberType, MemberName, IsNameObsolete, RevisionCounter, IsNewMember, ChangedBy, "
    "LastModifiedDate FROM SourceMember WHERE RevisionCounter >= {since} ORDER BY RevisionCounter"
)


def call(port: int, ca: str, tokens: list[str], since: int) -> None:
    """One client: as little Python as possible, so that the server is what is measured."""
    context = ssl.create_default_context(cafile=ca)
    path = f"/services/data/v67.0/tooling/query?q={quote(SOQL.format(since=since))}"
    for number in range(REQUESTS_PER_CLIENT):
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            token = tokens[number % len(tokens)]
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            status = connection.recv(1 << 18)
            assert b" 200 " in status[:20], status[:200]
            while connection.recv(1 << 18):
                pass


def queries_per_cpu_second(running: Simulator, tokens: list[str], since: int) -> float:
    process = psutil.Process(running.process.pid)
    port = int(running.url.rsplit(":", 1)[1])
    before = process.cpu_times()
    clients = [multiprocessing.Process(target=call, args=(port, running.ca, tokens, since)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
        assert client.exitcode == 0
    after = process.cpu_times()
    seconds: float = after.user + after.system - before.user - before.system
    return CLIENTS * REQUESTS_PER_CLIENT / seconds


def megabytes(running: Simulator) -> float:
    return float(psutil.Process(running.process.pid).memory_info().rss / 1e6)


def run() -> bool:
    with (
        tempfile.TemporaryDirectory() as data,
        simulator(Path(data), scenario="quiet", orgs=ORGS, components=300) as running,
    ):
        at_rest = megabytes(running)
        ids = [org["org_id"] for org in running.orgs(source_tracking=True)][:2_000]
        edit = {"member_type": "ApexClass", "kind": "NEW"}
        for start in range(0, len(ids), 200):
            names = [(org_id, f"Edited{number}") for org_id in ids[start : start + 200] for number in range(50)]
            running.edits([{**edit, "org_id": org_id, "member_name": name} for org_id, name in names])
        edited = megabytes(running)
        small = running.create_orgs(count=200, components=50)
        tokens = [running.login_as(org["org_id"])["access_token"] for org in small]
        rates = {
            name: queries_per_cpu_second(running, tokens, since) for name, since in (("no row", 1000), ("50 rows", 0))
        }
    return tell(
        f"The simulator with {ORGS:,} orgs of 300 components",
        [
            Row("simulator", "memory at rest", at_rest, 1000, "", " MB"),
            Row("simulator", "memory after 50 edits in each of 2,000", edited, 1000, "", " MB"),
            *(_row(answer, rate) for answer, rate in rates.items()),
        ],
    )


def _row(answer: str, rate: float) -> Row:
    detail = f"{rate:,.0f} queries a second and core; a sweep asks {SWEEP_QUERIES_PER_SECOND:.0f}"
    return Row("simulator", f"share of a core for a sweep, {answer}", SWEEP_QUERIES_PER_SECOND / rate, 0.2, detail)


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
