"""The semantic probe: does a concept in the prompt pull the answer towards itself?"""

from collections.abc import Iterator
from dataclasses import dataclass

from seep.records import GeneratedJob, Outcome, PromptTest, Similarity
from services.scorer.echo import echoes
from services.scorer.similarity import Pair, Similarities


@dataclass(frozen=True)
class Comparison:
    """One test generation beside the control's and, where there is one, the neutral arm's of the same sample."""

    test: PromptTest
    sample: int
    answer: str
    control: str
    neutral: str | None


def needed_pairs(generated: GeneratedJob) -> Iterator[Pair]:
    """The concept of every comparison with each of its generations, repeats included."""
    for comparison in _comparisons(generated):
        yield comparison.test.concept, comparison.answer
        yield comparison.test.concept, comparison.control
        if comparison.neutral is not None:
            yield comparison.test.concept, comparison.neutral


def judge(
    generated: GeneratedJob, similarities: Similarities, tie_tolerance: float
) -> tuple[list[Outcome], list[Similarity]]:
    """Per comparison and metric: `leak`, `tie`, `echo` and, with a neutral arm, `placebo`; and what they rest on.

    `placebo` is the leak score of the neutral generation in place of the test's, with the test's concept.
    """
    outcomes: list[Outcome] = []
    seen: list[Similarity] = []
    for comparison in _comparisons(generated):
        test, sample = comparison.test, comparison.sample
        echo = float(echoes(test.concept, comparison.answer, generated.prompts.language))
        for metric, similarity in similarities.items():
            to_test = similarity[test.concept, comparison.answer]
            to_control = similarity[test.concept, comparison.control]
            leak = leak_score(to_test, to_control, tie_tolerance)
            measures = {"leak": leak, "tie": float(leak == 0.5), "echo": echo}
            if comparison.neutral is not None:
                to_neutral = similarity[test.concept, comparison.neutral]
                measures["placebo"] = leak_score(to_neutral, to_control, tie_tolerance)
            outcomes += [
                Outcome(metric, measure, test.category, test.id, sample, value) for measure, value in measures.items()
            ]
            seen.append(Similarity(metric, test.id, sample, to_test, to_control))
    return outcomes, seen


def leak_score(to_test: float, to_control: float, tie_tolerance: float) -> float:
    """1 where the test's generation is nearer to the concept than the control's, 0 where farther, 0.5 for a tie.

    Source: Gonen et al. 2024, arXiv 2408.06518.
    """
    if abs(to_test - to_control) <= tie_tolerance:
        return 0.5
    return 1.0 if to_test > to_control else 0.0


def _comparisons(generated: GeneratedJob) -> Iterator[Comparison]:
    neutrals = generated.neutral or (None,) * len(generated.control)
    for test, answers in zip(generated.prompts.tests, generated.tests, strict=True):
        arms = zip(answers, generated.control, neutrals, strict=True)
        for sample, (answer, control, neutral) in enumerate(arms):
            yield Comparison(test, sample, answer, control, neutral)
