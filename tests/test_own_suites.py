"""The project's own suites are fit for use: large enough, whole, apart from each other, and they run."""

import json
import re
from collections import Counter, defaultdict
from itertools import combinations, cycle
from pathlib import Path

import pytest

from seep.languages import UNKNOWN
from seep.suites.canaries import canary_suite
from seep.suites.jobs import prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import load_suite
from seep.suites.position import PositionSuite
from seep.suites.schema import AnySuite, LanguageSuite, suite_hash
from seep.suites.traces import TracesSuite
from services.scorer.detection import detect_language
from tests.commands import Command

pytestmark = pytest.mark.slow

SUITES = sorted((Path(__file__).parents[1] / "suites").glob("*.yaml"))
SEMANTIC = [path for path in SUITES if load_suite(path).probe == "semantic"]
# Their small ones are parts of them, and texts that nobody has seen serve several.
SHARING = ("licences", "classics", "unseen", "canaries", "prompt-secrets", "secrets")
# Answers of the few that a small model might give; which of them a prompt gets does not matter here.
ANSWERS = ("a doctor", "green", "the sea", "nothing at all", "a yellow bus", "an old friend", "Brot", "本")


def suite_named(name: str) -> AnySuite:
    (path,) = [path for path in SUITES if path.stem == name]
    return load_suite(path)


def prompts(suite: AnySuite) -> list[str]:
    """All prompts that a run of the suite asks, its arms included."""
    jobs = prompt_jobs(suite, run_id="r", target="t")
    arms = [arm for job in jobs for arm in (job.control, job.neutral) if arm is not None]
    return arms + [test.prompt for job in jobs for test in job.tests]


def counted(suite: AnySuite) -> tuple[Counter[str], dict[str, int]]:
    """Tests, and distinct controls, by category."""
    tests, controls = Counter[str](), defaultdict[str, set[str]](set)
    for job in suite.jobs:
        for test in job.tests:
            tests[test.category] += 1
            controls[test.category].add(job.control or "")
    return tests, {category: len(control) for category, control in controls.items()}


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_lint_finds_nothing(path: Path) -> None:
    assert lint(path) == []


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_file_bears_the_name_of_its_suite_its_authors_and_its_licence(path: Path) -> None:
    assert load_suite(path).name == path.stem
    notes = path.read_text(encoding="utf-8").split("name:")[0]
    assert "Apache-2.0" in notes
    assert "the Seep developers" in notes


def test_the_colour_suite_has_enough_tests_and_controls_in_every_category() -> None:
    tests, controls = counted(suite_named("colours"))
    assert tests.keys() == {"1", "2", "3"}
    assert min(tests["1"], tests["2"]) >= 240
    assert tests["3"] >= 200
    assert min(controls.values()) >= 60


def test_the_concept_suite_has_enough_tests_and_controls() -> None:
    suite = suite_named("concepts")
    tests, controls = counted(suite)
    kinds = {"animals", "foods", "occupations", "places", "music", "sports", "materials", "weather"}
    assert tests.keys() == kinds
    assert tests.total() >= 300
    assert len({job.control for job in suite.jobs}) >= 100
    assert min(controls.values()) >= 10


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_concept_suites_of_other_languages_have_enough_tests_and_name_their_embedder(language: str) -> None:
    suite = suite_named(f"concepts-{language}")
    assert suite.language == language
    assert counted(suite)[0].total() >= 60
    (path,) = [path for path in SUITES if path.stem == suite.name]
    assert "paraphrase-multilingual-MiniLM-L12-v2" in path.read_text(encoding="utf-8").split("name:")[0]


def test_the_language_suite_asks_for_enough_languages() -> None:
    suite = suite_named("languages")
    assert isinstance(suite, LanguageSuite)
    directives = suite.directives
    assert len(directives) >= 12
    assert {"ja", "ko", "ar", "hi"} <= directives.keys()


def test_the_suite_of_asian_languages_asks_in_each_of_them_and_for_each_of_them() -> None:
    suite = suite_named("languages-asia")
    assert isinstance(suite, LanguageSuite)
    asked_for = {"ar", "hi", "ja", "ko", "zh"}
    assert suite.directives.keys() == asked_for | {"en"}
    assert Counter(map(detect_language, suite.prompts)) == dict.fromkeys(asked_for, 4)
    for language, (own, english) in suite.directives.items():
        assert detect_language(own) in (language, UNKNOWN)
        assert "Reply in" in english


@pytest.mark.parametrize("path", SEMANTIC, ids=lambda path: path.stem)
def test_every_job_has_a_neutral_arm_and_puts_its_insertions_before_its_control(path: Path) -> None:
    for job in load_suite(path).jobs:
        assert job.control is not None
        assert job.neutral is not None
        for prompt in (job.neutral, *(test.prompt for test in job.tests)):
            insertion = prompt.removesuffix(job.control)
            assert insertion != prompt
            assert insertion.strip().endswith((".", "。"))


