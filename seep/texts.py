"""Texts as they are compared where writing does not matter."""

import unicodedata


def folded(text: str) -> str:
    """The text without its case, width and doubled blanks: compatibility forms are one (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
