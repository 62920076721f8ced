"""The ways of scoring: what the configured `scoring.mode` means, as one value made where a process is put together."""

from collections.abc import Callable
from dataclasses import dataclass

from seep.languages import CONSENSUS, LANGDETECT
from seep.records import Against, PromptJob
from seep.settings import Scoring
from services.scorer.detection import detect_language, langdetect_guess


@dataclass(frozen=True)
class Detector:
    """What detects an answer's language, and the metric that its outcomes are under."""

    metric: str
    detect: Callable[[str], str]


@dataclass(frozen=True)
class Mode:
    """How answers are scored.

    Similarities are rounded to `decimals` before they are compared; None keeps them whole. Two that differ by no more
    than `tie_tolerance` tie. `always_control` compares with the control also what has a neutral arm.
    """

    name: str
    decimals: int | None
    tie_tolerance: float
    detector: Detector
    always_control: bool = False

    def against(self, job: PromptJob) -> Against:
        """Whose answers the job's tests are compared with."""
        return "control" if self.always_control else job.against

    @property
    def tie_margin(self) -> float:
        """Two similarities that differ by more than this never tie."""
        return self.tie_tolerance if self.decimals is None else self.tie_tolerance + 10**-self.decimals

    @property
    def comparing(self) -> str:
        """How similarities are compared, as provenance."""
        return self.name if self.tie_tolerance == 0 else f"{self.name}, tie_tolerance={self.tie_tolerance:g}"


# As the published tables are made. Rounded similarities are compared exactly: the rounding is their tolerance.
PUBLISHED = Mode("published", 3, 0.0, Detector(LANGDETECT, langdetect_guess), always_control=True)


def exact(tie_tolerance: float) -> Mode:
    """Similarities at full precision; a language only where the detectors agree on it."""
    return Mode("exact", None, tie_tolerance, Detector(CONSENSUS, detect_language))


def configured_mode(scoring: Scoring) -> Mode:
    """The mode that the configuration names."""
    return PUBLISHED if scoring.mode == "published" else exact(scoring.tie_tolerance)