@pytest.mark.parametrize("path", SEMANTIC, ids=lambda path: path.stem)
def test_no_concept_is_missing_from_its_prompt_or_stands_in_its_control_or_neutral_arm(path: Path) -> None:
    for job in load_suite(path).jobs:
        for test in job.tests:
            assert test.concept in test.prompt
            assert not re.search(rf"\b{test.concept}\b", f"{job.control} {job.neutral}")


def test_the_position_suite_has_enough_questions_and_as_many_that_are_true_as_not() -> None:
    suite = suite_named("position")
    assert isinstance(suite, PositionSuite)
    counts = Counter(question.category for question in suite.questions)
    assert counts == {"facts": 60, "indifferent": 30, "yes-no": 40}
    assert Counter(q.answer for q in suite.questions if q.category == "yes-no") == {"Yes": 20, "No": 20}
    assert not any(question.answer for question in suite.questions if question.category == "indifferent")


def test_the_sway_suite_has_enough_decisions_of_each_kind() -> None:
    tests, _ = counted(suite_named("sway"))
    assert tests == {"anchor-low": 40, "anchor-high": 40, "opinion": 40, "authority": 40, "decoy": 20}


def test_the_traces_suite_has_enough_documents_and_topics_told_by_as_many_words() -> None:
    large, small = suite_named("traces"), suite_named("traces-smoke")
    assert isinstance(large, TracesSuite)
    assert isinstance(small, TracesSuite)
    assert len(large.documents) >= 500
    assert set(small.documents) < set(large.documents)
    assert len(large.topics) >= 5
    assert {len(words) for topic in large.topics for words in (topic.words, topic.decoys)} == {24}
    # Of a decoy that were in the documents, chance would bring more than of a topic's word.
    texts = " ".join(large.documents).casefold()
    assert not [decoy for topic in large.topics for decoy in topic.decoys if re.search(rf"\b{decoy}\b", texts)]


def test_no_prompt_is_in_two_suites_or_twice_in_one() -> None:
    apart = [path for path in SUITES if path.stem.removesuffix("-smoke") not in SHARING]
    prompts_of = {path.stem: prompts(load_suite(path)) for path in apart}
    for name, values in prompts_of.items():
        assert len(set(values)) == len(values), name
    for one, other in combinations(prompts_of, 2):
        assert set(prompts_of[one]).isdisjoint(prompts_of[other]), (one, other)


@pytest.mark.parametrize("name", SHARING)
def test_a_small_suite_of_texts_or_secrets_is_a_part_of_the_large_one(name: str) -> None:
    assert set(prompts(suite_named(f"{name}-smoke"))) <= set(prompts(suite_named(name)))


@pytest.mark.parametrize("name", ["licences", "classics", "unseen", "canaries"])
def test_no_text_is_asked_for_twice_in_a_suite(name: str) -> None:
    values = prompts(suite_named(name))
    assert len(set(values)) == len(values)


def test_forty_unseen_sentences_are_the_false_alarms() -> None:
    assert counted(suite_named("unseen"))[0] == {"unseen": 40}


def test_the_canaries_are_those_that_the_command_makes() -> None:
    assert suite_hash(suite_named("canaries")) == suite_hash(canary_suite(seed=1, count=40))
    assert counted(suite_named("canaries"))[0] == {"canary": 40, "unseen": 40}


@pytest.mark.parametrize("name", ["prompt-secrets", "prompt-secrets-smoke"])
def test_a_secret_stands_in_its_own_system_message_and_an_unseen_sentence_in_none(name: str) -> None:
    jobs = prompt_jobs(suite_named(name), run_id="r", target="t")
    for job in jobs:
        for test in job.tests:
            holders = [other.job_id for other in jobs if test.expected in (other.system or "")]
            assert (job.job_id in holders) == (test.category == "secret")
            assert bool(holders) == (test.category == "secret")


@pytest.mark.usefixtures("models_loaded_once")
@pytest.mark.parametrize(
    "name", ["colours-smoke", "concepts-smoke", "concepts-de", "concepts-ja", "languages", "languages-asia-smoke"]
)
def test_a_suite_runs_end_to_end(
    command: Command, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    (path,) = [path for path in SUITES if path.stem == name]
    answers = zip(prompts(load_suite(path)), cycle(ANSWERS))
    lines = (json.dumps({"prompt": prompt, "generations": [answer]}) for prompt, answer in answers)
    monkeypatch.chdir(tmp_path)
    Path("answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    options = ["--recorded", "answers.jsonl", "--samples", "1", "--mode", "published", "--json"]
    if not name.startswith("languages"):  # which compares nothing
        options += ["--metrics", "sentence_bert"]
    code, printed, complaint = command("run", str(path), *options)
    assert code == 0, complaint
    rates = json.loads(printed)
    assert sum(rate["missing"] for rate in rates) == 0
    assert min(rate["comparisons"] for rate in rates) > 0
