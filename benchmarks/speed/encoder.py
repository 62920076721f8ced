"""Ways of running the scorer's encoder over texts of equal length, each against the one in use.

    python -m benchmarks.speed.encoder [--rounds 5] [--dtype float32]

MiniLM, all published answers, once each, in the engine's own batches.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from benchmarks.validity.precision import published_comparisons
from seep.settings import MINILM
from services.scorer.batches import batches
from services.scorer.encoder import default_device
from services.scorer.models import find_model
from services.scorer.rows import of_lengths

IN_USE = "in use: torch's fused attention, no mask"
Forward = Callable[[Tensor], Tensor]


def main() -> None:
    """Prints per way its median seconds and the median ratio of the seconds in use over its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    options = parser.parse_args()
    location = find_model("model", MINILM).location
    answers = batches_of_published_answers(location)
    ways = ways_of_running(location, getattr(torch, options.dtype))
    tokens = sum(batch.numel() for batch in answers)
    print(f"{len(answers)} batches, {tokens} tokens, {torch.get_num_threads()} threads, {options.dtype}")
    for way in ways.values():
        run(way, answers)  # compiles, and warms up
    rounds = [{name: run(way, answers) for name, way in ways.items()} for _ in range(options.rounds)]
    for name in ways:
        ratios = sorted(each[IN_USE] / each[name] for each in rounds)
        seconds = median(each[name] for each in rounds)
        print(f"{name}: {seconds:.2f} s, ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def batches_of_published_answers(location: str) -> list[Tensor]:
    """Token ids, (texts, tokens), as the engine would batch them."""
    texts = list(dict.fromkeys(text for comparison in published_comparisons() for pair in comparison for text in pair))
    ids = AutoTokenizer.from_pretrained(location)(texts)["input_ids"]
    lengths = np.array([len(each) for each in ids], np.int64)
    tokens = of_lengths(lengths, torch.tensor([token for each in ids for token in each], dtype=torch.int32))
    return [batch.ids for _, batch in batches(tokens, int(lengths.max()), default_device())]


def ways_of_running(location: str, dtype: torch.dtype) -> Mapping[str, Forward]:
    """By name; each maps token ids to the tokens' vectors."""

    def load(attention: str = "sdpa") -> torch.nn.Module:
        model: torch.nn.Module = AutoModel.from_pretrained(location, attn_implementation=attention)
        return model.to(default_device(), dtype).eval()

    def plain(model: Callable[..., tuple[Tensor, ...]]) -> Forward:
        return lambda ids: model(input_ids=ids)[0]

    def masked(model: Callable[..., tuple[Tensor, ...]]) -> Forward:
        return lambda ids: model(input_ids=ids, attention_mask=torch.ones_like(ids))[0]

    return {
        IN_USE: plain(load()),
        "the same with a mask": masked(load()),
        "attention as separate operators": plain(load("eager")),
        "torch.compile": plain(torch.compile(load(), dynamic=True)),
        "torch.compile, weights frozen and packed": plain(
            torch.compile(load(), dynamic=True, options={"freezing": True})
        ),
    }


@torch.inference_mode()
def run(way: Forward, answers: list[Tensor]) -> float:
    """The seconds that all batches take."""
    start = time.perf_counter()
    for batch in answers:
        way(batch)
    if answers[0].is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
