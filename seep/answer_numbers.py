"""The number that an answer names, as people and models write numbers; an answer that names several names none.

Which number counts, in this order: the one behind "the answer is" or "my estimate is", unless the same words name an
alternative ("10 or 20", "between 10 and 20"); else the only one. A number that is only a bound ("less than 500",
"500 or more", "not 500") is none, nor is that of an item or a label ("1. Paris", "page 5"), or one asked ("20?").
A range names none, nor does a date, an ordinal, a fraction, a time of day, a sign that stands apart ("- 10") or what is
yet to be computed ("double 20", "20 squared").
"""

# ruff: noqa: RUF001 - marks and words of other languages are what it reads

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from seep.number_words import number_in_words
from seep.texts import without_thoughts

DECIMAL_COMMA = frozenset(re.findall("..", "bgcacsdadeelesetfifrhrhuidisitltlvnlnoplptroruskslsrsvtrukvi"))
LONG_SCALE = frozenset(re.findall("..", "csdadeesfifrhunlnoplsv"))
"""Languages in which a billion is a million millions."""
SCALES: Mapping[str, float] = {
    **dict.fromkeys(("hundred", "hundert", "百", "백"), 1e2),
    **dict.fromkeys(
        ("thousand", "k", "tausend", "tsd", "mil", "mille", "mila", "тыс", "тысяч", "тысячи", "千", "천"), 1e3
    ),
    **dict.fromkeys(("million", "millions", "mn", "mio", "millionen", "millón", "millones", "milione", "milioni"), 1e6),
    **dict.fromkeys(("milhão", "milhões", "miljoen", "млн", "миллион", "миллиона", "миллионов"), 1e6),
    **dict.fromkeys(("milliard", "milliards", "milliarde", "milliarden", "mrd", "miliardo", "miliardi", "bn"), 1e9),
    **dict.fromkeys(("miljard", "млрд", "миллиард", "миллиарда", "миллиардов", "bilhão", "bilhões"), 1e9),
    **dict.fromkeys(("万", "萬", "만"), 1e4),
    **dict.fromkeys(("億", "亿", "억"), 1e8),
    **dict.fromkeys(("兆", "조"), 1e12),
    "dozen": 12,
    "lakh": 1e5,
    "crore": 1e7,
}
SHORT_OR_LONG = {"billion": (1e9, 1e12), "billions": (1e9, 1e12), "billionen": (1e12, 1e12), "billones": (1e12, 1e12)}
SHORT_OR_LONG |= {"trillion": (1e12, 1e18), "trillions": (1e12, 1e18), "trillionen": (1e18, 1e18)}
ALL_SCALES = "|".join(sorted((*SCALES, *SHORT_OR_LONG), key=len, reverse=True))

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
DIGITS = r"\d{1,3}(?:[ '\u00a0\u202f]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*"
# "Más o menos 5" is about 5.
MINUS = r"(?<!\bo )(?<!\bou )(?<!\bor )(?:minus|negative|moins|menos|meno|минус)\s+(?=\d)"
NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_\u00c0-\u024f.,/:^])(?<![^\W\d][-−])(?P<sign>[-−]|{MINUS})?"
    rf"(?P<digits>{DIGITS})(?:[eE](?P<e>[+-]?\d{{1,3}})(?!\w))?"
    rf"(?:(?:\^|\*\*)(?P<own>[-−]?\d{{1,3}}))?"
    rf"(?:\s*[x×*·]\s*10\s*(?:\^|\*\*)\s*\(?(?P<power>[-−]?\d{{1,3}})\)?)?"
    rf"(?P<scales>(?:[\s-]*(?:{ALL_SCALES})(?![a-zà-ÿа-я])\.?)*)",
    re.IGNORECASE,
)
RANGE = r"\s*(?:[^\w\s.]{0,2}\s*)?(?:-|–|—|~|〜|to|bis|à|a|до|até|och|から|到|至)\s*[^\w\s]?\s*$"
UNIT = r"\s?[^\s\w.!?]{0,2}(?:[^\W\d]+\.?)?(?:\s[^\W\d]+)?"
"""What may stand behind a number and belong to it: a sign, a word or two."""
OR = (
    r"or|and|to|oder|und|bis|ou|et|à|o|y|hasta|e|или|и|до|maybe|perhaps|possibly|vielleicht|peut-être|quizás?|forse|talvez|"
    r"misschien|возможно"
)
ABOUT = r"about|around|even|maybe|perhaps|possibly|roughly|approximately|the|etwa|environ|unos|circa|около"
ALTERNATIVE = re.compile(rf"{UNIT}[,;]?(?:\s+(?:{OR})\b)+(?:\s+(?:{ABOUT})\b)*\s*[^\s\w.!?]{{0,2}}", re.IGNORECASE)
"""What stands between a number and another that might be meant as well."""
NEGATED = re.compile(
    r"(?:(?<!\w)(?:not|never|cannot)|n't)(?!\w|\s+(?:sure|certain|know|only|have|tell|give))"
    r"(?:(?!\bbut\b)[^.!?,;:\n\d]){0,20}$",
    re.IGNORECASE,
)
BEHIND_A_BOUND = re.compile(
    r"\+(?!\s*[\d/-])|\s*(?:or|and)\s+(?:more|less|fewer|above|below|over|under|older|younger|higher|lower)\b|"
    r"\s*(?:oder mehr|oder weniger|ou plus|ou moins|o más|o menos|o più|o meno|ou mais|или более|"
    r"или больше|以上|以下|이상|이하)",
    re.IGNORECASE,
)
# "The 3rd", "5 degrees below zero", "1500 BC", "10h30": what is meant is not what the digits say.
ANOTHER = re.compile(
    r"(?:st|nd|rd|th)\b|(?![kcdm]?m[23](?!\d))[^\W\d_]{1,3}\d|T(?!\w)|"
    r"-?(?:fold|year-old)\b|-?x\b|'?s\b|\s*-?(?:squared|cubed|doubled|tripled|halved)\b|"
    r"\s*times\s+(?:as|more|less|the|that|what|bigger|larger|smaller|\d)\b|(?:\s?(?!(?:is|was|are)\b)\w{1,12}|\s?%)?\s+(?:more|less|fewer|higher|"
    r"lower|larger|smaller) than\b|"
    r"(?:\s*[°º]?\s?\w{0,12})?\s+(?:below (?:zero|0|freezing)|unter (?:null|0)|sous (?:zéro|0)|bajo cero|sotto zero|"
    r"abaixo de zero|ниже нуля)\b|\s*(?:BCE?\b|B\.\s?C\.|v\. ?Chr|av\. J|a\. ?C\.|до н)",
)
COMPUTED = re.compile(
    r"(?:(?<!\w)(?:double|doubled|twice|thrice|triple|half|times|(?:half|halves|thirds?|quarters?|fifths?|tenths?|square|"
    r"root|cube|sum|product|multiple) of|doppelt so (?:viel|hoch|groß|lang|alt) wie|(?:doppelte|dreifache|hälfte) von|"
    r"(?:double|triple|moitié|quart) de|(?:doble|triple|mitad) de|(?:doppio|triplo|metà) di|(?:dobro|metade) de|"
    r"(?:вдвое|втрое) больше|половина от)(?:\s+(?:about|around|the|of))?|√|\b\w+root of)\s*$|"
    r"(?:(?<![^\W_])[-−]|(?:^|\n|[:(])\s*[–—])\s+$",
    re.IGNORECASE,
)
"""Before a number: it is yet to be computed with, or a sign stands apart, which may be a dash or a list's mark."""
ITEM = re.compile(r"(?:^|\n)[^\w\n]*$")
BEHIND_AN_ITEM = re.compile(r"\s*[):]\s+\S|\.\s+\S")
# "8. There are eight" answers, and "8. Neptune" may be an item.
BEHIND_AN_ANSWER = re.compile(
    r"\.\s+(?:there|that|this|it|these|those|i|we|the|because|since|no|yes|all|each)\b", re.IGNORECASE
)
LARGEST_ITEM = 20
LABEL = re.compile(
    r"(?:(?<!\w)(?:step|question|option|page|chapter|version|room|item|part|section|figure|table|note|example|frage|"
    r"schritt|seite|kapitel|abschnitt|étape|paso|página|capítulo|no\.|nr\.|n°)\s*|#)$",
    re.IGNORECASE,
)
ANSWER_NUMBER = re.compile(r"(?<!\w)(?:answer|antwort|réponse|respuesta)\s+#?$", re.IGNORECASE)
ASKED = re.compile(r"[^.,;:!?\n]{0,40}\?")
LETTERS = {"M": 1e6, "B": 1e9}
"""Capitals that stand for a scale right behind the digits: "5M"."""
BOUND = re.compile(
    r"(?:(?<!\w)(?:more|less|fewer|greater|higher|lower|larger|smaller|taller|longer|shorter|older|better)\s+than|"
    r"(?<!\w)(?:over|under|above|below|at least|at most|up to|not|never|exceeds?|mehr als|weniger als|über|unter|nicht|"
    r"plus de|moins de|pas|más de|menos de|no|più di|meno di|mais de|больше|меньше|более|менее|не)|[<>≤≥])"
    r"(?:\s+(?:about|around|the|a|of|than))?[\s$€£¥]*$",
    re.IGNORECASE,
)
STATED = re.compile(
    r"(?:(?<!\w)(?:answer|estimate|guess|antwort|schätzung|réponse|estimation|respuesta|estimación|risposta|stima|resposta|"
    r"estimativa|antwoord|schatting|ответ|оценка)(?!\w)|答案|估计|答え|推定|정답|추정)"
    r"[^.!?\n\d]{0,40}?(?:[:=]|\b(?:is|would be|ist|est|es|è|é)\b|是|は|은|는)[^.!?\n\d]{0,30}$",
    re.IGNORECASE,
)
FRACTION_OR_TIME = re.compile(r"[⁄/:]\d")
EMPHASIS = re.compile(r"(?<!\d)\*{1,3}(?=\S)|\*{1,3}(?!\s*\d)|[`_$]")
BEFORE = 120
"""So many characters before a number are read: what says that it is the answer, or a bound."""
LONGEST = 10_000
"""Characters of an answer that names a number; longer ones are no answer to such a question."""


