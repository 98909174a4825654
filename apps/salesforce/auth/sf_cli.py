"""The login that the `sf` CLI of this machine holds, for the user who runs us.

`sf org display` tells which org it is and where, `sf org auth show-access-token` the token; both first let the CLI
renew what it holds (plugin-org of CLI 2.146.3), so to ask again after a 401 is to refresh. What the CLI prints may be a
secret: nothing of it gets into a message or a log but an error's name. Its files are left alone: they are encrypted.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from apps.salesforce.auth import turns
from apps.salesforce.auth.token import Token
from apps.salesforce.errors import SfCliError, SfCliLoggedOut, SfCliMissing, SfCliOutdated
from apps.salesforce.records import to_18
from apps.salesforce.transport import Deadline, Transport

AT_A_TIME = 2  # a command is a Node process: about a second of CPU and 150 MB
TURN_SECONDS = 5  # how long a login waits for others to be done: its poll holds one of the few slots for polls
COMMAND_SECONDS = 30
OUTPUT_BYTES = 4 * 1024 * 1024

_QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_LOG_FILE": "true",
}
# Whose login and which Node; the way out; the keychain, which on Linux may be a service on the session's bus.
_PASSED_ON = re.compile(
    r"HOME|PATH|USER|LOGNAME|LANG|TMPDIR|NODE_EXTRA_CA_CERTS|HTTPS?_PROXY|NO_PROXY|DBUS_SESSION_BUS_ADDRESS|XDG_\w+|SF_\w+",
    re.IGNORECASE,
)
_NO_LOGIN = "NamedOrgNotFoundError"
# The CLI's status for a command that it does not know, and env's where there is no Node; the shell's where there is
# no such program, or one that cannot be run.
_NOT_FOUND = {126, 127}

# What we start ends with us, even by SIGKILL: our end of the pipe on its stdin is closed then.
_GUARDED = """
exec 3<&0 </dev/null
(read -r _ <&3; kill -KILL 0) >/dev/null &
guard=$!
"$@" 3<&-
status=$?
kill "$guard"
wait
exit "$status"
"""


class SfCli:
    """One installation of the CLI: at most two of its processes at a time, over all who share `locks_folder`.

    executable: a path, or a name on PATH. ca_file: what Node trusts besides its own, instead of NODE_EXTRA_CA_CERTS.
    Each method raises SfCliError.
    """

    def __init__(
        self,
        executable: str,
        ca_file: str | None = None,
        *,
        locks_folder: Path,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._executable, self._command_seconds = executable, command_seconds
        self._trusted = {"NODE_EXTRA_CA_CERTS": ca_file} if ca_file else {}
        self._locks = [locks_folder / f"sf-cli-{number}.lock" for number in range(AT_A_TIME)]

    def usernames(self, deadline: Deadline) -> frozenset[str]:
        """Whose logins it holds; whether they still work is not tried."""
        with self._turn(deadline.ends_at):
            logins = self._ask(deadline, "org", "list", "auth")
        if not isinstance(logins, list) or not all(isinstance(each, dict) for each in logins):
            raise SfCliError
        return frozenset(_text(each, "username") for each in logins if not each.get("error"))

    def login(self, transport: Transport, username: str, deadline: Deadline) -> Token:
        """A token of the org that the CLI knows this user of. Raises SfCliLoggedOut, and HostNotAllowed for the
        instance URL that it tells."""
        target = f"--target-org={username}"  # one word, so no username can be read as another flag
        with self._turn(min(deadline.ends_at, time.monotonic() + TURN_SECONDS)):
            shown = self._ask(deadline, "org", "display", target)
            instance_url = _text(shown, "instanceUrl").rstrip("/")
            transport.check_host(instance_url)
            access_token = _text(self._ask(deadline, "org", "auth", "show-access-token", target), "accessToken")
        if access_token.startswith("[REDACTED]") or re.fullmatch(r"[!-~]+", access_token) is None:
            raise SfCliError("The sf CLI showed no access token for the org.")
        return Token(access_token, instance_url, None, _org_id(shown), "")

    @contextmanager
    def _turn(self, waits_until: float) -> Iterator[None]:
        """Lasts for a whole login: among many that wait, some come to an end."""
        try:
            self._locks[0].parent.mkdir(parents=True, exist_ok=True)
            turn = turns.take(self._locks, waits_until)
        except OSError as error:
            raise SfCliError("The sf CLI was not started: Scratcher's data folder takes no lock file.") from error
        if turn is None:
            raise SfCliError("The sf CLI was busy with other orgs. It is asked again by itself.")
        try:
            yield
        finally:
            os.close(turn)

    def _ask(self, deadline: Deadline, *words: str) -> Any:
        """The `result` of a command's JSON."""
        command = [self._executable, *words, "--json"]
        ends_at = min(deadline.ends_at, time.monotonic() + self._command_seconds)
        status, output = _run(command, self._environment(), ends_at)
        try:
            answer = orjson.loads(output)
        except orjson.JSONDecodeError:
            answer = None  # raised below: no exception may carry what was printed
        if status == 0 and isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        raise _refusal(words, status, answer.get("name") if isinstance(answer, dict) else None)

    def _environment(self) -> dict[str, str]:
        passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
        return {**passed_on, **_QUIET, **self._trusted}


def _run(command: list[str], environment: dict[str, str], ends_at: float) -> tuple[int, bytes]:
    """Exit status and stdout. Nothing of it runs any longer when this raises, or when this process has ended."""
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",  # in a project's folder the CLI would follow that project's configuration
            start_new_session=True,
        )
    except OSError as error:
        raise SfCliMissing from error
    with process:
        try:
            output = _output(process, ends_at)
            return process.wait(_seconds_until(ends_at)), output
        except subprocess.TimeoutExpired:
            raise _too_slow() from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):  # it has just ended
                    os.killpg(process.pid, signal.SIGKILL)


def _output(process: subprocess.Popen[bytes], ends_at: float) -> bytes:
    """All that it prints, until every process that could print has ended."""
    output, pipe = bytearray(), process.stdout.fileno() if process.stdout else -1
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(_seconds_until(ends_at)):
            part = os.read(pipe, 65_536)
            if not part:
                return bytes(output)
            output += part
            if len(output) > OUTPUT_BYTES:
                raise SfCliError
    raise _too_slow()


def _refusal(words: tuple[str, ...], status: int, name: Any) -> SfCliError:
    """`name`: the error's, from the JSON."""
    if status in _NOT_FOUND:
        return SfCliOutdated() if "show-access-token" in words else SfCliMissing()
    if name == _NO_LOGIN:
        return SfCliLoggedOut()
    if isinstance(name, str) and re.fullmatch(r"\w{1,64}", name, re.ASCII):
        return SfCliError(f"The sf CLI refused ({name}). It is asked again by itself.")
    return SfCliError()


def _too_slow() -> SfCliError:
    return SfCliError("The sf CLI did not answer in time. It is asked again by itself.")


def _seconds_until(moment: float) -> float:
    return max(0.0, moment - time.monotonic())


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise SfCliError
    return value


def _org_id(shown: Any) -> str:
    """18 characters."""
    org_id = _text(shown, "id")
    if re.fullmatch(r"00D(?:[0-9A-Za-z]{12}|[0-9A-Za-z]{15})", org_id, re.ASCII) is None:
        raise SfCliError
    return to_18(org_id)
