"""BERTScore's greedy matching on a GPU: one Triton kernel against torch."""

from collections.abc import Callable
from itertools import product
from statistics import median

import torch
from torch import Tensor
from triton.testing import do_bench

from services.scorer import matching, matching_triton

# Texts, the tokens of the shortest and of the longest, those of one more text, and pairs.
SHAPES = {
    "short answers": (4000, 4, 16, 16, 20_000),
    "short answers and a long one": (4000, 4, 16, 512, 20_000),
    "sentences": (2000, 16, 64, 64, 10_000),
    "long answers": (200, 128, 512, 512, 1000),
}
WAYS = (matching.greedy_match, matching_triton.greedy_match)
ROUNDS = 5


def main() -> None:
    """Prints the median time of each, in milliseconds, and torch's time over Triton's, per shape, width and type."""
    if not torch.cuda.is_available():
        print("no GPU is at hand: Triton against torch was not measured")
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, median of {ROUNDS} rounds, alternating")
    for name, dimensions, dtype in product(SHAPES, (384, 768), (torch.float32, torch.bfloat16)):
        arguments = random_texts(name, dimensions, dtype, "cuda")
        rounds = [tuple(milliseconds(way, arguments) for way in WAYS) for _ in range(ROUNDS)]
        ratios = sorted(reference / kernel for reference, kernel in rounds)
        reference, kernel = (median(times) for times in zip(*rounds, strict=True))
        print(
            f"{name}, {dimensions} dimensions, {str(dtype).removeprefix('torch.')}: torch {reference:.3f} ms, "
            f"Triton {kernel:.3f} ms, ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def random_texts(shape: str, dimensions: int, dtype: torch.dtype, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Arguments of greedy_match, whose texts begin and end with a special token."""
    texts, shortest, longest, extra, pairs = SHAPES[shape]
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(shortest, longest + 1, (texts + 1,), generator=generator)
    lengths[0] = extra
    starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0))
    vectors = torch.nn.functional.normalize(torch.randn(int(starts[-1]), dimensions, generator=generator), dim=1)
    weights = torch.ones(len(vectors))
    weights[starts[:-1]] = weights[starts[1:] - 1] = 0.0
    chosen = torch.randint(texts + 1, (pairs, 2), generator=generator)
    return vectors.to(device, dtype), starts.to(device), weights.to(device), chosen.to(device)


def milliseconds(greedy_match: Callable[..., Tensor], arguments: tuple[Tensor, ...]) -> float:
    """Median time of a call, by CUDA events, with a cold cache; the first call, which may compile, is not counted."""
    return float(do_bench(lambda: greedy_match(*arguments), warmup=25, rep=200, return_mode="median"))


if __name__ == "__main__":
    main()
