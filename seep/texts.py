"""Texts as they are compared where writing does not matter."""

import re
import unicodedata

THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
ENDED_THOUGHTS = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
OPEN_THOUGHTS = re.compile(r"<think(?:ing)?>", re.IGNORECASE)


def folded(text: str) -> str:
    """The text without its case, width and doubled blanks: compatibility forms are one (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_thoughts(text: str) -> str:
    """What follows the thoughts that a text marks as such; empty where they do not end."""
    text = ENDED_THOUGHTS.sub("", THOUGHTS.sub("", text))
    return "" if OPEN_THOUGHTS.search(text) else text
