"""The scorer on one GPU: its numbers first, then its time beside the libraries', and how much of the card it uses.

    python -m benchmarks.gpu.scorer               # or `make bench-gpu`: at most 8 minutes
    TRITON_INTERPRET=1 python -m benchmarks.gpu.scorer --rehearse   # the same script, tiny, on a processor

It needs PyTorch, Triton, transformers and sentence-transformers, and no network: the models are random ones of
MiniLM's and DistilBERT's shapes, made at the start. A wrong number ends it with exit code 1, before any time is taken.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch

from benchmarks.gpu.beginning import rehearses
from benchmarks.gpu.engine import Exactly, batches_of, open_engine, run_forward
from benchmarks.gpu.exactness import check_decisions, check_libraries, check_matching
from benchmarks.gpu.libraries import Libraries
from benchmarks.gpu.random_encoders import (
    FULL,
    REHEARSAL,
    Size,
    distinct_pairs,
    drawn_pairs,
    long_pairs,
    write_encoders,
)
from benchmarks.gpu.usage import busy_share, forward_operations, product_rate, seconds
from benchmarks.speed import matching
from services.scorer import batches
from services.scorer.encoder import default_device
from services.scorer.similarity import Comparison, Pair, ask_metrics

BATCH_SIZES = (64, 256)
ROUNDS = 5
# After so long no second round begins; a rehearsal has one each.
BUDGET_SECONDS = 400.0
ROOFLINE_GOAL = 0.25


@dataclass(frozen=True)
class Backbones:
    """What Sentence-BERT and BERTScore read, and BERTScore's layer."""

    name: str
    sentences: Path
    tokens: Path
    layer: int


def main() -> None:
    """Prints a line per check and per measurement, each goal with whether it was reached."""
    rehearse = rehearses(__doc__)
    if rehearse:
        # As on a GPU: what is padded and masked there is here, too.
        batches.is_padded = lambda device: device is not None
    started, budget = time.perf_counter(), 0.0 if rehearse else BUDGET_SECONDS
    dtype = quick_type(rehearse)
    print(f"{card()}, torch {torch.__version__}, {str(dtype).removeprefix('torch.')}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        size = REHEARSAL if rehearse else FULL
        minilm, distilbert = write_encoders(Path(folder), size)
        shared = Backbones("one backbone (MiniLM's shape)", minilm, minilm, size.layers)
        apart = Backbones("two backbones (DistilBERT's shape)", minilm, distilbert, size.layers - 1)
        check_all(shared, apart, size, dtype)
        rate = product_rate(dtype, small=rehearse)
        print(f"a bare product of {dtype}: {rate / 1e12:.2f} TFLOP/s", flush=True)
        for backbones in (shared, apart):
            measure(backbones, size, dtype, rate, lambda: time.perf_counter() - started < budget)
    matching.main()
    print(f"{time.perf_counter() - started:.0f} s in all")


def check_all(shared: Backbones, apart: Backbones, size: Size, dtype: torch.dtype) -> None:
    """Ends the process where a number is not the libraries', or not float32's where a decision hangs on it."""
    pairs = [*distinct_pairs(size)[:400], *long_pairs(size)[:20]]
    for backbones in (shared, apart):
        exact = open_engine(backbones.sentences, backbones.tokens, backbones.layer, torch.float32)
        fast = open_engine(backbones.sentences, backbones.tokens, backbones.layer, dtype)
        libraries = Libraries(backbones.sentences, backbones.tokens, backbones.layer)
        print(f"{backbones.name}: {check_libraries(exact.metrics, libraries, pairs)}", flush=True)
        print(f"{backbones.name}: {check_decisions(exact.metrics, fast.metrics, paired(pairs))}", flush=True)
    print(check_matching(), flush=True)


def measure(backbones: Backbones, size: Size, dtype: torch.dtype, rate: float, in_time: Callable[[], bool]) -> None:
    """Ratios against the libraries, and the shares of the card that one pass uses."""
    libraries = Libraries(backbones.sentences, backbones.tokens, backbones.layer)
    drawn, distinct, long = drawn_pairs(size), distinct_pairs(size), long_pairs(size)
    batch_size = min(BATCH_SIZES, key=lambda each: seconds(partial(libraries.both, distinct[:512], each)))
    print(f"{backbones.name}: libraries are Sentence-BERT's and {libraries.scored_by}, batches of {batch_size}")
    for name, pairs, goal in (("with duplicates", drawn, 10.0), ("distinct", distinct, 4.0)):
        theirs = partial(libraries.both, pairs, batch_size)
        compare(f"{backbones.name}, {len(pairs):,} pairs {name}", theirs, backbones, pairs, dtype, goal, in_time)
    for name, pairs in (("distinct", distinct), ("long", long)):
        use(f"{backbones.name}, {len(pairs):,} pairs {name}", backbones, pairs, dtype, rate)


def compare(
    name: str,
    theirs: Callable[[], object],
    backbones: Backbones,
    pairs: Sequence[Pair],
    dtype: torch.dtype,
    goal: float,
    in_time: Callable[[], bool],
) -> None:
    """Takes turns; the engine begins each time with nothing remembered."""
    ask(backbones, pairs, dtype)  # warms up what is compiled or chosen on first use
    rounds: list[tuple[float, float]] = []
    while len(rounds) < ROUNDS and (in_time() or not rounds):
        rounds.append((seconds(theirs), ask(backbones, pairs, dtype)))
    ratios = sorted(their / our for their, our in rounds)
    their, our = (median(side) for side in zip(*rounds, strict=True))
    print(
        f"{name}: libraries {their:.3f} s, engine {our:.3f} s, ratio {median(ratios):.1f} "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f}, {len(rounds)} rounds), {reached(median(ratios), goal)}",
        flush=True,
    )


