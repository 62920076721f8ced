"""Checks before any time is taken: the engine's numbers on this device are the libraries', and decisions float32's."""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from triton import knobs

from benchmarks.gpu.engine import Exactly
from benchmarks.gpu.libraries import Libraries
from benchmarks.speed.matching import random_texts
from services.scorer import matching, matching_triton
from services.scorer.similarity import Comparison, Metric, Pair, ask_metrics

TOLERANCE = 1e-5


def check_libraries(exact: Mapping[str, Metric], libraries: Libraries, pairs: Sequence[Pair]) -> str:
    """Both metrics in float32 beside the libraries, asked one pair at a time: their padding changes F1 of others."""
    theirs = [libraries.both([pair], 1) for pair in pairs]
    worst = 0.0
    for place, name in enumerate(("sentence_bert", "bert_score")):
        expected = [each[place][0] for each in theirs]
        worst = max(worst, float(np.abs(np.subtract(exact[name].afresh(pairs), expected)).max()))
    return _within("float32 beside the libraries", worst)


def check_decisions(exact: Mapping[str, Metric], fast: Mapping[str, Metric], comparisons: Sequence[Comparison]) -> str:
    """Every comparison in the quick type beside float32."""
    ours, theirs = (ask_metrics(metrics, comparisons, Exactly()) for metrics in (fast, exact))
    differing = sum(
        _decision(ours[name], comparison) != _decision(theirs[name], comparison)
        for name in exact
        for comparison in comparisons
    )
    if differing:
        sys.exit(f"WRONG: {differing} decisions differ from float32's")
    return f"all {len(exact) * len(comparisons)} decisions are float32's"


def check_matching() -> str:
    """Triton's kernel beside torch, in float32; on a processor only where Triton interprets."""
    on_gpu = torch.cuda.is_available()
    if not on_gpu and not knobs.runtime.interpret:
        return "Triton was not checked: no GPU, and TRITON_INTERPRET is not set"
    device = "cuda" if on_gpu else "cpu"
    vectors, starts, weights, pairs = random_texts("short answers", 384 if on_gpu else 32, torch.float32, device)
    some = pairs if on_gpu else pairs[:8]
    ours = matching_triton.greedy_match(vectors, starts, weights, some)
    theirs = matching.greedy_match(vectors, starts, weights, some)
    return _within("Triton beside torch", float((ours - theirs).abs().max()))


def _decision(similarity: Mapping[Pair, float], comparison: Comparison) -> int:
    one, other = (similarity[pair] for pair in comparison)
    return 0 if abs(one - other) <= Exactly().tie_margin else (1 if one > other else -1)


def _within(name: str, worst: float) -> str:
    if not worst <= TOLERANCE:
        sys.exit(f"WRONG: {name}: off by {worst:.2g}, where {TOLERANCE:g} is allowed")
    return f"{name}: within {worst:.1g}"
