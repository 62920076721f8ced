"""The canary: what it takes for drift, and where that shows."""

import pytest
from prometheus_client import REGISTRY

from services.scorer import canary
from services.scorer.canary import PAIRS, SIMILARITIES, Canary
from services.scorer.similarity import Metric

KNOWN = "sentence-transformers/all-MiniLM-L6-v2"


def metric(error=0.0, *, source=KNOWN, error_bound=0.0, name="sentence_bert"):
    """A fake that knows the frozen similarities, and is off by `error["now"]` whenever it is rescored."""
    error = error if isinstance(error, dict) else {"now": error}

    def afresh(pairs):
        assert pairs == PAIRS
        return [similarity + error["now"] for similarity in SIMILARITIES[f"{name} {KNOWN}"]]

    def exact(pairs):
        return [similarity + error.get("start", 0.0) for similarity in SIMILARITIES[f"{name} {KNOWN}"]]

    return Metric(afresh, exact, afresh, error_bound, source)


def max_error():
    return REGISTRY.get_sample_value("seep_scorer_canary_max_error", {"metric": "sentence_bert"})


def sound():
    return REGISTRY.get_sample_value("seep_scorer_canary_sound", {"metric": "sentence_bert"})


def test_the_real_metrics_give_the_frozen_similarities_of_their_libraries(loaded_metrics):
    for name, loaded in loaded_metrics.items():
        assert loaded.afresh(PAIRS) == pytest.approx(SIMILARITIES[f"{name} {loaded.source}"], abs=1e-5)
    assert Canary(loaded_metrics).check() == "ok"


def test_an_error_beyond_tolerance_is_drift():
    watched = Canary({"sentence_bert": metric(2e-4)})
    assert (watched.check(), watched.is_sound()) == ("drifted", False)
    assert max_error() == pytest.approx(2e-4)
    assert sound() == 0
    assert Canary({"sentence_bert": metric(5e-5)}).is_sound()
    assert sound() == 1


def test_the_error_bound_of_a_half_precision_is_no_drift():
    assert Canary({"sentence_bert": metric(0.005, error_bound=0.006)}).is_sound()
    assert not Canary({"sentence_bert": metric(0.007, error_bound=0.006)}).is_sound()


def test_a_similarity_that_is_not_a_number_is_drift():
    assert not Canary({"sentence_bert": metric(float("nan"))}).is_sound()


def test_it_is_rescored_after_an_hour_and_not_before(monkeypatch):
    now, error = [1000.0], {"now": 0.0}
    monkeypatch.setattr(canary.time, "monotonic", lambda: now[0])
    watched = Canary({"sentence_bert": metric(error)})
    error["now"], now[0] = 0.1, 1000.0 + 3599
    assert watched.check() == "ok"
    now[0] += 1
    assert (watched.check(), watched.is_sound()) == ("drifted", False)
    error["now"], now[0] = 0.0, now[0] + 3600
    assert (watched.check(), watched.is_sound()) == ("ok", True)


def test_a_model_without_frozen_similarities_is_compared_with_its_own_of_the_start(monkeypatch):
    now, error = [0.0], {"start": 0.3, "now": 0.3}
    monkeypatch.setattr(canary.time, "monotonic", lambda: now[0])
    watched = Canary({"sentence_bert": metric(error, source="another model")})
    assert watched.check() == "ok"
    error["now"], now[0] = 0.4, 3600.0
    assert watched.check() == "drifted"
