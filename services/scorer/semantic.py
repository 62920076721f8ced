"""The semantic probe: does a concept in the prompt pull the answer towards itself?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seep.answers import TRUNCATED, Lost, is_blank, lost
from seep.records import Answer, GeneratedJob, Outcome, PromptTest, Similarity
from services.scorer.echo import echoes
from services.scorer.similarity import Comparison, Metric, Pair, Similarities


@dataclass(frozen=True)
class Sample:
    """One test generation beside the control's and, where there is one, the neutral arm's of the same sample.

    `next` is the same test's generation of the next such sample, the first one's after the last; None of a single one.
    """

    test: PromptTest
    number: int
    answer: str
    control: str
    neutral: str | None
    next: str | None


def comparisons(generated: GeneratedJob) -> Iterator[Comparison]:
    """The concept with the test's and with the control's generation; with the neutral arm's instead of the test's.

    A generation and the next sample's are compared with nothing but themselves: how alike they are is all that counts.
    """
    for sample in _samples(generated):
        concept = sample.test.concept
        to_control = concept, sample.control
        yield (concept, sample.answer), to_control
        if sample.neutral is not None:
            yield (concept, sample.neutral), to_control
        if sample.next is not None and sample.next != sample.answer:
            yield ((sample.next, sample.answer),) * 2


def score(
    generated: GeneratedJob,
    similarities: Similarities,
    tie_tolerance: float,
    metrics: Mapping[str, Metric],
) -> tuple[list[Outcome], list[Similarity]]:
    """Per comparison and metric: `leak`, `tie`, `echo`, `empty`, with a neutral arm `placebo`, with several samples
    `self_similarity`; and their grounds.

    `empty` is 1 for a test's generation without a visible character, which is similar to nothing (0). `placebo` is the
    leak score of the neutral generation in place of the test's, with the test's concept. `self_similarity`, high where
    answers are not diverse, is the similarity to the next sample's generation, 0 where it is negative: of samples that
    are drawn alike, neighbours are as alike, in the mean, as all pairs are, and grow no faster than the samples.
    `truncated` is 1, and else left out, where the metric does not read all of the test's or the control's generation.

    A comparison whose test's or control's answer was lost has one outcome alone: 1 by the name of the reason.
    """
    outcomes = [
        Outcome(metric, reason, test.category, test.id, number, 1.0)
        for test, number, reason in _lost_comparisons(generated)
        for metric in similarities
    ]
    seen: list[Similarity] = []
    for sample in _samples(generated):
        test, number = sample.test, sample.number
        echo = float(echoes(test.concept, sample.answer, generated.job.language))
        empty = float(is_blank(sample.answer))
        for metric, similarity in similarities.items():
            to_test = similarity[test.concept, sample.answer]
            to_control = similarity[test.concept, sample.control]
            leak = leak_score(to_test, to_control, tie_tolerance)
            measures = {"leak": leak, "tie": float(leak == 0.5), "echo": echo, "empty": empty}
            if sample.neutral is not None:
                to_neutral = similarity[test.concept, sample.neutral]
                measures["placebo"] = leak_score(to_neutral, to_control, tie_tolerance)
            reads_whole = metrics[metric].reads_whole
            if not (reads_whole(sample.answer) and reads_whole(sample.control)):
                measures[TRUNCATED] = 1.0
            if sample.next is not None:
                measures["self_similarity"] = _alike(similarity, sample.answer, sample.next)
            outcomes += [
                Outcome(metric, measure, test.category, test.id, number, value) for measure, value in measures.items()
            ]
            seen.append(Similarity(metric, test.id, number, to_test, to_control))
    return outcomes, seen


def leak_score(to_test: float, to_control: float, tie_tolerance: float) -> float:
    """1 where the test's generation is nearer to the concept than the control's, 0 where farther, 0.5 for a tie.

    Source: Gonen et al. 2024, arXiv 2408.06518.
    """
    if abs(to_test - to_control) <= tie_tolerance:
        return 0.5
    return 1.0 if to_test > to_control else 0.0


def _alike(similarity: Mapping[Pair, float], answer: str, next_answer: str) -> float:
    # No metric says of two empty answers, or of itself in half precision exactly, what is plain.
    alike = answer == next_answer or (is_blank(answer) and is_blank(next_answer))
    return 1.0 if alike else min(1.0, max(0.0, similarity[next_answer, answer]))


def _samples(generated: GeneratedJob) -> Iterator[Sample]:
    """Those of which the test's and the control's answer are there."""
    neutrals: Sequence[Answer | None] = generated.neutral or [None] * len(generated.control)
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        arms = enumerate(zip(answers, generated.control, neutrals, strict=True))
        there = [(number, *of_sample) for number, of_sample in arms if _reason(*of_sample[:2]) is None]
        following = [answer.text for _, answer, *_ in (*there[1:], *there[:1])] if len(there) > 1 else [None]
        for (number, answer, control, neutral), next_text in zip(there, following, strict=False):
            yield Sample(test, number, answer.text, control.text, _text(neutral), next_text)


def _lost_comparisons(generated: GeneratedJob) -> Iterator[tuple[PromptTest, int, Lost]]:
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        for number, arms in enumerate(zip(answers, generated.control, strict=True)):
            if reason := _reason(*arms):
                yield test, number, reason


def _reason(answer: Answer, control: Answer) -> Lost | None:
    return lost(answer) or lost(control)


def _text(answer: Answer | None) -> str | None:
    return None if answer is None or lost(answer) else answer.text
