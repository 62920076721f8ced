"""The records of what is kept of scored jobs: sums per test for ever, comparisons with their texts for a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seep.answers import LOST

LEAK = "leak"
PUBLISHED = "published"
"""The leak score against the control, where the neutral arm's makes the headline."""
PLACEBO = "placebo"
ECHO = "echo"
ECHO_FREE_LEAK = "echo_free_leak"
COREFERENT = "coreferent"
COREFERENCE_FREE_LEAK = "coreference_free_leak"
WITHOUT = {ECHO: ECHO_FREE_LEAK, COREFERENT: COREFERENCE_FREE_LEAK}
"""By a measure that says what a comparison is, the leak score of those that are not it."""
DISTINCT: Mapping[str, int] = {"distinct_1": 1, "distinct_2": 2}
ANY_LOST = frozenset(LOST)
WHOLE_JOB = ""
"""In place of test and concept in sums that belong to all of a job's answers in a category together."""


def agreement_with(metric: str) -> str:
    """The measure under which another metric's sums say how often the two give a comparison the same leak score."""
    return f"agreement:{metric}"


class SumsPerTest(NamedTuple):
    """One test's values under a metric, in a category, by measure, in one order: how many, and their totals.

    They are over the test's samples; over one sample where that is the cluster. A run has thousands of them.
    """

    run_id: str
    job_id: str
    cluster: str
    test: str
    concept: str
    category: str
    metric: str
    measures: Sequence[str]
    sizes: Sequence[int]
    totals: Sequence[float]


class SampleSums(NamedTuple):
    """One job's leak scores of a metric and category by sample: the `totals` of so many (`sizes`), in one order.

    All of a sample's tests share its answer to the control. `differ` says whether any of the job's prompts has answers
    that differ.
    """

    run_id: str
    job_id: str
    metric: str
    category: str
    differ: bool
    samples: Sequence[int]
    sizes: Sequence[int]
    totals: Sequence[float]


class SumsPerCluster(NamedTuple):
    """A cluster's values under a metric, in a category, by measure, whatever the test, as those of SumsPerTest."""

    cluster: str
    category: str
    metric: str
    measures: Sequence[str]
    sizes: Sequence[int]
    totals: Sequence[float]


@dataclass(frozen=True)
class CellSums:
    """One measure of a cell, a category or a concept: of each of its clusters, which is there once, how many values it
    has (`sizes`) and their total, in one order."""

    cell: str
    metric: str
    measure: str
    clusters: Sequence[str]
    sizes: Sequence[int]
    totals: Sequence[float]


class ConceptSum(NamedTuple):
    """`total` of the `n` leak scores that share a metric, a category, a cluster and a concept."""

    metric: str
    category: str
    cluster: str
    concept: str
    n: int
    total: float


@dataclass(frozen=True)
class Comparison:
    """One comparison for drill-down: outcomes as metric -> measure -> value, similarities as metric -> [to test,
    to control, to neutral arm]. All of an arm that the job does not have is empty."""

    run_id: str
    job_id: str
    test: str
    sample: int
    category: str
    concept: str
    prompt: str
    generation: str
    ended: str
    reasoning: str
    model: str
    control_prompt: str
    control_generation: str
    control_ended: str
    control_reasoning: str
    control_model: str
    neutral_prompt: str
    neutral_generation: str
    neutral_ended: str
    neutral_reasoning: str
    neutral_model: str
    outcomes: dict[str, dict[str, float]]
    similarities: dict[str, list[float | None]]


@dataclass(frozen=True)
class Place:
    """Where a comparison stands in the list of its run's comparisons."""

    sample: int
    job_id: str
    test: str
    category: str
