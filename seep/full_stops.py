"""Whether a full stop ends a sentence, by what stands before it and the word behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seep.abbreviations import TIMES, Abbreviations

# So much is looked at on either side of a mark, which bounds the work that each can make.
BEFORE, AFTER = 32, 40
LONGEST_TOKEN = 16

IN_WORD = r"[\w\u0300-\u036f\u064b-\u0652\u0900-\u0963\u0e31-\u0e4e]"  # vowel signs are not of \w
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# An abbreviation, initials or any other word before a full stop, with what it is joined to: "p. ex", "J.-C", "U.S".
TOKEN = re.compile(rf"(?<!\w)(?:{IN_WORD}{{1,4}}\.[- \u00a0\u202f]?){{0,4}}{IN_WORD}+(?:[-.]+{IN_WORD}+)*[°º]?$")
DOTTED = re.compile(r"[^\W\d_]{1,2}(?:\.-?[^\W\d_]{1,2})+")
ROMAN = re.compile(r"[IVXLC]+")
NUMBER = re.compile(r"\d.*|[IVXLC]+")
CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{2,4}", re.IGNORECASE)
THAI = re.compile(r"[\u0e00-\u0e7f]{1,4}")
ARTICLE = re.compile(
    r"\b(?:am|im|vom|zum|beim|der|die|das|den|dem|des|eine?[nmrs]?|jede[rsmn]?|seit|ab|bis|und)\s+$", re.IGNORECASE
)

# What numbers an item of a list.
ITEM_TOKEN = re.compile(r"\d{1,3}|[^\W\d_]|[ivxIVX]{1,5}")
FIRST_ITEM_TOKENS = frozenset("1AaIi")
LINE_START = re.compile(r"(?:^|\n)[\s*_#>(\[\"“„«-]*$")
COLON = re.compile(r":\s+[*_(]*$")
# Behind these a letter is a label, not the initial of a name: "Option A. Tom says so."
LABELLED = re.compile(
    r"\b(?:option|answer|choice|letter|grade|plan|appendix|annex|exhibit|vitamin|hepatitis|group|section|gate|antwort|"
    r"lösung|anhang|gruppe|réponse|annexe|groupe|opción|respuesta|grupo|opzione|risposta|gruppo|opção|resposta|"
    r"(?:answer|choice|letter|grade) (?:is|was)|(?:get|gets|got|earned|received|scored) an?)\s+$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Place:
    """A full stop: what stands before it, back to the sentence's start, and what word comes next behind it."""

    before: str
    word: str
    is_line_next: bool
    is_starter_next: bool
    known: Abbreviations

    @classmethod
    def around(cls, mark: re.Match[str], start: int, known: Abbreviations, following: re.Match[str]) -> "Place":
        """The place of a mark; `following` is NEXT behind it."""
        before = mark.string[max(start, mark.start() - BEFORE) : mark.start()]
        word, line = following["word"], "\n" in following["gap"]
        return cls(before, word, line, line or (word in known.starters and not following["stop"]), known)

    @property
    def is_small_next(self) -> bool:
        """Whether the next word has a small letter."""
        return self.word[:1].islower()

    @property
    def is_capital_next(self) -> bool:
        """Whether the next word has a capital letter, or stands on another line."""
        return self.is_line_next or self.word[:1].isupper()


def full_stop_ends(place: Place) -> bool:
    """Whether a sentence ends at a full stop that a blank follows."""
    token = TOKEN.search(place.before, max(0, len(place.before) - LONGEST_TOKEN))
    if token is None:
        return True
    if _is_item_number(place.before[: token.start()], token[0]):
        return False
    known = place.known
    for name in _suffixes("".join(token[0].lower().split())):
        if name in known.inner or (name in known.numbered and NUMBER.fullmatch(place.word)):
            return False
        if name in known.closing:
            return place.is_capital_next and not _is_day_next(place, name)
        if name in known.named:
            return place.is_starter_next
    return _ends_behind_word(place, token[0].split()[-1])


def _is_day_next(place: Place, name: str) -> bool:
    """Whether a time of day goes on with its day, or its zone: "at 5 p.m. Monday"."""
    return name in TIMES and not place.is_line_next and place.word in place.known.days


def _ends_behind_word(place: Place, word: str) -> bool:
    """Whether a sentence ends at a full stop behind a word that is not listed."""
    known = place.known
    if word.isdigit():
        return not is_ordinal(place, word)
    if len(word) == 1 and word.isupper() and LABELLED.search(place.before[: -len(word)]):
        return place.is_capital_next
    if (len(word) == 1 and not CJK.match(word)) or (known.ordinals and ROMAN.fullmatch(word)):
        return place.is_starter_next
    if DOTTED.fullmatch(word):
        return place.is_starter_next if known.starters else place.is_capital_next
    if THAI.fullmatch(word):
        return place.is_line_next
    return not (place.is_small_next and CONSONANTS.fullmatch(word))


def _is_item_number(before: str, token: str) -> bool:
    if LINE_START.search(before):
        return ITEM_TOKEN.fullmatch(token) is not None
    # Behind a colon only the first of a list, not any number.
    return COLON.search(before) is not None and token in FIRST_ITEM_TOKENS


def is_ordinal(place: Place, number: str) -> bool:
    """Whether the number before a full stop counts what follows, as "3." does in "am 3. Mai"."""
    known = place.known
    if not known.ordinals or len(number) > 3:
        return False
    if place.is_small_next or place.word in known.ordinal_nouns:
        return True
    # Where nouns have a capital, one behind an article may be counted: "der 2. Versuch".
    counted = ARTICLE.search(place.before[: -len(number)])
    return bool(known.ordinal_nouns and counted and not place.is_starter_next)


def _suffixes(token: str) -> Iterator[str]:
    """A token with inner full stops, then what is left of it without its first parts."""
    yield token
    while "." in token:
        token = token.partition(".")[2].lstrip("-.")
        yield token
