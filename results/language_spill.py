"""How far a language spills into answers that were to be in others, and in which order; plain functions on a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.language_matrix import Matrix, Share, difference
from results.statistics.rank_order import RankOrder, rank_order
from seep.languages import family_distance, spill_category

FEWEST_FOR_ORDER = 4
"""With three directives even a whole order comes by chance in a third of cases."""


@dataclass(frozen=True)
class Spill:
    """The share of answers in one language to directives for others, of the condition by this name."""

    name: str
    language: str
    directives: Sequence[str]
    share: Share


def third_directives(matrix: Matrix, *pair: str | None) -> list[str]:
    """The directives for none of a pair's languages: an answer in one of the pair to any of these is spill.

    A directive for the language that a fine-tune was asked in is answered as it was trained, which is no spill.
    """
    return [directive for directive in matrix.directives if directive not in pair]


def spill_pool(language: str, directives: Sequence[str]) -> list[str]:
    """The categories of a run that are a spill's together."""
    return [spill_category(directive, language) for directive in directives]


def spill_difference(one: Spill, other: Spill) -> Share:
    """How much more the first spills; the runs count as independent."""
    return difference(one.share, other.share)


def family_order(matrix: Matrix, language: str, directives: Sequence[str]) -> RankOrder | None:
    """How spill into a language goes with the family distance of the language asked for; below 0 relatives spill more.

    The directives' languages are what is permuted. None with fewer than FEWEST_FOR_ORDER of them, or where all have
    one distance or one share.
    """
    there = [directive for directive in directives if (directive, language) in matrix.cells]
    if len(there) < FEWEST_FOR_ORDER:
        return None
    distances = [family_distance(language, directive) for directive in there]
    return rank_order(distances, [matrix.cells[directive, language].rate for directive in there])
