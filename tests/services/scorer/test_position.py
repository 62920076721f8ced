"""Answers count at the place that they choose; one that chooses none counts nowhere."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable

from results.job_sums import per_test_sums
from results.places import places
from results.rates import RunFacts, leak_rates
from seep.outcomes import Outcome, outcome_series
from seep.records import Answer, GeneratedJob, LeakRate, PromptJob, ScoredJob
from seep.suites.jobs import prompt_jobs
from seep.suites.position import PositionQuestion, PositionSuite
from seep.suites.schema import SuiteDecoding, SuiteFormat
from services.scorer.position import score
from tests.summaries import by_cell, sums_per_cluster

CITIES = ("London", "Paris", "Rome", "Madrid")
Model = Callable[[int, tuple[str, ...]], str]
"""What it says to a question, by its number, whose options stand in this order."""


def suite(questions: int = 30, answer: str | None = "Paris") -> PositionSuite:
    return PositionSuite(
        name="cities",
        version="1",
        probe="position",
        format=SuiteFormat(kind="chat"),
        decoding=SuiteDecoding(temperature=0, max_tokens=5, samples=1),
        questions=tuple(
            PositionQuestion(question=f"Which city has number {number}?", options=CITIES, answer=answer, category="c")
            for number in range(questions)
        ),
    )


def answered(requested: PositionSuite, model: Model) -> list[GeneratedJob]:
    def generated(number: int, job: PromptJob) -> GeneratedJob:
        texts = tuple((Answer(model(number, test.options)),) for test in job.tests)
        return GeneratedJob(job, (), (), texts)

    return [generated(*each) for each in enumerate(prompt_jobs(requested, run_id="r", target="t"))]


def rates(requested: PositionSuite, jobs: Iterable[GeneratedJob]) -> dict[str, LeakRate]:
    scored = [ScoredJob(job, outcome_series(score(job), job.job), ()) for job in jobs]
    sums = [row for each in scored for row in sums_per_cluster(per_test_sums(each))]
    shared = frozenset(requested.comparisons)
    facts = RunFacts("r", "cities", "t", "position", requested.comparisons, shared=[shared])
    return {rate.category: rate for rate in leak_rates(facts, by_cell(sums))}


def letter(place: int) -> str:
    return "ABCD"[place]


def test_a_model_that_knows_everything_and_has_no_bias_gives_each_place_exactly_its_share() -> None:
    found = rates(suite(), answered(suite(), lambda _, options: f"{letter(options.index('Paris'))}."))
    assert {category: rate.rate for category, rate in found.items()} == dict.fromkeys(
        ["c@1", "c@2", "c@3", "c@4"], 25.0
    )
    for rate in found.values():
        assert rate.low is not None
        assert rate.high is not None
        assert rate.low < 25.0 < rate.high
        assert (rate.comparisons, rate.clusters, rate.missing) == (120, 30, 0)
        assert (rate.measures["right"].share, rate.measures["moved"].share) == (100.0, 0.0)


def test_what_a_model_prefers_without_knowing_does_not_matter_either() -> None:
    found = rates(suite(), answered(suite(), lambda number, _: CITIES[number % 3]))
    assert {rate.rate for rate in found.values()} == {25.0}


def test_a_model_that_always_says_the_first_letter_has_all_its_answers_there() -> None:
    found = rates(suite(), answered(suite(), lambda _, options: "The answer is A"))
    assert [found[f"c@{place}"].rate for place in (1, 2, 3, 4)] == [100.0, 0.0, 0.0, 0.0]
    (together,) = places(found.values())
    assert (together.largest, together.moved, together.right) == (75.0, 75.0, 25.0)


def test_an_answer_without_an_option_is_unparsed_and_in_no_share() -> None:
    requested = suite(4)
    found = rates(
        requested, answered(requested, lambda number, options: "It could be A or B" if number == 0 else "Rome")
    )
    for rate in found.values():
        assert (rate.rate, rate.comparisons, rate.missing) == (25.0, 12, 4)
        assert rate.measures["unparsed"].share == 25.0


def test_a_run_of_which_no_answer_names_an_option_has_no_rate() -> None:
    requested = suite(4)
    found = rates(requested, answered(requested, lambda number, options: "I cannot say."))
    assert {rate.rate for rate in found.values()} == {None}
    assert {rate.measures["unparsed"].share for rate in found.values()} == {100.0}
    assert places(found.values()) == []


def test_a_refusal_is_lost_by_its_own_reason() -> None:
    (job,) = answered(suite(1), lambda number, options: "B")
    refused = GeneratedJob(job.job, (), (), ((Answer("", "refusal"),), *job.tests[1:]))
    reasons = {(o.measure, o.value) for o in score(refused) if o.test == job.job.tests[0].id}
    assert reasons == {("refused", 1.0)}


def test_recalls_and_their_spread_equal_a_computation_from_the_answers_themselves() -> None:
    def model(number: int, options: tuple[str, ...]) -> str:
        place = options.index("Paris")
        return letter(0 if (number * 7 + place * 3) % 5 < 2 else place)

    requested = suite(37)
    hits: defaultdict[int, list[bool]] = defaultdict(list)
    for number in range(37):
        for turn in range(4):
            order = CITIES[turn:] + CITIES[:turn]
            gold = order.index("Paris")
            hits[gold].append(model(number, order) == "ABCD"[gold])
    recalls = [100 * statistics.mean(map(float, hits[place])) for place in range(4)]
    found = rates(requested, answered(requested, model))
    assert all(math.isclose(found[f"c@{p + 1}"].measures["right"].share, recalls[p]) for p in range(4))
    (together,) = places(found.values())
    assert together.recall_std is not None
    assert math.isclose(together.recall_std, statistics.pstdev(recalls))


def test_without_a_right_answer_there_is_no_recall() -> None:
    requested = suite(30, answer=None)
    (together,) = places(rates(requested, answered(requested, lambda number, options: "B")).values())
    assert (together.right, together.recall_std) == (None, None)
    assert not any(o.measure == "right" for job in answered(requested, lambda n, o: "B") for o in score(job))


def test_of_choices_that_are_equally_frequent_the_suites_first_is_the_usual_one() -> None:
    (job,) = answered(suite(1), lambda number, options: "A")
    moved: list[Outcome] = [o for o in score(job) if o.measure == "moved"]
    assert [o.value for o in moved] == [0.0, 1.0, 1.0, 1.0]
    assert {o.category for o in moved} == {"c@1"}
