"""Rates as JSON, so that those of two runs of the same answers can be compared."""

from collections.abc import Sequence
from typing import Any

import pytest

# Of similarities computed in bfloat16, in points: what a pair's is depends on the batch that it is in.
SIMILARITY_ERROR = 0.6


def without_names(rates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rates without the names that two runs differ in."""
    return [{name: value for name, value in rate.items() if name not in ("run_id", "target")} for rate in rates]


def expected(rates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What another run of the same answers must give: all to the last digit, but for the mean of similarities."""
    return [
        {**rate, "measures": {name: _expected(name, value) for name, value in rate["measures"].items()}}
        for rate in without_names(rates)
    ]


def _expected(name: str, value: dict[str, Any]) -> dict[str, Any]:
    if name != "self_similarity":
        return value
    return {
        part: pytest.approx(values, abs=SIMILARITY_ERROR) if isinstance(values, float) else values
        for part, values in value.items()
    }
