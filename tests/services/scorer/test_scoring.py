"""A batch of jobs: what is asked of the metrics, and what comes back at which position."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.probes import PROBES
from seep.records import Failure, ScoredJob
from services.scorer.mode import PUBLISHED, Mode, exact
from services.scorer.probes import SCORING
from services.scorer.scoring import score_jobs
from tests.services.scorer.fakes import FakeMetric, MakeJob

EXACT = exact(1e-6)

WORDS = st.sampled_from(["red", "bus", "red bus", "", "doctor", "an apple"])


# Arguments of `make_job`: tests, control, neutral arm.
Shape = tuple[list[tuple[str, list[str]]], list[str], list[str]]


@st.composite
def job_shapes(draw: st.DrawFn) -> Shape:
    """Arguments of `make_job`: tests and arms with as many generations each."""
    samples = draw(st.integers(1, 3))
    arm = st.lists(WORDS, min_size=samples, max_size=samples)
    tests = draw(st.lists(st.tuples(st.sampled_from(["red", "blue"]), arm), min_size=1, max_size=3))
    return tests, draw(arm), draw(st.one_of(st.just([]), arm))


@given(shapes=st.lists(job_shapes(), max_size=4), mode=st.sampled_from([EXACT, PUBLISHED]))
def test_a_batch_scores_like_its_jobs_one_by_one(
    shapes: list[Shape], mode: Mode, make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    jobs = [make_job(*shape, job_id=f"job-{index}") for index, shape in enumerate(shapes)]
    metrics = {"fake": fake_metric()}
    one_by_one = [scored for job in jobs for scored in score_jobs([job], metrics, mode, {})]
    assert score_jobs(jobs, metrics, mode, {}) == one_by_one


def test_each_metric_is_asked_once_for_the_distinct_pairs_of_the_whole_batch(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    jobs = [
        make_job([("red", ["bus", "bus"])], ["doctor", "bus"], job_id="one"),
        make_job(
            [("red", ["bus", "rose"]), ("blue", ["sea", "sea"])], ["doctor", "doctor"], ["sea", "sea"], job_id="two"
        ),
    ]
    metrics = {"one": fake_metric(), "two": fake_metric()}
    score_jobs(jobs, metrics, EXACT, {})
    for metric in metrics.values():
        [pairs] = metric.calls
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == {
            ("red", "bus"),
            ("red", "doctor"),
            ("red", "rose"),
            ("red", "sea"),
            ("blue", "sea"),
            ("blue", "doctor"),
            ("bus", "rose"),
            ("rose", "bus"),
        }


def test_failures_keep_their_positions_and_leave_the_rest_alone(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    sound = make_job([("red", ["bus"])], ["doctor"])
    short = replace(sound, tests=((),))
    alien = make_job([("red", ["bus"])], ["doctor"], probe="telepathy")
    results = score_jobs([short, sound, alien, sound], {"fake": fake_metric()}, EXACT, {})
    assert results[0] == Failure("0 generations for test 't1', but the job asks for 1")
    assert results[2] == Failure("unknown probe 'telepathy'; the scorer knows " + ", ".join(SCORING))
    assert isinstance(results[1], ScoredJob)
    assert results[1] == results[3]


def test_every_registered_probe_has_its_scoring_and_no_other() -> None:
    assert PROBES.keys() == SCORING.keys()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"control": ("a",)}, "1 generations for the control, but the job asks for 2"),
        ({"neutral": ()}, "0 generations for the neutral arm, but the job asks for 2"),
        ({"tests": (("a", "b"), ("c",))}, "1 generations for test 't2', but the job asks for 2"),
        ({"tests": (("a", "b"),)}, "generations for 1 tests, but the job has 2"),
    ],
)
def test_generations_that_do_not_match_the_prompts_fail_the_job(
    change: dict[str, Any], reason: str, make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    generated = make_job([("red", ["a", "b"]), ("blue", ["c", "d"])], ["e", "f"], ["g", "h"])
    metric = fake_metric()
    assert score_jobs([replace(generated, **change)], {"fake": metric}, EXACT, {}) == [Failure(reason)]
    assert metric.calls == []


def test_a_similarity_that_is_not_a_number_is_raised(make_job: MakeJob, fake_metric: type[FakeMetric]) -> None:
    broken = fake_metric({("red", "bus"): float("nan"), ("red", "doctor"): 0.1})
    with pytest.raises(ValueError, match="broken: a similarity is not a finite number"):
        score_jobs([make_job([("red", ["bus"])], ["doctor"])], {"broken": broken}, EXACT, {})


def test_provenance_is_the_metrics_own_and_how_they_are_compared(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    generated = make_job([("red", ["bus"])], ["doctor"])
    [scored] = score_jobs([generated], {"fake": fake_metric()}, EXACT, {"fake": "model@1"})
    assert isinstance(scored, ScoredJob)
    assert scored.provenance == {"fake": "model@1", "scoring": "exact, tie_tolerance=1e-06", "against": "control"}
    assert scored.generated is generated


def test_an_empty_batch_asks_nothing(fake_metric: type[FakeMetric]) -> None:
    metric = fake_metric()
    assert score_jobs([], {"fake": metric}, EXACT, {}) == []
    assert metric.calls == []


def test_a_job_without_what_its_probe_compares_with_fails_alone(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    sound = make_job([("red", ["bus"])], ["doctor"])
    uncontrolled = replace(sound, job=replace(sound.job, control=None), control=())
    results = score_jobs([uncontrolled, sound], {"fake": fake_metric()}, EXACT, {})
    assert results[0] == Failure("the semantic probe compares with a control, but the job has none")
    assert isinstance(results[1], ScoredJob)
    without_arm = replace(sound, job=replace(sound.job, against="neutral"))
    assert score_jobs([without_arm], {"fake": fake_metric()}, EXACT, {}) == [
        Failure("the job is to be compared with its neutral arm, but has none")
    ]
    assert score_jobs([sound], {}, EXACT, {}) == [
        Failure("the semantic probe compares under a metric, but none is configured")
    ]


def test_a_probe_that_compares_nothing_asks_no_metric_and_is_not_of_the_metrics_provenance(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    job = make_job([("es", ["Hola."])], ["-"], probe="language", categories=["es"])
    job = replace(job, job=replace(job.job, control=None), control=())
    metric = fake_metric()
    (scored,) = score_jobs([job], {"fake": metric}, PUBLISHED, {"fake": "model@1"})
    assert isinstance(scored, ScoredJob)
    assert metric.calls == []
    assert scored.similarities == ()
    assert set(scored.provenance) == {"detectors", "scoring"}
