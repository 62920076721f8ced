"""The probes that the scorer knows, each a kind of leakage with its way from generations to outcomes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from seep.records import GeneratedJob, Outcome, Similarity
from seep.settings import Scoring
from services.scorer import language, semantic
from services.scorer.similarity import Comparison, Similarities

Judgement = tuple[list[Outcome], list[Similarity]]


@dataclass(frozen=True)
class Probe:
    """`comparisons` names the similarities it compares; `judge` turns them into outcomes; `provenance` says what
    these rest on, given where the metrics come from.

    A probe that `compares` needs a control and a metric; any other asks for no similarity and loads no model.
    """

    compares: bool
    comparisons: Callable[[GeneratedJob], Iterable[Comparison]]
    judge: Callable[[GeneratedJob, Similarities, Scoring], Judgement]
    provenance: Callable[[Mapping[str, str], Scoring], Mapping[str, str]]


def _judge_semantic(job: GeneratedJob, similarities: Similarities, scoring: Scoring) -> Judgement:
    # Rounded similarities are compared exactly: the rounding is parity's tolerance.
    return semantic.judge(job, similarities, 0.0 if scoring.parity else scoring.tie_tolerance)


def _semantic_provenance(metrics: Mapping[str, str], scoring: Scoring) -> Mapping[str, str]:
    mode = "parity" if scoring.parity else f"tie_tolerance={scoring.tie_tolerance:g}"
    return {**metrics, "scoring": mode}


PROBES: Mapping[str, Probe] = {
    "semantic": Probe(True, semantic.comparisons, _judge_semantic, _semantic_provenance),
    "language": Probe(
        False,
        comparisons=lambda job: (),
        judge=lambda job, similarities, scoring: (language.judge(job, scoring.parity), []),
        provenance=lambda metrics, scoring: language.provenance(scoring.parity),
    ),
}
