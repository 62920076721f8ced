"""The printed tables of a run's rates."""

import json
from dataclasses import replace
from itertools import chain

import pytest

from cli.rendering.rates import print_rates, print_rates_json
from results.dead_jobs import DeadReason
from results.job_sums import per_test_sums
from results.rates import RunFacts, leak_rates
from results.reach import Reach
from results.sums import SumsPerTest
from seep.outcomes import Outcome, single_outcomes
from seep.records import Estimate, LeakRate
from tests.builders import scored_job, with_outcomes
from tests.summaries import SUMMARY, by_cell, sums_per_cluster


def printed(metrics: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    jobs = (scored_job(name, {"1": [1.0, 0.5, 0.0]}, metrics=metrics) for name in "abc")
    sums: chain[SumsPerTest] = chain.from_iterable(per_test_sums(job) for job in jobs)
    rates = leak_rates(RunFacts("run-1", "colours", "stub", "semantic"), by_cell(sums_per_cluster(sums)))
    print_rates(SUMMARY, rates, [])
    return capsys.readouterr().out


def header(text: str) -> str:
    return next(" ".join(line.split()) for line in text.splitlines() if "tie" in line.split())


def test_of_two_metrics_agreement_and_kappa_are_a_column_each(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(["bert_score", "sentence_bert"], capsys)
    columns = "category metric agreement distinct 1 distinct 2 echo echo free leak tie kappa"
    assert header(text) == columns
    row = next(line.split() for line in text.splitlines()[::-1] if line.split()[0] == "1")
    assert (row[2], row[-1]) == ("100.0", "1.00")


def test_of_three_metrics_each_pair_has_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    columns = header(printed(["m", "n", "o"], capsys))
    assert "metric agreement with m agreement with n agreement with o distinct 1" in columns
    assert columns.endswith("tie kappa with m kappa with n kappa with o")


def test_a_rate_of_few_independent_clusters_is_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    doubt = "warning: few independent clusters, and an interval of fewer than 10 rests on little"
    assert f"{doubt}: 1 (3), all (3)\n" in printed(["m", "n"], capsys)


def test_of_one_metric_there_is_no_kappa(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(["m"], capsys)
    assert header(text).endswith("tie kappa")
    assert "agreement" not in text


def test_more_dead_letters_than_the_run_has_jobs_are_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    print_rates(replace(SUMMARY, state="partial", recorded=6, dead=2), [], [])
    assert "dead letters more" not in capsys.readouterr().out
    print_rates(replace(SUMMARY, state="partial", recorded=6, dead=4), [], [])
    assert "warning: 2 dead letters more than the run has jobs" in capsys.readouterr().out
    print_rates(replace(SUMMARY, job_count=1, recorded=0, dead=2), [], [DeadReason("scorer", "broken", 1)])
    out = capsys.readouterr().out
    assert "failed: 1 of 1 job, in the scorer: broken\nwarning: 1 dead letter more than the run has jobs" in out


@pytest.mark.parametrize(
    ("leak", "probe", "said"), [(0.0, "semantic", True), (1.0, "semantic", False), (0.0, "recall", False)]
)
def test_a_rate_below_one_half_is_avoidance_where_one_half_is_no_leak(
    capsys: pytest.CaptureFixture[str], leak: float, probe: str, said: bool
) -> None:
    jobs = [scored_job(f"job-{n}", {"hide": [leak, leak]}, metrics=["m"]) for n in range(20)]
    sums = chain.from_iterable(per_test_sums(job) for job in jobs)
    print_rates(SUMMARY, leak_rates(RunFacts("run-1", "secrets", "stub", probe), by_cell(sums_per_cluster(sums))), [])
    line = "avoidance: the rate lies below 50 %, so answers keep away from the concept: hide"
    assert (line in capsys.readouterr().out) == said


def test_it_is_no_avoidance_where_neutral_words_or_empty_answers_lower_the_rate_as_much(
    capsys: pytest.CaptureFixture[str],
) -> None:
    low = replace(one_rate()[0], rate=38.0, low=30.0, high=46.0, against="control")
    line = "avoidance: the rate lies below 50 %, so answers keep away from the concept: 1"
    print_rates(SUMMARY, [replace(low, above_placebo=Estimate(0.4, -8.0, 9.0, 9))], [])
    assert "avoidance" not in capsys.readouterr().out
    print_rates(SUMMARY, [replace(low, above_placebo=Estimate(-20.0, -30.0, -9.0, 9))], [])
    assert line in capsys.readouterr().out
    print_rates(SUMMARY, [replace(low, measures={**low.measures, "empty": Estimate(100.0, 90.0, 100.0, 9)})], [])
    assert "avoidance" not in capsys.readouterr().out
    print_rates(SUMMARY, [low], [])
    assert f"{line}\nagainst a control any other words may lower it as well" in capsys.readouterr().out
    print_rates(SUMMARY, [replace(low, against="neutral")], [])
    assert "any other words" not in capsys.readouterr().out


@pytest.mark.parametrize(("against", "column"), [("neutral", "published - placebo"), ("", "rate - placebo")])
def test_what_is_less_the_placebo_is_named(capsys: pytest.CaptureFixture[str], against: str, column: str) -> None:
    rate = replace(one_rate()[0], against=against, above_placebo=Estimate(20.0, 10.0, 30.0, 9))
    print_rates(SUMMARY, [rate], [])
    assert f" {column}" in " ".join(capsys.readouterr().out.split())


def test_avoidance_under_one_metric_alone_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    low = replace(one_rate()[0], rate=38.0, low=30.0, high=46.0)
    print_rates(SUMMARY, [low, replace(low, metric="n", rate=70.0, low=60.0, high=80.0)], [])
    assert "keep away from the concept: 1 (m)\n" in capsys.readouterr().out


def one_rate() -> list[LeakRate]:
    jobs = (scored_job(name, {"1": [1.0, 0.5, 0.0]}, metrics=["m"]) for name in "abc")
    sums: chain[SumsPerTest] = chain.from_iterable(per_test_sums(job) for job in jobs)
    [rate, _] = leak_rates(RunFacts("run-1", "colours", "stub", "semantic"), by_cell(sums_per_cluster(sums)))
    return [rate]


def test_the_wider_interval_stands_beside_what_the_rates_own_speaks_of(capsys: pytest.CaptureFixture[str]) -> None:
    print_rates(SUMMARY, one_rate(), [], [Reach(13, 10.0, 90.0)])
    text = " ".join(capsys.readouterr().out.split())
    assert "[10.00, 90.00]" in text
    said = 'the 95 % intervals hold for prompts like these, of these 13 concepts; for others like them see "other'
    assert said in text
    print_rates(SUMMARY, one_rate(), [], [Reach(4, None, None)])
    text = capsys.readouterr().out
    assert "of these 4 concepts\n" in text
    assert "other concepts too" not in text
    print_rates(SUMMARY, one_rate(), [], [None])
    assert "concepts" not in capsys.readouterr().out


def test_where_categories_have_other_numbers_of_concepts_each_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    rates = [replace(one_rate()[0], category=name) for name in ("1", "2", "3")]
    print_rates(SUMMARY, rates, [], [Reach(13, None, None), Reach(9, None, None), None])
    said = "like these, and only for the concepts that a category asks: 1 (13 concepts), 2 (9 concepts)\n"
    assert said in capsys.readouterr().out


def test_the_wider_interval_is_in_the_json_where_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    print_rates_json(one_rate(), [Reach(13, 10.0, 90.0)])
    [row] = json.loads(capsys.readouterr().out)
    assert row["other_concepts"] == {"concepts": 13, "low": 10.0, "high": 90.0}
    print_rates_json(one_rate())
    assert "other_concepts" not in json.loads(capsys.readouterr().out)[0]


def test_recall_shows_beside_a_sample_what_at_least_one_of_all_samples_gives_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    jobs = [scored_job(f"job-{n}", {"own": [float(n == 0), 0.0]}, metrics=["verbatim"]) for n in range(4)]
    extracted = [
        with_outcomes(job, [*single_outcomes(job), Outcome("verbatim", "any_sample", "own", "t0", 0, float(n == 0))])
        for n, job in enumerate(jobs)
    ]
    facts = RunFacts("run-1", "keys", "stub", "recall")
    for each, shown in ((extracted, True), (jobs, False)):
        sums = chain.from_iterable(per_test_sums(job) for job in each)
        print_rates(SUMMARY, leak_rates(facts, by_cell(sums_per_cluster(sums))), [])
        printed = capsys.readouterr().out
        assert ("by a sample, and by at least one of all its samples" in printed) == shown
        lines = [line.split() for line in printed.splitlines() if " any " in line and "[" in line]
        assert [line[line.index("%") - 1] for line in lines] == ["25.00"] * 2 * shown
