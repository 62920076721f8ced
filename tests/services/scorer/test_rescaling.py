"""Baseline files: what is read of them, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seep.errors import InputError
from seep.settings import BertScore
from services.aggregator.validation import LEAST_STRETCHED
from services.scorer.rescaling import LARGEST_BASELINE, read_baseline, rescale

pytestmark = pytest.mark.slow

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(content: str) -> Path:
        file = tmp_path / "baseline.tsv"
        file.write_bytes(content.encode("latin-1"))
        return file

    return write


def test_the_row_of_the_layer_is_read(written: Written) -> None:
    file = written("LAYER,P,R,F\n0,0.1,0.1,0.1\n5,0.3,0.4,0.35\n")
    assert read_baseline("mine", file, 5).tolist() == pytest.approx([0.3, 0.4, 0.35])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: expected the columns LAYER,P,R,F"),
        ("layer;P\n", "line 1: expected the columns LAYER,P,R,F"),
        ("LAYER,P,R,F\n4,0.1,0.1,0.1\n", "no row for layer 5, which metrics.mine reads"),
        ("LAYER,P,R,F\n5,0.1,0.1\n", "line 2: expected three numbers of 0.998 at most after the layer"),
        ("LAYER,P,R,F\n5,0.1,0.9981,0.1\n", "line 2: expected three numbers of 0.998 at most after the layer"),
        ("LAYER,P,R,F\n5,0.1,nan,0.1\n", "line 2: expected three numbers of 0.998 at most after the layer"),
        ("LAYER,P,R,F\n5,0.1,?,0.1\n", "line 2: expected numbers: "),
        ("\xff", "cannot be read as text: "),
        ("LAYER,P,R,F\n" + "5" * 200_000, "cannot be read as text: field larger than field limit"),
    ],
)
def test_an_unusable_file_is_one_line(written: Written, content: str, message: str) -> None:
    file = written(content)
    with pytest.raises(InputError) as error:
        read_baseline("mine", file, 5)
    assert str(file) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_one_line_and_only_for_who_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.tsv"
    assert BertScore(baseline=file).baseline == file
    with pytest.raises(InputError, match=rf"metrics\.mine\.baseline: {file} cannot be read as text: [^\n]+$"):
        read_baseline("mine", file, 5)


@given(baseline=st.floats(-0.9, 0.9), one=st.floats(-1, 1), other=st.floats(-1, 1))
def test_rescaling_keeps_the_order_of_scores(baseline: float, one: float, other: float) -> None:
    [first, second] = rescale(torch.tensor([[one] * 3, [other] * 3], dtype=torch.float64), torch.tensor([baseline] * 3))
    assert (one <= other) == bool((first <= second).all()) or abs(one - other) < 1e-12


def test_no_score_is_stretched_beyond_what_is_recorded() -> None:
    [[least, *_]] = rescale(torch.tensor([[-1.0] * 3], dtype=torch.float64), torch.tensor([LARGEST_BASELINE] * 3))
    assert least >= LEAST_STRETCHED
