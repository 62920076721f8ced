"""What counts as an answer, and why there is none: the one place that says so, for every probe and every backend."""

import unicodedata
from typing import Literal, get_args

from seep.records import Answer, Ended

Lost = Literal["refused", "filtered", "unfinished", "unanswered", "unparsed"]
"""Why there is no answer to score. Refused: the model declined. Filtered: a filter took the text away. Unfinished: the
tokens ran out before the first visible character. Unanswered: a tool call, or no text at all. Unparsed: the probe asks
for an option or a number, and the text says none, or more than one; only a scorer can tell."""

# What a scorer says, as a measure, of a comparison with a text that its metric did not read to the end.
TRUNCATED = "truncated"
LOST: tuple[Lost, ...] = get_args(Lost)

BY_ENDING: dict[Ended, Lost] = {
    "refusal": "refused",
    "filtered": "filtered",
    "tool_call": "unanswered",
    "no_content": "unanswered",
}

# Letters, marks of a script and blanks of other names that show nothing: Hangul's fillers, Braille without a dot, a
# musical note without a head.
UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
# Blanks, control and format characters (joiners, soft hyphens, byte order marks, tags), half a character, and marks
# that need another to sit on (variation selectors). What is private or not yet assigned shows as something.
INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Mc", "Me"})


def lost(answer: Answer) -> Lost | None:
    """Why this is not an answer; None where it is one.

    Text that ran into the limit of tokens is an answer, and so is an empty text that the model ended itself.
    """
    if answer.ended == "length":
        return "unfinished" if is_blank(answer.text) else None
    return BY_ENDING.get(answer.ended)


def is_blank(text: str) -> bool:
    """Whether a text holds no visible character: every metric gives it the similarity 0."""
    return all(char in UNSEEN or unicodedata.category(char) in INVISIBLE for char in text)
