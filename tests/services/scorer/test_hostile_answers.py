"""Whatever a text says, it is scored in time linear in it: an answer, and what a job expects."""

from collections.abc import Callable, Mapping

import pytest

from seep.recall import MOST_WORDS, Match
from seep.records import Answer, Decoding, GeneratedJob, PromptTest
from services.scorer import position, recall, sway
from services.scorer.coreferent import is_coreferent
from services.scorer.echo import echoes
from services.scorer.mode import PUBLISHED
from tests.builders import prompt_job
from tests.growth import grows_linearly, repeat

CHOICE = PromptTest("t", "London", "test?", "c", ("London", "Paris"))
NUMBER = PromptTest("t", "7", "test?", "c")
EXPECTED = "once upon a time there was a miller who had three sons and a donkey"
# More words than are compared of two samples: what is behind them takes linear time, as they take as long each time.
SIZE = 8 * MOST_WORDS


def _job(probe: str, rule: Mapping[str, str], test: PromptTest, *texts: str, ended: bool = True) -> GeneratedJob:
    answers = tuple(Answer(text, "stop" if ended else "length") for text in texts)
    job = prompt_job(
        probe=probe,
        control="control?" if probe == "sway" else None,
        samples=len(answers),
        decoding=Decoding(1.0, 1.0, 50, "none"),
        tests=(test,),
        rule=rule,
    )
    return GeneratedJob(job, answers if probe == "sway" else (), (), (answers,))


def _recall(match: Match, *, ended: bool = True) -> Callable[[str], object]:
    test = PromptTest("t", "c", "test?", "c", expected=EXPECTED)
    return lambda text: recall.score(_job("recall", match.rule(), test, text, ended=ended))


def _two_samples(text: str) -> object:
    test = PromptTest("t", "c", "test?", "c", expected=EXPECTED)
    return recall.score(_job("recall", Match("start", 8, 0.8, True).rule(), test, text, text[:-1] + "x"))


def _of_long_expected(text: str) -> object:
    expected = repeat(text[:7], 2 * MOST_WORDS)
    test = PromptTest("t", "c", "test?", "c", expected=expected)
    match = Match("contain", MOST_WORDS, 0.8, True)
    job = _job("recall", match.rule(), test, text)
    return None if recall.defect(job.job) else recall.score(job)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "start": _recall(Match("start", 50, 0.8, True)),
    "equal": _recall(Match("equal", 1, 0.8, True)),
    "contain": _recall(Match("contain", 8, 0.8, False), ended=False),
    "two samples": _two_samples,
    "contain much": _of_long_expected,
    "option": lambda text: sway.score(_job("sway", {"answer": "option"}, CHOICE, text), PUBLISHED),
    "number": lambda text: sway.score(_job("sway", {"answer": "number"}, NUMBER, text), PUBLISHED),
    "place": lambda text: position.score(_job("position", {"labels": "A\nB"}, CHOICE, text)),
    "echo": lambda text: echoes("red rose", text, "en"),
    "echo without blanks": lambda text: echoes("red", text, "ja"),
    "coreferent": lambda text: is_coreferent("red rose", "A red rose is here. The flower is", text),
}
UNITS = (
    *("a ", "a b ", "London ", "London or ", "not A, ", "7 ", "1,000 ", "1.", "twenty-one ", "a-", "r e d "),
    *("once upon ", "had three sons ", "red. ", "A) London\n", "| a ", ". ", "\u0301", "\u0905\u0940 ", "\u732b", "a_"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_linearly_with_a_hostile_text(name: str) -> None:
    slow = [unit for unit in UNITS if not grows_linearly(FUNCTIONS[name], unit, SIZE)]
    assert slow == []
