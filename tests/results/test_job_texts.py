"""A job's comparisons with their texts, as they are kept: a row for each test in a category."""

from collections.abc import Callable
from dataclasses import replace

from results.job_texts import answered_tests, shared_answers
from seep.outcomes import Outcome
from seep.records import Answer, ScoredJob
from tests.builders import answers, with_outcomes

Scored = Callable[..., ScoredJob]


def kept(job: ScoredJob) -> list[tuple[str, str, list[int]]]:
    """Test, category and samples of what is kept."""
    return [(row.test, row.category, list(row.samples)) for row in answered_tests(job)]


def test_a_test_s_comparisons_are_one_row_with_all_that_was_measured(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5]}, metrics=["m"])
    said = (Answer("g0"), Answer("g1", "length", "a thought", "m-1"))
    [row] = answered_tests(replace(job, generated=replace(job.generated, tests=(said,))))
    assert (row.run_id, row.job_id, row.test, row.category) == ("run-1", "a", "t0", "1")
    assert (row.concept, row.prompt, row.control_prompt, row.controls) == ("yellow", "yellow prompt 0", None, None)
    assert row.samples == [0, 1]
    assert row.answers == [("g0", "stop", "", ""), ("g1", "length", "a thought", "m-1")]
    assert row.outcomes == {"m": {"leak": (1.0, 0.5), "tie": (0.0, 1.0), "echo": (0.0, 0.0)}}
    assert row.similarities == {"m": [(0.75, 0.75), (0.25, 0.25), None]}


def test_the_arms_that_a_job_s_tests_share_are_kept_once(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5], "2": [1.0, 0.5]}, metrics=["m"])
    shared = shared_answers(replace(job, generated=replace(job.generated, control=answers("c0", "c1"))))
    assert (shared.control_prompt, shared.neutral_prompt, shared.neutrals) == ("a control", "", [])
    assert shared.controls == [("c0", "stop", "", ""), ("c1", "stop", "", "")]


def test_a_test_with_a_control_of_its_own_keeps_that(scored: Scored) -> None:
    job = scored("a", {"1": [1.0], "2": [1.0]}, metrics=["m"])
    first, second = job.generated.job.tests
    prompts = replace(job.generated.job, tests=(replace(first, control="own"), second))
    generated = replace(job.generated, job=prompts, test_controls=(answers("of its own"), ()))
    rows = list(answered_tests(replace(job, generated=generated)))
    assert [(row.control_prompt, row.controls) for row in rows] == [
        ("own", [("of its own", "stop", "", "")]),
        (None, []),
    ]


def test_a_comparison_that_lacks_a_measure_has_none_in_its_place(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, "refused", 0.0]}, metrics=["m"])
    [row] = answered_tests(job)
    assert row.outcomes["m"]["leak"] == [1.0, None, 0.0]
    assert row.outcomes["m"]["refused"] == [None, 1.0, None]
    assert row.similarities == {"m": [[0.75, None, 0.75], [0.25, None, 0.25], None]}


def test_a_measure_that_a_test_lacks_is_not_named_there(scored: Scored) -> None:
    two = scored("a", {"1": [1.0], "2": ["refused"]}, metrics=["m"])
    together = with_outcomes(
        two,
        [
            Outcome("m", "leak", "1", "t0", 0, 1.0),
            Outcome("m", "refused", "1", "t1", 0, 1.0),
        ],
    )
    assert [set(row.outcomes["m"]) for row in answered_tests(together)] == [{"leak"}, {"refused"}]


def test_of_a_generation_scored_in_several_cells_the_text_is_kept_where_it_counts(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 1.0]}, metrics=[])
    cells = {"es>it": (1.0, 0.0), "es>fr": (0.0, 1.0)}
    outcomes = [
        Outcome("m", "leak", cell, "t0", sample, value)
        for cell, values in cells.items()
        for sample, value in enumerate(values)
    ]
    assert kept(with_outcomes(job, outcomes)) == [("t0", "es>it", [0]), ("t0", "es>fr", [1])]


def test_of_a_lost_answer_scored_in_several_cells_the_text_is_kept_once(scored: Scored) -> None:
    job = scored("a", {"1": ["refused", 1.0]}, metrics=[])
    lost = [Outcome("m", "refused", cell, "t0", 0, 1.0) for cell in ("es>es", "es>it")]
    found = [Outcome("m", "leak", cell, "t0", 1, float(cell == "es>it")) for cell in ("es>es", "es>it")]
    assert kept(with_outcomes(job, [*lost, *found])) == [("t0", "es>es", [0]), ("t0", "es>it", [1])]
