"""The type that similarities are computed in, and how far from float32's they may then be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from services.scorer.backbone import Backbones
from services.scorer.cache import EmbeddingCache
from services.scorer.frozen import PAIRS
from services.scorer.similarity import Metric, Pair, ReadsWhole, reads_any_length

if TYPE_CHECKING:
    from seep.settings import Scoring

CachedScore = Callable[[EmbeddingCache | None, Sequence[Pair]], Sequence[float]]
"""Similarities of pairs, by position, with the help of a cache or without one."""

# Another model may be less exact than those that were measured: so many times its own largest error on PAIRS.
ERROR_FACTOR = 2.0


@dataclass(frozen=True)
class Computing:
    """How all metrics of a scorer compute: the type of models' weights, what is remembered, and what is shared."""

    dtype: torch.dtype
    cache: EmbeddingCache
    backbones: Backbones = field(default_factory=Backbones)

    def metric(
        self,
        fast: CachedScore,
        exact: CachedScore,
        *,
        error_bound: float,
        source: str,
        reads_whole: ReadsWhole = reads_any_length,
    ) -> Metric:
        """The metric of two scores, of which `exact` computes in float32; they are one where that is this type."""
        remembered = partial(fast, self.cache), partial(exact, self.cache)
        return Metric(*remembered, partial(fast, None), error_bound, source, reads_whole)


def measured_bound(fast: CachedScore, exact: CachedScore, least: float) -> float:
    """How far `fast` may be from `exact`: `least`, or more where this model is less exact on PAIRS.

    Raises ValueError for a similarity that is not a number: there is no bound then.
    """
    errors = np.abs(np.subtract(fast(None, PAIRS), exact(None, PAIRS)))
    if not np.isfinite(errors).all():
        raise ValueError("a similarity is not a finite number")
    return max(least, ERROR_FACTOR * float(errors.max()))


def open_computing(scoring: "Scoring") -> Computing:
    """As configured; "auto" is bfloat16 on a GPU that has it and on a processor with AMX, else float32."""
    configured = ("bfloat16" if _has_bfloat16() else "float32") if scoring.dtype == "auto" else scoring.dtype
    return Computing(getattr(torch, configured), EmbeddingCache(scoring.cache_bytes))


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
