"""Folders that are built once and then only read; a half-built one is never used."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "unfinished-"
CURRENT = "current"


def built_once(folder: Path, content: str, build: Callable[[Path], None]) -> Path:
    """`folder/content`, which `build` fills where it is not there yet; `content` names what it is built from.

    It is built beside its place and renamed. Of several processes one builds, and the others wait for it. Raises
    OSError if `folder` cannot be written.
    """
    built = folder / content
    if built.is_dir():
        return built
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not built.is_dir():
            _sweep(folder)
            unfinished = folder / f"{UNFINISHED}{secrets.token_hex(4)}"
            try:
                build(unfinished)
                unfinished.rename(built)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return built


def point_current(built: Path) -> Path:
    """A link beside a built folder whose name stays the same when another content is built."""
    link = built.with_name(CURRENT)
    if link.is_symlink() and link.readlink() == Path(built.name):
        return link
    fresh = built.with_name(f"{CURRENT}-{secrets.token_hex(4)}")
    fresh.symlink_to(built.name)
    fresh.replace(link)
    return link


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The system unlocks it when the process ends, however that comes about.
    directory = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _sweep(folder: Path) -> None:
    # The lock is ours, so whoever left these is gone.
    for left in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
