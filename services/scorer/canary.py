"""The scorer's canary: texts of known similarities, scored again and again, so that drift of the scorer shows."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from prometheus_client import Gauge

from services.scorer.similarity import Metric, Pair

log = logging.getLogger(__name__)

_FROZEN = json.loads(Path(__file__).with_name("canary.json").read_text(encoding="utf-8"))

PAIRS: Sequence[Pair] = [(concept, text) for concept, text in _FROZEN["pairs"]]

# By metric and model, as the models' own libraries computed them, in float32, one pair at a time.
SIMILARITIES: Mapping[str, Sequence[float]] = _FROZEN["similarities"]

# Beyond the error bound of the type that is computed in: other processors and versions stay a hundred times below it.
TOLERANCE = 1e-4
INTERVAL_SECONDS = 3600.0

MAX_ERROR = Gauge(
    "seep_scorer_canary_max_error", "Largest error of the canary's similarities, as last rescored.", ["metric"]
)
SOUND = Gauge("seep_scorer_canary_sound", "1 where that error is within tolerance, else 0.", ["metric"])


class Canary:
    """Rescores the frozen pairs at its making and whenever an hour has passed at a `check`.

    Errors are taken from the frozen similarities of metric and model; of a model that has none, from those that it
    gave at the start, in float32: its drift shows from then on.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self._metrics = metrics
        self._expected = {name: _expected(name, metric) for name, metric in metrics.items()}
        self._sound = True
        self._rescore()

    def check(self) -> str:
        """What the provenance says of the scorer, "ok" or "drifted", from a rescoring of within the last hour."""
        if time.monotonic() - self._rescored >= INTERVAL_SECONDS:
            self._rescore()
        return "ok" if self._sound else "drifted"

    def is_sound(self) -> bool:
        """Whether the last rescoring found every similarity within tolerance; for readiness."""
        return self._sound

    def _rescore(self) -> None:
        sound = True
        for name, metric in self._metrics.items():
            answers = zip(metric.afresh(PAIRS), self._expected[name], strict=True)
            error = max(abs(answer - expected) for answer, expected in answers)
            MAX_ERROR.labels(name).set(error)
            within = error <= metric.error_bound + TOLERANCE
            SOUND.labels(name).set(within)
            if not within:
                log.error("%s: the canary's similarities are off by up to %.2g", name, error)
                sound = False
        self._sound = sound
        self._rescored = time.monotonic()


def _expected(name: str, metric: Metric) -> Sequence[float]:
    frozen = SIMILARITIES.get(f"{name} {metric.source}")
    if frozen is None:
        log.info("%s: no frozen similarities for %s; the canary compares with those of now", name, metric.source)
        return metric.exact(PAIRS)
    return frozen
