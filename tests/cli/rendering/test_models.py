"""Several runs in one table, and in the JSON that a plot is made from."""

import json
from dataclasses import replace
from itertools import chain

import pytest

from cli.outcomes import Failed, Finished, Outcome
from cli.rendering.models import print_models, print_models_json
from results.job_sums import per_test_sums
from results.rates import RunFacts, leak_rates
from tests.builders import scored_job
from tests.summaries import SUMMARY, by_cell, sums_per_cluster


def finished(run_id: str, *leaks: float) -> Finished:
    """A run of three jobs with these leak scores."""
    sums = chain.from_iterable(per_test_sums(scored_job(name, {"1": list(leaks)}, metrics=["m"])) for name in "abc")
    rates = leak_rates(RunFacts(run_id, "colours", "stub", "semantic"), by_cell(sums_per_cluster(sums)))
    return Finished(replace(SUMMARY, run_id=run_id), tuple(rates), (None,) * len(rates), ())


LABELS = ["org/small", "org/large", "./gone"]
OUTCOMES: list[Outcome] = [
    finished("one", 1.0, 0.5),
    finished("two", 0.0, 0.0),
    Failed("three", "gone", "no such folder", 2),
]


def test_each_run_is_a_row_with_its_rate_and_what_stands_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_models(LABELS, OUTCOMES)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "m, in %"
    assert lines[1].split() == ["model", "rate", "95", "%", "interval", "echo", "tie", "distinct", "1", "distinct", "2"]
    small, large = lines[2].split(), lines[3].split()
    assert (small[:3], large[:3]) == (["org/small", "75.00", "%"], ["org/large", "0.00", "%"])
    assert lines[-3:] == [
        "org/small: complete, run one",
        "org/large: complete, run two",
        "./gone: failed: no such folder",
    ]


def test_the_json_has_what_a_plot_of_rate_against_diversity_needs(capsys: pytest.CaptureFixture[str]) -> None:
    print_models_json(LABELS, OUTCOMES)
    runs = json.loads(capsys.readouterr().out)
    points = [(run["model"], rate) for run in runs for rate in run["rates"] if rate["category"] == "all"]
    assert [(model, rate["rate"]) for model, rate in points] == [("org/small", 75.0), ("org/large", 0.0)]
    for _, rate in points:
        assert rate["low"] <= rate["rate"] <= rate["high"]
        assert {"share", "low", "high"} <= set(rate["measures"]["distinct_2"])
    assert (runs[2]["state"], runs[2]["reason"], runs[2]["rates"]) == ("failed", "no such folder", [])


def test_what_was_refused_has_a_column_only_where_anything_was(capsys: pytest.CaptureFixture[str]) -> None:
    run = finished("one", 1.0)
    share = run.rates[0].measures["tie"]
    for refused in (0.0, 12.5):
        rates = tuple(replace(r, measures={**r.measures, "refused": replace(share, share=refused)}) for r in run.rates)
        print_models(["m"], [replace(run, rates=rates)])
        assert ("refused" in capsys.readouterr().out) == bool(refused)
