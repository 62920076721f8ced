"""Whatever comes from outside is taken, or refused with a declared error, in bounded time and memory."""

from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.fuzz.parser import PIECES, inputs, is_declared, mutated
from tests.fuzz.parsers import PARSERS

SHARED = Path(__file__).parents[3] / "shared/cases/parsers"
KINDS = {".yaml": ("suite", "settings"), ".csv": ("csv",), ".xlsx": ("xlsx",), ".json": ("spill study",)}
ROWS = ("jsonl", "recorded", "spill")


@pytest.mark.parametrize("name", PARSERS)
@hypothesis.settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_changed_input_is_taken_or_refused_as_declared(name: str, data: st.DataObject) -> None:
    parser = PARSERS[name]
    assert is_declared(parser, data.draw(inputs(parser)))


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("piece", PIECES)
def test_what_broke_such_parsers_elsewhere_is_refused_as_declared(name: str, piece: bytes) -> None:
    parser = PARSERS[name]
    assert is_declared(parser, piece)
    assert is_declared(parser, mutated(parser.seeds[0], [(len(parser.seeds[0]) // 2, 1, piece)]))


# An empty rate, which that of a rate begins with, is none.
@pytest.mark.parametrize("name", sorted(set(PARSERS) - {"rate"}))
def test_the_inputs_to_begin_with_are_understood(name: str) -> None:
    PARSERS[name].parse(PARSERS[name].seeds[0])


def test_inputs_that_broke_earlier_versions_are_refused_as_declared() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"inputs that broke earlier versions are not at hand: no folder {SHARED}")
    for path in sorted(SHARED.iterdir()):
        kinds = ROWS if path.suffix == ".jsonl" else KINDS.get(path.suffix, ("Retry-After",))
        for kind in kinds:
            assert is_declared(PARSERS[kind], path.read_bytes()), path.name
