"""Writes text files whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from seep.errors import InputError


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write all files or none of them, each first beside its place; InputError names the one that cannot be written."""
    parts = {path: path.with_name(f".{path.name}.part") for path in texts}
    path = Path()
    try:
        for path, text in texts.items():
            if path.exists() and not path.is_file():  # renaming over a device would remove it
                raise OSError(0, "there is something else of this name")
            parts[path].write_text(text, encoding="utf-8", newline="\n")
        for path, part in parts.items():
            part.replace(path.resolve())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
