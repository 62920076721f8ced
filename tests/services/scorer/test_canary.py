"""The canary: what it takes for drift, and where that shows."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from prometheus_client import REGISTRY

from services.scorer.canary import Canary, watch
from services.scorer.frozen import PAIRS, SIMILARITIES
from services.scorer.similarity import Metric, Pair
from tests.waiting import wait_until

KNOWN = "sentence_bert sentence-transformers/all-MiniLM-L6-v2"


def metric(error: float | dict[str, float] = 0.0, *, source: str = KNOWN, error_bound: float = 0.0) -> Metric:
    """A fake that knows the frozen similarities, and is off by `error["now"]` whenever it is rescored."""
    error = error if isinstance(error, dict) else {"now": error}

    def afresh(pairs: Sequence[Pair]) -> list[float]:
        assert pairs == PAIRS
        return [similarity + error["now"] for similarity in SIMILARITIES[KNOWN]]

    def exact(pairs: Sequence[Pair]) -> list[float]:
        return [similarity + error.get("start", 0.0) for similarity in SIMILARITIES[KNOWN]]

    return Metric(afresh, exact, afresh, error_bound, source)


def max_error() -> float | None:
    return REGISTRY.get_sample_value("seep_scorer_canary_max_error", {"metric": "sentence_bert"})


def sound() -> float | None:
    return REGISTRY.get_sample_value("seep_scorer_canary_ok", {"metric": "sentence_bert"})


def test_the_real_metrics_give_the_frozen_similarities_of_their_libraries(loaded_metrics: dict[str, Metric]) -> None:
    for loaded in loaded_metrics.values():
        assert loaded.afresh(PAIRS) == pytest.approx(SIMILARITIES[loaded.source], abs=1e-5)
    assert Canary(loaded_metrics).verdict() == "ok"


def test_an_error_beyond_tolerance_is_drift() -> None:
    watched = Canary({"sentence_bert": metric(2e-4)})
    assert (watched.verdict(), watched.is_sound()) == ("drifted", False)
    assert max_error() == pytest.approx(2e-4)
    assert sound() == 0
    assert Canary({"sentence_bert": metric(5e-5)}).is_sound()
    assert sound() == 1


def test_the_error_bound_of_a_half_precision_is_no_drift() -> None:
    assert Canary({"sentence_bert": metric(0.005, error_bound=0.006)}).is_sound()
    assert not Canary({"sentence_bert": metric(0.007, error_bound=0.006)}).is_sound()


def test_one_similarity_that_is_not_a_number_is_drift() -> None:
    sound = metric()
    answers = [*sound.afresh(PAIRS)]
    answers[1] = float("nan")
    assert not Canary({"sentence_bert": replace(sound, afresh=lambda pairs: answers)}).is_sound()


def test_a_metric_that_cannot_be_computed_any_more_is_drift_and_comes_back() -> None:
    broken = [True]

    def afresh(pairs: Sequence[Pair]) -> Sequence[float]:
        if broken[0]:
            raise RuntimeError("the device is gone")
        return metric().afresh(pairs)

    watched = Canary({"sentence_bert": replace(metric(), afresh=afresh)})
    assert watched.verdict() == "drifted"
    broken[0] = False
    watched.rescore()
    assert watched.verdict() == "ok"


def test_it_is_rescored_again_and_again_while_nothing_is_asked_of_the_scorer() -> None:
    error = {"now": 0.0}
    watched = Canary({"sentence_bert": metric(error)})
    watch(watched, interval_seconds=0.01)
    for wrong, expected in ((0.1, "drifted"), (0.0, "ok")):
        error["now"] = wrong
        wait_until(partial(shows, watched, expected))


def shows(watched: Canary, verdict: str) -> bool:
    return watched.verdict() == verdict


def test_a_model_without_frozen_similarities_is_compared_with_its_own_of_the_start() -> None:
    error = {"start": 0.3, "now": 0.3}
    watched = Canary({"sentence_bert": metric(error, source="another model")})
    assert watched.verdict() == "ok"
    error["now"] = 0.4
    watched.rescore()
    assert watched.verdict() == "drifted"
