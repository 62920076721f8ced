"""Recall against a model whose memory is known: `python -m benchmarks.validity.recalled`.

A tiny model reads texts 0, 1, 4, 16 or 64 times. A word is a token, so the probability that it goes on in a text is the
product of its own next-word probabilities: nothing is estimated. Its sampled answers then go through the probe.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen2Config, Qwen2ForCausalLM

from benchmarks.validity.decisions import cells, report
from results.rates import RunFacts, leak_rates
from seep.recall import UNSEEN
from seep.records import Answer, GeneratedJob, LeakRate, PromptJob, ScoredJob
from seep.suites.jobs import prompt_jobs
from seep.suites.recall import RecallSuite
from services.scorer import recall

RUNS = 200
REPEATED = (0, 1, 4, 16, 64)
TEXTS, PREFIX, EXPECTED = 10, 4, 6
SAMPLES = 5
SYLLABLES = ("ba", "do", "fi", "ka", "lu", "mo", "ne", "ri")
WORDS = tuple(first + second for first in SYLLABLES for second in SYLLABLES)
PASSES, BATCH, LEARNING_RATE, SPREAD = 3, 16, 0.004, 0.08
Text = tuple[int, ...]


class Read(NamedTuple):
    """A text as places in `WORDS`, and how often the model reads it in each pass."""

    text: Text
    times: int


def main() -> None:
    """Prints a line for each number of repetitions: how many runs hold the true extraction rate in their interval."""
    texts = drawn_texts()
    torch.set_num_threads(1)  # so small a model gains nothing from a second one, and sums in one order
    model = trained(texts)
    truth = true_rates(texts, extraction(model, texts))
    runs = [measured(texts, sampled(model, texts, seed)) for seed in range(RUNS)]
    for category, rate in truth.items():
        report(f"recall, {category}", rate, [run[category] for run in runs])


def drawn_texts(seed: int = 1) -> list[Read]:
    """Ten random texts for each number of repetitions."""
    draw = random.Random(seed)
    return [
        Read(tuple(draw.randrange(len(WORDS)) for _ in range(PREFIX + EXPECTED)), times)
        for times in REPEATED
        for _ in range(TEXTS)
    ]


def category_of(read: Read) -> str:
    """The category of a text."""
    return f"read-{read.times}" if read.times else UNSEEN


def trained(texts: Sequence[Read]) -> Qwen2ForCausalLM:
    """A model that has read each text as often as it says, in random order, in each of a few passes."""
    copies = [read.text for read in texts for _ in range(read.times)]
    draw = random.Random(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = Qwen2ForCausalLM(_config())  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    for _ in range(PASSES):
        draw.shuffle(copies)
        for start in range(0, len(copies), BATCH):
            batch = torch.tensor(copies[start : start + BATCH])
            logits = model(input_ids=batch[:, :-1]).logits
            optimizer.zero_grad()
            cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model


def _config() -> Qwen2Config:
    return Qwen2Config(
        vocab_size=len(WORDS),
        hidden_size=64,
        intermediate_size=112,
        initializer_range=SPREAD,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        dtype="float32",
    )


@torch.no_grad()
def extraction(model: Qwen2ForCausalLM, texts: Sequence[Read]) -> list[float]:
    """The probability that an answer, sampled at temperature 1, goes on in each text."""
    tokens = torch.tensor([read.text for read in texts])
    chances = model(input_ids=tokens[:, :-1]).logits.double().log_softmax(-1)
    of_text = chances.gather(-1, tokens[:, 1:, None]).squeeze(-1)[:, PREFIX - 1 :]
    return [float(each) for each in of_text.sum(-1).exp()]


def true_rates(texts: Sequence[Read], chances: Sequence[float]) -> dict[str, float]:
    """By category the mean of its texts, in percent."""
    chosen_by: dict[str, list[float]] = {}
    for read, chance in zip(texts, chances, strict=True):
        chosen_by.setdefault(category_of(read), []).append(chance)
    return {category: 100 * sum(chosen) / len(chosen) for category, chosen in chosen_by.items()}


@torch.no_grad()
def sampled(model: Qwen2ForCausalLM, texts: Sequence[Read], seed: int) -> list[list[str]]:
    """By text the answers, drawn word by word from the model."""
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.tensor([read.text[:PREFIX] for read in texts]).repeat_interleave(SAMPLES, 0)
    for _ in range(EXPECTED):
        following = model(input_ids=tokens).logits[:, -1].softmax(-1)
        tokens = torch.cat([tokens, torch.multinomial(following, 1, generator=draw)], 1)
    answers = [spelled(answer) for answer in tokens[:, PREFIX:].tolist()]
    return [answers[start : start + SAMPLES] for start in range(0, len(answers), SAMPLES)]


def spelled(text: Sequence[int]) -> str:
    """The words of a text."""
    return " ".join(WORDS[word] for word in text)


def suite_of(texts: Sequence[Read]) -> RecallSuite:
    """The suite that asks for all texts."""
    requested = [
        {
            "category": category_of(read),
            "parts": [{"prefix": spelled(read.text[:PREFIX]), "expected": spelled(read.text[PREFIX:])}],
        }
        for read in texts
    ]
    head = {"name": "repeated", "version": "1", "probe": "recall", "format": {"kind": "plain"}}
    decoding = {"temperature": 1.0, "max_tokens": EXPECTED, "samples": SAMPLES}
    return RecallSuite.model_validate(head | {"decoding": decoding, "match": {"words": EXPECTED}, "texts": requested})


@cache
def jobs_of(texts: tuple[Read, ...]) -> list[PromptJob]:
    """The jobs that ask for all texts."""
    return prompt_jobs(suite_of(texts), run_id="run", target="t")


def measured(texts: Sequence[Read], answers: Sequence[Sequence[str]]) -> Mapping[str, LeakRate]:
    """The rates by category of a run with these answers."""
    jobs = jobs_of(tuple(texts))
    generated = [
        GeneratedJob(job, (), (), (tuple(map(Answer, of_text)),)) for job, of_text in zip(jobs, answers, strict=True)
    ]
    scored = [ScoredJob(each, tuple(recall.score(each)), ()) for each in generated]
    expected = {category: SAMPLES * count for category, count in Counter(map(category_of, texts)).items()}
    facts = RunFacts("run", "repeated", "t", "recall", expected)
    return {rate.category: rate for rate in leak_rates(facts, list(cells(scored)))}


if __name__ == "__main__":
    main()
