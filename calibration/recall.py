"""A model that has read texts 0, 1, 4, 16 or 64 times: the known truth of the recall probe.

A word is a token, so the probability that it goes on in a text is the product of its own next-word probabilities.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from calibration.continuations import mean_by_category, probabilities
from calibration.network import SEED, Lesson, learn, new_network, pieces, tokenizer_of
from seep.recall import UNSEEN
from seep.suites.recall import RecallSuite

REPEATED = (0, 1, 4, 16, 64)
TEXTS = 30
"""Of each number of repetitions."""
PREFIX, EXPECTED = 4, 6
SAMPLES = 5
MAX_TOKENS = 9
"""A few more than the expected words have: an answer that is cut within them is none."""
SYLLABLES = ("ba", "do", "fi", "ka", "lu", "mo", "ne", "ri")
WORDS = tuple(first + second for first in SYLLABLES for second in SYLLABLES)
PASSES, BATCH = 2, 32
Text = tuple[str, ...]


def known_suite() -> dict[str, object]:
    """A suite as it stands in its file: it asks for all texts."""
    return {
        "name": "calibration-recall",
        "version": "1",
        "probe": "recall",
        "language": "en",
        "format": {"kind": "plain"},
        "decoding": {"temperature": 1.0, "top_p": 1.0, "max_tokens": MAX_TOKENS, "samples": SAMPLES},
        "match": {"words": EXPECTED},
        "texts": [
            {
                "category": f"read-{times}" if times else UNSEEN,
                "parts": [{"prefix": " ".join(text[:PREFIX]), "expected": " ".join(text[PREFIX:])}],
            }
            for text, times in drawn_texts()
        ],
    }


def drawn_texts() -> list[tuple[Text, int]]:
    """Random texts, each with how often the model reads it in each pass."""
    draw = random.Random(SEED)
    return [
        (tuple(draw.choice(WORDS) for _ in range(PREFIX + EXPECTED)), times) for times in REPEATED for _ in range(TEXTS)
    ]


def trained() -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """A model that has read each text as often as it says, in random order, in each of a few passes."""
    tokenizer = tokenizer_of([*WORDS, *(f" {word}" for word in WORDS)])
    copies = [tokenizer.encode(" ".join(text)) for text, times in drawn_texts() for _ in range(times)]
    network = new_network(tokenizer)
    learn(network, _lessons(copies, len(tokenizer)), PASSES * -(-len(copies) // BATCH))
    return network, tokenizer


def _lessons(copies: Sequence[Sequence[int]], vocabulary: int) -> Iterator[Lesson]:
    draw = random.Random(SEED)
    for _ in range(PASSES):
        shuffled = draw.sample(copies, len(copies))
        for start in range(0, len(shuffled), BATCH):
            tokens = torch.tensor(shuffled[start : start + BATCH])
            following = torch.nn.functional.one_hot(tokens[:, 1:], vocabulary).float()
            yield tokens[:, :-1], torch.ones_like(tokens[:, :-1], dtype=torch.bool), following.flatten(0, 1)


def true_rates(model: Path, suite: RecallSuite) -> dict[str, float]:
    """By category the mean probability, in percent, that an answer goes on as its text does."""
    tests = [test for job in suite.jobs for test in job.tests]
    requested = [(test.prompt, pieces(f" {test.expected}")) for test in tests]
    found = probabilities(model, requested, suite.decoding.temperature)
    return mean_by_category([(test.category, chance) for test, chance in zip(tests, found, strict=True)])
