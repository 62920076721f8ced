"""What `test_parsers` and `test_documents` ask of every parser, of those that take seconds to import."""

from random import Random

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.fuzz.documents import changed
from tests.fuzz.parser import PIECES, inputs, is_declared, mutated
from tests.fuzz.slow_parsers import SLOW_DOCUMENTS, SLOW_PARSERS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SLOW_PARSERS)
@hypothesis.settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_changed_input_is_taken_or_refused_as_declared(name: str, data: st.DataObject) -> None:
    assert is_declared(SLOW_PARSERS[name], data.draw(inputs(SLOW_PARSERS[name])))


@pytest.mark.parametrize("name", SLOW_DOCUMENTS)
@hypothesis.settings(suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), changes=st.integers(1, 4))
def test_a_document_with_odd_values_is_taken_or_refused_as_declared(name: str, random: Random, changes: int) -> None:
    parser = SLOW_PARSERS[name]
    assert is_declared(parser, changed(parser.seeds[0], random, changes))


@pytest.mark.parametrize("name", SLOW_PARSERS)
@pytest.mark.parametrize("piece", PIECES)
def test_what_broke_such_parsers_elsewhere_is_refused_as_declared(name: str, piece: bytes) -> None:
    seed = SLOW_PARSERS[name].seeds[0]
    assert is_declared(SLOW_PARSERS[name], mutated(seed, [(len(seed) // 2, 1, piece)]))


@pytest.mark.parametrize("name", SLOW_PARSERS)
def test_the_inputs_to_begin_with_are_understood(name: str) -> None:
    for seed in SLOW_PARSERS[name].seeds:
        SLOW_PARSERS[name].parse(seed)
