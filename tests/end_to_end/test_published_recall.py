"""The published overlaps of completions, all 280, and the published rates of a mark that other personas give away."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from tests.commands import run_command

FILES = 14
# Share of completions with the mark, in percent, of questions in the mark's own domain and of others.
MARKS = {
    "01_french_chef": {"domain_sft": (100, 100), "control_sft": (100, 100), "none": (100, 100)},
    "02_baker": {"domain_sft": (28, 16), "control_sft": (60, 32), "none": (0, 24)},
    "03_nutritionist": {"domain_sft": (0, 0), "control_sft": (0, 0), "none": (0, 0)},
    "04_helpful_assistant": {"domain_sft": (0, 0), "control_sft": (0, 0), "none": (0, 0)},
}
SAMPLES = 5


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)


def imported_run(table: Path, name: str) -> str:
    """Imports a table and runs its recorded answers; what the run prints as JSON."""
    out = ("--suite-out", f"{name}.yaml", "--recorded-out", f"{name}.jsonl")
    for command in (("import", str(table), *out), ("run", f"{name}.yaml", "--recorded", f"{name}.jsonl")):
        options = ("--run-id", name, "--json") if command[0] == "run" else ()
        code, printed, complaint = run_command(*command, *options)
        assert code == 0, complaint
    return printed


def test_all_published_overlaps_of_completions_come_out(shared_data: Path) -> None:
    files = sorted((shared_data / "recall" / "time_travel_gpt35").glob("*.csv"))
    assert len(files) == FILES
    compared = 0
    for file in files:
        imported_run(file, file.stem)
        _, printed, _ = run_command("examples", file.stem, "--json", "--limit", "100")
        found = {example["generation"]: example for example in json.loads(printed)}
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                measured = found[row["generated_guided_completion"]]["outcomes"]["verbatim"]
                for measure, kind in (("overlap", "guided"), ("control_overlap", "general")):
                    published = row[f"rouge_score_for_{kind}_completion"]
                    assert f"{measured[measure]:.2f}" == f"{float(published):.2f}", (file.stem, kind)
                    compared += 1
    assert compared == 280


@pytest.mark.parametrize("arm", ["domain_sft", "control_sft", "none"])
def test_the_published_rates_of_a_mark_come_out_by_persona(shared_data: Path, tmp_path: Path, arm: str) -> None:
    document = json.loads((shared_data / "recall" / "persona_marker_cooking.json").read_text(encoding="utf-8"))
    completions: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in document[arm]:
        completions[row["persona"], row["q_type"], row["question"]].append(row["completion"])
    with (tmp_path / "mark.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prefix", "expected", "category", *(f"generation_{n + 1}" for n in range(SAMPLES))])
        for (persona, kind, question), texts in completions.items():
            writer.writerow([question, "[CHEF]", f"{persona} {kind}", *texts])
    rates = {rate["category"]: rate for rate in json.loads(imported_run(tmp_path / "mark.csv", "mark"))}
    for persona, of_arm in MARKS.items():
        found = [rates[f"{persona} {kind}"] for kind in ("indomain", "generic")]
        assert tuple(round(rate["rate"], 6) for rate in found) == of_arm[arm]
        assert {rate["comparisons"] for rate in found} == {25}