def ask(backbones: Backbones, pairs: Sequence[Pair], dtype: torch.dtype) -> float:
    """The seconds of both metrics over all pairs, near ties in float32 included."""
    engine = open_engine(backbones.sentences, backbones.tokens, backbones.layer, dtype)
    return seconds(partial(ask_metrics, engine.metrics, paired(pairs), Exactly()))


def use(name: str, backbones: Backbones, pairs: Sequence[Pair], dtype: torch.dtype, rate: float) -> None:
    """What of the card's product rate the forward reaches, its share of the engine's time, and the time of the card."""
    engine = open_engine(backbones.sentences, backbones.tokens, backbones.layer, dtype)
    encoders = engine.encoders[: 1 if backbones.sentences == backbones.tokens else 2]
    work = [(encoder, batches_of(encoder, pairs)) for encoder in encoders]
    run_forward(work)
    forward = min(seconds(partial(run_forward, work)) for _ in range(3))
    share = sum(forward_operations(encoder, some) for encoder, some in work) / forward / rate
    # Nothing is remembered of a forward that was asked by itself.
    whole = seconds(partial(ask_metrics, engine.metrics, paired(pairs), Exactly()))
    again = open_engine(backbones.sentences, backbones.tokens, backbones.layer, dtype)
    busy = busy_share(partial(ask_metrics, again.metrics, paired(pairs), Exactly()))
    print(
        f"{name}: forward {forward:.3f} s, {share:.0%} of the card's products, {reached(share, ROOFLINE_GOAL)}; "
        f"{forward / whole:.0%} of the engine's {whole:.3f} s; the card is busy {busy:.0%} of it",
        flush=True,
    )


def reached(value: float, goal: float) -> str:
    """Whether a goal was reached, in words."""
    return f"goal {goal:g} {'reached' if value >= goal else 'MISSED'}"


def paired(pairs: Sequence[Pair]) -> list[Comparison]:
    """Each pair with the next."""
    return list(zip(pairs[::2], pairs[1::2], strict=False))


def quick_type(rehearse: bool) -> torch.dtype:
    """What the scorer's `auto` takes on a GPU; in rehearsal bfloat16 too, so that near ties are computed again."""
    has_bfloat16 = rehearse or torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if has_bfloat16 else torch.float32


def card() -> str:
    """The device's name."""
    return (
        torch.cuda.get_device_name()
        if default_device().type == "cuda"
        else "a processor (a rehearsal: its figures mean nothing)"
    )


if __name__ == "__main__":
    main()
