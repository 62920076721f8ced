"""What is wrong with a request, in one plain line."""

from collections.abc import Mapping, Sequence
from typing import Any

NO_SUCH_ADDRESS = "there is nothing at this address"
EXPECTED = {
    "missing": "expected a value, found none",
    "string_too_long": "expected at most {max_length} characters",
    "string_too_short": "expected a value, found none",
    "literal_error": "expected {expected}",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number of fewer digits",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "greater_than_equal": "expected {ge} or more",
    "less_than_equal": "expected {le} or less",
    "too_long": "expected at most {max_length} of them",
    "date_parsing": "expected a day, as 2026-11-29",
    "date_from_datetime_parsing": "expected a day, as 2026-11-29",
    "date_from_datetime_inexact": "expected a day, as 2026-11-29",
}
"""By pydantic's type of error, in words of its context."""


def unprocessable(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first parameter that is not what it must be, and what was expected; pydantic's own words where none are
    better."""
    where = str(errors[0]["loc"][1]) if len(errors[0]["loc"]) > 1 else ""
    # Of what may be one of several things, the last is the one that a person means.
    error = [each for each in errors if not where or each["loc"][1:2] == (where,)][-1]
    expected = _expected(error)
    return f"{where}: {expected}" if where else expected


def _expected(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch" and r"\x00" in context.get("pattern", ""):
        return "expected text without the character U+0000"
    template = EXPECTED.get(error["type"])
    # Pydantic's own words are no template: a pattern in them has braces.
    return str(error["msg"]) if template is None else template.format(**context)
