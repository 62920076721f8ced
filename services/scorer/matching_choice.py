"""Which greedy matching a device gets: on a GPU Triton's kernel, if there it has just given the same scores sooner."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from services.scorer.matching import greedy_match

Match = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""As `matching.greedy_match`: token vectors, starts, weights and pairs to precision, recall and F1."""

Arguments = tuple[Tensor, Tensor, Tensor, Tensor]

TOLERANCE = 1e-5
TRIES = 5

log = logging.getLogger(__name__)


@lru_cache
def matching_on(device: torch.device, dtype: torch.dtype) -> Match:
    """The matching of vectors of this type on this device, found once per process."""
    if device.type != "cuda":
        return greedy_match
    try:
        from services.scorer.matching_triton import greedy_match as kernel

        return quicker(kernel, short_answers(device, dtype), _device_seconds)
    except Exception as error:  # no Triton, no compiler, a card that it does not know: torch needs none of them
        log.info("tokens are matched by torch: Triton's kernel does not run here: %s", error)
        return greedy_match


def quicker(kernel: Match, arguments: Arguments, clock: Callable[[], float]) -> Match:
    """The kernel if its scores of these arguments are torch's, and it takes less time by the clock; else torch's."""
    if not torch.allclose(kernel(*arguments), greedy_match(*arguments), rtol=0.0, atol=TOLERANCE):
        log.warning("tokens are matched by torch: Triton's kernel gives other scores on this device")
        return greedy_match
    return min((greedy_match, kernel), key=lambda match: _least(match, arguments, clock))


def short_answers(device: torch.device, dtype: torch.dtype) -> Arguments:
    """Random vectors of as many short texts as a batch of jobs has, each pair a concept and an answer."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(3, 17, (1024,), generator=generator)
    starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0))
    vectors = torch.nn.functional.normalize(torch.randn(int(starts[-1]), 384, generator=generator), dim=1)
    weights = torch.ones(len(vectors))
    weights[starts[:-1]] = weights[starts[1:] - 1] = 0.0
    pairs = torch.randint(len(lengths), (4096, 2), generator=generator)
    return vectors.to(device, dtype), starts.to(device), weights.to(device), pairs.to(device)


def _least(match: Match, arguments: Arguments, clock: Callable[[], float]) -> float:
    spent = []
    for _ in range(TRIES):
        start = clock()
        match(*arguments)
        spent.append(clock() - start)
    return min(spent)


def _device_seconds() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()
