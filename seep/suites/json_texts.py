"""Reads JSON that others wrote: a name that is there twice is refused, and half a character in a text is mended."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator

from seep.characters import whole_characters
from seep.errors import InputError

# Python itself converts no more than 4300.
MOST_DIGITS = 1000


def parse_json(text: str, place: str) -> Any:
    """Return the value of a JSON text; NaN and Infinity are numbers here, for whoever knows their column to refuse.

    InputError names the place and what was expected.
    """
    try:
        return json.loads(text, object_pairs_hook=_named_once, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: expected a JSON object: {error.msg}") from error
    except RecursionError as error:
        raise InputError(f"{place}: expected a JSON object, found lists or objects in each other, too deep") from error
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


AnswerText = Annotated[str, BeforeValidator(lambda value: whole_characters(value) if isinstance(value, str) else value)]


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise ValueError(f"{whole_characters(name)[:40]}: expected once, found again")
        named[name] = value
    return named


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits, expected {MOST_DIGITS} at most")
    return int(digits)
