"""A number that an English text writes in words: "forty million", "one hundred and five"."""

# ruff: noqa: RUF001 - the signs that stand before numbers are what it reads

import re

SMALL = re.findall(
    r"\w+", "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
)
SMALL += ["sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
VALUES = {word: value for value, word in enumerate(SMALL)} | {word: 10 * ten for ten, word in enumerate(TENS, start=2)}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
WORD = "|".join(sorted([*VALUES, "hundred", *SCALES], key=len, reverse=True))
# "One" alone is a pronoun as often as a number.
NUMBER = re.compile(
    rf"(?<!\w)(?:(?:minus|negative)\s+)?(?:a\s+(?=hundred|thousand|million|billion))?(?:{WORD})(?:[\s-]+(?:and\s+)?(?:{WORD}))*(?!\w)"
)
# A bound, a range, a part, or a number that is not what its words say.
NO_NUMBER = re.compile(
    r"(?<!\w)(?:than|between|least|most|not|never|or|to|under|over|above|below|half|halves|thirds?|quarters?|point|"
    r"out of|dozens?|score|plus|times|twice|thrice|double[ds]?|triple[ds]?|squared?|cubed?|root|sum|product|fold|"
    rf"(?:{WORD})\s+in\s+(?:{WORD}))(?!\w)|n't\b|(?:^|[\s:(])[-−–—]\s*(?:{WORD})|(?:{WORD})\s*\?"
)


def number_in_words(text: str) -> float | None:
    """The only number in an English text; None where there is none, or more than one."""
    lower = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found = [number[0] for number in NUMBER.finditer(lower)]
    found = [words for words in found if words != "one" or lower.strip(" .") == "one"]
    values = {_signed(words) for words in found}
    only = values.pop() if len(values) == 1 and not NO_NUMBER.search(lower) else None
    return None if only is None else float(only)


def _signed(words: str) -> int | None:
    value = _value(words)
    return -value if value is not None and words.startswith(("minus", "negative")) else value


def _value(words: str) -> int | None:
    """What the words add up to; None where they are no one number, as "nineteen eighty-four" or "five six"."""
    whole, part, room = 0, 0, 10**15
    below = 100  # what a word may add to the part before it
    for word in re.findall(WORD, words):
        if word in VALUES:
            if VALUES[word] >= below or (part and not VALUES[word]):
                return None
            part += VALUES[word]
            below = 10 if word in TENS else 0
        elif word == "hundred":
            if part >= 100:
                return None
            part, below = 100 * (part or 1), 100
        else:
            if SCALES[word] >= room:
                return None
            whole, part, below, room = whole + (part or 1) * SCALES[word], 0, 100, SCALES[word]
    return whole + part
