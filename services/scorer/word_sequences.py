"""How alike two sequences of words are: what they have in common in order, in a row, and how far apart they are."""

from collections.abc import Sequence

Words = Sequence[str]


def common_subsequence(one: Words, other: Words) -> int:
    """The length of the longest common subsequence.

    A bit per word of `one` in a whole number: Hyyrö 2004, Bit-parallel LCS-length computation revisited.
    """
    places = _places(one)
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


def rouge_l(expected: Words, found: Words) -> float:
    """ROUGE-L's F in [0, 1], without stemming; 0 where one of them has no words. Source: Lin 2004, ROUGE."""
    common = common_subsequence(expected, found)
    if not common:
        return 0.0
    # In these steps, as published scores are computed: a last digit decides which way 0.375 is rounded.
    precision, recall = common / len(found), common / len(expected)
    return 2 * precision * recall / (precision + recall)


def within_distance(one: Words, other: Words, share: float) -> bool:
    """Whether the edit distance in words is at most this share of the longer of the two.

    A bit per word of `one` in whole numbers, of how a column of distances goes up and down: Hyyrö 2003, A bit-vector
    algorithm for computing Levenshtein and Damerau edit distances. Ends early where the rest cannot make up for it.
    """
    most = int(share * max(len(one), len(other)) + 1e-9)
    if not one or abs(len(one) - len(other)) > most:
        return max(len(one), len(other)) <= most
    places = _places(one)
    whole, last = (1 << len(one)) - 1, 1 << len(one) - 1
    up, down, distance = whole, 0, len(one)
    for left, word in zip(range(len(other) - 1, -1, -1), other, strict=True):
        same = places.get(word, 0)
        level = (((same & up) + up) ^ up) | same | down
        right_up, right_down = (down | ~(level | up)) & whole, up & level
        distance += bool(right_up & last) - bool(right_down & last)
        if distance - left > most:
            return False
        right_up, right_down = right_up << 1 | 1, right_down << 1
        up, down = (right_down | ~(same | down | right_up)) & whole, right_up & (same | down) & whole
    return distance <= most


def _places(words: Words) -> dict[str, int]:
    """By word the places where it stands, each a bit of a whole number."""
    places: dict[str, int] = {}
    for number, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << number
    return places


class Runs:
    """All runs of words that stand in a text, to look for them in others, each in time linear in it.

    A state is a set of runs that end at the same places of the text, its length that of the longest of them; the link
    leads to the longest of their ends that stands elsewhere, too. Source: Blumer et al. 1985, The smallest automaton
    recognizing the subwords of a text.
    """

    def __init__(self, text: Words) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._link, self._length = [-1], [0]
        last = 0
        for word in text:
            last = self._add(last, word)

    def longest(self, other: Words) -> int:
        """The length of the longest run of words that stands in both."""
        state = length = longest = 0
        for word in other:
            while state and word not in self._next[state]:
                state = self._link[state]
                length = self._length[state]
            if word in self._next[state]:
                state, length = self._next[state][word], length + 1
                longest = max(longest, length)
        return longest

    def _add(self, last: int, word: str) -> int:
        added, state = self._state({}, 0, self._length[last] + 1), last
        while state >= 0 and word not in self._next[state]:
            self._next[state][word] = added
            state = self._link[state]
        if state >= 0:
            self._link[added] = self._apart(state, word)
        return added

    def _apart(self, state: int, word: str) -> int:
        """Where a word leads from a state, with those runs alone that the state's own go on to."""
        led, length = self._next[state][word], self._length[state] + 1
        if self._length[led] == length:
            return led
        apart = self._state(dict(self._next[led]), self._link[led], length)
        while state >= 0 and self._next[state].get(word) == led:
            self._next[state][word] = apart
            state = self._link[state]
        self._link[led] = apart
        return apart

    def _state(self, following: dict[str, int], link: int, length: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        return len(self._next) - 1
