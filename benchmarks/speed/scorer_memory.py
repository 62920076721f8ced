"""Memory of the scorer's engine while more and more distinct texts pass through a full cache.

    python -m benchmarks.speed.scorer_memory [--texts 2000000] [--cache-mib 64]

The encoder is a stand-in that gives random vectors of MiniLM's size: what is measured is what remembering costs.
"""

import argparse

import psutil
import torch

from services.scorer.batches import Batch
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, encode

DIMENSIONS, TOKENS, BATCH = 384, 8, 10_000


def main() -> None:
    """Prints the process's memory at 20 stages, and the largest of the second half over that of the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2_000_000)
    parser.add_argument("--cache-mib", type=int, default=64)
    options = parser.parse_args()
    stand_in = Encoder(
        name="stand-in",
        vocabulary="characters",
        limit=512,
        tokenize=lambda texts: [[ord(character) for character in text] for text in texts],
        forward=random_vectors,
        device=torch.device("cpu"),
        count=len,
    )
    cache = EmbeddingCache(options.cache_mib << 20)
    process = psutil.Process()
    sampled: list[float] = []
    for start in range(0, options.texts, BATCH):
        encode(stand_in, (f"{number:0{TOKENS}d}" for number in range(start, start + BATCH)), cache)
        if start % max(BATCH, options.texts // 20) == 0:
            sampled.append(process.memory_info().rss / 2**20)
            print(f"{start + BATCH:>9} texts: {sampled[-1]:.0f} MiB", flush=True)
    half = len(sampled) // 2
    print(f"the cache counts {cache.nbytes / 2**20:.0f} MiB of its {options.cache_mib}")
    print(f"largest of the second half over the first: {max(sampled[half:]) / max(sampled[:half]):.3f}")


def random_vectors(batch: Batch) -> dict[str, torch.Tensor]:
    """What a model of MiniLM's size would give of the tokens."""
    return {"stand-in": torch.rand(*batch.ids.shape, DIMENSIONS)}


if __name__ == "__main__":
    main()
