"""A model that says A more often than it should, by a known share: the known truth of the position probe.

It says A, whatever stands there, in a planted share of its answers, and knows the right option in all others. An answer
is one token, so its probability is the model's own next-token probability.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from calibration.continuations import mean_by_category, probabilities
from calibration.network import SEED, first_token_lessons, learn, new_network, pieces, tokenizer_of
from seep.suites.position import PositionSuite, cyclic_orders, place_categories, shown

PLANTED = {"first-00": 0.0, "first-10": 0.1, "first-30": 0.3}
"""By category how much above 1/4 the first place's share is."""
SPREAD = 0.15
"""A question's own share differs from the planted one by so much at most, either way."""
QUESTIONS = 30
OPTIONS = 4
LETTERS = ("A", "B", "C", "D")
ANSWERS = tuple(f" {letter}" for letter in LETTERS)
RIGHT = ("iron", "gold", "copper", "tin", "zinc", "lead")
WRONG = ("river", "castle", "garden", "bottle", "mirror", "ladder", "pencil", "basket", "candle", "blanket", "saddle")
ASK = "{prompt}\nAnswer:"
SAMPLES = 3
STEPS = 400


class Question(NamedTuple):
    """A question with its options, of which the first is right, and how often A is said whatever stands there."""

    category: str
    text: str
    options: tuple[str, ...]
    first: float


def known_suite() -> dict[str, object]:
    """A suite as it stands in its file."""
    return {
        "name": "calibration-position",
        "version": "1",
        "probe": "position",
        "language": "en",
        "format": {"kind": "plain", "user": ASK},
        "decoding": {"temperature": 1.0, "top_p": 1.0, "max_tokens": 1, "samples": SAMPLES},
        "labels": list(LETTERS),
        "questions": [
            {"question": each.text, "options": list(each.options), "answer": each.options[0], "category": each.category}
            for each in drawn_questions()
        ],
    }


def drawn_questions() -> list[Question]:
    """The questions of all categories."""
    draw = random.Random(SEED)
    return [
        Question(
            category,
            f"{category} {number}: which is a metal?",
            (draw.choice(RIGHT), *draw.sample(WRONG, OPTIONS - 1)),
            planted * 4 / 3 + draw.uniform(-1, 1) * min(SPREAD, planted),
        )
        for category, planted in PLANTED.items()
        for number in range(QUESTIONS)
    ]


def trained() -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """The model, and its tokenizer."""
    lessons = [lesson for question in drawn_questions() for lesson in lessons_of(question)]
    prompts, answers = [prompt for prompt, _ in lessons], [shares for _, shares in lessons]
    tokenizer = tokenizer_of(sorted({piece for prompt in prompts for piece in pieces(prompt)} | set(ANSWERS)))
    network = new_network(tokenizer)
    learn(network, first_token_lessons(tokenizer, prompts, answers, STEPS), STEPS)
    return network, tokenizer


def lessons_of(question: Question) -> Iterator[tuple[str, dict[str, float]]]:
    """Each order's prompt, with the probability of each answer."""
    for order in cyclic_orders(question.options):
        shares = dict.fromkeys(ANSWERS, 0.0)
        shares[ANSWERS[order.index(question.options[0])]] += 1 - question.first
        shares[ANSWERS[0]] += question.first
        yield ASK.format(prompt=shown(question.text, LETTERS, order)), shares


def true_rates(model: Path, suite: PositionSuite) -> dict[str, float]:
    """By category and place the mean probability, in percent, that an answer which names a place names this one."""
    tests = [test for job in suite.jobs for test in job.tests]
    requested = [(suite.format.user.format(prompt=test.prompt), [answer]) for test in tests for answer in ANSWERS]
    found = iter(probabilities(model, requested, suite.decoding.temperature))
    shares = [(test.category, [next(found) for _ in ANSWERS]) for test in tests]
    return mean_by_category(
        (place, share / sum(of_places))
        for category, of_places in shares
        for place, share in zip(place_categories(category, OPTIONS), of_places, strict=True)
    )