class Named(NamedTuple):
    """A number in a text with its place."""

    start: int
    end: int
    value: float


def answer_number(answer: str, language: str) -> float | None:
    """The number that an answer in this language (ISO 639-1) names; None where it names none, or not one alone."""
    text = unicodedata.normalize("NFKC", _powers(without_thoughts(answer))).replace("’", "'")
    text = EMPHASIS.sub("", text)
    if len(text) > LONGEST:
        return None
    numbers = list(_numbers(text, language))
    if not numbers:
        return number_in_words(text) if language == "en" and not re.search(r"\d", text) else None
    if not all(math.isfinite(each.value) for each in numbers) or _is_range(text, numbers):
        return None
    said = [each for each in numbers if not (_is_bound(text, each) or _is_label(text, each))]
    stated = [each for each in said if STATED.search(_before(text, each))]
    values = {each.value for each in stated or said}
    alone = not any(_has_alternative(text, said, each) for each in stated)
    return next(iter(values)) if alone and len(values) == 1 else None


def _is_bound(text: str, number: Named) -> bool:
    before = _before(text, number)
    return bool(BOUND.search(before) or NEGATED.search(before[-40:]) or BEHIND_A_BOUND.match(text, number.end))


def _is_label(text: str, number: Named) -> bool:
    """Whether a number counts an item, is part of a name, or is asked about."""
    before = _before(text, number)
    if ASKED.match(text, number.end) or LABEL.search(before):
        return True
    if ANSWER_NUMBER.search(before) and text[number.end : number.end + 1] == ":":
        return True
    if not (ITEM.search(before) and BEHIND_AN_ITEM.match(text, number.end) and 0 <= number.value <= LARGEST_ITEM):
        return False
    return number.value == 1 or not BEHIND_AN_ANSWER.match(text, number.end)


