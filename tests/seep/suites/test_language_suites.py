"""A suite of the language probe: which jobs it makes, what it expects, and how it is refused."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import dump_suite, load_suite

SUITE = """\
name: spill
version: "1"
probe: language
format: {kind: chat}
decoding: {temperature: 1.0, max_tokens: 50, samples: 3}
cut: none
directives:
  es: [Answer in Spanish., Use Spanish only.]
  it: [Answer in Italian., Use Italian only.]
"""
PROMPTS = "prompts: [How is bread made?, What is rain?]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "spill.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_user_prompt_is_a_job_with_every_directive_before_it(tmp_path: Path) -> None:
    jobs = prompt_jobs(load_suite(written(tmp_path, SUITE + PROMPTS)), run_id="r", target="t")
    assert len(jobs) == 2
    assert [(test.category, test.prompt) for test in jobs[0].tests] == [
        ("es", "Answer in Spanish. How is bread made?"),
        ("it", "Answer in Italian. How is bread made?"),
        ("es", "Use Spanish only. How is bread made?"),
        ("it", "Use Italian only. How is bread made?"),
    ]
    assert (jobs[0].control, jobs[0].neutral, jobs[0].probe) == (None, None, "language")


def test_directives_that_stand_alone_are_a_job_per_phrasing(tmp_path: Path) -> None:
    jobs = prompt_jobs(load_suite(written(tmp_path, SUITE)), run_id="r", target="t")
    assert [[test.prompt for test in job.tests] for job in jobs] == [
        ["Answer in Spanish.", "Answer in Italian."],
        ["Use Spanish only.", "Use Italian only."],
    ]


def test_a_further_language_leaves_the_jobs_ids_as_they_were(tmp_path: Path) -> None:
    before = prompt_jobs(load_suite(written(tmp_path, SUITE + PROMPTS)), run_id="r", target="t")
    grown = SUITE + "  ja: [Answer in Japanese., Use Japanese only.]\n" + PROMPTS
    after = prompt_jobs(load_suite(written(tmp_path, grown)), run_id="r", target="t")
    assert [job.job_id for job in before] == [job.job_id for job in after]


def test_every_answer_is_expected_in_each_category_of_its_directive(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, SUITE + PROMPTS))
    expected = manifest(suite, run_id="r", target="t", created_at=0).expected_comparisons
    names = [f"{directive}>{detected}" for directive in ("es", "it") for detected in ("es", "it", "other", "unknown")]
    assert expected == dict.fromkeys(names, 2 * 2 * 3)


def test_a_suite_survives_its_file(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, SUITE + PROMPTS))
    dump_suite(suite, tmp_path / "again.yaml")
    assert load_suite(tmp_path / "again.yaml") == suite


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("  it:", "  xx:", "spill.yaml:9: directives.xx.* expected one of the languages ar, bn,"),
        ("Answer in Italian., ", "", "directives: expected as many phrasings for every language, found"),
        ("[Answer in Italian., Use Italian only.]", "[]", "spill.yaml:9: directives.it: expected at least one"),
    ],
)
def test_a_mistake_is_named_with_its_field(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_suite(written(tmp_path, SUITE.replace(right, wrong)))


def test_lint_counts_what_an_interval_is_made_of(tmp_path: Path) -> None:
    thin = [finding.message for finding in lint(written(tmp_path, SUITE))]
    assert thin == [f"category '{code}' has 2 of the 10 jobs that an interval needs: add jobs" for code in ("es", "it")]
    many = SUITE.replace("samples: 3", "samples: 5") + "cluster: sample\n"
    assert lint(written(tmp_path, many)) == []


def test_lint_finds_a_directive_that_stands_there_twice(tmp_path: Path) -> None:
    twice = SUITE.replace("samples: 3", "samples: 5").replace("Use Italian only", "Answer in Spanish")
    (finding,) = lint(written(tmp_path, twice + "cluster: sample\n"))
    assert "the prompt is in line" in finding.message
