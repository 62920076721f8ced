"""Texts longer than a model reads are counted, and over sentences nothing of them is cut."""

from dataclasses import replace

import pytest

from seep.answers import TRUNCATED
from seep.outcomes import single_outcomes
from seep.records import ScoredJob
from seep.settings import BertScore, Metrics, Scoring, SentenceBert
from services.scorer.loading import load_metrics
from services.scorer.mode import exact
from services.scorer.nearest_sentence import over_sentences
from services.scorer.scoring import score_jobs
from services.scorer.similarity import Metric, Opened
from tests.services.scorer.fakes import FakeMetric, MakeJob

FILLER = "We talked about the weather for a long time. "
# More than MiniLM's 256 tokens, all of them before what it is about.
LONG = FILLER * 40 + "Then we bought yellow roses."
OTHER = FILLER * 40 + "Then we bought grey stones."


@pytest.fixture(scope="module")
def loaded() -> dict[str, Metric]:
    sections = Metrics(
        sentence_bert=SentenceBert(model="all-MiniLM-L6-v2"), bert_score=BertScore(model="all-MiniLM-L6-v2")
    )
    over = {"near": {"kind": "sentence_bert", "model": "all-MiniLM-L6-v2", "over": "sentences"}}
    metrics = Metrics.model_validate(sections.model_dump() | over)
    return load_metrics(metrics, Scoring(dtype="float32"))[0]


def test_a_text_is_as_near_as_its_nearest_sentence() -> None:
    table = {("sea", "One."): 0.1, ("sea", "Two!"): 0.7, ("sea", "Three"): -0.2, ("sea", ""): 0.0}
    metric = over_sentences(Opened({"m": FakeMetric(table)}, "fake@1")).metrics["m"]
    for score in (metric.fast, metric.exact, metric.afresh):
        assert list(score([("sea", "One. Two! Three"), ("sea", "One."), ("sea", "")])) == [0.7, 0.1, 0.0]


def test_a_metric_over_sentences_is_another_in_the_provenance() -> None:
    opened = over_sentences(Opened({"m": FakeMetric()}, "model@1"))
    assert (opened.provenance, opened.metrics["m"].source) == ("model@1 over sentences", "fake over sentences")


def test_each_distinct_sentence_is_asked_for_once() -> None:
    fake = FakeMetric()
    metric = over_sentences(Opened({"m": fake}, "")).metrics["m"]
    metric.fast([("sea", "One. One. Two."), ("sea", "Two.")])
    assert fake.calls == [[("sea", "One."), ("sea", "Two.")]]


def test_sentences_end_where_they_do_in_the_language_of_their_job(make_job: MakeJob) -> None:
    fake = FakeMetric()
    metrics = over_sentences(Opened({"m": fake}, "")).metrics
    job = make_job([("Frühling", ["Sie kam am 3. Mai. Dort war es still."])], ["Nichts."])
    jobs = [replace(job, job=replace(job.job, language=language)) for language in ("de", "en", "de")]
    german, english, again = score_jobs(jobs, metrics, exact(0.0), {})
    requested = [[text for _, text in call] for call in fake.calls]
    assert requested == [
        ["Sie kam am 3. Mai.", "Dort war es still.", "Nichts."],
        ["Sie kam am 3.", "Mai.", "Dort war es still.", "Nichts."],
    ]
    assert [result.generated.job.language for result in (german, english, again) if isinstance(result, ScoredJob)] == [
        *("de", "en", "de")
    ]


@pytest.mark.slow
def test_what_stands_behind_the_last_token_counts_over_sentences_alone(loaded: dict[str, Metric]) -> None:
    pairs = [("yellow", LONG), ("yellow", OTHER)]
    [cut_long, cut_other] = loaded["sentence_bert"].exact(pairs)
    [whole_long, whole_other] = loaded["near"].exact(pairs)
    assert cut_long == cut_other
    assert whole_long > whole_other + 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words", "whole"),
    [
        # 256 and 512 tokens with the two special ones, of which "word" is one.
        ("sentence_bert", 254, True),
        ("sentence_bert", 255, False),
        ("bert_score", 510, True),
        ("bert_score", 511, False),
        ("near", 255, False),
    ],
)
def test_a_text_is_read_whole_up_to_the_models_limit(
    loaded: dict[str, Metric], name: str, words: int, whole: bool
) -> None:
    metric = loaded[name]
    text = "word " * words
    assert metric.reads_whole(text) is whole
    metric.fast([("sea", text)])
    assert metric.reads_whole(text) is whole, "the same once it is remembered"


@pytest.mark.slow
def test_comparisons_with_a_text_that_is_cut_are_counted(loaded: dict[str, Metric], make_job: MakeJob) -> None:
    metrics = {name: loaded[name] for name in ("sentence_bert", "near")}
    job = make_job([("yellow", [LONG, "roses", "roses"])], ["stones", OTHER, "stones"])
    [scored] = score_jobs([job], metrics, exact(0.0), {})
    assert isinstance(scored, ScoredJob)
    cut = [
        (outcome.metric, outcome.sample, outcome.value)
        for outcome in single_outcomes(scored)
        if outcome.measure == TRUNCATED
    ]
    assert cut == [("sentence_bert", 0, 1.0), ("sentence_bert", 1, 1.0)]


@pytest.mark.parametrize("unseen", [" \u200d", "\n\n\ufe0f", " \u2060\n\n\ufeff"])
def test_what_nobody_sees_behind_the_last_full_stop_is_no_sentence(unseen: str) -> None:
    table = {("sea", "One."): -0.2, ("sea", unseen.strip()): 0.0, ("sea", unseen): 0.0}
    metric = over_sentences(Opened({"m": FakeMetric(table)}, "")).metrics["m"]
    assert list(metric.fast([("sea", f"One.{unseen}"), ("sea", unseen)])) == [-0.2, 0.0]