def _has_alternative(text: str, said: Sequence[Named], stated: Named) -> bool:
    """Whether another number stands beside the stated one as what may be meant just as well."""
    following = next((each for each in said if each.start >= stated.end), None)
    between = "" if following is None else text[stated.end : following.start]
    return following is not None and following.value != stated.value and bool(ALTERNATIVE.fullmatch(between))


def _before(text: str, number: Named) -> str:
    return text[max(0, number.start - BEFORE) : number.start]


def _powers(text: str) -> str:
    """10⁶ as 10^6, which NFKC would read as 106."""
    return re.sub(r"(?<=\d)[⁻⁰¹²³⁴-⁹]+", lambda found: "^" + found[0].translate(SUPERSCRIPTS), text)


def _numbers(text: str, language: str) -> Iterator[Named]:
    """All numbers; NaN is one that cannot be read, as a date or a fraction."""
    for found in NUMBER.finditer(text):
        value = _value(found["digits"], language)
        before = text[max(0, found.start() - BEFORE) : found.start()]
        if FRACTION_OR_TIME.match(text, found.end()) or ANOTHER.match(text, found.end()) or COMPUTED.search(before):
            value = math.nan
        if exponent := found["power"] or found["e"]:
            value *= _ten_to(exponent)
        if found["own"]:
            value = _ten_to(found["own"]) if value == 10 else math.nan
        for scale in re.findall(ALL_SCALES, found["scales"].lower()):
            value *= SCALES.get(scale) or SHORT_OR_LONG[scale][language in LONG_SCALE]
        letter = re.match(r"([MB])(?!\w)", text[found.end() : found.end() + 2])
        value *= LETTERS[letter[1]] if letter else 1
        yield Named(found.start(), found.end() + bool(letter), -value if found["sign"] else value)


def _ten_to(exponent: str) -> float:
    return float(f"1e{exponent.replace('−', '-')}")


def _value(digits: str, language: str) -> float:
    """What digits with marks mean, where language or form says which mark is the decimal one; else NaN."""
    digits = re.sub(r"[ '\u00a0\u202f]", "", digits)
    marks = re.findall("[.,]", digits)
    decimal = "," if language in DECIMAL_COMMA else "."
    if len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            return math.nan
    elif marks and (len(marks) > 1 or marks[0] != decimal):
        decimal = "," if marks[0] == "." else "."
    whole, _, fraction = digits.partition(decimal)
    grouped = re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}|\d+", whole)
    return float(f"{re.sub('[.,]', '', whole)}.{fraction or 0}") if grouped else math.nan


def _is_range(text: str, numbers: list[Named]) -> bool:
    pairs = pairwise(numbers)
    return any(re.fullmatch(RANGE, text[one.end : other.start]) for one, other in pairs)
