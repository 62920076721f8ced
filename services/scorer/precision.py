"""The type that similarities are computed in, and how far from float32's they may then be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from seep.settings import Scoring
from services.scorer.cache import EmbeddingCache
from services.scorer.canary import PAIRS
from services.scorer.similarity import Metric, Pair

CachedScore = Callable[[EmbeddingCache | None, Sequence[Pair]], Sequence[float]]
"""Similarities of pairs, by position, with the help of a cache or without one."""

# Another model may be less exact than those that were measured: so many times its own largest error on PAIRS.
ERROR_FACTOR = 2.0


@dataclass(frozen=True)
class Computing:
    """How all metrics of a scorer compute: the type of their models' weights, and what they remember together."""

    dtype: torch.dtype
    cache: EmbeddingCache

    def metric(self, score: Callable[[torch.dtype], CachedScore], *, least_error_bound: float, source: str) -> Metric:
        """The metric whose score in a type `score` makes.

        Of a half precision, its error bound is the measured one, or more where this model is less exact on PAIRS.
        """
        exact = score(torch.float32)
        if self.dtype == torch.float32:
            remembered = partial(exact, self.cache)
            return Metric(remembered, remembered, partial(exact, None), 0.0, source)
        fast = score(self.dtype)
        errors = (abs(one - other) for one, other in zip(fast(None, PAIRS), exact(None, PAIRS), strict=True))
        error_bound = max(least_error_bound, ERROR_FACTOR * max(errors))
        return Metric(partial(fast, self.cache), partial(exact, self.cache), partial(fast, None), error_bound, source)


def open_computing(scoring: Scoring) -> Computing:
    """As configured; "auto" is bfloat16 on a GPU and on a processor with AMX, else float32."""
    quick = torch.cuda.is_available() or torch.cpu.get_capabilities().get("amx_bf16", False)
    configured = ("bfloat16" if quick else "float32") if scoring.dtype == "auto" else scoring.dtype
    return Computing(getattr(torch, configured), EmbeddingCache(scoring.cache_bytes))
