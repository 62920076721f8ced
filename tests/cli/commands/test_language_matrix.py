"""The contamination matrix as a picture, with the column that it is read by."""

import json
from pathlib import Path

import pytest

from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

SUITE = """
name: spill
version: "1"
probe: language
cluster: sample
format: {kind: chat}
decoding: {temperature: 1.0, max_tokens: 50, samples: 4}
directives:
  es: [Answer in Spanish.]
  it: [Answer in Italian.]
"""
SPANISH = "No sé qué decirte de esa película, porque no la he visto todavía."
ITALIAN = "Non so che cosa dirti di quel film, perché non l'ho ancora visto."


@pytest.fixture
def seep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, postgres_dsn: str) -> Command:
    """The command with two runs: `tuned` answers half of the Spanish directive in Italian, `plain` obeys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    Path("spill.yaml").write_text(SUITE, encoding="utf-8")

    for run, answers in (("tuned", [SPANISH, SPANISH, ITALIAN, ITALIAN]), ("plain", [SPANISH] * 4)):
        rows = {"Answer in Spanish.": answers, "Answer in Italian.": [ITALIAN] * 4}
        lines = (json.dumps({"prompt": prompt, "generations": texts}) for prompt, texts in rows.items())
        Path("answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
        options = ("--recorded", "answers.jsonl", "--mode", "published", "--run-id", run)
        assert command("run", "spill.yaml", *options)[0] == 0
    return command


def test_a_matrix_is_drawn_and_its_column_printed(seep: Command) -> None:
    code, printed, _ = seep("language", "matrix", "tuned", "--out", "matrix.svg")
    assert code == 0
    assert [line.split()[:3] for line in printed.splitlines()[1:3]] == [["it", "0", "100.00"], ["es", "2", "50.00"]]
    picture = Path("matrix.svg").read_text(encoding="utf-8")
    for text in ("tuned, languages by langdetect", "unknown", ">50<", "0 to 60"):
        assert text in picture


@pytest.mark.parametrize("options", [("none",), ("tuned", "--baseline", "none"), ("tuned", "--mirror", "none")])
def test_a_run_without_an_answer_is_not_measured(seep: Command, postgres_dsn: str, options: tuple[str, ...]) -> None:
    manifest = run_manifest(1, {"es>es": 2}, run_id="none", samples=2, probe="language")
    with Stored(postgres_dsn) as store:
        store.record([scored_job("j", {"es>es": ["filtered", "refused"]}, run_id="none")], [], [manifest])
    code, printed, _ = seep("language", "matrix", *options, "--out", "matrix.svg")
    assert (code, Path("matrix.svg").exists()) == (4, False)
    assert printed.startswith("run none: ")


def test_a_baseline_is_subtracted(seep: Command) -> None:
    _, printed, _ = seep("language", "matrix", "tuned", "--out", "matrix.png", "--baseline", "plain")
    rows = {row[0]: row[2:] for line in printed.splitlines() if len(row := line.split()) == 5}
    assert rows["es"][0] == "+50.00"
    assert rows["it"][0] == "+0.00"
    assert rows["it"][1].startswith("[-")
    assert Path("matrix.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_differences_has_their_signs_also_where_none_is_below_0(seep: Command) -> None:
    seep("language", "matrix", "tuned", "--out", "matrix.svg", "--baseline", "tuned")
    picture = Path("matrix.svg").read_text(encoding="utf-8")
    assert ">+0<" in picture
    assert ">points<" in picture


def test_a_mirrored_condition_is_compared(seep: Command) -> None:
    options = ("--mirror", "plain", "--mirror-language", "es", "--language", "it")
    _, printed, _ = seep("language", "matrix", "tuned", "--out", "matrix.png", *options)
    assert "in it less mirrored in es" in printed


def test_a_language_runs_rates_say_what_their_intervals_hold_for_and_have_no_pool_of_all(seep: Command) -> None:
    _, printed, _ = seep("rates", "tuned")
    assert "the intervals hold for these very prompts" in printed
    assert " all " not in printed


def test_examples_show_an_answer_in_the_category_where_it_counts(seep: Command) -> None:
    _, printed, _ = seep("examples", "tuned", "--category", "es>it", "--json")
    assert [example["generation"] for example in json.loads(printed)] == [ITALIAN, ITALIAN]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tuned", "--out", "matrix.pdf"), "--out matrix.pdf: expected a name that ends in .svg or .png"),
        (("tuned", "--out", "m.svg", "--language", "fr"), "--language fr: expected one of the run's, es, it"),
        (("nowhere", "--out", "m.svg"), "run nowhere: there is no such run"),
        (("tuned", "--out", "nowhere/m.svg"), "--out nowhere/m.svg: cannot be written: No such file"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(seep: Command, arguments: tuple[str, ...], message: str) -> None:
    code, _, line = seep("language", "matrix", *arguments)
    assert code == 2
    assert message in line
    assert list(Path.cwd().glob("m*")) == []


def test_seeds_of_one_condition_are_pooled_each_a_cluster_of_its_own(seep: Command) -> None:
    _, printed, _ = seep("rates", "tuned", "plain", "--json")
    rates = {rate["category"]: rate for rate in json.loads(printed)}
    assert (rates["es>it"]["rate"], rates["es>it"]["clusters"], rates["es>it"]["comparisons"]) == (25.0, 2, 8)
    code, printed, _ = seep("language", "matrix", "tuned", "plain", "--out", "matrix.svg")
    assert code == 0
    assert "each run is a cluster of its own" in printed
    assert [line.split()[:3] for line in printed.splitlines()[1:3]] == [["it", "0", "100.00"], ["es", "2", "25.00"]]
    assert "tuned, plain, languages by langdetect" in Path("matrix.svg").read_text(encoding="utf-8")


def test_a_spill_stands_beside_its_placebo_with_the_difference_and_its_interval(seep: Command) -> None:
    _, printed, _ = seep("language", "matrix", "tuned", "--out", "matrix.svg", "--placebo", "plain")
    rows = [line.split() for line in printed.splitlines() if line.startswith((" measured", " placebo"))]
    assert rows[0][:5] == ["measured", "(tuned)", "it", "es", "50.00"]
    assert rows[1][:5] == ["placebo", "(plain)", "it", "es", "0.00"]
    assert "+50.00" in rows[1][5:]
    assert "order by family distance to it: not measured: it takes 4 third languages" in printed


def test_a_pool_of_the_same_run_twice_is_refused(seep: Command) -> None:
    code, _, line = seep("rates", "tuned", "tuned")
    assert code == 2
    assert "runs tuned, tuned: expected each once" in line
