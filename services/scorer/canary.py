"""The scorer's canary: texts of known similarities, scored again and again, so that drift of the scorer shows."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence

import numpy as np
from prometheus_client import Gauge

from services.scorer.frozen import PAIRS, SIMILARITIES
from services.scorer.similarity import Metric

log = logging.getLogger(__name__)

# Beyond the error bound of the type that is computed in: other processors and versions stay a hundred times below it.
TOLERANCE = 1e-4

MAX_ERROR = Gauge(
    "seep_scorer_canary_max_error", "Largest error of the canary's similarities, as last rescored.", ["metric"]
)
CANARY_OK = Gauge("seep_scorer_canary_ok", "1 if that error is within tolerance, else 0.", ["metric"])


class Canary:
    """Rescores the frozen pairs at its making and whenever it is asked to; see `watch`.

    Errors are taken from the frozen similarities of metric and model; of a model that has none, from those that it
    gave at the start, in float32: its drift shows from then on.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self._metrics = metrics
        self._expected = {name: _expected(name, metric) for name, metric in metrics.items()}
        self._sound = False
        self.rescore()

    def verdict(self) -> str:
        """What the provenance says of the scorer, of its last rescoring: "ok" or "drifted"."""
        return "ok" if self._sound else "drifted"

    def is_sound(self) -> bool:
        """Whether the last rescoring found every similarity within tolerance; for readiness."""
        return self._sound

    def rescore(self) -> None:
        """Rescores all metrics; one that cannot be computed any more is as unsound as one that is off."""
        within = [self._is_within(name, metric) for name, metric in self._metrics.items()]
        self._sound = all(within)

    def _is_within(self, name: str, metric: Metric) -> bool:
        try:
            errors = np.abs(np.subtract(metric.afresh(PAIRS), self._expected[name]))
        except Exception:
            log.exception("%s: the canary cannot be scored", name)
            errors = np.array([np.nan])
        error = float(errors.max())  # not a number where one of them is none
        within = error <= metric.error_bound + TOLERANCE
        MAX_ERROR.labels(name).set(error)
        CANARY_OK.labels(name).set(within)
        if not within:
            log.error("%s: the canary's similarities are off by up to %.2g", name, error)
        return within


def watch(canary: Canary, interval_seconds: float = 3600.0) -> None:
    """Rescores at this interval as long as the process lives, also while nothing is asked of the scorer."""

    def rescore() -> None:
        while True:
            time.sleep(interval_seconds)
            canary.rescore()

    threading.Thread(target=rescore, name="canary", daemon=True).start()


def _expected(name: str, metric: Metric) -> Sequence[float]:
    frozen = SIMILARITIES.get(metric.source)
    if frozen is None:
        log.info("%s: no frozen similarities for %s; the canary compares with those of now", name, metric.source)
        return metric.exact(PAIRS)
    return frozen
