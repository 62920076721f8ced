"""Every answer to a directive counts once, in the category of the language that it is in."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seep.records import Failure, GeneratedJob
from services.scorer.language import score
from services.scorer.mode import PUBLISHED
from services.scorer.scoring import score_jobs
from tests.services.scorer.fakes import MakeJob

SENTENCES = {
    "es": "No sé qué decirte de esa película, porque no la he visto todavía.",
    "it": "Non so che cosa dirti di quel film, perché non l'ho ancora visto.",
    "nl": "Ik weet niet wat ik je over die film moet zeggen, want ik heb hem nog niet gezien.",
    "unknown": "12345 ...",
}


MakeLanguageJob = Callable[[dict[str, list[str]]], GeneratedJob]


@pytest.fixture(scope="module")
def language_job(make_job: MakeJob) -> MakeLanguageJob:
    """Makes a job of the language probe from answers by directive."""

    def make(answers: dict[str, list[str]]) -> GeneratedJob:
        samples = len(next(iter(answers.values())))
        job = make_job(list(answers.items()), ["-"] * samples, probe="language", categories=list(answers))
        return replace(job, job=replace(job.job, control=None), control=())

    return make


def test_an_answer_counts_where_its_language_is_detected_and_nowhere_else(language_job: MakeLanguageJob) -> None:
    job = language_job({"es": [SENTENCES["it"], SENTENCES["es"]], "it": [SENTENCES["nl"], SENTENCES["unknown"]]})
    counted = [(outcome.category, outcome.sample) for outcome in score(job, PUBLISHED.detector) if outcome.value == 1]
    assert counted == [("es>it", 0), ("es>es", 1), ("it>other", 0), ("it>unknown", 1)]


@settings(max_examples=10)
@given(st.lists(st.sampled_from(list(SENTENCES.values())), min_size=1, max_size=3), st.sampled_from(["es", "it"]))
def test_the_values_of_an_answer_add_up_to_one(
    language_job: MakeLanguageJob, answers: list[str], directive: str
) -> None:
    totals: dict[tuple[str, int], float] = defaultdict(float)
    outcomes = score(language_job({directive: answers, "fr": answers}), PUBLISHED.detector)
    for outcome in outcomes:
        totals[outcome.test, outcome.sample] += outcome.value
    assert set(totals.values()) == {1.0}
    assert Counter((outcome.category, outcome.sample) for outcome in outcomes).most_common(1)[0][1] == 1


def test_the_metric_says_how_the_languages_were_told(language_job: MakeLanguageJob) -> None:
    outcomes = score(language_job({"es": ["Hola."], "it": ["Ciao."]}), PUBLISHED.detector)
    assert {(outcome.metric, outcome.measure) for outcome in outcomes} == {("langdetect", "leak")}


def test_a_job_that_asks_for_no_known_language_is_a_failure(language_job: MakeLanguageJob) -> None:
    """Each answer has an outcome for each language of its job: 10,000 made-up ones had 100 million."""
    job = language_job({"es": ["Hola."], "klingon\n": ["nuqneH"]})
    (failure,) = score_jobs([job], {}, PUBLISHED, {})
    assert failure == Failure("the language probe knows no language 'klingon\\n'; it takes codes, as en")
