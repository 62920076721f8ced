"""Published completions become a suite with recorded answers and labels, from both of their forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from seep.errors import InputError
from seep.suites.spill import read_spill

LINES: list[dict[str, Any]] = [
    {
        "directive": f"Speak {name}.",
        "directive_language": name,
        "sample": sample,
        "completion": text,
        "judge_label": label,
    }
    for name, texts, label in (
        ("Spanish", ("Hola.", "Ciao."), "spanish"),
        ("Mandarin Chinese", ("一", "二"), "parse_error"),
    )
    for sample, text in enumerate(texts)
]
STUDY: dict[str, Any] = {
    "completions": {"Speak Spanish.": ["Hola.", "Ciao."], "Speak Mandarin Chinese.": ["一", "二"]},
    "summary": {
        "per_cell": {
            "Speak Spanish.": {
                "expected_lang": "spanish",
                "per_row_labels": [{"claude_label": "spanish"}, {"claude_label": "spanish"}],
            },
            "Speak Mandarin Chinese.": {
                "expected_lang": "mandarin",
                "per_row_labels": [{"claude_label": "parse_error"}, {"claude_label": "parse_error"}],
            },
        }
    },
}


def as_lines(folder: Path, lines: list[dict[str, Any]]) -> Path:
    path = folder / "fr_it.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def as_study(folder: Path, study: dict[str, Any]) -> Path:
    path = folder / "fr_it.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    return path


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    suite, directives = read_spill(as_lines(tmp_path, list(reversed(LINES))[2:] + LINES[2:]))
    assert (suite, directives) == read_spill(as_study(tmp_path, STUDY))
    assert suite.directives == {"es": ("Speak Spanish.",), "zh": ("Speak Mandarin Chinese.",)}
    assert (suite.name, suite.cluster, suite.decoding.samples) == ("fr-it", "sample", 2)
    assert directives[0].completions == ("Hola.", "Ciao.")
    assert directives[1].labels == {"judge": ("parse_error", "parse_error")}


@pytest.mark.parametrize(("form", "field"), [(as_lines, "directive_language"), (as_study, "expected_lang")])
def test_completions_of_one_language_are_no_suite(tmp_path: Path, form: Any, field: str) -> None:
    spanish = {
        "completions": {"Speak Spanish.": STUDY["completions"]["Speak Spanish."]},
        "summary": STUDY["summary"],
    }
    path = form(tmp_path, LINES[:2] if form is as_lines else spanish)
    with pytest.raises(InputError) as raised:
        read_spill(path)
    assert str(raised.value) == f"{path}: {field}: expected at least two languages, found es"


@pytest.mark.parametrize("condition", ["fr_it", "fr_fr"])
def test_the_published_completions_are_read_whole(shared_data: Path, condition: str) -> None:
    suite, directives = read_spill(shared_data / "spill" / f"{condition}.jsonl")
    assert list(suite.directives) == ["en", "es", "fr", "it", "pt", "de", "zh"]
    assert {len(phrasings) for phrasings in suite.directives.values()} == {2}
    assert [len(directive.completions) for directive in directives] == [40] * 14
    assert {name for directive in directives for name in directive.labels} == {"judge", "langdetect"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample": 1}, "directive 'Speak Spanish.': sample: expected 0 to 1, each once"),
        ({"directive_language": "Klingon"}, "expected a language by its English name, found 'Klingon'"),
        ({"completion": None}, r"fr_it\.jsonl:1: completion: "),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_spill(as_lines(tmp_path, [LINES[0] | change, *LINES[1:]]))


def test_directives_with_fewer_completions_than_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected as many completions of every directive, found \[1, 2\]"):
        read_spill(as_lines(tmp_path, LINES[:3]))


def test_a_study_without_a_directives_language_is_refused(tmp_path: Path) -> None:
    cells = {"Speak Spanish.": STUDY["summary"]["per_cell"]["Speak Spanish."]}
    with pytest.raises(InputError, match=r"summary\.per_cell: expected directive 'Speak Mandarin Chinese\.'"):
        read_spill(as_study(tmp_path, STUDY | {"summary": {"per_cell": cells}}))


def test_a_study_with_too_few_labels_is_refused(tmp_path: Path) -> None:
    cells = STUDY["summary"]["per_cell"] | {
        "Speak Spanish.": {"expected_lang": "spanish", "per_row_labels": [{"claude_label": "spanish"}]}
    }
    with pytest.raises(InputError, match="per_row_labels: expected 2 labels, found 1"):
        read_spill(as_study(tmp_path, STUDY | {"summary": {"per_cell": cells}}))


@pytest.mark.parametrize("document", [{"arm": [{"question": "a", "completion": "b"}]}, [{"prompt": "a"}], "a", 1])
def test_another_document_is_refused_with_what_tables_are_read_from(tmp_path: Path, document: object) -> None:
    (tmp_path / "marks.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"completions: expected the completions of a study.*; a table is \.xlsx"):
        read_spill(tmp_path / "marks.json")
