"""What to look at in an answer: the concept, and the words that the other answer does not have."""

import re
from difflib import SequenceMatcher
from typing import Literal

from seep.characters import UNSEEN

Kind = Literal["", "differs", "concept"]
Part = tuple[str, Kind]

WORDS = re.compile(r"\w+|\W+")
IN_A_LIST, ALONE = 700, 12_000
"""Characters of a text that are shown; the rest is in the API."""
LINES = frozenset("\n\t")


def shortened(text: str, limit: int) -> tuple[str, int]:
    """The beginning of a text, with escapes for characters that would turn or hide others, and how many are left out.

    Line ends stay: an answer may have several.
    """
    shown = UNSEEN.sub(lambda found: found[0] if found[0] in LINES else repr(found[0])[1:-1], text[:limit])
    return shown, max(0, len(text) - limit)


def marked(text: str, other: str, concept: str) -> list[Part]:
    """The text in parts: words of the concept, words that `other` lacks at this place, and the rest."""
    ours, theirs = WORDS.findall(text), WORDS.findall(other)
    named = {word.casefold() for word in re.findall(r"\w+", concept)}
    parts: list[Part] = []
    for tag, _, _, start, end in SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        for word in ours[start:end]:
            differs = tag != "equal" and any(char.isalnum() for char in word)
            kind: Kind = "concept" if word.casefold() in named else "differs" if differs and other else ""
            if parts and parts[-1][1] == kind:
                parts[-1] = (parts[-1][0] + word, kind)
            else:
                parts.append((word, kind))
    return parts
