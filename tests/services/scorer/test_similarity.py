"""What is asked of a metric, and when it is asked again in float32."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.mode import PUBLISHED, Mode, exact
from services.scorer.semantic import leak_score
from services.scorer.similarity import Metric, Pair, ask_metrics
from tests.services.scorer.fakes import FakeMetric

EXACT = exact(1e-6)

RED_BUS, RED_ROSE, RED_SEA = ("red", "bus"), ("red", "rose"), ("red", "sea")


def inexact(exact: Mapping[Pair, float], errors: Mapping[Pair, float], error_bound: float) -> Metric:
    """A metric whose fast similarities are off by given errors."""

    def fast(pairs: Sequence[Pair]) -> list[float]:
        return [exact[pair] + errors[pair] for pair in pairs]

    return Metric(fast, lambda pairs: [exact[pair] for pair in pairs], fast, error_bound, "inexact")


def refuse(pairs: Sequence[Pair]) -> list[float]:
    raise AssertionError(f"computed again: {pairs}")


def test_only_similarities_too_near_to_each_other_are_computed_again(fake_metric: type[FakeMetric]) -> None:
    asked_again: list[Pair] = []

    def exact(pairs: Sequence[Pair]) -> list[float]:
        asked_again.extend(pairs)
        return [0.515] * len(pairs)

    metric = fake_metric({RED_BUS: 0.50, RED_ROSE: 0.519, RED_SEA: 0.9}, 0.01, exact)
    found = ask_metrics({"fake": metric}, [(RED_BUS, RED_ROSE), (RED_BUS, RED_SEA)], EXACT)
    assert asked_again == [RED_BUS, RED_ROSE]
    assert found == {"fake": {RED_BUS: 0.515, RED_ROSE: 0.515, RED_SEA: 0.9}}


def test_the_same_answer_twice_is_a_tie_without_computing_it_again(fake_metric: type[FakeMetric]) -> None:
    metric = fake_metric({RED_BUS: 0.5}, 0.01, refuse)
    assert ask_metrics({"fake": metric}, [(RED_BUS, RED_BUS)], EXACT) == {"fake": {RED_BUS: 0.5}}


@given(
    exact=st.lists(st.floats(-1, 1).map(lambda value: round(value, 4)), min_size=2, max_size=6),
    errors=st.lists(st.floats(-1, 1), min_size=6, max_size=6),
    error_bound=st.sampled_from([1e-4, 1e-3, 1e-2]),
    mode=st.sampled_from([EXACT, PUBLISHED]),
)
def test_leak_scores_are_those_of_float32_whatever_the_errors_within_the_bound(
    exact: list[float], errors: list[float], error_bound: float, mode: Mode
) -> None:
    pairs = [("concept", str(number)) for number in range(len(exact))]
    comparisons = [(one, other) for one in pairs for other in pairs]
    wrong = dict(zip(pairs, [error * error_bound * 0.999 for error in errors], strict=False))
    truth = dict(zip(pairs, exact, strict=True))
    metrics = {
        "fast": inexact(truth, wrong, error_bound),
        "exact": inexact(truth, dict.fromkeys(pairs, 0.0), 0.0),
    }
    found = ask_metrics(metrics, comparisons, mode)
    for one, other in comparisons:
        fast, right = (leak_score(found[name][one], found[name][other], mode.tie_tolerance) for name in metrics)
        assert fast == right


def test_the_published_mode_rounds_what_was_computed_again_too(fake_metric: type[FakeMetric]) -> None:
    metric = fake_metric({RED_BUS: 0.50049, RED_ROSE: 0.5006}, 0.01, lambda pairs: [0.50051, 0.50061])
    found = ask_metrics({"fake": metric}, [(RED_BUS, RED_ROSE)], PUBLISHED)
    assert found == {"fake": {RED_BUS: 0.501, RED_ROSE: 0.501}}


def test_no_comparison_asks_nothing(fake_metric: type[FakeMetric]) -> None:
    metric = fake_metric()
    assert ask_metrics({"fake": metric}, [], EXACT) == {"fake": {}}
    assert metric.calls == []


def test_an_exact_similarity_that_is_not_a_number_is_raised(fake_metric: type[FakeMetric]) -> None:
    metric = fake_metric({RED_BUS: 0.5, RED_ROSE: 0.5}, 0.01, lambda pairs: [float("nan")] * len(pairs))
    with pytest.raises(ValueError, match="fake: a similarity is not a finite number"):
        ask_metrics({"fake": metric}, [(RED_BUS, RED_ROSE)], EXACT)
