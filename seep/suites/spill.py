"""Makes a suite of the language probe, recorded answers and their labels of published language-spill completions.

Two forms are read: JSON lines, a completion each, and the JSON document that the study itself wrote.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from seep.errors import InputError
from seep.explanations import mistake
from seep.languages import language_code
from seep.suites.json_texts import AnswerText, parse_json
from seep.suites.schema import LanguageSuite, SuiteDecoding, SuiteFormat
from seep.text_files import read_text

TEMPERATURE = 1.0
MAX_TOKENS = 256  # the published completions end, mid-sentence, at about as many

Document = TypeVar("Document", bound=BaseModel)


class _Completion(BaseModel):
    directive: str
    directive_language: str
    sample: int = Field(ge=0)
    completion: AnswerText
    judge_label: AnswerText | None = None
    langdetect_label: AnswerText | None = None


class _RowLabels(BaseModel):
    claude_label: AnswerText | None = None
    langdetect_label: AnswerText | None = None


class _Cell(BaseModel):
    expected_lang: str
    per_row_labels: tuple[_RowLabels, ...] = ()


class _Summary(BaseModel):
    per_cell: dict[str, _Cell]


class _Study(BaseModel):
    completions: dict[str, tuple[AnswerText, ...]]
    summary: _Summary


@dataclass(frozen=True)
class Directive:
    """A directive with the language it asks for, all completions, and their labels by who gave them."""

    text: str
    language: str
    completions: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]


def read_spill(path: Path) -> tuple[LanguageSuite, list[Directive]]:
    """Return the suite of all directives in a .jsonl or .json file, and the directives with their completions.

    InputError names the file, the place in it and what was expected.
    """
    text = read_text(path)
    directives = _of_study(text, path) if path.suffix.lower() == ".json" else _of_lines(text, path)
    return _suite(directives, path), directives


def holds_completions(path: Path) -> bool:
    """Whether a file is one that `read_spill` reads: any .json, and a .jsonl whose lines are completions."""
    if path.suffix.lower() != ".jsonl":
        return path.suffix.lower() == ".json"
    return '"completion"' in read_text(path).partition("\n")[0]


def _of_lines(text: str, path: Path) -> list[Directive]:
    groups: dict[str, list[_Completion]] = defaultdict(list)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            completion = _parsed(_Completion, line, f"{path}:{number}")
            groups[completion.directive].append(completion)
    directives = []
    for directive, rows in groups.items():
        rows.sort(key=lambda row: row.sample)
        if [row.sample for row in rows] != list(range(len(rows))):
            raise InputError(f"{path}: directive {directive!r}: sample: expected 0 to {len(rows) - 1}, each once")
        labels = {"judge": [row.judge_label for row in rows], "langdetect": [row.langdetect_label for row in rows]}
        texts = tuple(row.completion for row in rows)
        directives.append(_directive(path, directive, rows[0].directive_language, texts, labels))
    return directives


def _of_study(text: str, path: Path) -> list[Directive]:
    if "completions" not in _keys(parse_json(text, str(path))):
        expected = "expected the completions of a study of language spill; a table is .xlsx, .csv, .tsv or .jsonl"
        raise InputError(f"{path}: completions: {expected}")
    study = _parsed(_Study, text, str(path))
    directives = []
    for directive, texts in study.completions.items():
        cell = study.summary.per_cell.get(directive)
        if cell is None:
            raise InputError(f"{path}: summary.per_cell: expected directive {directive!r}, as completions has it")
        if cell.per_row_labels and len(cell.per_row_labels) != len(texts):
            found = f"expected {len(texts)} labels, found {len(cell.per_row_labels)}"
            raise InputError(f"{path}: summary.per_cell: {directive!r}: per_row_labels: {found}")
        labels = {
            "judge": [row.claude_label for row in cell.per_row_labels],
            "langdetect": [row.langdetect_label for row in cell.per_row_labels],
        }
        directives.append(_directive(path, directive, cell.expected_lang, texts, labels))
    return directives


def _directive(
    path: Path, text: str, language: str, texts: tuple[str, ...], labels: Mapping[str, list[str | None]]
) -> Directive:
    code = language_code(language)
    if code is None:
        raise InputError(f"{path}: directive {text!r}: expected a language by its English name, found {language!r}")
    whole = {who: tuple(label or "" for label in one_label) for who, one_label in labels.items() if any(one_label)}
    return Directive(text, code, texts, whole)


def _suite(directives: list[Directive], path: Path) -> LanguageSuite:
    by_language: dict[str, list[str]] = defaultdict(list)
    for directive in directives:
        by_language[directive.language].append(directive.text)
    if len(by_language) < 2:
        field = "expected_lang" if path.suffix.lower() == ".json" else "directive_language"
        raise InputError(f"{path}: {field}: expected at least two languages, found {', '.join(by_language) or 'none'}")
    samples = {len(directive.completions) for directive in directives}
    if len(samples) != 1:
        raise InputError(f"{path}: expected as many completions of every directive, found {sorted(samples)}")
    try:
        return LanguageSuite(
            name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "imported",
            version="1",
            probe="language",
            # Two prompts of many samples: what varies, and can be told of, is the sample.
            cluster="sample",
            format=SuiteFormat(kind="chat"),
            decoding=SuiteDecoding(temperature=TEMPERATURE, max_tokens=MAX_TOKENS, samples=samples.pop()),
            cut="none",
            directives={language: tuple(texts) for language, texts in by_language.items()},
        )
    except ValidationError as error:
        raise mistake(str(path), error) from error


def _keys(document: object) -> Collection[object]:
    return document.keys() if isinstance(document, Mapping) else ()


def _parsed(kind: type[Document], text: str, place: str) -> Document:
    try:
        return kind.model_validate(parse_json(text, place))
    except ValidationError as error:
        raise mistake(place, error) from error
