"""`python -m apps.simulator`: the command line, and what is put together from it."""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.simulator import scenarios
from apps.simulator.app import Simulator
from apps.simulator.clock import Clock
from apps.simulator.control import control_api
from apps.simulator.server import listen, serve, tls_context, write_atomically
from apps.simulator.tokens import Sessions
from apps.simulator.world import ConnectedApp, World

MAX_ORGS = 10_000
SPARE_SCRATCH_ORGS = 200
HUB_APP_CLIENT_ID = "3MVG9HeliosScratcherConnectedApp.{seed:08x}.0123456789abcdefghijklmnopqrstuvwxyz"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m apps.simulator", description="A simulated Salesforce DevHub with scratch orgs."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--orgs", type=int, default=24, help="scratch orgs to begin with (team, quiet)")
    parser.add_argument(
        "--max-scratch-orgs", type=int, metavar="N", help="active at once, twice as many a day (orgs + 200)"
    )
    parser.add_argument("--scenario", choices=("team", "replay", "quiet"))
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="a history, one edit a line (.jsonl.gz); implies --scenario replay"
    )
    parser.add_argument("--replay-edits", type=int, metavar="N", help="only the first N edits of the history")
    parser.add_argument(
        "--speed", type=float, help="team: times the rate of edits (1); replay: times the speed of history (2000)"
    )
    parser.add_argument("--edits-per-minute", type=float, default=20, help="team: over all orgs")
    parser.add_argument("--components", type=int, default=120, help="components that an org is born with (team, quiet)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path(".data/simulator"), metavar="DIR")
    parser.add_argument("--clock", choices=("running", "stepped"), default="running")
    parser.add_argument("--http", action="store_true", help="plain http instead of https")
    options = parser.parse_args(arguments)
    options.scenario = options.scenario or ("replay" if options.replay else "team")
    if not 0 <= options.orgs <= MAX_ORGS:
        parser.error(f"--orgs must be from 0 to {MAX_ORGS}")
    if (options.scenario == "replay") != (options.replay is not None):
        parser.error("--scenario replay and --replay FILE go together")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    options.data.mkdir(parents=True, exist_ok=True)
    try:
        listening = listen(options.host, options.port, tls=not options.http)
    except OSError as error:
        sys.stderr.write(
            f"The simulator cannot listen on {options.host}:{options.port}: {error.strerror}. Choose another --port.\n"
        )
        return 1
    ca_file = options.data / "ca.pem"
    context = None if options.http else tls_context(options.host, ca_file)
    world = World(Clock(options.clock), options.seed)
    world.origin = listening.origin
    key_file = options.data / "hub.key"
    client_id = HUB_APP_CLIENT_ID.format(seed=options.seed)
    world.hub_app = world.apps[client_id] = ConnectedApp(client_id, _public_key(key_file))
    try:
        scenarios.begin(world, options)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(
            f"The history {options.replay} cannot be replayed: {error!r}. It needs one edit a line, gzipped.\n"
        )
        return 1
    most = options.max_scratch_orgs
    world.max_scratch_orgs = len(world.active_orgs()) + SPARE_SCRATCH_ORGS if most is None else most
    sessions = Sessions()
    token = secrets.token_urlsafe(32)
    app = Simulator(world, sessions, control_api(world, sessions, token))
    serve(app, listening, context, options.data, _facts(world, options, key_file, ca_file, token))
    return 0


def _facts(world: World, options: argparse.Namespace, key_file: Path, ca_file: Path, token: str) -> dict[str, Any]:
    return {
        "url": world.origin,
        "ca": None if options.http else str(ca_file.resolve()),
        "control": f"{world.origin}/control",
        "control_token": token,
        "hub": {
            "org_id": world.hub.id,
            "username": world.hub.users[0].Username,
            "client_id": world.hub_app.client_id,
            "private_key_file": str(key_file.resolve()),
            "login_url": world.origin,
        },
        "pid": os.getpid(),
    }


def _public_key(key_file: Path) -> str:
    """The public half of the connected app's key; the key is made at the first start and kept, so that a restart
    changes nothing."""
    if key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    else:
        key = rsa.generate_private_key(65_537, 2_048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_atomically(key_file, pem.decode())
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # freeing half a million edits one by one would take seconds
