"""The true leak rates of a suite on a model whose answers can be enumerated, and whether measured ones fit them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from calibration.answers import Cut, Distribution, answer_distributions
from seep.errors import InputError
from seep.suites.schema import Suite, SuiteJob, SuiteTest
from services.scorer.similarity import Metric, Pair

SMALLEST = 1e-5
"""Rarer answers are dropped: together less than 1 in 1000 of all, which moves a rate by less than 0.1 points."""


class TrueRate(NamedTuple):
    """A category's true leak rate and tie share in percent; the category "all" pools the suite.

    `dropped` is the largest probability, over its prompts, of answers that were not enumerated.
    """

    metric: str
    category: str
    rate: float
    ties: float
    dropped: float


class Comparison(NamedTuple):
    """A test with the answers to its own prompt and to the one that it is compared with."""

    test: SuiteTest
    answers: Distribution
    reference: Distribution


def true_rates(
    model: Path, suite: Suite, metrics: Mapping[str, Metric], cut: Cut, tie_tolerance: float = 1e-6
) -> list[TrueRate]:
    """True rates by metric and category, from the answers that the model at a folder gives to the suite's prompts.

    Each metric is asked once. Raises InputError for a suite whose answers are not sampled from the whole vocabulary
    after the plain prompt.
    """
    if suite.format.kind != "plain" or suite.decoding.top_p != 1 or suite.decoding.temperature == 0:
        raise InputError(f"suite {suite.name}: expected format plain, top_p 1 and a temperature above 0")
    prompts = list(dict.fromkeys(prompt for job in suite.jobs for prompt in _prompts(suite, job)))
    distributions = answer_distributions(
        model,
        [suite.format.user.replace("{prompt}", prompt) for prompt in prompts],
        temperature=suite.decoding.temperature,
        max_tokens=suite.decoding.max_tokens,
        cut=cut,
        smallest=SMALLEST,
    )
    return rates_of(suite, dict(zip(prompts, distributions, strict=True)), metrics, tie_tolerance)


def rates_of(
    suite: Suite, answers: Mapping[str, Distribution], metrics: Mapping[str, Metric], tie_tolerance: float
) -> list[TrueRate]:
    """True rates where `answers` holds the distribution for each of the suite's prompts."""
    comparisons = [
        Comparison(test, answers[test.prompt], answers[_reference(suite, job)])
        for job in suite.jobs
        for test in job.tests
    ]
    pairs = list(dict.fromkeys(pair for comparison in comparisons for pair in _pairs(comparison)))
    return [
        rate
        for name, metric in metrics.items()
        for rate in _pooled(name, comparisons, dict(zip(pairs, metric.exact(pairs), strict=True)), tie_tolerance)
    ]


def surprising(outside: int, cells: int) -> bool:
    """Whether so many truths outside their 95 % intervals have a probability below 1 %, were the cells independent."""
    return bool(cells and binomtest(outside, cells, 0.05, alternative="greater").pvalue < 0.01)


def _reference(suite: Suite, job: SuiteJob) -> str:
    """The prompt whose answers the tests' are compared with."""
    return job.neutral if suite.against == "neutral" and job.neutral is not None else job.control


def _prompts(suite: Suite, job: SuiteJob) -> Iterator[str]:
    yield _reference(suite, job)
    yield from (test.prompt for test in job.tests)


def _pairs(comparison: Comparison) -> Iterator[Pair]:
    for text in (*comparison.answers.texts, *comparison.reference.texts):
        yield comparison.test.concept, text


def _pooled(
    metric: str, comparisons: Sequence[Comparison], similarity: Mapping[Pair, float], tie_tolerance: float
) -> Iterator[TrueRate]:
    shares = np.array([leak_and_tie(comparison, similarity, tie_tolerance) for comparison in comparisons])
    dropped = np.array([max(comparison.answers.dropped, comparison.reference.dropped) for comparison in comparisons])
    category = np.array([comparison.test.category for comparison in comparisons])
    for name in (*dict.fromkeys(category.tolist()), "all"):
        chosen = (category == name) | (name == "all")
        leak, tie = 100 * shares[chosen].mean(axis=0)
        yield TrueRate(metric, name, float(leak), float(tie), float(dropped[chosen].max()))


def leak_and_tie(comparison: Comparison, similarity: Mapping[Pair, float], tie_tolerance: float) -> tuple[float, float]:
    """Expected leak score, and probability of a tie, of independent answers to the test and to its reference.

    Answers that were not enumerated count as the others do.
    """
    of_test, to_test = _weighted(comparison.test.concept, comparison.answers, similarity)
    of_reference, to_reference = _weighted(comparison.test.concept, comparison.reference, similarity)
    nearer = to_test[:, None] - to_reference[None, :]
    tied = np.abs(nearer) <= tie_tolerance
    leaked = np.where(tied, 0.5, nearer > 0)
    return float(of_test @ leaked @ of_reference), float(of_test @ tied @ of_reference)


def _weighted(
    concept: str, answers: Distribution, similarity: Mapping[Pair, float]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    weights = np.fromiter(answers.texts.values(), float)
    return weights / weights.sum(), np.array([similarity[concept, text] for text in answers.texts])
