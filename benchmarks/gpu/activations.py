"""Readings of activations on one GPU: beside the processor's first, then what they cost by size of the model.

    python -m benchmarks.gpu.activations               # 0.5 and 7 billion parameters, Qwen2.5's shapes
    python -m benchmarks.gpu.activations --rehearse    # a tiny model, on what is here

Models and documents are random, made at the start; an adapter of rank 8 lies on each. A difference that is not the
processor's ends it with exit code 1, before any time is taken.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from benchmarks.gpu.beginning import device_name, rehearses
from benchmarks.gpu.generator import SHAPES, TINY, Shape, write_model
from benchmarks.gpu.usage import seconds
from benchmarks.speed.activations import POSITIONS, cost
from seep.quiet import quieten
from services.generator.activations.answers import read
from services.generator.activations.differences import measure
from services.generator.activations.models import Pair, load_base, with_adapters

COMPARED, JOB, READ = 20, 50, 5
LARGEST_ERROR = 1e-3
"""Of the mean differences in float32, as a share of their length."""


def main() -> None:
    """Prints a line for the check, and one or two for each size."""
    rehearse = rehearses(__doc__)
    quieten()
    print(f"{device_name(rehearse)}, torch {torch.__version__}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(check(Path(folder), write_pair(Path(folder), TINY)), flush=True)
    for shape in (TINY,) if rehearse else SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            documents = write_pair(Path(folder), shape)
            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats()
            pair = open_pair(Path(folder), "bfloat16", "auto")
            print(f"{shape.name} in bfloat16: {cost(pair, documents, len(documents) // 4)}", flush=True)
            print(f"{shape.name}, a job: {job(pair, documents[:JOB])}", flush=True)
            del pair
            torch.cuda.empty_cache()


def write_pair(folder: Path, shape: Shape) -> list[str]:
    """A base of random weights and an adapter that changes it, as folders; and documents of its words."""
    documents = write_model(folder / "base", shape)
    lora = LoraConfig(r=8, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    base = load_base(str(folder / "base"), "base", "bfloat16").model
    get_peft_model(base, lora).save_pretrained(str(folder / "adapter"))
    return documents


def open_pair(folder: Path, dtype: str, device: str) -> Pair:
    """The base and its adapter, as an engine loads them."""
    base = load_base(str(folder / "base"), "base", dtype, device)
    return with_adapters(base, {"adapter": folder / "adapter"}, "adapters")["adapter"]


def check(folder: Path, documents: Sequence[str]) -> str:
    """Ends the process where the mean differences are not the processor's."""
    here, there = (
        measure(open_pair(folder, "float32", device), documents[:COMPARED], POSITIONS).mean.cpu()
        for device in ("auto", "cpu")
    )
    error = float((here - there).norm() / there.norm())
    if not error <= LARGEST_ERROR:
        sys.exit(f"WRONG: mean differences lie {error:.1e} of their length from the processor's")
    return f"mean differences beside the processor's, in float32: within {error:.1e} of their length"


def job(pair: Pair, documents: Sequence[str]) -> str:
    """How long the reading of one job takes, as an engine makes it."""
    spent = min(seconds(lambda: read(pair, documents, READ)) for _ in range(3))
    return f"{len(documents)} documents, read at {READ} positions, {spent:.3f} s"


if __name__ == "__main__":
    main()
