"""A number that an English text writes in words: "forty million", "one hundred and five"."""

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
    rf"(?<!\w)(?:a\s+(?=hundred|thousand|million|billion))?(?:{WORD})(?:[\s-]+(?:and\s+)?(?:{WORD}))*(?!\w)"
)
# A bound, or a range.
NO_NUMBER = re.compile(r"(?<!\w)(?:than|between|least|most|not|never|or|to|under|over|above|below|half)(?!\w)")


def number_in_words(text: str) -> float | None:
    """The only number in an English text; None where there is none, or more than one."""
    found = [number[0] for number in NUMBER.finditer(text.lower())]
    found = [words for words in found if words != "one" or text.strip(" .").lower() == "one"]
    values = {_value(words) for words in found}
    return float(values.pop()) if len(values) == 1 and not NO_NUMBER.search(text.lower()) else None


def _value(words: str) -> int:
    whole, part = 0, 0
    for word in re.findall(WORD, words):
        if word in VALUES:
            part += VALUES[word]
        elif word == "hundred":
            part = 100 * (part or 1)
        else:
            whole, part = whole + (part or 1) * SCALES[word], 0
    return whole + part
