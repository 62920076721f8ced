"""The probes that the scorer knows, each a kind of leakage with its way from generations to outcomes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from seep.records import GeneratedJob, Outcome, Similarity
from services.scorer import language, semantic
from services.scorer.detection import detectors
from services.scorer.mode import Mode
from services.scorer.similarity import Comparison, Metric, Similarities

Scored = tuple[list[Outcome], list[Similarity]]


@dataclass(frozen=True)
class Probe:
    """`comparisons` names the similarities it compares; `score` turns them, and what their metrics say of themselves,
    into outcomes; `provenance` says what these rest on, given where the metrics come from.

    A probe that `compares` needs a control and a metric; any other asks for no similarity and loads no model.
    """

    compares: bool
    comparisons: Callable[[GeneratedJob], Iterable[Comparison]]
    score: Callable[[GeneratedJob, Similarities, Mode, Mapping[str, Metric]], Scored]
    provenance: Callable[[Mapping[str, str], Mode], Mapping[str, str]]


PROBES: Mapping[str, Probe] = {
    "semantic": Probe(
        True,
        semantic.comparisons,
        score=lambda job, similarities, mode, metrics: semantic.score(job, similarities, mode.tie_tolerance, metrics),
        provenance=lambda metrics, mode: {**metrics, "scoring": mode.comparing},
    ),
    "language": Probe(
        False,
        comparisons=lambda job: (),
        score=lambda job, similarities, mode, metrics: (language.score(job, mode.detector), []),
        provenance=lambda metrics, mode: {"detectors": detectors(), "scoring": mode.name},
    ),
}
