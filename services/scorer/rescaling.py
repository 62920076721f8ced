"""BERTScore's baseline rescaling: a file says what unrelated texts score, and scores are stretched from there to 1."""

import csv
import math
from pathlib import Path

from torch import Tensor, tensor

from seep.errors import InputError

COLUMNS = ["LAYER", "P", "R", "F"]

# A larger one stretches unrelated texts beyond the -1000 that the aggregator takes. The library's are below 0.985.
LARGEST_BASELINE = 0.998


def read_baseline(section: str, file: Path, layer: int) -> Tensor:
    """The baseline of precision, recall and F1, (3,), at a layer, from a file of the bert_score library's form.

    That is comma-separated LAYER,P,R,F with a row per layer. Raises InputError naming the file and the row.
    """
    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"metrics.{section}.baseline: {file} cannot be read as text: {error}") from error
    if not rows or rows[0] != COLUMNS:
        raise InputError(f"{file}: line 1: expected the columns {','.join(COLUMNS)}")
    for number, row in enumerate(rows[1:], start=2):
        if row and row[0].strip() == str(layer):
            return _baseline(file, number, row[1:])
    raise InputError(f"{file}: no row for layer {layer}, which metrics.{section} reads")


def rescale(scores: Tensor, baseline: Tensor) -> Tensor:
    """Scores, (pairs, 3), so that the baseline becomes 0 and 1 stays 1: the order of two scores never changes.

    Source: the bert_score library, `rescale_with_baseline`.
    """
    return (scores - baseline) / (1 - baseline)


def _baseline(file: Path, number: int, cells: list[str]) -> Tensor:
    try:
        values = [float(cell) for cell in cells]
    except ValueError as error:
        raise InputError(f"{file}: line {number}: expected numbers: {error}") from error
    if len(values) != 3 or not all(math.isfinite(value) and value <= LARGEST_BASELINE for value in values):
        raise InputError(f"{file}: line {number}: expected three numbers of {LARGEST_BASELINE} at most after the layer")
    return tensor(values)
