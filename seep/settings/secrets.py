"""Secrets that stand in files, as Kubernetes mounts them."""

import re
from pathlib import Path

from seep.errors import InputError

# What can stand in a header; an empty token would open the door.
TOKEN = r"^[!-~]+$"


def read_word(file: Path, field: str) -> str:
    """A secret that stands in a header. Raises InputError for a file that has none."""
    found = read_secret(file, field)
    if not re.fullmatch(TOKEN, found):
        raise InputError(f"{field}: {file}: expected one word of visible ASCII characters")
    return found


def read_secret(file: Path, field: str) -> str:
    """The file's text, without white space around it. Raises InputError for an unreadable file."""
    return read_text(file, field).strip()


def read_text(file: Path, field: str) -> str:
    """The file's text as it is. Raises InputError for an unreadable file."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{field}: {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{field}: {file}: expected UTF-8") from error
