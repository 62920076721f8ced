"""What pydantic finds wrong, in the words that all complaints are made of: what was expected."""

from collections.abc import Mapping
from datetime import date
from math import isfinite

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seep.errors import InputError

EXPLANATIONS: Mapping[str, str] = {
    "extra_forbidden": "not a field here",
    "missing": "expected, but missing",
    "model_type": "expected a mapping of fields",
    "model_attributes_type": "expected a mapping of fields",
    "dict_type": "expected a mapping of fields",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "string_type": "expected text",
    "path_type": "expected a path",
    "path_not_file": "expected a file that is there",
    "path_not_directory": "expected a folder that is there",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number of fewer digits",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "invalid_key": "expected a text as its name",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "too_short": "expected at least {min_length}, found {actual_length}",
    "string_too_short": "expected at least {min_length} characters",
    "string_too_long": "expected at most {max_length} characters",
    "literal_error": "expected {expected}",
    "union_tag_invalid": "expected {discriminator} to be one of {expected_tags}, found {tag!r}",
    "union_tag_not_found": "expected {discriminator}, but missing",
}
PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9-]{1,40}$": "expected a name of at most 40 lower-case letters a to z, digits and hyphens",
    r"^[^\s,@/]+:\d+(,[^\s,@/]+:\d+)*$": "expected host:port,host:port, without user and password",
    r"^[a-z]{2}$": "expected a language by its two letters in ISO 639-1, as en",
}


def explained(found: ErrorDetails) -> str:
    """What was expected of a value, without the value itself, which may be a secret."""
    context = found.get("ctx", {})
    if found["type"] == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], f"expected a text that matches {context['pattern']}")
    value = found.get("input")
    # Not a number is not to become a word either.
    if found["type"] == "string_type" and (
        isinstance(value, int | date) or (isinstance(value, float) and isfinite(value))
    ):
        return "expected text: put it in quotes"
    if (explanation := EXPLANATIONS.get(found["type"])) is not None:
        return explanation.format(**context)
    return found["msg"].removeprefix("Value error, ").replace("Input should be", "expected", 1)


def mistake(place: str, error: ValidationError) -> InputError:
    """The first of what is wrong with what a file holds, with the name of its field."""
    found = error.errors()[0]
    field = ".".join(str(step) for step in found["loc"])
    return InputError(f"{place}: {f'{field}: ' if field else ''}{explained(found)}")
