"""Runs compared test by test, without a database."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from results.comparison import (
    CellVerdict,
    LeakSum,
    compare,
    decide,
    differences,
    incomparable,
    known_differences,
    refuse_incomparable,
    too_much_missing,
)
from results.statistics.verdicts import Verdict
from results.sums import SampleSums
from seep.errors import InputError
from seep.settings.metrics import MEAN
from tests.summaries import SUMMARY


def sums(totals: dict[str, float], category: str = "1", n: int = 4, metric: str = "m") -> list[LeakSum]:
    """One test per job, with the total of its leak scores."""
    return [LeakSum(job, job, "t", metric, category, n, total) for job, total in totals.items()]


def by_cell(cells: list[CellVerdict]) -> dict[tuple[str, str], CellVerdict]:
    return {(cell.metric, cell.category): cell for cell in cells}


BEFORE = {f"j{k}": 1.0 for k in range(8)}
AFTER = {f"j{k}": 2.0 + (k % 2) for k in range(8)}


def test_a_change_in_all_jobs_is_drift() -> None:
    found = by_cell(compare(sums(AFTER), [sums(BEFORE)], ["1"], delta=5.0))
    assert found.keys() == {("m", "1"), ("m", "all")}
    one = found["m", "1"]
    assert (one.effect, one.pairs, one.clusters, one.verdict) == (37.5, 8, 8, "drift")
    assert one.p == 2 / 2**8


def drawn_runs(jobs: int, samples: int) -> list[tuple[list[LeakSum], list[SampleSums]]]:
    """Two runs of as many jobs, with scores that differ, as leak sums and by sample."""
    draw, runs = np.random.default_rng(3), []
    for rate in (0.5, 0.7):
        scores = {f"j{job}": (draw.random(samples) < rate).astype(float).tolist() for job in range(jobs)}
        of_samples = [
            SampleSums("r", job, "m", "1", True, list(range(samples)), [1] * samples, of_job)
            for job, of_job in scores.items()
        ]
        runs.append((sums({job: sum(of_job) for job, of_job in scores.items()}, n=samples), of_samples))
    return runs


@pytest.mark.parametrize("exchanged", ["jobs", "samples"])
def test_the_same_runs_the_other_way_round_have_the_same_p(exchanged: str) -> None:
    (one, by_sample), (other, also_by_sample) = drawn_runs(jobs=26, samples=5)
    samples = [by_sample, also_by_sample] if exchanged == "samples" else None
    forth = compare(one, [other], ["1"], 5.0, samples)
    back = compare(other, [one], ["1"], 5.0, samples and samples[::-1])
    assert [(cell.p, cell.adjusted_p, cell.verdict) for cell in forth] == [
        (cell.p, cell.adjusted_p, cell.verdict) for cell in back
    ]
    assert {cell.exchanged for cell in forth} == {exchanged}
    assert [cell.effect for cell in forth] == pytest.approx([-(cell.effect or 0) for cell in back])
    assert [cell.low for cell in forth] == pytest.approx([-(cell.high or 0) for cell in back])
    assert 0 < (forth[0].p or 0) < 1


@pytest.mark.parametrize("down", [1, 3, 5])
def test_an_adjusted_p_is_never_below_the_p_that_it_adjusts(down: int) -> None:
    # All exchanges of 15 jobs are counted for p, and random ones for the adjustment.
    after = {f"j{k}": 1.0 if k < down else 3.0 + k % 2 / 2 for k in range(15)}
    found = compare(sums(after), [sums(dict.fromkeys(after, 2.0))], ["1"], 5.0)
    assert all((cell.p or 0) <= (cell.adjusted_p or 0) for cell in found)


def test_a_reference_of_more_samples_pairs_by_its_means() -> None:
    found = compare(sums(BEFORE), [sums({job: 2 * total for job, total in BEFORE.items()}, n=8)], ["1"], delta=5.0)
    assert {(row.effect, row.pairs) for row in found} == {(0.0, 8)}


def test_only_tests_of_both_runs_pair() -> None:
    ours = [*sums(BEFORE), *(row._replace(test="of-a-new-version") for row in sums({"j0": 0.0}, category="new"))]
    found = by_cell(compare(ours, [sums({**BEFORE, "j9": 4.0})], ["1", "never"], delta=5.0))
    assert {category: values.verdict for (_, category), values in found.items()} == {
        "1": "ok",
        "never": "not measured",
        "new": "not measured",
        "all": "ok",
    }
    assert found["m", "all"].pairs == 8


def test_a_test_that_has_another_category_now_still_pairs_over_all() -> None:
    ours = [row._replace(category="2" if row.job_id < "j4" else "1") for row in sums(AFTER)]
    found = by_cell(compare(ours, [sums(BEFORE)], ["1"], delta=5.0))
    assert {category: values.pairs for (_, category), values in found.items()} == {"1": 4, "2": 0, "all": 8}


def test_a_metric_of_one_run_alone_is_not_measured() -> None:
    found = by_cell(compare(sums(BEFORE), [sums(BEFORE, metric="other")], ["1"], delta=5.0))
    assert {row.verdict for row in found.values()} == {"not measured"}
    assert {metric for metric, _ in found} == {"m", "other"}


def test_the_mean_of_the_metrics_that_both_sides_have_is_one_more() -> None:
    ours = [*sums(AFTER), *sums(BEFORE, metric="n"), *sums(AFTER, metric="own")]
    theirs = [*sums(BEFORE), *sums(BEFORE, metric="n")]
    found = by_cell(compare(ours, [theirs], ["1"], delta=5.0))
    assert [metric for metric, category in found if category == "all"] == ["m", "n", "own", "mean"]
    assert [found[metric, "1"].effect for metric in ("m", "n", "own", "mean")] == [37.5, 0.0, None, 18.75]
    assert MEAN not in {metric for metric, _ in by_cell(compare(sums(AFTER), [sums(BEFORE)], ["1"], delta=5.0))}


def of_verdicts(**verdicts: Verdict) -> list[CellVerdict]:
    """Cells by metric and category, as in m_1, with their verdicts."""
    names = {name: name.split("_") for name in verdicts}
    return [
        CellVerdict(names[name][0], names[name][1], None, None, None, None, None, "jobs", None, None, 0, 0, verdict)
        for name, verdict in verdicts.items()
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (of_verdicts(m_1="inconclusive", m_all="ok"), "ok"),
        (of_verdicts(m_1="drift", m_all="ok"), "drift"),
        (of_verdicts(m_1="ok", m_all="inconclusive"), "inconclusive"),
        (of_verdicts(m_1="not measured", m_all="ok"), "not measured"),
        (of_verdicts(m_1="not measured", m_2="drift", m_all="ok"), "drift"),
        (of_verdicts(m_1="ok", m_2="inconclusive"), "inconclusive"),
        (of_verdicts(m_all="drift", n_all="drift", mean_all="ok"), "ok"),
        ([], "not measured"),
    ],
)
def test_any_category_of_the_mean_says_drift_and_all_together_say_ok(cells: list[CellVerdict], expected: str) -> None:
    assert decide(cells) == expected


def test_a_window_is_its_runs_and_a_cluster_pairs_with_those_that_have_it() -> None:
    window = [sums({job: total + more for job, total in BEFORE.items()}) for more in (0.0, 1.0)]
    # One run of the window lacks a job.
    window[0] = window[0][1:]
    found = by_cell(compare(sums(AFTER), window, ["1"], delta=5.0))["m", "1"]
    scores = {job: [AFTER[job], 2.0] if job == "j0" else [AFTER[job], 1.0, 2.0] for job in AFTER}
    differences = [[run - (sum(runs) - run) / (len(runs) - 1) for run in runs] for runs in scores.values()]
    assert found.effect == pytest.approx(100 * sum(difference[0] for difference in differences) / 4 / 8)
    assert found.pairs == 8
    sums_of_choices = [sum(chosen) for chosen in product(*differences)]
    assert np.mean([abs(total) >= sums_of_choices[0] - 1e-9 for total in sums_of_choices]) < 0.01
    # The window's runs lie at 25 and 50 % of what both have: hardly nearer to each other than the run is to them.
    t = (found.effect or 0.0) / 100 / (0.25 / np.sqrt(2) * np.sqrt(1 + 1 / 2))
    assert found.p == found.adjusted_p == pytest.approx(1 - 2 * np.arctan(t) / np.pi)


def test_categories_that_count_the_same_comparisons_are_not_compared_together() -> None:
    # Where each answer counts in both, over both all runs are alike: a test that never fails would weaken the others.
    def cells(right: dict[str, float]) -> list[LeakSum]:
        return [*sums(right, "es>es"), *sums({job: 4 - total for job, total in right.items()}, "es>it")]

    found = by_cell(compare(cells(AFTER), [cells(BEFORE)], [], delta=5.0))
    assert found.keys() == {("m", "es>es"), ("m", "es>it")}
    assert {row.adjusted_p for row in found.values()} == {2 / 2**8}


def test_a_switch_of_one_language_is_found_among_many_cells_that_never_change() -> None:
    languages, jobs = [f"l{k:02}" for k in range(14)], [f"j{k:02}" for k in range(12)]

    def answers(spoken: dict[str, str]) -> list[LeakSum]:
        return [
            row
            for directive, answered in product(languages, [*languages, "other", "unknown"])
            for row in sums(
                dict.fromkeys(jobs, 4.0 * (answered == spoken.get(directive, directive))), f"{directive}>{answered}"
            )
        ]

    found = compare(answers({"l03": "l05"}), [answers({})], [], delta=5.0)
    assert len(found) == 224
    assert {one_row.category for one_row in found if one_row.verdict == "drift"} == {"l03>l03", "l03>l05"}
    assert {one_row.adjusted_p for one_row in found if one_row.verdict == "drift"} == {2 / 2**12}


def test_what_two_runs_differ_in_is_named() -> None:
    other = replace(SUMMARY, target="b", suite_hash="h2", provenance={"decoding": "{}", "model": "n", "engine": "e"})
    assert differences(other, SUMMARY) == {
        "engine": ("", "e"),
        "model": ("m", "n"),
        "suite_hash": ("hash", "h2"),
        "target": ("stub", "b"),
    }
    assert incomparable(other, SUMMARY) == ["suite_hash"]
    assert incomparable(replace(SUMMARY, provenance={"decoding": "{1}"}), SUMMARY) == ["decoding"]
    assert incomparable(replace(SUMMARY, samples=9), SUMMARY) == []
    neutral, control = (replace(SUMMARY, provenance={"against": arm}) for arm in ("neutral", "control"))
    assert incomparable(neutral, control) == ["against"]


def test_how_a_run_without_jobs_was_made_is_unknown_and_not_different() -> None:
    unscored = replace(SUMMARY, recorded=0, dead=8, state="partial", provenance={}, target="b")
    for one, other in ((unscored, SUMMARY), (SUMMARY, unscored)):
        assert known_differences(one, other).keys() == {"target"}
        assert incomparable(one, other) == []
    assert incomparable(replace(unscored, suite_hash="h2"), SUMMARY) == ["suite_hash"]


def test_unfinished_and_mixed_runs_are_not_compared() -> None:
    refuse_incomparable(SUMMARY)
    refuse_incomparable(replace(SUMMARY, state="partial"))
    with pytest.raises(InputError, match="stalls with jobs left"):
        refuse_incomparable(replace(SUMMARY, state="stalled"))
    with pytest.raises(InputError, match="still running"):
        refuse_incomparable(replace(SUMMARY, state="running"))
    with pytest.raises(InputError, match="never compared"):
        refuse_incomparable(replace(SUMMARY, mixed=True))


@pytest.mark.parametrize(("missing", "said"), [(50, None), (51, "5.1 %"), (999, "99.9 %")])
def test_what_is_missing_beyond_a_twentieth_is_said_so_that_it_shows(missing: int, said: str | None) -> None:
    reason = too_much_missing([replace(SUMMARY, comparisons=1000, missing=missing)])
    assert reason == (said and f"{said} of the comparisons of run run-1 are missing")
