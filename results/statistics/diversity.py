"""How varied a set of answers is."""

import re
from collections.abc import Iterable

from seep.characters import marks_in

END = "\0"


def distinct_ngrams(texts: Iterable[str], lengths: Iterable[int]) -> list[tuple[int, int]]:
    """Different n-grams of so many words in the texts, and all of them, by length; their ratio is distinct-n.

    Words are runs of letters and digits, compared without case; no n-gram crosses two texts. Distinct-n falls with the
    amount of text, so it compares runs of one suite with equal sample counts. Source: Li et al. 2016, arXiv 1510.03055.
    """
    # All texts at once: to read each by itself took most of the time that a job's sums take.
    together = END.join(text.replace(END, " ") for text in texts).casefold()
    words = re.findall(rf"\w[\w{marks_in(together)}]*|{END}", together)
    found = []
    for length in lengths:
        ngrams = zip(*(words[start:] for start in range(length)), strict=False)
        within = [ngram for ngram in ngrams if END not in ngram]
        found.append((len(set(within)), len(within)))
    return found
