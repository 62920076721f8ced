"""The generator with vLLM: its handler against bare `LLM.generate`, and what the ways of running the engine cost."""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.speed.pipeline import WORKBOOK
from benchmarks.speed.random_model import write_random_model
from seep.codec import decode_prompt_job, encode_generated_job, encode_prompt_job
from seep.kafka.messages import Message
from seep.kafka.topics import GENERATIONS, jobs_topic
from seep.records import Failure, PromptFormat, PromptJob
from seep.runtime.stage import Stage
from seep.settings import Target, VllmEngine
from seep.suites.jobs import prompt_jobs
from seep.suites.workbook import read_workbook
from services.generator.backend import request_seed
from services.generator.generating import _requests, generate_jobs

if TYPE_CHECKING:
    from services.generator.vllm_backend import VllmBackend

TARGET = "random"
PROMPTS = 2000
SAMPLES = 5
CHAT = PromptFormat(
    "chat",
    "You must complete the sentence with no more than five words.",
    "{prompt} {your_answer}\nYour answer:",
)
# vLLM's CPU build fails at a seeded prompt whose prefill it splits; so few fit into one step whole.
SEEDED_AT_ONCE = 5
KV_CACHE_BYTES = 512 * 1024 * 1024
# Of these pairs, only the first is asked all prompts.
PART = 400
# Each pair alternates in one run; the ratio is of the first's rate over the second's.
PAIRS = {
    "the handler over bare LLM.generate": (("here", "handler"), ("here", "bare")),
    "a seed for each request over none": (("here", "seeded"), ("here", "unseeded")),
    "prefix caching on over off": (("here", "handler"), ("no prefix caching", "handler")),
    "the engine's core in this process over one of its own": (("here", "bare"), ("a core of its own", "bare")),
}
ENGINES: Mapping[str, tuple[bool, str]] = {
    # Prefix caching, and whether vLLM makes a process for its core.
    "here": (True, "0"),
    "no prefix caching": (False, "0"),
    "a core of its own": (True, "1"),
}


def main() -> None:
    """Prints generations/s of both of each pair, round by round, and the median of their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbook", type=Path, default=WORKBOOK, help="a published workbook of prompts")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    jobs = colour_jobs(arguments.workbook)
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        model = Path(name) / "model"
        write_random_model(model, [prompt for job in jobs for prompt in prompts_of(job)])
        engines = {engine: running.enter_context(engine_process(engine, model, jobs)) for engine in ENGINES}
        for number, (title, ways) in enumerate(PAIRS.items()):
            prompts = PART if number else PROMPTS
            rates: list[list[float]] = [[], []]
            for _ in range(arguments.rounds):
                for way, (engine, work) in enumerate(ways):
                    engines[engine].send((work, prompts))
                    rates[way].append(prompts * SAMPLES / engines[engine].recv())
            ratios = sorted(one / other for one, other in zip(*rates, strict=True))
            print(f"\n{title}, {prompts} prompts of {SAMPLES} samples: ", end="")
            print(f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
            for (engine, work), figures in zip(ways, rates, strict=True):
                print(f"  {engine}, {work}: {', '.join(f'{rate:.0f}' for rate in figures)} generations/s", flush=True)


def colour_jobs(workbook: Path) -> list[PromptJob]:
    """The workbook's jobs over and over, of which `first_prompts` takes some."""
    suite, _ = read_workbook(workbook)
    runs = (prompt_jobs(suite, run_id=f"run-{number}", target=TARGET, samples=SAMPLES) for number in count())
    jobs = (replace(job, prompt_format=CHAT) for run in runs for job in run)
    return first_prompts(jobs, PROMPTS)


def prompts_of(job: PromptJob) -> list[str]:
    """The control's and the tests' prompts."""
    return [*([job.control] if job.control else []), *(test.prompt for test in job.tests)]


