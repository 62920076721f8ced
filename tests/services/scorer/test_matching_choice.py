"""Which matching is in use: a kernel that is wrong, slow or does not run is never it."""

from collections.abc import Callable, Sequence

import pytest
import torch

from services.scorer.matching import greedy_match
from services.scorer.matching_choice import matching_on, quicker, short_answers

pytestmark = pytest.mark.slow

*TEXTS, PAIRS = short_answers(torch.device("cpu"), torch.float32)
ARGUMENTS = TEXTS[0], TEXTS[1], TEXTS[2], PAIRS[:32]


class Clock:
    """Time that passes only as the kernel or torch says, of which torch is asked first."""

    def __init__(self, of_torch: float, of_kernel: float) -> None:
        self.now, self.reads, self.seconds = 0.0, 0, (of_torch, of_kernel)

    def __call__(self) -> float:
        # Read before and after each of five tries of either.
        self.reads += 1
        if self.reads % 2 == 0:
            self.now += self.seconds[self.reads > 10]
        return self.now


def same(*arguments: torch.Tensor) -> torch.Tensor:
    return greedy_match(*arguments)


def slightly_wrong(*arguments: torch.Tensor) -> torch.Tensor:
    return greedy_match(*arguments) + 1e-4


def nothing(*arguments: torch.Tensor) -> torch.Tensor:
    return torch.full((len(arguments[3]), 3), torch.nan)


@pytest.mark.parametrize(
    ("kernel", "seconds", "chosen"),
    [
        (same, (2.0, 1.0), same),
        (same, (1.0, 2.0), greedy_match),
        (same, (1.0, 1.0), greedy_match),
        (slightly_wrong, (2.0, 1.0), greedy_match),
        (nothing, (2.0, 1.0), greedy_match),
    ],
)
def test_a_kernel_is_taken_only_if_its_scores_are_torchs_and_it_is_quicker(
    kernel: Callable[..., torch.Tensor], seconds: Sequence[float], chosen: Callable[..., torch.Tensor]
) -> None:
    assert quicker(kernel, ARGUMENTS, Clock(*seconds)) is chosen


def test_a_processor_has_torchs() -> None:
    assert matching_on(torch.device("cpu"), torch.float32) is greedy_match


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without a GPU: a CUDA device is at hand")
def test_where_the_kernel_does_not_run_torchs_is_taken() -> None:
    assert matching_on(torch.device("cuda"), torch.bfloat16) is greedy_match
