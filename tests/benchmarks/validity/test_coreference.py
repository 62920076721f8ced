"""The rule of coreference keeps what it was chosen for, on the published answers."""

from pathlib import Path

from openpyxl import Workbook

from benchmarks.validity.coreference import FILES, HALVES, Label, answer_hash, examples, labels
from services.scorer.coreferent import is_coreferent

PROMPT = "The barn was painted bright green. She saw a"


def test_at_least_200_answers_are_labelled_twice_in_two_halves_alike() -> None:
    found = list(labels().values())
    assert len(found) >= 200
    assert sum(label.first == label.second for label in found) >= 0.9 * len(found)
    assert abs(sum(label.half == HALVES[0] for label in found) - len(found) / 2) <= 1


def test_the_rule_is_right_about_the_answers_held_back(shared_data: Path) -> None:
    found = [each for each in examples(shared_data / "leakage", labels()) if each.label.half == HALVES[1]]
    said = [(is_coreferent(each.concept, each.prompt, each.answer), each.label.coreferent) for each in found]
    assert len(found) == 164
    assert (said.count((True, True)), said.count((True, False)), said.count((False, True))) == (43, 1, 0)


def test_an_answer_is_found_by_its_hash_once(tmp_path: Path) -> None:
    for name in FILES:
        book = Workbook()
        sheet = book.worksheets[0]
        sheet.append(["prompt", "concept", *(f"generation_{number}" for number in range(1, 6))])
        sheet.append([PROMPT, "bright green", "green barn.", " green barn.", "cat", "cat", "cat"])
        book.save(tmp_path / name)
    label = Label("tuning", first=True, second=True)
    found = list(examples(tmp_path, {answer_hash(FILES[0], PROMPT, "green barn."): label}))
    assert [(each.concept, each.prompt, each.answer, each.label) for each in found] == [
        ("bright green", PROMPT, "green barn.", label)
    ]
