"""Reads and writes recorded answers: JSON lines {"prompt": ..., "generations": [...]}, and perhaps their labels."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from seep.characters import HALF
from seep.errors import InputError
from seep.explanations import explained
from seep.records import Ended
from seep.suites.json_texts import AnswerText, parse_json
from seep.suites.writing import write_files
from seep.text_files import read_text

Asked = tuple[str, str | None]
"""A prompt, and the system message under which it was asked, where that is a job's own."""


class RecordedReading(BaseModel):
    """What an engine that looks inside its model has found there; probabilities are by token."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    tokens: Annotated[tuple[AnswerText, ...], Field(min_length=1)]
    probabilities: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    values: dict[str, float] = {}

    @model_validator(mode="after")
    def _one_probability_per_token(self) -> Self:
        if len(self.probabilities) != len(self.tokens):
            raise ValueError(
                f"probabilities: expected {len(self.tokens)}, one per token, found {len(self.probabilities)}"
            )
        return self


class RecordedLine(BaseModel):
    """A prompt with its answers and, by who gave them, their labels: the language of each answer, for instance.

    `system` is the system message under which it was asked, where that is a job's own. Half a character in an answer is
    U+FFFD, as in an answer that is generated. `readings` are by answer, null for one without. So is `ended`, how each
    answer ended; where it is not there, every answer came to its own end.
    """

    prompt: str
    generations: Annotated[tuple[AnswerText, ...], Field(min_length=1)]
    labels: dict[str, tuple[AnswerText, ...]] = {}
    system: str | None = None
    readings: tuple[RecordedReading | None, ...] = ()
    ended: tuple[Ended, ...] = ()

    @field_validator("prompt")
    @classmethod
    def _prompt_is_whole(cls, prompt: str) -> str:
        if HALF.search(prompt):
            raise ValueError("expected text without halves of characters")
        return prompt

    @model_validator(mode="after")
    def _one_label_per_generation(self) -> Self:
        for who, labels in self.labels.items():
            if len(labels) != len(self.generations):
                raise ValueError(f"labels.{who}: expected {len(self.generations)}, found {len(labels)}")
        if self.readings and len(self.readings) != len(self.generations):
            raise ValueError(f"readings: expected {len(self.generations)}, found {len(self.readings)}")
        if self.ended and len(self.ended) != len(self.generations):
            raise ValueError(f"ended: expected {len(self.generations)}, found {len(self.ended)}")
        return self

    @property
    def endings(self) -> tuple[Ended, ...]:
        """How each answer ended, by answer."""
        stop: Ended = "stop"
        return self.ended or (stop,) * len(self.generations)


def read_recorded(path: Path) -> dict[Asked, tuple[str, ...]]:
    """Return the answers by what was asked, exactly as they were recorded; InputError names file and line."""
    return {question: line.generations for question, line in read_recorded_lines(path).items()}


def read_recorded_lines(path: Path) -> dict[Asked, RecordedLine]:
    """Return the lines by what was asked, exactly as they were recorded; InputError names file and line.

    A prompt may stand there twice only with the same answers: which of two others is meant nobody could tell.
    """
    recorded: dict[Asked, RecordedLine] = {}
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        line = _parse(text, f"{path}:{number}")
        first = recorded.setdefault((line.prompt, line.system), line)
        if (first.generations, first.readings, first.endings) != (line.generations, line.readings, line.endings):
            raise InputError(f"{path}:{number}: prompt: expected once, found again with other generations")
    return recorded


def write_recorded(path: Path, rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Write prompts with their answers, the whole file at once; InputError where it cannot be written."""
    write_files({path: recorded_text(recorded_lines(rows))})


def recorded_lines(
    rows: Iterable[tuple[str, Sequence[str]]],
    labels: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    ended: Mapping[str, Sequence[Ended]] | None = None,
) -> list[RecordedLine]:
    """Prompts with their answers as lines; `labels` are by prompt and by who gave them, `ended` by prompt."""
    given, endings = labels or {}, ended or {}
    return [
        RecordedLine.model_validate(
            {
                "prompt": prompt,
                "generations": texts,
                "labels": given.get(prompt, {}),
                "ended": endings.get(prompt, ()),
            }
        )
        for prompt, texts in rows
    ]


def recorded_text(lines: Iterable[RecordedLine]) -> str:
    """Return the lines as JSON lines, without what is not there."""
    kept = (line.model_dump(exclude_defaults=True) for line in lines)
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in kept)


def _parse(text: str, place: str) -> RecordedLine:
    try:
        return RecordedLine.model_validate(parse_json(text, place))
    except ValidationError as error:
        found = error.errors()[0]
        field = ".".join(str(step) for step in found["loc"])
        expected = 'expected {"prompt": text, "generations": [text, ...]}'
        raise InputError(f"{place}: {f'{field}: ' if field else ''}{explained(found)}; {expected}") from error
