"""Reads and writes recorded answers: JSON lines {"prompt": ..., "generations": [...]}."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from seep.errors import InputError
from seep.suites.writing import write_texts


class _Line(BaseModel):
    prompt: str
    generations: Annotated[tuple[str, ...], Field(min_length=1)]


def read_recorded(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the answers by prompt, exactly as they were recorded; InputError names file and line.

    A prompt may stand there twice only with the same answers: which of two others is meant nobody could tell.
    """
    recorded: dict[str, tuple[str, ...]] = {}
    for number, text in enumerate(_read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        line = _parse(text, f"{path}:{number}")
        if recorded.setdefault(line.prompt, line.generations) != line.generations:
            raise InputError(f"{path}:{number}: prompt: expected once, found again with other generations")
    return recorded


def write_recorded(path: Path, rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Write prompts with their answers, the whole file at once; InputError where it cannot be written."""
    write_texts({path: recorded_text(rows)})


def recorded_text(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return prompts with their answers as JSON lines."""
    lines = (json.dumps({"prompt": prompt, "generations": list(texts)}, ensure_ascii=False) for prompt, texts in rows)
    return "".join(f"{line}\n" for line in lines)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: expected text in UTF-8") from error


def _parse(text: str, place: str) -> _Line:
    try:
        return _Line.model_validate_json(text, strict=True)
    except ValidationError as error:
        found = error.errors()[0]
        field = ".".join(str(step) for step in found["loc"])
        expected = 'expected {"prompt": text, "generations": [text, ...]}'
        raise InputError(f"{place}: {f'{field}: ' if field else ''}{found['msg']}; {expected}") from error
