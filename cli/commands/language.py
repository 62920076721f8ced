"""The command that tells how far the language detectors agree with each other and with labels given before."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.commands.results import wide_console
from results.language_matrix import cohen_kappa
from seep.errors import InputError
from seep.languages import OTHER, UNKNOWN, language_code
from seep.suites.recorded import read_recorded_lines

PARSE_ERROR = "parse_error"
UNTOLD = {"mixed": UNKNOWN, "gibberish": UNKNOWN, "unknown": UNKNOWN, "other": OTHER}


def agreement(
    recorded: Annotated[Path, typer.Argument(help="Recorded answers, perhaps with labels.", metavar="R.jsonl")],
) -> None:
    """Tell the languages of recorded answers by both detectors; compare them, and the file's own labels, in pairs."""
    lines = list(read_recorded_lines(recorded).values())
    answers = [answer for line in lines for answer in line.generations]
    if not answers:
        raise InputError(f"{recorded}: expected recorded answers, found none")
    # The detectors are this command's alone; the model behind one of them takes ten seconds to load.
    from services.scorer.detection import langdetect_guess, lingua_guess, tell

    labels = {
        "langdetect": [langdetect_guess(answer) for answer in answers],
        "lingua": [lingua_guess(answer) for answer in answers],
        "consensus": [tell(answer) for answer in answers],
    }
    for who in dict.fromkeys(who for line in lines for who in line.labels):
        given = [label for line in lines for label in line.labels.get(who, ("",) * len(line.generations))]
        labels[f"recorded {who}"] = [normalised(label) for label in given]
    table = Table("one", "other", "kappa", "same", "compared", "parse errors", "without a label", box=None)
    for row in agreements(labels):
        table.add_row(*row)
    wide_console().print(table)


def agreements(labels: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Per pair of raters: their names, kappa, same share, answers compared, and those left out by why.

    An answer is compared where both gave a label; a label that is no language of their common ones is `other`, so that
    a rater who knows few languages is not blamed for a rare one.
    """
    return [_agreement(one, labels[one], other, labels[other]) for one, other in combinations(labels, 2)]


def normalised(label: str) -> str:
    """A recorded label as an ISO 639-1 code, `other` or `unknown`; a parse error, or none, stays what it is."""
    return label if label in ("", PARSE_ERROR) else UNTOLD.get(label) or language_code(label) or OTHER


def _agreement(one: str, ours: Sequence[str], other: str, theirs: Sequence[str]) -> tuple[str, ...]:
    pairs = list(zip(ours, theirs, strict=True))
    errors = sum(PARSE_ERROR in pair for pair in pairs)
    compared = [pair for pair in pairs if PARSE_ERROR not in pair and "" not in pair]
    known = {a for a, _ in compared} & {b for _, b in compared} | {UNKNOWN}
    common = [(a if a in known else OTHER, b if b in known else OTHER) for a, b in compared]
    kappa = cohen_kappa([a for a, _ in common], [b for _, b in common])
    same = f"{100 * sum(a == b for a, b in common) / len(common):.1f} %" if common else "not measured"
    told = "not measured" if kappa is None else f"{kappa:.3f}"
    return one, other, told, same, str(len(common)), str(errors), str(len(pairs) - len(compared) - errors)
