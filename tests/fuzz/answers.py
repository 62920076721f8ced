"""All that is read of the text of an answer, whoever wrote it: where it ends, what it thinks, repeats and chooses."""

from collections.abc import Callable, Mapping

from seep.outcomes import Outcome, outcome_series
from seep.recall import Match
from seep.records import Answer, Decoding, GeneratedJob, PromptTest, ScoredJob
from seep.sentences import split_sentences
from seep.settings import OutputFilter, Reasoning
from services.aggregator.validation import validate
from services.generator.cutting import bound_answers, cut_answers
from services.generator.filtering import refuses
from services.generator.reasoning import read_reasoning
from services.scorer import position, recall, sway
from services.scorer.echo import echoes
from services.scorer.mode import PUBLISHED
from tests.builders import prompt_job

LANGUAGES = ("en", "de", "ja", "tr", "el")
FILTER = OutputFilter(refuse="(a|b)+", refuse_concept=True, max_regenerations=1)
OPTIONS = ("London", "Paris", "no")
RULES = ({"answer": "option"}, {"answer": "number"})


def read_answers(data: bytes) -> None:
    """Two answers, apart by a NUL; AssertionError for a scored job that the aggregator would not take."""
    texts = (data.decode("utf-8", "replace").split("\0", 1) * 2)[:2]
    language = LANGUAGES[len(data) % len(LANGUAGES)]
    answers = bound_answers((Answer(texts[0]), Answer(texts[1], "length")), tokens=50)
    for keep in (True, False, "only"):
        read = tuple(read_reasoning(answer, Reasoning(keep=keep)) for answer in answers)
    for cut in ("none", "sentence"):
        cut_answers(read, cut, language)
    for text in texts:
        assert "".join("".join(split_sentences(text, language)).split()) == "".join(text.split())
        echoes("red rose", text, language)
        refuses(FILTER, text, "red rose", language)
    _score(answers, language)


def _score(answers: tuple[Answer, ...], language: str) -> None:
    """The outcomes of every probe that needs no model."""
    for rule in RULES:
        test = PromptTest("t", "Paris" if rule["answer"] == "option" else "7", "test?", "c", OPTIONS)
        _assert_recorded(_job("sway", answers, language, test, rule), lambda job: sway.score(job, PUBLISHED))
    choice = PromptTest("t", "c", "test?", "c", OPTIONS)
    _assert_recorded(_job("position", answers, language, choice, {"labels": "A\nB\nC"}), position.score)
    for match in (Match("start", 2, 0.8, True), Match("contain", 2, 0.8, False), Match("equal", 1, 1.0, True)):
        expected = PromptTest("t", "c", "test?", "c", expected="had three sons and a donkey")
        _assert_recorded(_job("recall", answers, language, expected, match.rule()), recall.score)


def _job(
    probe: str, answers: tuple[Answer, ...], language: str, test: PromptTest, rule: Mapping[str, str]
) -> GeneratedJob:
    needs_control = probe == "sway"
    job = prompt_job(
        probe=probe,
        language=language,
        samples=len(answers),
        control="a control" if needs_control else None,
        decoding=Decoding(1.0, 1.0, 50, "none"),
        tests=(test,),
        rule=rule,
    )
    return GeneratedJob(job, answers[::-1] if needs_control else (), (), (answers,), {"model": "m"})


def _assert_recorded(job: GeneratedJob, score: Callable[[GeneratedJob], list[Outcome]]) -> None:
    assert validate(ScoredJob(job, outcome_series(score(job), job.job), (), {"scoring": "s"})) is None