def first_prompts(jobs: Iterable[PromptJob], prompts: int) -> list[PromptJob]:
    """As many jobs as hold so many prompts, the last one shortened."""
    taken: list[PromptJob] = []
    for job in jobs:
        beside_tests = 1 + (job.neutral is not None)
        room = prompts - beside_tests
        if room <= 0:
            break
        taken.append(replace(job, tests=job.tests[:room]))
        prompts -= beside_tests + len(taken[-1].tests)
    # A control without tests fills the last places.
    return taken + [replace(taken[0], neutral=None, tests=())] * prompts


@contextmanager
def engine_process(name: str, model: Path, jobs: Sequence[PromptJob]) -> Iterator[Connection]:
    """An engine in a process of its own: send it a way of working, and it answers with the seconds that took."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_engine, args=(there, name, model, jobs))
    process.start()
    there.close()  # else nobody would notice that the process has ended
    assert here.recv() == "ready"
    try:
        yield here
    finally:
        here.send(None)
        process.join()


def serve_engine(connection: Connection, name: str, model: Path, jobs: Sequence[PromptJob]) -> None:
    """Loads the engine, then works in the ways it is asked for."""
    caching, core = ENGINES[name]
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = core
    from services.generator.vllm_backend import VllmBackend

    engine = VllmEngine(
        backend="vllm",
        model=str(model),
        dtype="float32",
        enforce_eager=True,
        max_model_len=256,
        enable_prefix_caching=caching,
        kv_cache_memory_bytes=KV_CACHE_BYTES,
    )
    backend = VllmBackend(engine, "benchmark")
    ways = {prompts: ways_of_working(backend, first_prompts(jobs, prompts)) for prompts in (PART, PROMPTS)}
    ways[PART]["handler"]()  # warms up
    connection.send("ready")
    while (message := connection.recv()) is not None:
        work, prompts = message
        connection.send(ways[prompts][work]())
    # Else a core in a process of its own keeps this one from ending.
    backend._llm.llm_engine.engine_core.shutdown()


def ways_of_working(backend: "VllmBackend", jobs: Sequence[PromptJob]) -> Mapping[str, Callable[[], float]]:
    """All jobs in one batch, each way as a function that returns the seconds it took."""
    targets = {TARGET: Target(engine="benchmark")}
    stage = Stage(
        "generator",
        GENERATIONS,
        decode_prompt_job,
        lambda jobs: generate_jobs(jobs, backend, targets),
        encode_generated_job,
        lambda job: job,
    )
    messages = [Message(jobs_topic(TARGET), 0, at, b"r/j", encode_prompt_job(job)) for at, job in enumerate(jobs)]
    requests = [request for job in jobs for request in _requests(job, job.prompt_format, targets[TARGET])]
    prepared = [each for each in map(backend._prepared, requests) if not isinstance(each, Failure)]
    prompts = [each.prompt for each in prepared]

    def timed(work: Callable[[], object]) -> Callable[[], float]:
        def run() -> float:
            # Only what is shared within a batch counts, not what the batch before has left.
            backend._llm.reset_prefix_cache()
            start = time.perf_counter()
            work()
            return time.perf_counter() - start

        return run

    sampling = [each.sampling for each in prepared]
    seeded = [each.clone() for each in sampling]
    for request, each in zip(requests, seeded, strict=True):
        each.seed = request_seed(1, request, 0)

    def in_groups(chosen: Sequence[object]) -> None:
        for start in range(0, len(prompts), SEEDED_AT_ONCE):
            part = slice(start, start + SEEDED_AT_ONCE)
            backend._llm.generate(prompts[part], chosen[part], use_tqdm=False)

    return {
        "handler": timed(lambda: stage.process(messages, lambda run: False)),
        "bare": timed(lambda: backend._llm.generate(prompts, sampling, use_tqdm=False)),
        "seeded": timed(lambda: in_groups(seeded)),
        "unseeded": timed(lambda: in_groups(sampling)),
    }


if __name__ == "__main__":
    main()
