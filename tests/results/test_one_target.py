"""Which runs may have their samples change places."""

from dataclasses import replace

import pytest

from results.one_target import samples_may_change_places
from results.runs import RunSummary
from results.sums import SampleSums
from tests.summaries import SUMMARY

WARM = replace(SUMMARY, provenance={"decoding": '{"temperature": 0.7}', "model": "m"})


def samples(*differ: bool) -> list[SampleSums]:
    """One row for each job, whose answers differ or not."""
    return [SampleSums("r", f"j{k}", "m", "1", each, [0, 1], [1, 1], [0.0, 1.0]) for k, each in enumerate(differ)]


def test_runs_of_one_target_with_answers_that_differ_may() -> None:
    more_samples = replace(WARM, run_id="other", samples=9)
    assert samples_may_change_places(WARM, [WARM, more_samples], [samples(True, True, False)] * 3)


@pytest.mark.parametrize(
    "changed",
    [
        replace(WARM, target="another"),
        replace(WARM, provenance={**WARM.provenance, "model": "n"}),
        replace(WARM, provenance={}),
        replace(WARM, cluster="sample"),
    ],
)
def test_runs_of_two_models_or_of_unknown_ones_may_not(changed: RunSummary) -> None:
    assert not samples_may_change_places(WARM, [WARM, changed], [samples(True)] * 3)
    assert not samples_may_change_places(changed, [WARM], [samples(True)] * 2)


@pytest.mark.parametrize("decoding", ['{"temperature": 0}', '{"temperature": 0.0}'])
def test_answers_at_temperature_0_are_no_sample(decoding: str) -> None:
    cold = replace(SUMMARY, provenance={"decoding": decoding})
    assert not samples_may_change_places(cold, [cold], [samples(True)] * 2)


def test_a_temperature_of_more_digits_than_a_fraction_holds_is_one() -> None:
    hot = replace(SUMMARY, provenance={"decoding": f'{{"temperature": 1{"0" * 400}}}'})
    assert samples_may_change_places(hot, [hot], [samples(True)] * 2)


@pytest.mark.parametrize(
    "decoding", ["", "{}", "none", '["x"]', '{"temperature": null}', "[" * 100_000, '{"temperature": NaN}']
)
def test_where_the_temperature_is_not_known_the_answers_say_it(decoding: str) -> None:
    imported = replace(SUMMARY, provenance={"decoding": decoding})
    assert samples_may_change_places(imported, [imported], [samples(True, True)] * 2)
    assert not samples_may_change_places(imported, [imported], [samples(True, True), samples(True, False, False)])
    assert not samples_may_change_places(imported, [imported], [samples(True), []])
