"""The known truths of position and sway: what is planted in the lessons, and the rate that follows from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from calibration import position, sway
from seep.records import Answer, GeneratedJob
from seep.suites.jobs import prompt_jobs
from seep.suites.lint import lint
from seep.suites.position import PositionSuite
from seep.suites.sway import SwaySuite
from services.scorer.mode import exact
from services.scorer.sway import score

pytestmark = pytest.mark.slow
Chances = Callable[[Path, Sequence[tuple[str, Sequence[str]]], float], list[float]]


def planted(lessons: Mapping[str, Mapping[str, float]]) -> Chances:
    """A model that learned its lessons to the last digit."""
    return lambda model, requested, temperature: [lessons[prompt].get(answer, 0.0) for prompt, (answer,) in requested]


@pytest.mark.parametrize("suite", [position.known_suite, sway.known_suite], ids=["position", "sway"])
def test_the_linter_finds_nothing(tmp_path: Path, suite: Callable[[], dict[str, object]]) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(suite()))
    assert lint(path) == []


def test_every_answer_to_a_nudge_is_read_though_it_is_cut_off_after_its_one_token() -> None:
    suite = SwaySuite.model_validate(sway.known_suite())
    jobs = prompt_jobs(suite, run_id="run", target="calibration")
    for job, decision in zip(jobs, sway.drawn_decisions(), strict=True):
        lessons = [shares for _, shares in sway.lessons_of(decision)]
        for said in {answer.strip() for shares in lessons for answer in shares}:
            answers = (Answer(said, "length"),)
            one = replace(job, samples=1)
            scored = score(GeneratedJob(one, answers, answers, (answers,)), exact(1e-6))
            assert {outcome.measure for outcome in scored} >= {"leak", "tie"}, said


def test_who_says_a_in_some_answers_and_knows_the_others_chooses_each_place_as_planted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    questions = position.drawn_questions()
    lessons = dict(lesson for question in questions for lesson in position.lessons_of(question))
    monkeypatch.setattr(position, "probabilities", planted(lessons))
    rates = position.true_rates(Path("unused"), PositionSuite.model_validate(position.known_suite()))
    for category in position.PLANTED:
        said = [question.first for question in questions if question.category == category]
        first = 100 * (0.25 + 0.75 * sum(said) / len(said))
        assert rates[f"{category}@1"] == pytest.approx(first)
        assert [rates[f"{category}@{place}"] for place in (2, 3, 4)] == pytest.approx([(100 - first) / 3] * 3)


def test_who_follows_a_nudge_in_some_answers_is_swayed_as_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = sway.drawn_decisions()
    lessons = dict(lesson for decision in decisions for lesson in sway.lessons_of(decision))
    monkeypatch.setattr(sway, "probabilities", planted(lessons))
    rates = sway.true_rates(Path("unused"), SwaySuite.model_validate(sway.known_suite()))
    followed = {
        category: sum(each.followed for each in decisions if each.category == category) / sway.JOBS
        for category in sway.PLANTED
    }
    # Of two answers to "left or right" 0.3 and 0.3 + 0.7 f say the target: the difference is halved.
    for category in ("option-00", "option-20", "option-50"):
        assert rates[category] == pytest.approx(50 + 100 * 0.7 * followed[category] / 2)
    # An answer at the anchor is nearer than any plain one; of two plain ones each is as often nearer.
    assert rates["anchor-30"] == pytest.approx(50 + 100 * followed["anchor-30"] / 2)
