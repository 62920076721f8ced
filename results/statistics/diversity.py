"""How varied a set of answers is."""

import re
from collections.abc import Iterable

from seep.characters import marks_in

END = "\0"
# By character of ASCII: itself in a word or an end, else a blank.
OF_WORDS = "".join(char if re.match(rf"\w|{END}", char, re.ASCII) else " " for char in map(chr, range(128)))


def distinct_ngrams(texts: Iterable[str], lengths: Iterable[int]) -> list[tuple[int, int]]:
    """Different n-grams of so many words in the texts, and all of them, by length; their ratio is distinct-n.

    Words are runs of letters and digits, compared without case; no n-gram crosses two texts. Distinct-n falls with the
    amount of text, so it compares runs of one suite with equal sample counts. Source: Li et al. 2016, arXiv 1510.03055.
    """
    # All texts at once: to read each by itself took most of the time that a job's sums take.
    words = _words(f" {END} ".join([text.replace(END, " ") for text in texts]).casefold())
    found = []
    for length in lengths:
        ngrams = words if length == 1 else zip(*(words[start:] for start in range(length)), strict=False)
        within = [ngram for ngram in ngrams if END not in ngram]
        found.append((len(set(within)), len(within)))
    return found


def _words(text: str) -> list[str]:
    """The words and ends of a text, in order; of one in ASCII in a third of the regular expression's time."""
    if text.isascii():
        return text.translate(OF_WORDS).split()
    return re.findall(rf"\w[\w{marks_in(text)}]*|{END}", text)
