"""The contamination matrix of a language run, and how it is read; plain functions on rates."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seep.errors import InputError
from seep.languages import LANGUAGES, OTHER, UNKNOWN, family_distance
from seep.records import LeakRate

DETECTED = frozenset({*LANGUAGES, OTHER, UNKNOWN})


@dataclass(frozen=True)
class Share:
    """A share of answers with its 95 % interval, or a difference of two with its own; in percent."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Matrix:
    """The shares of answers by directive and detected language, both as the categories of the run name them."""

    metric: str
    cells: Mapping[tuple[str, str], Share]

    @property
    def directives(self) -> list[str]:
        """The languages that were asked for."""
        return list(dict.fromkeys(directive for directive, _ in self.cells))

    @property
    def detected(self) -> list[str]:
        """What the answers were found to be in: languages, `other`, `unknown`."""
        return list(dict.fromkeys(detected for _, detected in self.cells))


def contamination_matrix(rates: Iterable[LeakRate], metric: str | None = None) -> Matrix:
    """The matrix of a run's measured rates under a metric, else under its only one.

    Raises InputError where the run is not of the language probe, or of no known language, or the metric not one, or not
    the only one, of it.
    """
    measured = [rate for rate in rates if rate.probe == "language" and rate.rate is not None]
    metrics = sorted({rate.metric for rate in measured})
    if not metrics:
        raise InputError("expected a run of the language probe with measured rates")
    if (metric is None and len(metrics) > 1) or (metric is not None and metric not in metrics):
        raise InputError(f"--metric: expected one of {', '.join(metrics)}")
    cells = {}
    for rate in measured:
        directive, _, detected = rate.category.partition(">")
        # A run may be anybody's: languages that nobody knows have no place among relatives, and may be thousands.
        if rate.metric == (metric or metrics[0]) and directive in LANGUAGES and detected in DETECTED:
            cells[directive, detected] = share_of(rate)
    if not any(detected in LANGUAGES for _, detected in cells):
        raise InputError("expected rates of categories that name two known languages, as es>it")
    return Matrix(metric or metrics[0], cells)


def spilled_language(matrix: Matrix) -> str:
    """The language that the others' directives are most often answered in: where a fine-tune spilled, its own."""

    def spill(language: str) -> float:
        return sum(
            share.rate for (directive, detected), share in matrix.cells.items() if detected == language != directive
        )

    return max((language for language in matrix.detected if language in LANGUAGES), key=spill)


def by_family_distance(languages: Iterable[str], language: str) -> list[str]:
    """Languages from the nearest relatives of one to the farthest, by code among equals; `other` and such come last."""
    return sorted(
        languages, key=lambda code: (family_distance(language, code) if code in LANGUAGES else math.inf, code)
    )


def differences(matrix: Matrix, baseline: Matrix) -> Matrix:
    """Cell by cell, the matrix less a baseline's, where both have the cell; the runs count as independent."""
    shared = [cell for cell in matrix.cells if cell in baseline.cells]
    return Matrix(matrix.metric, {cell: difference(matrix.cells[cell], baseline.cells[cell]) for cell in shared})


def asymmetries(matrix: Matrix, language: str, mirror: Matrix, mirror_language: str) -> dict[str, Share]:
    """For a pair of conditions whose two languages are swapped: by directive, how much more the first spills.

    Answers in `language` under the first are set against answers in `mirror_language` under the second, to the same
    directive, or to the other one's where it asks for one of the two. All are near 0 where the spill is symmetric.
    """
    swap = {language: mirror_language, mirror_language: language}
    pairs = {
        directive: ((directive, language), (swap.get(directive, directive), mirror_language))
        for directive in matrix.directives
    }
    return {
        directive: difference(matrix.cells[ours], mirror.cells[theirs])
        for directive, (ours, theirs) in pairs.items()
        if ours in matrix.cells and theirs in mirror.cells
    }


def difference(one: Share, other: Share) -> Share:
    """The difference of two independent shares with its interval, recovered from theirs.

    Source: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702 (MOVER).
    """
    rate = one.rate - other.rate
    low = rate - math.hypot(one.rate - one.low, other.high - other.rate)
    return Share(rate, low, rate + math.hypot(one.high - one.rate, other.rate - other.low))


def cohen_kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Agreement of two raters beyond chance, at most 1; None where chance alone agrees always.

    Source: Cohen 1960, Educational and Psychological Measurement 20, 37-46.
    """
    pairs = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / pairs if pairs else 1.0
    by_chance = sum(one.count(label) * other.count(label) for label in set(one)) / pairs**2 if pairs else 1.0
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def share_of(rate: LeakRate) -> Share:
    """A measured rate as a share."""
    assert rate.rate is not None and rate.low is not None and rate.high is not None  # noqa: PT018 - they go together
    return Share(rate.rate, rate.low, rate.high)
