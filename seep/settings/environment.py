"""Tells which environment variable a value of the configuration came from, so that a mistake is looked for there."""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

PREFIX = "SEEP_"
DELIMITER = "__"


def variable_of(location: Sequence[int | str]) -> str | None:
    """The variable that gave the field at `location`, as pydantic names it; None where it came from elsewhere."""
    steps = [str(step).lower() for step in location]
    # One that names more of the place goes over one that holds a whole section.
    for path, name in sorted(_variables(), key=lambda variable: -len(variable[0])):
        if _names(path, steps) or (path == steps[: len(path)] and _contains(os.environ[name], steps[len(path) :])):
            return name
    return None


def variable_holding(text: str) -> str | None:
    """The variable with this very value."""
    return next((name for _, name in _variables() if os.environ[name] == text), None)


def _variables() -> Iterator[tuple[list[str], str]]:
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            yield name[len(PREFIX) :].lower().split(DELIMITER), name


def _names(path: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether a path is the place; among the steps may be an engine's backend, which nobody writes there."""
    rest = iter(steps)
    return path[-1:] == list(steps[-1:]) and all(step in rest for step in path)


def _contains(text: str, steps: Sequence[str]) -> bool:
    """Whether a text is JSON that has something at the place."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return False
    found = False
    for step in steps:
        keys = dict(enumerate(value)) if isinstance(value, list) else value if isinstance(value, dict) else {}
        by_name = {str(key).lower(): inner for key, inner in keys.items()}
        found = step in by_name
        value = by_name.get(step, value)
    return found
