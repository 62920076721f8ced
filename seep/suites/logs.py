"""What the logs of other evaluation tools say, as a table of prompts and answers; each tool has a reader of its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seep.errors import InputError
from seep.explanations import mistake
from seep.records import Ended
from seep.suites.schema import Suite
from seep.suites.table import Table

Decoding = Mapping[str, float | int]
# The table's own columns: a field of the task that is called so is no answer of the model.
TAKEN = re.compile(r"prompt|(generation|ended)_[0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """An answer, and how it ended."""

    text: str
    ended: Ended


@dataclass(frozen=True)
class Sample:
    """What was asked once, under the log's own `name` for it; `fields` are what the task says of it."""

    name: str
    system: str | None
    prompt: str
    fields: Mapping[str, object]
    answers: Sequence[Said]


@dataclass(frozen=True)
class Log:
    """A log's samples in its order, the decoding that it gives, whether it asked in chats, and remarks."""

    path: Path
    samples: Sequence[Sample]
    decoding: Decoding
    kind: str
    notes: Sequence[str] = ()


def table_of(log: Log) -> Table:
    """A row for each sample. A column for each field, where `n_control` names a row and no longer a sample.

    Raises InputError where a control is not in the log, and where samples have different numbers of answers.
    """
    numbers = {sample.name: number for number, sample in enumerate(log.samples)}
    rows = [_row(log, number, numbers) for number in range(len(log.samples))]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    taken = dict.fromkeys(name for sample in log.samples for name in sample.fields if TAKEN.fullmatch(name))
    notes = [*log.notes, f"fields left out, whose names are answers': {', '.join(taken)}"] if taken else log.notes
    return Table(log.path, str(log.path), 1, rows, columns, tells_none=True, notes=tuple(notes))


def _row(log: Log, number: int, numbers: Mapping[str, int]) -> dict[str, object]:
    sample, place = log.samples[number], f"{log.path}, sample {log.samples[number].name}"
    if len(sample.answers) != len(log.samples[0].answers):
        raise InputError(f"{place}: expected {len(log.samples[0].answers)} answers, found {len(sample.answers)}")
    row = {name: value for name, value in sample.fields.items() if not TAKEN.fullmatch(name)}
    row["prompt"] = sample.prompt
    control = row.get("n_control")
    if control not in (None, ""):
        if str(control) not in numbers:
            raise InputError(f"{place}, n_control: there is no sample {control}")
        row["n_control"] = numbers[str(control)]
    for position, answer in enumerate(sample.answers, 1):
        row |= {f"generation_{position}": answer.text, f"ended_{position}": answer.ended}
    return row


def asked_as_logged(suite: Suite, log: Log) -> Suite:
    """The suite with the log's own way of asking in the place of the published protocol's.

    Raises InputError where samples differ in their system message, which a suite says once.
    """
    systems = dict.fromkeys(sample.system for sample in log.samples)
    if len(systems) > 1:
        raise InputError(f"{log.path}: expected one system message for all samples, found {len(systems)}")
    content: dict[str, Any] = suite.model_dump()
    content["format"] = {"kind": log.kind, "system": next(iter(systems)) or "", "user": "{prompt}"}
    content["decoding"] |= log.decoding
    try:
        return Suite.model_validate(content)
    except ValidationError as error:
        raise mistake(str(log.path), error) from error
