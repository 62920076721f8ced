"""The semantic probe: does a concept in the prompt pull the answer towards itself?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from seep.answers import TRUNCATED, Lost, is_blank, lost
from seep.outcomes import Outcome, Similarity
from seep.records import Against, Answer, GeneratedJob, PromptTest
from services.scorer import coreferent
from services.scorer.echo import echoes
from services.scorer.mode import Mode
from services.scorer.similarity import Comparison, Metric, Pair, Similarities


@dataclass(frozen=True)
class Sample:
    """One test generation beside the control's and the neutral arm's of the same sample: None where there is none, or
    where it was lost. That of the arm that the tests are compared with is always there.

    `next` is the same test's generation of the next such sample, the first one's after the last; None of a single one.
    """

    test: PromptTest
    number: int
    answer: str
    control: str | None
    neutral: str | None
    next: str | None


@dataclass(frozen=True)
class Nearness:
    """How similar the generations of one sample are to the test's concept, under one metric."""

    to_test: float
    to_control: float | None
    to_neutral: float | None


def comparisons(generated: GeneratedJob, mode: Mode) -> Iterator[Comparison]:
    """The concept with each two of the test's, the control's and the neutral arm's generation of a sample.

    A generation and the next sample's are compared with nothing but themselves: how alike they are is all that counts.
    """
    for sample in _samples(generated, mode.against(generated.job)):
        texts = (sample.answer, sample.control, sample.neutral)
        yield from combinations([(sample.test.concept, text) for text in texts if text is not None], 2)
        if sample.next is not None and sample.next != sample.answer:
            yield ((sample.next, sample.answer),) * 2


def score(
    generated: GeneratedJob, similarities: Similarities, mode: Mode, metrics: Mapping[str, Metric]
) -> tuple[list[Outcome], list[Similarity]]:
    """Per comparison and metric: `leak`, `tie`, `echo`, `empty`, with a neutral arm `placebo`, with several samples
    `self_similarity`; and their grounds.

    `leak` and `tie` compare the test's generation with the neutral arm's, where the job and the mode say so; the leak
    score against the control is then `published`. Else they are against the control. `placebo` is the leak score of the
    neutral generation against the control, with the test's concept. Both need all three generations.

    `empty` is 1 for a test's generation without a visible character, which is similar to nothing (0).
    `self_similarity`, high where answers are not diverse, is the similarity to the next sample's generation, 0 where it
    is negative: of samples that are drawn alike, neighbours are as alike, in the mean, as all pairs are, and grow no
    faster than the samples. `coreferent`, of English answers alone, is 1 for one that only goes on about the thing
    which has the concept in its prompt. `truncated` is 1, and else left out, where the metric does not read all of the
    two that `leak` compares.

    A comparison of which one of these two was lost has one outcome alone: 1 by the name of the reason.
    """
    against = mode.against(generated.job)
    outcomes = [
        Outcome(metric, reason, test.category, test.id, number, 1.0)
        for test, number, reason in _lost_comparisons(generated, against)
        for metric in similarities
    ]
    seen: list[Similarity] = []
    for sample in _samples(generated, against):
        test, number = sample.test, sample.number
        echo = float(echoes(test.concept, sample.answer, generated.job.language))
        of_answer = {"echo": echo, "empty": float(is_blank(sample.answer))}
        of_answer |= _coreferent(sample, generated.job.language)
        for metric, similarity in similarities.items():
            near = _nearness(sample, similarity)
            measures = _leak_scores(near, against, mode.tie_tolerance) | of_answer
            if not _reads_whole(metrics[metric], sample, against):
                measures[TRUNCATED] = 1.0
            if sample.next is not None:
                measures["self_similarity"] = _alike(similarity, sample.answer, sample.next)
            outcomes += [
                Outcome(metric, measure, test.category, test.id, number, value) for measure, value in measures.items()
            ]
            seen.append(Similarity(metric, test.id, number, near.to_test, near.to_control, near.to_neutral))
    return outcomes, seen


def _nearness(sample: Sample, similarity: Mapping[Pair, float]) -> Nearness:
    concept = sample.test.concept
    control, neutral = (
        None if text is None else similarity[concept, text] for text in (sample.control, sample.neutral)
    )
    return Nearness(similarity[concept, sample.answer], control, neutral)


def _leak_scores(near: Nearness, against: Against, tie_tolerance: float) -> dict[str, float]:
    """The headline with its tie; and what needs all three generations, where they are there."""
    reference = near.to_neutral if against == "neutral" else near.to_control
    assert reference is not None  # `_samples` leaves the others out
    leak = leak_score(near.to_test, reference, tie_tolerance)
    scores = {"leak": leak, "tie": float(leak == 0.5)}
    if near.to_control is None or near.to_neutral is None:
        return scores
    if against == "neutral":
        scores["published"] = leak_score(near.to_test, near.to_control, tie_tolerance)
    return scores | {"placebo": leak_score(near.to_neutral, near.to_control, tie_tolerance)}


def _reads_whole(metric: Metric, sample: Sample, against: Against) -> bool:
    reference = sample.neutral if against == "neutral" else sample.control
    return metric.reads_whole(sample.answer) and metric.reads_whole(reference or "")


def leak_score(to_test: float, to_control: float, tie_tolerance: float) -> float:
    """1 where the test's generation is nearer to the concept than the control's, 0 where farther, 0.5 for a tie.

    Source: Gonen et al. 2024, arXiv 2408.06518.
    """
    if abs(to_test - to_control) <= tie_tolerance:
        return 0.5
    return 1.0 if to_test > to_control else 0.0


def _coreferent(sample: Sample, language: str) -> dict[str, float]:
    if language != coreferent.LANGUAGE:
        return {}
    return {"coreferent": float(coreferent.is_coreferent(sample.test.concept, sample.test.prompt, sample.answer))}


def _alike(similarity: Mapping[Pair, float], answer: str, next_answer: str) -> float:
    # No metric says of two empty answers, or of itself in half precision exactly, what is plain.
    alike = answer == next_answer or (is_blank(answer) and is_blank(next_answer))
    return 1.0 if alike else min(1.0, max(0.0, similarity[next_answer, answer]))


def _samples(generated: GeneratedJob, against: Against) -> Iterator[Sample]:
    """Those of which the test's answer is there, and the one that it is compared with."""
    controls, neutrals = (_texts(arm, generated.job.samples) for arm in (generated.control, generated.neutral))
    references = neutrals if against == "neutral" else controls
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        there = [
            (number, text)
            for number, text in enumerate(_texts(answers, generated.job.samples))
            if text is not None and references[number] is not None
        ]
        following = [text for _, text in (*there[1:], *there[:1])] if len(there) > 1 else [None]
        for (number, text), next_text in zip(there, following, strict=False):
            yield Sample(test, number, text, controls[number], neutrals[number], next_text)


def _lost_comparisons(generated: GeneratedJob, against: Against) -> Iterator[tuple[PromptTest, int, Lost]]:
    references = generated.neutral if against == "neutral" else generated.control
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        for number, (answer, reference) in enumerate(zip(answers, references, strict=True)):
            if reason := lost(answer) or lost(reference):
                yield test, number, reason


def _texts(answers: Sequence[Answer], samples: int) -> Sequence[str | None]:
    """By sample; None for a lost answer, and throughout where the job has no such arm."""
    return [None if lost(answer) else answer.text for answer in answers] or [None] * samples
