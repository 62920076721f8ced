"""What SECURITY.md and the delivery guarantees promise has tests, under the names that stand there."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(("page", "fewest"), [("SECURITY.md", 20), ("docs/concepts/delivery-guarantees.md", 10)])
def test_every_test_that_a_promise_names_is_there(page: str, fewest: int) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9/]+/(?:test_\w+\.py)?)`", text)) - {"tests/"}
    assert len(named) >= fewest
    without = {name for name in named if not holds_tests(PROJECT / "tests" / name)}
    assert without == set()


def holds_tests(place: Path) -> bool:
    files = sorted(place.glob("test_*.py")) if place.is_dir() else [place]
    return any(file.is_file() and "\ndef test_" in file.read_text(encoding="utf-8") for file in files)
