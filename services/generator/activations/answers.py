"""The readings of some documents as answers: by position, of the difference and of the base itself."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, cosine_similarity

from seep.records import Answer, Reading
from seep.traces import COSINE, EXPLAINED, NORM, SPLIT_HALF, shown
from services.generator.activations.differences import Differences, measure
from services.generator.activations.models import Pair
from services.generator.activations.reading import lens

# Lengths are compared with those of later positions, also where only the first few are read.
FEWEST_POSITIONS = 16
NO_READING = Answer("", ended="no_content")


class Readings(NamedTuple):
    """Of one set of documents, at the positions from 1 on."""

    difference: tuple[Answer, ...]
    base: tuple[Answer, ...]


def read(pair: Pair, documents: Sequence[str], positions: int) -> Readings:
    """Readings at the positions 1 to `positions`; position 0 is an attention sink, and never read.

    There is none where no two documents are so long, where nothing differs, or where a number is none. Raises
    InputError for fewer than two documents, for one without a token, and for what the model cannot take.
    """
    found = measure(pair, documents, max(positions + 1, FEWEST_POSITIONS))
    places = range(1, positions + 1)
    return Readings(
        tuple(_difference(pair, found, at) if at < found.positions else NO_READING for at in places),
        tuple(_base(pair, found, at) if at < found.positions else NO_READING for at in places),
    )


def _difference(pair: Pair, found: Differences, at: int) -> Answer:
    values = {
        NORM: float(found.mean[at].norm()) / found.usual_norm,
        SPLIT_HALF: float(found.steadiness[at]),
        EXPLAINED: float(found.context_freedom[at]),
    }
    others = [other for other in range(1, found.positions) if other != at]
    if others:
        values[COSINE] = float(cosine_similarity(found.mean[at], found.mean[others].mean(0), dim=0))
    return _answer(pair, found.mean[at], values)


def _base(pair: Pair, found: Differences, at: int) -> Answer:
    return _answer(pair, found.base_mean[at], {NORM: float(found.base_mean[at].norm()) / found.usual_norm})


def _answer(pair: Pair, direction: Tensor, values: dict[str, float]) -> Answer:
    # Where the usual length is infinite, that of a direction beside it would be 0.
    if not (values[NORM] > 0 and all(map(math.isfinite, values.values()))):
        return NO_READING
    top = lens(pair.base, direction, pair.tokenizer)
    return Answer(shown(top.tokens, top.probabilities), inside=Reading(top.tokens, top.probabilities, values))
