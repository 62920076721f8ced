"""The generator's handler against vLLM's own `vllm bench throughput`, on one GPU, with models of random weights.

    python -m benchmarks.gpu.generator               # 0.5 and 7 billion parameters, Qwen2.5's shapes
    python -m benchmarks.gpu.generator --rehearse    # a tiny model, on what is here

The same prompts, as many answers of as many tokens for each; one after the other, since each takes the whole card.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from benchmarks.gpu.beginning import device_name, rehearses
from benchmarks.gpu.random_encoders import SYLLABLES
from benchmarks.speed.jobs import prompt_job
from seep.records import Decoding, GeneratedJob, PromptFormat, PromptTest
from seep.settings import Target, VllmEngine
from services.generator.generating import generate_jobs

GOAL = 0.9
ROUNDS = 3
# A prompt has seven tokens a word.
SAMPLES, TOKENS, PROMPT_WORDS, TESTS_OF_A_JOB = 5, 32, 8, 4
END = "<|endoftext|>"
# What `vllm bench throughput` calls; its command itself does not start in vLLM's build for processors.
BENCH = """
from vllm.benchmarks.throughput import add_cli_args, main
from vllm.utils.argparse_utils import FlexibleArgumentParser
if __name__ == "__main__":
    parser = FlexibleArgumentParser()
    add_cli_args(parser)
    main(parser.parse_args())
"""
REHEARSED_CACHE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Shape:
    """A model's shape, and how many prompts it is asked."""

    name: str
    prompts: int
    config: dict[str, int | bool]


SHAPES = (
    Shape(
        "0.5B",
        4000,
        {
            "vocab_size": 151_936,
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "tie_word_embeddings": True,
        },
    ),
    Shape(
        "7B",
        2000,
        {
            "vocab_size": 152_064,
            "hidden_size": 3584,
            "intermediate_size": 18_944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "tie_word_embeddings": False,
        },
    ),
)
TINY = Shape(
    "tiny",
    20,
    {
        "vocab_size": 2000,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
)


def main() -> None:
    """Prints, per model, both rates in tokens of answers a second, and their ratio."""
    rehearse = rehearses(__doc__)
    print(f"{device_name(rehearse)}, {SAMPLES} answers of {TOKENS} tokens to each prompt", flush=True)
    for shape in (TINY,) if rehearse else SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            prompts = write_model(Path(folder), shape)
            with get_context("spawn").Pool(1) as process:
                ours = process.apply(handler_seconds, (folder, prompts, rehearse))
            theirs = bench_seconds(Path(folder), prompts, rehearse)
        tokens = len(prompts) * SAMPLES * TOKENS
        ratio = theirs / ours
        print(
            f"{shape.name}, {len(prompts):,} prompts: the handler {tokens / ours:,.0f} tokens/s, vllm bench throughput "
            f"{tokens / theirs:,.0f}, ratio {ratio:.2f}, goal {GOAL} {'reached' if ratio >= GOAL else 'MISSED'}",
            flush=True,
        )


def write_model(folder: Path, shape: Shape) -> list[str]:
    """A model that says any word as likely as any other, and so ends hardly ever; and prompts of its words."""
    count = int(shape.config["vocab_size"])
    # Every byte is a token of prompts, as of a tokenizer that has learned nothing; the rest are tokens of answers.
    known = [END, *sorted(ByteLevel.alphabet())]
    words = ["".join(each) for each in islice(product(SYLLABLES, repeat=3), count - len(known))]
    tokenizer: Any = Qwen2Tokenizer  # has no types
    vocabulary = {token: number for number, token in enumerate([*known, *words])}
    tokenizer(vocab=vocabulary, merges=[], unk_token=None, eos_token=END, pad_token=END).save_pretrained(folder)
    torch.manual_seed(0)
    config: Any = Qwen2Config(max_position_embeddings=2048, eos_token_id=0, dtype="bfloat16", **shape.config)  # type: ignore[arg-type]
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        torch.set_default_dtype(torch.bfloat16)
        model: Any = Qwen2ForCausalLM
        model(config).save_pretrained(folder)
        torch.set_default_dtype(torch.float32)
    torch.cuda.empty_cache()
    source = random.Random(0)
    return [" ".join(source.choices(words, k=PROMPT_WORDS)) for _ in range(shape.prompts)]


def handler_seconds(folder: str, prompts: Sequence[str], rehearse: bool) -> float:
    """The median time of the generator's handler for all prompts in one batch, after one to warm up."""
    from services.generator.vllm_backend import VllmBackend

    tiny: dict[str, Any] = {"enforce_eager": True, "kv_cache_memory_bytes": REHEARSED_CACHE_BYTES} if rehearse else {}
    engine = VllmEngine(backend="vllm", model=folder, dtype="bfloat16", max_model_len=256, **tiny)
    backend = VllmBackend(engine, "benchmark")
    jobs = [
        prompt_job(
            "run",
            f"job-{start}",
            prompt_format=PromptFormat("plain"),
            decoding=Decoding(temperature=1.0, top_p=1.0, max_tokens=TOKENS, cut="none"),
            samples=SAMPLES,
            control=prompts[start],
            tests=tuple(PromptTest(f"t{at}", "word", prompts[start + at], "1") for at in range(1, 1 + TESTS_OF_A_JOB)),
        )
        for start in range(0, len(prompts), 1 + TESTS_OF_A_JOB)
    ]
    spent = []
    for _ in range(1 + ROUNDS):
        backend._llm.reset_prefix_cache()
        start = time.perf_counter()
        results = generate_jobs(jobs, backend, {"target": Target(engine="benchmark")})
        spent.append(time.perf_counter() - start)
        assert all(isinstance(result, GeneratedJob) for result in results), results
    backend._llm.llm_engine.engine_core.shutdown()
    return median(spent[1:])


def bench_seconds(folder: Path, prompts: Sequence[str], rehearse: bool) -> float:
    """The time that `vllm bench throughput` takes for the same prompts, by its own clock."""
    file, result = folder / "prompts.json", folder / "result.json"
    file.write_text(json.dumps([{"conversations": [{"value": prompt}, {"value": "-"}]} for prompt in prompts]))
    command = [sys.executable, "-c", BENCH, "--model", str(folder), "--dataset-name", "sharegpt"]
    command += ["--dataset-path", str(file), "--num-prompts", str(len(prompts)), "--output-len", str(TOKENS)]
    command += ["--n", str(SAMPLES), "--max-model-len", "256", "--dtype", "bfloat16", "--output-json", str(result)]
    command += ["--num-warmups", str(min(200, len(prompts)))]
    if rehearse:
        command += ["--enforce-eager", "--kv-cache-memory-bytes", str(REHEARSED_CACHE_BYTES)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"vllm bench throughput failed:\n{finished.stderr[-2000:]}")
    seconds: float = json.loads(result.read_text())["elapsed_time"]
    return seconds


if __name__ == "__main__":
    main()
