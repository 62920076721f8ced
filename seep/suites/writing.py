"""Writes files whole or not at all, for their owner's eyes alone: they hold prompts and answers."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from seep.errors import InputError


def write_files(contents: Mapping[Path, str | bytes]) -> None:
    """Write all files or none of them, each first beside its place, under a name that nobody can foresee.

    They are readable by their owner alone (0600), and no symbolic link is followed. InputError names the one that
    cannot be written.
    """
    parts: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            _refuse_what_is_no_file(path)
            parts[path] = _write_part(path, content.encode() if isinstance(content, str) else content)
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_symlink():
        raise OSError(0, "a symbolic link, which is not followed: name the file itself")
    if path.exists() and not path.is_file():  # renaming over a device would remove it
        raise OSError(0, "there is something else of this name")


def _write_part(path: Path, content: bytes) -> Path:
    # It opens with O_EXCL and O_NOFOLLOW, and the mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part
