"""Text as it can be stored and sent: without halves of characters, and names without what nobody sees."""

import re

REPLACEMENT = "\ufffd"
LONGEST_NAME = 200
HALF = re.compile(r"[\ud800-\udfff]")


def whole_characters(text: str) -> str:
    """The text with U+FFFD for each half of a character, as a model leaves it that stops inside an emoji."""
    return text if text.isascii() else HALF.sub(REPLACEMENT, text)


def printable_name(name: str) -> str:
    """A name that somebody else chose: one line of visible characters, 200 at most."""
    return "".join(char if char.isprintable() else REPLACEMENT for char in name[:LONGEST_NAME])
