"""Text as it can be stored and sent: without halves of characters, and names without what nobody sees."""

import re
import unicodedata

REPLACEMENT = "\ufffd"
LONGEST_NAME = 200
# Control characters, line ends, halves of characters, and what turns the direction of writing.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HALF = re.compile(r"[\ud800-\udfff]")


def whole_characters(text: str) -> str:
    """The text with U+FFFD for each half of a character, as a model leaves it that stops inside an emoji."""
    return text if text.isascii() else HALF.sub(REPLACEMENT, text)


def joined_characters(text: str) -> str:
    """The text with two halves of a character as the one that they make, and U+FFFD for one that stands alone."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def marks_in(text: str) -> str:
    """The combining marks of a text, each once: a regular expression's word characters lack them, and in Indic and
    other scripts they are vowels."""
    return "" if text.isascii() else "".join(sorted(char for char in set(text) if unicodedata.category(char)[0] == "M"))


def printable_name(name: str) -> str:
    """A name that somebody else chose: one line of visible characters, 200 at most."""
    return "".join(char if char.isprintable() else REPLACEMENT for char in name[:LONGEST_NAME])


def visible(text: str) -> str:
    """The text on one line, with escapes for what a terminal would obey or could not show."""
    return UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)
