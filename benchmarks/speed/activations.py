"""What reading activations costs, by size of the model: documents a second, memory, and how time grows.

    python -m benchmarks.speed.activations [--sizes 30M,135M,360M,1.7B] [--documents 32]

Models have SmolLM2's tokenizer and architecture, and random weights; an adapter of rank 8 lies on each. On a machine
with a GPU they are read there.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from cli.lookups import find_suite
from deploy.local.smollm2 import ensure_smollm2
from seep.quiet import quieten
from seep.suites.loading import load_suite
from services.generator.activations.differences import measure
from services.generator.activations.models import Pair, load_base, with_adapters

SIZES = {
    "30M": {"hidden_size": 288, "intermediate_size": 768, "num_hidden_layers": 15},
    "135M": {},
    "360M": {"hidden_size": 960, "intermediate_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 15},
    "1.7B": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24, "num_attention_heads": 32},
}
HEADS = {"30M": 3, "135M": 3, "360M": 5, "1.7B": 32}
"""Of keys and values."""
POSITIONS = 6
TIMES = 4


def main() -> None:
    """Prints a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="30M,135M", help=f"of {', '.join(SIZES)}, apart by commas")
    parser.add_argument("--documents", type=int, default=32)
    arguments = parser.parse_args()
    quieten()
    documents = [text for job in load_suite(find_suite("traces")).jobs for text in job.reads()]
    for size in arguments.sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            pair = random_pair(size, Path(folder))
            print(f"{size} on {place()}: {cost(pair, documents, arguments.documents)}", flush=True)


def random_pair(size: str, folder: Path) -> Pair:
    """A base of so many weights, and the same with an adapter that changes it."""
    source = ensure_smollm2()
    config = AutoConfig.from_pretrained(source, num_key_value_heads=HEADS[size], **SIZES[size])
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM
    model.from_config(config).save_pretrained(folder / "base")
    AutoTokenizer.from_pretrained(source).save_pretrained(folder / "base")
    lora = LoraConfig(r=8, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    base = str(folder / "base")
    get_peft_model(load_base(base, "base").model, lora).save_pretrained(str(folder / "adapter"))
    return with_adapters(load_base(base, "base"), {"adapter": folder / "adapter"}, "adapters")["adapter"]


def cost(pair: Pair, documents: list[str], count: int) -> str:
    """Documents a second at two numbers of documents, processor time of each, and the most memory."""
    measure(pair, documents[:8], POSITIONS)  # what is made ready once
    few, many = (seconds(pair, documents[:number]) for number in (count, TIMES * count))
    each = [busy / number for (_, busy), number in ((few, count), (many, TIMES * count))]
    return (
        f"{count / few[0]:.1f} and {TIMES * count / many[0]:.1f} documents/s of {count} and {TIMES * count}; "
        f"processor time a document {1000 * each[0]:.0f} and {1000 * each[1]:.0f} ms, ratio {each[1] / each[0]:.2f}; "
        f"{', '.join(memory())}"
    )


def seconds(pair: Pair, documents: list[str]) -> tuple[float, float]:
    """Wall time and processor time of measuring."""
    wall, busy = time.perf_counter(), time.process_time()
    measure(pair, documents, POSITIONS)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - busy


def memory() -> Iterator[str]:
    """The most that was held."""
    yield f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB of the process"
    if torch.cuda.is_available():
        yield f"{torch.cuda.max_memory_allocated() // 2**20} MiB of the card"


def place() -> str:
    """The card's name, or that of no card."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor"


if __name__ == "__main__":
    main()
