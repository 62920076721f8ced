"""A document with odd values is taken, or refused with a declared error."""

from random import Random

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.fuzz.documents import changed
from tests.fuzz.parser import is_declared
from tests.fuzz.parsers import DOCUMENTS, PARSERS


@pytest.mark.parametrize("name", DOCUMENTS)
@hypothesis.settings(suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), changes=st.integers(1, 4))
def test_a_document_with_odd_values_is_taken_or_refused_as_declared(name: str, random: Random, changes: int) -> None:
    parser = PARSERS[name]
    assert is_declared(parser, changed(random.choice(parser.seeds), random, changes))
