from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from calibration.answers import Distribution
from calibration.grammar import ASSOCIATES
from calibration.suite import calibration_suite
from calibration.truth import rates_of, surprising, true_rates
from seep.errors import InputError
from seep.suites.schema import Suite
from services.generator.cutting import cut_answer
from services.scorer.similarity import Metric, Score

pytestmark = pytest.mark.slow


def small_suite(*tests: dict[str, str]) -> Suite:
    return Suite.model_validate(
        calibration_suite() | {"jobs": [{"control": "control", "tests": [{"concept": "c", **test} for test in tests]}]}
    )


ONE_TEST = small_suite({"prompt": "test", "category": "one"})


def stand_in(score: Score) -> Metric:
    return Metric(score, score, score, 0.0, "stand-in")


def stand_in_similarity(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """No metric: the number that the text spells."""
    return [float(text) for _, text in pairs]


STAND_IN = stand_in(stand_in_similarity)


def spread(**shares: float) -> Distribution:
    return Distribution({text.removeprefix("_"): share for text, share in shares.items()}, 1 - sum(shares.values()))


def test_the_rate_is_the_probability_of_being_nearer_and_half_that_of_a_tie() -> None:
    answers = {"control": spread(_1=0.5, _2=0.5), "test": spread(_1=0.2, _2=0.3, _3=0.5)}
    for rate in rates_of(ONE_TEST, answers, {"stand-in": STAND_IN}, 1e-6):
        # Nearer: 2 over 1, and 3 over both. Tied: 1 and 1, 2 and 2.
        assert rate.rate == pytest.approx(100 * (0.3 * 0.5 + 0.5 + 0.5 * (0.2 * 0.5 + 0.3 * 0.5)))
        assert rate.ties == pytest.approx(100 * (0.2 * 0.5 + 0.3 * 0.5))
        assert rate.dropped == pytest.approx(0)


def test_a_difference_within_the_tolerance_is_a_tie() -> None:
    answers = {"control": spread(_1=1.0), "test": Distribution({"1.001": 1.0}, 0.0)}
    assert rates_of(ONE_TEST, answers, {"stand-in": STAND_IN}, 0.01)[0].rate == 50
    assert rates_of(ONE_TEST, answers, {"stand-in": STAND_IN}, 1e-6)[0].rate == 100


def test_the_same_answers_to_both_prompts_are_exactly_half() -> None:
    same = spread(_1=0.1, _2=0.2, _3=0.7)
    rates = rates_of(ONE_TEST, {"control": same, "test": same}, {"stand-in": STAND_IN}, 1e-6)
    assert [rate.rate for rate in rates] == pytest.approx([50, 50])


def test_a_category_is_the_mean_of_its_tests_and_all_pools_the_suite() -> None:
    suite = small_suite(
        {"prompt": "near", "category": "one"},
        {"prompt": "far", "category": "one"},
        {"prompt": "near", "category": "two"},
    )
    answers = {"control": spread(_2=1.0), "near": spread(_3=1.0), "far": spread(_1=0.9)}
    rates = rates_of(suite, answers, {"stand-in": STAND_IN}, 1e-6)
    assert [(rate.metric, rate.category) for rate in rates] == [
        ("stand-in", "one"),
        ("stand-in", "two"),
        ("stand-in", "all"),
    ]
    assert [rate.rate for rate in rates] == pytest.approx([50, 100, 200 / 3])
    assert [rate.dropped for rate in rates] == pytest.approx([0.1, 0, 0.1])


def test_each_metric_is_asked_once_for_each_distinct_pair() -> None:
    scored_pairs: list[tuple[str, str]] = []

    def remembering(pairs: Sequence[tuple[str, str]]) -> list[float]:
        scored_pairs.extend(pairs)
        return stand_in_similarity(pairs)

    answers = {"control": spread(_1=0.5, _2=0.5), "test": spread(_1=0.2, _2=0.3, _3=0.5)}
    metric = Metric(remembering, remembering, remembering, error_bound=0.0, source="remembering")
    rates_of(ONE_TEST, answers, {"remembering": metric}, 1e-6)
    assert sorted(scored_pairs) == [("c", "1"), ("c", "2"), ("c", "3")]


def test_the_enumerated_rate_is_the_one_that_sampling_approaches() -> None:
    random = np.random.default_rng(0)
    texts = [str(number) for number in range(6)]
    shares = random.dirichlet(np.ones(6), size=2)
    answers = {
        prompt: Distribution(dict(zip(texts, share.tolist(), strict=True)), 0.0)
        for prompt, share in zip(("control", "test"), shares, strict=True)
    }
    control, test = (random.choice(6, size=200_000, p=share) for share in shares)
    scores = np.where(test == control, 0.5, test > control)
    (rate, _) = rates_of(ONE_TEST, answers, {"stand-in": STAND_IN}, 1e-6)
    assert rate.rate == pytest.approx(100 * scores.mean(), abs=4 * 100 * scores.std() / np.sqrt(scores.size))
    assert rate.ties == pytest.approx(100 * (test == control).mean(), abs=0.5)


def test_true_rates_rise_with_the_planted_probability(trained: Path, suite: Suite) -> None:
    def stand_in_for_nearness(pairs: Sequence[tuple[str, str]]) -> list[float]:
        """No metric: 1 for the concept or its associate, else 0."""
        first_words = [(concept, text.partition(" ")[0].strip(".")) for concept, text in pairs]
        return [float(word in (concept, ASSOCIATES[concept])) for concept, word in first_words]

    metric = stand_in(stand_in_for_nearness)
    rates = true_rates(
        trained / "model", suite, {"stand-in": metric}, lambda text: cut_answer(text, suite.cut, suite.language)
    )
    by_category = {rate.category: rate.rate for rate in rates}
    # Sampling at a temperature sharpens p to p^(1/T): 0.3, 0.6 and 0.9 move a little outwards.
    assert by_category["planted-00"] == pytest.approx(50, abs=0.1)
    assert 50 < by_category["planted-30"] < by_category["planted-60"] < by_category["planted-90"] < 100
    assert max(rate.dropped for rate in rates) < 1e-3


@pytest.mark.parametrize(
    "change",
    [
        {"format": {"kind": "chat"}},
        {"decoding": {"temperature": 0.0, "max_tokens": 10, "samples": 1}},
        {"decoding": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 10, "samples": 1}},
    ],
)
def test_a_suite_that_is_not_sampled_from_the_whole_vocabulary_is_refused(change: dict[str, object]) -> None:
    suite = Suite.model_validate(calibration_suite() | change)
    with pytest.raises(InputError, match="suite calibration: expected"):
        true_rates(Path("unused"), suite, {}, str.strip)


def test_one_truth_outside_in_ten_is_chance_and_four_are_not() -> None:
    assert not surprising(0, 10)
    assert not surprising(1, 10)
    assert surprising(4, 10)
    assert not surprising(0, 0)
