"""How the answers of each probe become outcomes; what else a probe is stands in `seep/probes.py`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from seep.outcomes import Outcome, Similarity
from seep.provenance import AGAINST
from seep.records import GeneratedJob, PromptJob
from services.scorer import language, position, recall, semantic, sway, traces
from services.scorer.choices import CHOICES
from services.scorer.detection import detectors
from services.scorer.mode import Mode
from services.scorer.similarity import Comparison, Metric, Similarities
from services.scorer.sway import DECISIONS

Scored = tuple[list[Outcome], list[Similarity]]


@dataclass(frozen=True)
class Scoring:
    """`score` turns a job's answers into outcomes, given the similarities and what their metrics say of themselves.

    `comparisons` names the similarities it wants. `provenance` says what outcomes rest on, given the job and
    where the metrics come from. `defect` says why answers to a job could not be scored, or None.
    """

    score: Callable[[GeneratedJob, Similarities, Mode, Mapping[str, Metric]], Scored]
    provenance: Callable[[PromptJob, Mapping[str, str], Mode], Mapping[str, str]]
    comparisons: Callable[[GeneratedJob, Mode], Iterable[Comparison]] = lambda job, mode: ()
    defect: Callable[[PromptJob], str | None] = lambda job: None


SCORING: Mapping[str, Scoring] = {
    "semantic": Scoring(
        score=semantic.score,
        provenance=lambda job, metrics, mode: {**metrics, "scoring": mode.comparing, AGAINST: mode.against(job)},
        comparisons=semantic.comparisons,
    ),
    "language": Scoring(
        score=lambda job, similarities, mode, metrics: (language.score(job, mode.detector), []),
        provenance=lambda job, metrics, mode: {"detectors": detectors(), "scoring": mode.name},
        defect=language.defect,
    ),
    "position": Scoring(
        score=lambda job, similarities, mode, metrics: (position.score(job), []),
        provenance=lambda job, metrics, mode: {"scoring": CHOICES},
    ),
    "sway": Scoring(
        score=lambda job, similarities, mode, metrics: (sway.score(job, mode), []),
        provenance=lambda job, metrics, mode: {"scoring": DECISIONS, AGAINST: mode.against(job)},
    ),
    "recall": Scoring(
        score=lambda job, similarities, mode, metrics: (recall.score(job), []),
        provenance=lambda job, metrics, mode: {"scoring": recall.WORDS},
        defect=recall.defect,
    ),
    "traces": Scoring(
        score=lambda job, similarities, mode, metrics: (traces.score(job), []),
        provenance=lambda job, metrics, mode: {"scoring": traces.WORDS_IN_READINGS},
        defect=traces.defect,
    ),
}
"""By the probe's name."""
