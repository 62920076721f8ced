"""How rightly answers are told that only go on about the thing which has the concept in the prompt: the rule against
labels of published answers, which are kept by hash alone.

The rule of the labels. An answer is coreferent where it names the concept, its colour word or another shade of it, and
what has it there is the very thing or person that the prompt gave it to: it repeats or goes on with that sentence, or a
person who is said to like the colour wears it; and nothing else in the answer has it. A thing made to match, another
part of a thing, and a title in quotes are something else. In doubt it is not.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook

from results.language_matrix import cohen_kappa
from results.statistics.intervals import clopper_pearson
from services.scorer.coreferent import is_coreferent
from services.scorer.echo import echoes

LABELS = Path(__file__).with_name("coreference.tsv")
FILES = ("colors_qwen2.5-0.5b.xlsx", "colors_qwen2.5-1.5b.xlsx")
GENERATIONS = [f"generation_{number}" for number in range(1, 6)]
HALVES = ("tuning", "held back")


@dataclass(frozen=True)
class Label:
    """In which half an answer is, and whether each pass found it coreferent."""

    half: str
    first: bool
    second: bool

    @property
    def coreferent(self) -> bool:
        """Where the passes differ, there is doubt."""
        return self.first and self.second


@dataclass(frozen=True)
class Example:
    """A published answer with its prompt, its concept and its label."""

    concept: str
    prompt: str
    answer: str
    label: Label


def main() -> None:
    """Prints the passes' kappa, and precision and recall of two rules on each half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with the published workbooks")
    found = list(examples(parser.parse_args().data, labels()))
    kappa = cohen_kappa([str(each.label.first) for each in found], [str(each.label.second) for each in found])
    print(f"{len(found)} answers, {sum(each.label.coreferent for each in found)} coreferent, kappa {kappa:.3f}")
    for half in HALVES:
        of_half = [each for each in found if each.label.half == half]
        for name, rule in {"the rule": _rule, "every echo": _echo}.items():
            print(f"{half}: {name}: {measured([(rule(each), each.label.coreferent) for each in of_half])}")


def labels() -> dict[str, Label]:
    """By the hash of file, prompt and answer."""
    rows = [line.split("\t") for line in LABELS.read_text(encoding="utf-8").splitlines()]
    return {key: Label(half, first == "1", second == "1") for key, half, first, second in rows}


def examples(data: Path, known: dict[str, Label]) -> Iterator[Example]:
    """The labelled answers of the published workbooks, each once."""
    left = dict(known)
    for name in FILES:
        head, *rows = load_workbook(data / name, read_only=True).worksheets[0].iter_rows(values_only=True)
        for row in rows:
            cells = dict(zip(head, row, strict=True))
            for answer in (str(cells[column]).strip() for column in GENERATIONS):
                if label := left.pop(answer_hash(name, str(cells["prompt"]), answer), None):
                    yield Example(str(cells["concept"]), str(cells["prompt"]), answer, label)


def answer_hash(file: str, prompt: str, answer: str) -> str:
    """What stands for an answer here, whose text is not the project's."""
    return hashlib.sha256("\0".join((file, prompt, answer)).encode()).hexdigest()[:16]


def measured(pairs: list[tuple[bool, bool]]) -> str:
    """Precision and recall with their intervals, of pairs of what is said and what is so."""
    right = sum(said and so for said, so in pairs)
    said, so = sum(said for said, _ in pairs), sum(so for _, so in pairs)
    return f"precision {_share(right, said)}, recall {_share(right, so)}"


def _share(count: int, whole: int) -> str:
    low, high = clopper_pearson(count, whole)
    return f"{count}/{whole} = {100 * count / whole:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _rule(example: Example) -> bool:
    return is_coreferent(example.concept, example.prompt, example.answer)


def _echo(example: Example) -> bool:
    return echoes(example.concept, example.answer, "en")


if __name__ == "__main__":
    main()
