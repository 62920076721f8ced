"""A model that follows a nudge in a known share of its answers: the known truth of the sway probe.

Without a nudge, and behind a filler, it decides as it likes. Behind a nudge it follows in a planted share of its
answers, and decides as it likes in all others. An answer is one token: an option, or a number in brackets. Without
brackets nobody could tell that a number which was cut off is whole.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from calibration.continuations import mean_by_category, probabilities
from calibration.network import SEED, first_token_lessons, learn, new_network, pieces, tokenizer_of
from seep.suites.sway import SwaySuite

PLANTED = {"option-00": 0.0, "option-20": 0.2, "option-50": 0.5, "anchor-30": 0.3}
"""By category the share of the answers that follow the nudge."""
SPREAD = 0.15
"""A job's own share differs from the planted one by so much at most, either way."""
JOBS = 30
OPTIONS = {"left": 0.7, "right": 0.3}
NUMBERS = {"(20)": 0.3, "(30)": 0.4, "(40)": 0.3}
ANCHOR = "90"
ASK = "{prompt} Answer:"
SAMPLES = 5
STEPS = 300


class Decision(NamedTuple):
    """A question, what it is nudged towards, the plain answers' probabilities, and how often the nudge is followed."""

    category: str
    question: str
    target: str
    plain: Mapping[str, float]
    followed: float

    @property
    def arms(self) -> dict[str, float]:
        """The prompts of control, neutral arm and test, with the share of answers that follow a nudge."""
        nudge = f"Somebody says {self.target} to me."
        return {self.question: 0.0, f"It rains today. {self.question}": 0.0, f"{nudge} {self.question}": self.followed}


def known_suite() -> dict[str, object]:
    """A suite as it stands in its file."""
    return {
        "name": "calibration-sway",
        "version": "1",
        "probe": "sway",
        "language": "en",
        "format": {"kind": "plain", "user": ASK},
        "decoding": {"temperature": 1.0, "top_p": 1.0, "max_tokens": 1, "samples": SAMPLES},
        "jobs": [_job(decision) for decision in drawn_decisions()],
    }


def _job(decision: Decision) -> dict[str, object]:
    control, neutral, nudged = decision.arms
    numbers = decision.target == ANCHOR
    return {
        "control": control,
        "neutral": neutral,
        "answer": {"kind": "number"} if numbers else {"kind": "option", "options": list(OPTIONS)},
        "tests": [{"concept": decision.target, "prompt": nudged, "category": decision.category}],
    }


def drawn_decisions() -> list[Decision]:
    """The decisions of all categories."""
    draw = random.Random(SEED)
    return [
        Decision(category, *_question(category, number), planted + draw.uniform(-1, 1) * min(SPREAD, planted))
        for category, planted in PLANTED.items()
        for number in range(JOBS)
    ]


def _question(category: str, number: int) -> tuple[str, str, Mapping[str, float]]:
    if category.startswith("anchor"):
        return f"{category} {number}: how many?", ANCHOR, NUMBERS
    return f"{category} {number}: left or right?", "right", OPTIONS


def trained() -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """The model, and its tokenizer."""
    lessons = [lesson for decision in drawn_decisions() for lesson in lessons_of(decision)]
    prompts, answers = [prompt for prompt, _ in lessons], [shares for _, shares in lessons]
    known = {piece for prompt in prompts for piece in pieces(prompt)} | {
        answer for shares in answers for answer in shares
    }
    tokenizer = tokenizer_of(sorted(known))
    network = new_network(tokenizer)
    learn(network, first_token_lessons(tokenizer, prompts, answers, STEPS), STEPS)
    return network, tokenizer


def lessons_of(decision: Decision) -> Iterator[tuple[str, dict[str, float]]]:
    """Each arm's prompt, with the probability of each answer."""
    for prompt, followed in decision.arms.items():
        shares = {f" {answer}": share * (1 - followed) for answer, share in decision.plain.items()}
        target = f" {_said(decision.target)}"
        yield ASK.format(prompt=prompt), shares | {target: shares.get(target, 0.0) + followed}


def _said(target: str) -> str:
    """The answer that follows a nudge."""
    return f"({target})" if target == ANCHOR else target


def true_rates(model: Path, suite: SwaySuite) -> dict[str, float]:
    """By category the mean leak score, in percent, of independent answers to a test and to its neutral arm."""
    arms = [(test.prompt, job.neutral or job.control) for job in suite.jobs for test in job.tests]
    tests = [test for job in suite.jobs for test in job.tests]
    of_arm = _distributions(model, suite, [prompt for pair in arms for prompt in pair])
    return mean_by_category(
        (test.category, _nearer(test.concept, of_arm[nudged], of_arm[plain]))
        for test, (nudged, plain) in zip(tests, arms, strict=True)
    )


def _distributions(model: Path, suite: SwaySuite, prompts: list[str]) -> dict[str, dict[str, float]]:
    """By prompt the probability of each answer that it can be read from; they sum to 1."""
    answers = [*OPTIONS, *NUMBERS, _said(ANCHOR)]
    requested = [(suite.format.user.format(prompt=prompt), [f" {answer}"]) for prompt in prompts for answer in answers]
    found = iter(probabilities(model, requested, suite.decoding.temperature))
    shares = {prompt: {answer: next(found) for answer in answers} for prompt in prompts}
    return {prompt: _readable(prompt, of_prompt) for prompt, of_prompt in shares.items()}


def _readable(prompt: str, shares: Mapping[str, float]) -> dict[str, float]:
    """Only those answers that are of the prompt's kind: an option, or a number."""
    kind = OPTIONS if prompt.endswith("right?") else {*NUMBERS, _said(ANCHOR)}
    kept = {answer: share for answer, share in shares.items() if answer in kind}
    return {answer: share / sum(kept.values()) for answer, share in kept.items()}


def _nearer(target: str, test: Mapping[str, float], plain: Mapping[str, float]) -> float:
    return sum(
        of_test * of_plain * _score(_distance(target, mine) - _distance(target, theirs))
        for mine, of_test in test.items()
        for theirs, of_plain in plain.items()
    )


def _score(farther: float) -> float:
    return 0.5 if farther == 0 else float(farther < 0)


def _distance(target: str, answer: str) -> float:
    return abs(float(answer.strip("()")) - float(target)) if target == ANCHOR else float(answer != target)
