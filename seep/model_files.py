"""Which weights a model's name stands for, so that a change of them shows in the provenance."""

import hashlib
from pathlib import Path

# The files on which a model's answers depend; a README does not change a revision.
MODEL_FILES = frozenset({".bin", ".jinja", ".json", ".model", ".safetensors", ".txt"})


def folder_revision(folder: Path) -> str:
    """A hash of the weights, configuration and tokenizer in a folder."""
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in MODEL_FILES and path.is_file():
            content.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                content.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256-{content.hexdigest()[:16]}"
