"""The probes that the scorer knows, each a kind of leakage with its way from generations to outcomes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from seep.records import GeneratedJob, Outcome, Similarity
from services.scorer import semantic
from services.scorer.similarity import Comparison, Similarities


@dataclass(frozen=True)
class Probe:
    """`comparisons` names the similarities it compares, possibly none; `judge` turns them into outcomes.

    `judge` takes the job, the similarities by metric and pair, and the difference up to which two of them tie.
    """

    comparisons: Callable[[GeneratedJob], Iterable[Comparison]]
    judge: Callable[[GeneratedJob, Similarities, float], tuple[list[Outcome], list[Similarity]]]


PROBES: Mapping[str, Probe] = {
    "semantic": Probe(comparisons=semantic.comparisons, judge=semantic.judge),
}
