"""Does an answer only go on about the thing that the prompt itself gave the concept to?"""

import re
from dataclasses import dataclass
from functools import lru_cache

from services.scorer.common_words import COMMON_WORDS
from services.scorer.echo import stemmed_words

# Measured on English answers about colours (benchmarks/RESULTS.md). In another language it is not said at all.
LANGUAGE = "en"
SENTENCE = re.compile(r"(?<=[.!?:])\s+")
COMMON = frozenset(stemmed_words(" ".join(COMMON_WORDS[LANGUAGE]), LANGUAGE))
# Who is said to like a colour may be told of as wearing it.
LIKES = frozenset(stemmed_words("likes loves prefers enjoys favorite favourite", LANGUAGE))
WEARS = frozenset(stemmed_words("wears wearing dresses", LANGUAGE))
NEAR_THE_START = 2
# What is made to be like it is another thing, which the concept has leaked to.
LIKENED = frozenset(stemmed_words("matches matching also same", LANGUAGE))


def is_coreferent(concept: str, prompt: str, answer: str) -> bool:
    """Whether an English answer gives the concept to the thing that has it in the prompt, or has who likes it wear it.

    The concept has a sentence of its own in the prompt, before the one that asks. The answer names the concept, or its
    last word, and a content word of that sentence which the asking one does not have, and likens nothing to it.
    """
    given = _read_prompt(concept, prompt)
    if given is None:
        return False
    words = stemmed_words(answer, LANGUAGE)
    if given.last_word not in words or not LIKENED.isdisjoint(words):
        return False
    is_worn = given.likes and not WEARS.isdisjoint(words[:NEAR_THE_START])
    return is_worn or not given.thing.isdisjoint(words)


@dataclass(frozen=True)
class Prompt:
    """What a prompt says: the concept's last word, the words of the thing that has it, whether somebody likes it."""

    last_word: str
    thing: frozenset[str]
    likes: bool


# A test's samples follow one another.
@lru_cache(maxsize=1)
def _read_prompt(concept: str, prompt: str) -> Prompt | None:
    """None where the concept has no word, or no sentence of its own."""
    *before, question = SENTENCE.split(prompt.strip())
    own = [stemmed_words(sentence, LANGUAGE) for sentence in before if concept in sentence]
    wanted = stemmed_words(concept, LANGUAGE)
    if not own or not wanted:
        return None
    sentence = frozenset[str]().union(*own)
    thing = sentence - COMMON - set(wanted) - set(stemmed_words(question, LANGUAGE))
    return Prompt(wanted[-1], thing, not LIKES.isdisjoint(sentence))
