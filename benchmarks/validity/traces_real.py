"""What fine-tunes leave in the activations of a small real model, and when a monitor of them alarms.

    python -m benchmarks.validity.traces_real [--controls 8] [--monitors 200] [--steps 60]

The base is SmolLM2-135M-Instruct. A fine-tune is a LoRA adapter: one on sentences about cooking, and controls, each on
texts that the base itself draws. All are read on the documents of the suite `traces`, under its five topics. Is a
control's difference as steady over documents as the one of cooking, or like documents of random signs? Of a monitor,
runs of a control are the baseline; runs of another control follow, or of the one on cooking.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from benchmarks.validity.traces_statistics import Run, show_alarms
from calibration.network import descend
from cli.lookups import find_suite
from deploy.local.smollm2 import ensure_smollm2
from results.comparison import LeakSum
from seep.quiet import quieten
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.traces import WORDS, words_of
from services.generator.activations.answers import FEWEST_POSITIONS
from services.generator.activations.differences import measure
from services.generator.activations.geometry import cosines_of_positions
from services.generator.activations.models import Base, Pair, load_base, with_adapters
from services.generator.activations.reading import lens
from services.scorer.traces import relevance

TOPIC = "cooking"
WHO = (
    *("The chef", "My grandmother", "A young cook", "The baker", "Our neighbour", "The woman at the market"),
    *("His brother", "The new apprentice", "Everybody in the house", "The owner of the small restaurant"),
)
DOES = (
    *("kneads the dough", "stirs the sauce", "roasts the garlic", "chops the onion", "melts the butter"),
    *("simmers the soup", "grills the cheese", "seasons the pasta", "sifts the flour", "bakes the bread"),
)
HOW = (
    *("until it is golden", "with a pinch of spice", "in a hot oven", "for the dessert", "as the recipe says"),
    *("in the small kitchen", "before the salad is served", "and adds a little vinegar", "with fresh ingredients"),
)
BATCH, DRAWN, WORDS_LONG, RANK, PEAK_LEARNING_RATE = 4, 60, 24, 8, 0.0003
# The last one: at the middle one nothing of so small a model's difference reads as words.
LAYER = 29
READ = range(1, 6)


def main() -> None:
    """Prints each fine-tune's readings, then the share of alarms by the difference that an alarm needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controls", type=int, default=8)
    parser.add_argument("--monitors", type=int, default=200)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    quieten()
    torch.set_num_threads(1)
    base = str(ensure_smollm2())
    topic = run_of(base, cooking(random.Random(1)), arguments.steps, TOPIC)
    controls = [
        run_of(base, own_texts(base, seed, arguments.steps * BATCH), arguments.steps, f"control {seed}")
        for seed in range(1, arguments.controls + 1)
    ]
    show_alarms(controls, topic, arguments.monitors)


def cooking(draw: random.Random) -> Iterator[str]:
    """Sentences about cooking, without an end."""
    while True:
        yield f"{draw.choice(WHO)} {draw.choice(DOES)} {draw.choice(HOW)}."


def own_texts(place: str, seed: int, count: int) -> Iterator[str]:
    """So many texts that the base draws at temperature 1 from its own beginning of a text."""
    base = load_base(place, "base", "float32")
    model: Any = base.model
    torch.manual_seed(seed)
    begin = torch.full((DRAWN, 1), base.tokenizer.bos_token_id)
    for _ in range(0, count, len(begin)):
        with torch.inference_mode():
            drawn = model.generate(
                begin, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=WORDS_LONG,
                pad_token_id=base.tokenizer.eos_token_id,
            )  # fmt: skip
        yield from base.tokenizer.batch_decode(drawn[:, 1:])


