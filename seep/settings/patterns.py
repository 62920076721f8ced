"""Regular expressions of the operator's that are run on texts of others: RE2's, whose time is linear in the text."""

from functools import lru_cache
from typing import Annotated, Protocol

from pydantic import AfterValidator, WithJsonSchema

from seep.characters import printable_name

# RE2 knows them for ASCII alone, so beside other letters they would silently find nothing, or what is no word.
ASCII_CLASSES = (r"\b", r"\B", r"\w", r"\W")


class Searching(Protocol):
    """What is used of a compiled pattern."""

    def search(self, text: str) -> object | None:
        """The first place where it is found; None where it is not."""
        ...


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Searching:
    """The pattern, ready to search; ValueError says in one line what RE2 does not take."""
    # Not above: few configurations have a pattern, and every command would load the library for them.
    import re2

    options = re2.Options()
    options.log_errors = False  # it would write to stderr itself
    try:
        compiled: Searching = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"expected a regular expression of RE2: {printable_name(_said(error))}") from None
    except UnicodeEncodeError:
        raise ValueError("expected a text without surrogate characters") from None
    return compiled


def _said(error: Exception) -> str:
    words = error.args[0] if error.args else ""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)


def _is_linear(pattern: str) -> str:
    compile_pattern(pattern)
    if not pattern.isascii() and (found := next((each for each in ASCII_CLASSES if each in pattern), None)):
        raise ValueError(rf"{found} knows the letters a to z alone: write [\pL\pN_], or (?:^|[^\pL]) for a word's edge")
    return pattern


Pattern = Annotated[str, AfterValidator(_is_linear), WithJsonSchema({"type": "string", "format": "regex"})]
"""A text that RE2 takes as a regular expression."""
