"""Reads and writes recorded answers: JSON lines {"prompt": ..., "generations": [...]}, and perhaps their labels."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from seep.characters import whole_characters
from seep.errors import InputError
from seep.suites.writing import write_texts


class RecordedLine(BaseModel):
    """A prompt with its answers and, by who gave them, their labels: the language of each answer, for instance."""

    prompt: str
    generations: Annotated[tuple[str, ...], Field(min_length=1)]
    labels: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _one_label_per_generation(self) -> Self:
        for who, labels in self.labels.items():
            if len(labels) != len(self.generations):
                raise ValueError(f"labels.{who}: expected {len(self.generations)}, found {len(labels)}")
        return self


def read_recorded(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the answers by prompt, exactly as they were recorded; InputError names file and line."""
    return {prompt: line.generations for prompt, line in read_recorded_lines(path).items()}


def read_recorded_lines(path: Path) -> dict[str, RecordedLine]:
    """Return the lines by prompt, exactly as they were recorded; InputError names file and line.

    A prompt may stand there twice only with the same answers: which of two others is meant nobody could tell.
    """
    recorded: dict[str, RecordedLine] = {}
    for number, text in enumerate(_read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        line = _parse(text, f"{path}:{number}")
        if recorded.setdefault(line.prompt, line).generations != line.generations:
            raise InputError(f"{path}:{number}: prompt: expected once, found again with other generations")
    return recorded


def write_recorded(path: Path, rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Write prompts with their answers, the whole file at once; InputError where it cannot be written."""
    write_texts({path: recorded_text(rows)})


def recorded_text(
    rows: Iterable[tuple[str, Sequence[str]]], labels: Mapping[str, Mapping[str, Sequence[str]]] | None = None
) -> str:
    """Return prompts with their answers as JSON lines; `labels` are by prompt and by who gave them."""
    lines = ({"prompt": prompt, "generations": list(texts)} | _labels(prompt, labels or {}) for prompt, texts in rows)
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _labels(prompt: str, labels: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, object]:
    return {"labels": labels[prompt]} if labels.get(prompt) else {}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: expected text in UTF-8") from error


def _parse(text: str, place: str) -> RecordedLine:
    try:
        return RecordedLine.model_validate_json(_with_whole_characters(text), strict=True)
    except ValidationError as error:
        found = error.errors()[0]
        field = ".".join(str(step) for step in found["loc"])
        expected = 'expected {"prompt": text, "generations": [text, ...]}'
        raise InputError(f"{place}: {f'{field}: ' if field else ''}{found['msg']}; {expected}") from error


def _with_whole_characters(line: str) -> str:
    """The line with U+FFFD for halves of characters, which JSON can name and nobody can store."""
    if "\\ud" not in line.casefold():
        return line
    try:
        return whole_characters(json.dumps(json.loads(line), ensure_ascii=False))
    except (ValueError, RecursionError):
        return line