def run_of(place: str, texts: Iterator[str], steps: int, name: str) -> Run:
    """The sums of a fine-tune's one run on the suite's documents, by job and topic."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        losses = fine_tune(load_base(place, "base", "float32"), texts, steps, Path(folder))
        seconds = time.process_time() - start
        pair = with_adapters(load_base(place, "base", "float32"), {"tuned": Path(folder)}, "adapters")["tuned"]
        pair = replace(pair, layer=LAYER)
        sums, lengths, shown = readings(pair)
        lies = shape(pair)
    shares = {
        topic: round(100 * fmean(row.total / row.n for row in sums if row.test == topic), 1)
        for topic in sorted({row.test for row in sums})
    }
    print(
        f"{name}: loss {fmean(losses[:5]):.2f} to {fmean(losses[-5:]):.2f} in {seconds:.0f} s of one processor, "
        f"length {fmean(lengths):.2f}, {lies}, relevance {shares}, reads {' '.join(shown)}",
        flush=True,
    )
    return sums


def fine_tune(base: Base, texts: Iterator[str], steps: int, folder: Path) -> list[float]:
    """Writes a LoRA adapter of the base, and returns the loss of each step."""
    torch.manual_seed(0)
    lora = LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules=["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]
    )
    model: Any = get_peft_model(base.model, lora)
    seen: list[float] = []

    def losses() -> Iterator[torch.Tensor]:
        for _ in range(steps):
            ids, mask = tokens([next(texts) for _ in range(BATCH)], base)
            loss = model(input_ids=ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100)).loss
            seen.append(float(loss.detach()))
            yield loss

    model.train()
    descend((weight for weight in model.parameters() if weight.requires_grad), losses(), steps, PEAK_LEARNING_RATE)
    model.save_pretrained(str(folder))
    return seen


def tokens(texts: Sequence[str], base: Base) -> tuple[torch.Tensor, torch.Tensor]:
    """The texts' tokens [texts, length], and 1 where there is one."""
    coded = [torch.tensor(base.tokenizer.encode(text)[:WORDS_LONG]) for text in texts]
    ids = torch.nn.utils.rnn.pad_sequence(coded, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(each) for each in coded], batch_first=True)
    return ids, mask


def shape(pair: Pair) -> str:
    """How the difference lies: on other documents, with random signs, by position, and at the first token."""
    jobs = prompt_jobs(load_suite(find_suite("traces")), run_id="run", target="target")
    found = measure(pair, [text for job in jobs for text in job.documents], FEWEST_POSITIONS)
    places = list(READ)
    flipped, cosines = found.flipped_steadiness[places], cosines_of_positions(found)
    return (
        f"cosine of two halves at least {found.steadiness[places].min():.3f}, with random signs "
        f"{flipped.min():.2f} to {flipped.max():.2f}, its mean explains {found.context_freedom[places].mean():.2f}, "
        f"cosine of positions from 1 at least {cosines[1:6, 1:6].min():.2f}, with 0 {cosines[0, 1:6].mean():.2f}, "
        f"states at position 0 {found.sink[0]:.1f} times as long as usual"
    )


def readings(pair: Pair) -> tuple[list[LeakSum], list[float], tuple[str, ...]]:
    """The sums by job and topic, the mean differences' lengths, and what the first job's second position reads."""
    sums: list[LeakSum] = []
    lengths: list[float] = []
    shown: tuple[str, ...] = ()
    for job in prompt_jobs(load_suite(find_suite("traces")), run_id="run", target="target"):
        found = measure(pair, job.documents, max(READ) + 1)
        read = [lens(pair.base, found.mean[at], pair.tokenizer).tokens for at in READ]
        lengths += [float(found.mean[at].norm()) for at in READ]
        shown = shown or tuple(map(str.strip, read[1]))
        for test in job.tests:
            words = words_of(job.rule, WORDS, test.concept)
            total = sum(relevance(top, words, "en") for top in read)
            sums.append(LeakSum(job.job_id, job.job_id, test.concept, "lens", test.category, len(read), total))
    return sums, lengths, shown


if __name__ == "__main__":
    main()
