"""What the recall probe's suites and its scorer agree on: when a text is given back, and what its words are."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal, cast, get_args

from seep.characters import marks_in
from seep.languages import written_without_blanks

VERBATIM = "verbatim"
"""The probe's metric."""

ANY_SAMPLE = "any_sample"
"""The measure that says of each test whether at least one of its samples gives the text back."""

UNSEEN = "unseen"
"""The category of texts that no model has seen: its rate is the rate of false alarms."""

MOST_WORDS = 10_000
"""Of an expected text, and of what is compared of two samples: what that takes grows with the words of both."""

MatchKind = Literal["start", "equal", "contain"]


@dataclass(frozen=True)
class Match:
    """When an answer gives an expected text back: it starts with its first `words` words, is equal to all of it, or
    contains so many of them in a row; nearly, where `near` of these words are there in their order.

    With `fold`, neither case nor signs count.
    """

    kind: MatchKind
    words: int
    near: float
    fold: bool

    def rule(self) -> dict[str, str]:
        """The same as texts by name, as a job carries it."""
        return {name: str(value) for name, value in asdict(self).items()}


def match_of(rule: Mapping[str, str]) -> Match | None:
    """The match that a job carries; None where it carries none that can be used."""
    try:
        found = Match(cast(MatchKind, rule["kind"]), int(rule["words"]), float(rule["near"]), rule["fold"] == "True")
    except (KeyError, ValueError):
        return None
    usable = found.kind in get_args(MatchKind) and found.words >= 1 and 0 < found.near <= 1
    return found if usable else None


def words(text: str, *, fold: bool, language: str) -> list[str]:
    """The words of a text, by which two texts are compared.

    Folded, they are in lower case and signs do not count; else case counts, and each sign is a word of its own. Every
    character is a word in a language that is written without blanks.
    """
    text = unicodedata.normalize("NFC", text.casefold() if fold else text)
    marks = marks_in(text)
    word = rf"\w[{marks}]*" if marks else r"\w"
    if not written_without_blanks(language):
        word = rf"\w[\w{marks}]*"
    return re.findall(word if fold else rf"{word}|[^\w\s]", text)


def overlap_rule(expected: str, language: str) -> Callable[[str], list[str]]:
    """What takes a text apart into the words that overlap scores compare with those of what is expected.

    In English these are runs of a-z and 0-9, as the published scores have it; folded words elsewhere, and where the
    expected text has no such run, as in another script: nothing would ever overlap with it.
    """
    if language == "en" and _published_words(expected):
        return _published_words
    return partial(words, fold=True, language=language)


def _published_words(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.lower())


def expected_excess(expected: str, *, fold: bool, language: str) -> str | None:
    """What is wrong with the number of words of an expected text, whichever way it is taken apart; None if nothing."""
    found = len(words(expected, fold=fold, language=language))
    if found:
        found = max(found, len(overlap_rule(expected, language)(expected)))
    return None if 1 <= found <= MOST_WORDS else f"expected a text of 1 to {MOST_WORDS} words, found {found}"
