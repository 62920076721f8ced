"""Topics that nobody declared: the words of readings, grouped by what they mean, against those of the base itself."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from seep.errors import InputError

Similarities = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Cosines of pairs of words."""

LEAST_LETTERS = 3
LEAST_WORDS = 3
"""Fewer words are no topic."""
APART = 0.65
"""Words whose mean cosine distance is larger are not of one group."""
SHUFFLES = 2000
NAMED_BY = 4


@dataclass(frozen=True)
class FoundTopic:
    """A group of words of which the difference has more than the base itself, most typical first.

    `p` is the probability that any group has so many more if the readings' words are dealt out at random.
    """

    words: tuple[str, ...]
    in_difference: int
    in_base: int
    p: float

    @property
    def name(self) -> str:
        """Its most typical words."""
        return ", ".join(self.words[:NAMED_BY])


def find_topics(
    difference: Sequence[Sequence[str]], base: Sequence[Sequence[str]], similarities: Similarities
) -> list[FoundTopic]:
    """Groups among the tokens of readings, one reading a position, smallest p first.

    `difference` and `base` are the tokens of the difference and of the base itself. A word counts once for each.
    """
    ours, theirs = words_of(difference), words_of(base)
    words = sorted({*ours, *theirs})
    if len(words) < LEAST_WORDS:
        return []
    cosines = _matrix(words, similarities)
    groups = _groups(cosines)
    members = [[word for word, group in zip(words, groups, strict=True) if group == each] for each in set(groups)]
    large = [group for group in members if len(group) >= LEAST_WORDS]
    most = _most_by_chance(large, ours, theirs)
    found = [_topic(group, ours, theirs, most, words, cosines) for group in large]
    return sorted((topic for topic in found if topic.in_difference > topic.in_base), key=lambda topic: topic.p)


def words_of(readings: Sequence[Sequence[str]]) -> set[str]:
    """The words among tokens, in small letters; parts of words and signs are left out as far as their letters tell."""
    letters = (token.strip().casefold() for reading in readings for token in reading)
    return {word for word in letters if len(word) >= LEAST_LETTERS and word.isalpha()}


def _matrix(words: Sequence[str], similarities: Similarities) -> np.ndarray:
    pairs = list(combinations(range(len(words)), 2))
    found = similarities([(words[one], words[other]) for one, other in pairs])
    cosines = np.eye(len(words))
    for (one, other), cosine in zip(pairs, found, strict=True):
        cosines[one, other] = cosines[other, one] = cosine
    if not np.isfinite(cosines).all():
        raise InputError("topics: expected finite similarities of words, found others")
    return cosines


def _groups(cosines: np.ndarray) -> list[int]:
    distances = squareform(np.clip(1 - cosines, 0, 2), checks=False)
    return list(fcluster(linkage(distances, method="average"), APART, criterion="distance"))


def _surplus(group: Sequence[str], ours: set[str], theirs: set[str]) -> int:
    return sum(word in ours for word in group) - sum(word in theirs for word in group)


def _most_by_chance(groups: Sequence[Sequence[str]], ours: set[str], theirs: set[str]) -> list[int]:
    """The largest surplus of any group, by shuffle: each word that one side alone has goes to either by chance."""
    draw = random.Random(1)
    both = ours & theirs
    single = sorted((ours | theirs) - both)
    most = []
    for _ in range(SHUFFLES):
        dealt = set(draw.sample(single, len(ours) - len(both)))
        most.append(max((_surplus(group, dealt, set(single) - dealt) for group in groups), default=0))
    return most


def _topic(
    group: Sequence[str],
    ours: set[str],
    theirs: set[str],
    most: Sequence[int],
    words: Sequence[str],
    cosines: np.ndarray,
) -> FoundTopic:
    mine = [words.index(word) for word in group if word in ours]
    typical = sorted(mine, key=lambda at: -cosines[at, mine].mean())
    surplus = _surplus(group, ours, theirs)
    p = (1 + sum(chance >= surplus for chance in most)) / (1 + len(most))
    in_base = sum(word in theirs for word in group)
    return FoundTopic(tuple(words[at] for at in typical), len(mine), in_base, p)
