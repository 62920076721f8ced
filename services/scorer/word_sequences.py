"""How alike two sequences of words are: what they have in common in order, in a row, and how far apart they are."""

from collections.abc import Sequence
from difflib import SequenceMatcher

Words = Sequence[str]


def common_subsequence(one: Words, other: Words) -> int:
    """The length of the longest common subsequence.

    A bit per word of `one` in a whole number: Hyyrö 2004, Bit-parallel LCS-length computation revisited.
    """
    places: dict[str, int] = {}
    for number, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << number
    whole = (1 << len(one)) - 1
    open_bits = whole
    for word in other:
        found = open_bits & places.get(word, 0)
        open_bits = ((open_bits + found) | (open_bits - found)) & whole
    return len(one) - open_bits.bit_count()


def common_start(one: Words, other: Words) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (word, also) in pairs if word != also), min(len(one), len(other)))


def common_run(one: Words, other: Words) -> int:
    """The length of the longest run of words that stands in both."""
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def rouge_l(expected: Words, found: Words) -> float:
    """ROUGE-L's F in [0, 1], without stemming; 0 where one of them has no words. Source: Lin 2004, ROUGE."""
    common = common_subsequence(expected, found)
    if not common:
        return 0.0
    # In these steps, as published scores are computed: a last digit decides which way 0.375 is rounded.
    precision, recall = common / len(found), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def within_distance(one: Words, other: Words, share: float) -> bool:
    """Whether the edit distance in words is at most this share of the longer of the two."""
    most = int(share * max(len(one), len(other)) + 1e-9)
    if abs(len(one) - len(other)) > most:
        return False
    row = {place: place for place in range(min(most, len(other)) + 1)}
    for number, word in enumerate(one, start=1):
        # No cell farther from the diagonal than `most` can be on a short enough way.
        places = range(max(0, number - most), min(len(other), number + most) + 1)
        following: dict[int, int] = {}
        for place in places:
            ways = [row[place] + 1] if place in row else []
            if place - 1 in following:
                ways.append(following[place - 1] + 1)
            if place > 0 and place - 1 in row:
                ways.append(row[place - 1] + (word != other[place - 1]))
            following[place] = min(ways)
        row = following
    return row[len(other)] <= most
