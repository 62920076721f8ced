"""Paths as people write them."""

from pathlib import Path

from seep.errors import InputError


def expanded(path: str | Path) -> Path:
    """The path with its `~`, or `~name`, as the folder that it means. Raises InputError where nobody has that name."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}: expected a path, found no home folder that its beginning names") from error
