"""How varied a set of answers is."""

import re
from collections.abc import Iterable


def distinct_ngrams(texts: Iterable[str], length: int) -> tuple[int, int]:
    """Different n-grams of `length` words in the texts, and all of them; their ratio is distinct-n.

    Words are runs of letters and digits, compared without case; no n-gram crosses two texts. Distinct-n falls with the
    amount of text, so it compares runs of one suite with equal sample counts. Source: Li et al. 2016, arXiv 1510.03055.
    """
    words = [re.findall(r"\w+", text.casefold()) for text in texts]
    ngrams = [tuple(text[start : start + length]) for text in words for start in range(len(text) - length + 1)]
    return len(set(ngrams)), len(ngrams)
