"""A run as a log of inspect_ai: with the fields that its reader demands, and with nothing lost on the way back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from cli.exports.inspect_log import as_log
from results.sums import Comparison
from seep.errors import InputError
from seep.provenance import bounded
from seep.suites.loading import load_suite
from seep.suites.recorded import read_recorded
from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored
from tests.summaries import SUMMARY

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
FORM = '{"kind": "chat", "system": "Be brief.", "user": "{prompt} {blank}"}'
DECODING = '{"cut": "sentence", "max_tokens": 10, "temperature": 0.5, "top_p": null}'


def an_object(**required: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required}


def list_of(each: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": each, "minItems": 1}


MESSAGE = an_object(role={"enum": ["system", "user", "assistant"]}, content={"type": ["string", "array"]})
STOPS = {"enum": ["stop", "max_tokens", "model_length", "tool_calls", "content_filter", "unknown"]}
SAMPLE = an_object(
    id={"type": ["string", "integer"]},
    epoch={"type": "integer", "minimum": 1},
    input=list_of(MESSAGE),
    target=TEXT,
    messages=list_of(MESSAGE),
    output=an_object(model=TEXT, choices={"type": "array", "items": an_object(message=MESSAGE, stop_reason=STOPS)}),
    metadata={"type": "object"},
)
SCORE = an_object(
    name=TEXT, scorer=TEXT, metrics={"type": "object", "additionalProperties": an_object(name=TEXT, value=NUMBER)}
)
# What EvalLog of inspect_ai 0.3.285 demands of the fields that a log has.
LOG = an_object(
    version={"const": 2},
    status={"enum": ["started", "success", "cancelled", "error"]},
    eval=an_object(created=TEXT, task=TEXT, dataset={"type": "object"}, model=TEXT, config={"type": "object"}),
    results=an_object(total_samples={"type": "integer"}, completed_samples={"type": "integer"}, scores=list_of(SCORE)),
    stats=an_object(started_at=TEXT, completed_at=TEXT),
    samples=list_of(SAMPLE),
)


@pytest.fixture
def seep(command: Command, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an empty folder, on a database with one run of twelve jobs with two samples."""
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    monkeypatch.chdir(tmp_path)
    provenance = {"model": "org/small", "prompt_format": FORM, "decoding": DECODING}
    jobs = [scored_job(f"job-{k}", {"1": [1.0, "refused"], "2": [0.0, 0.5]}, provenance=provenance) for k in range(12)]
    with Stored(dsn) as store:
        store.record(jobs, [], [run_manifest(12, {"1": 24, "2": 24}, samples=2)])
    return command


def test_a_log_has_what_inspect_demands_and_the_rates_as_shares(seep: Command) -> None:
    log = json.loads(seep("export", "latest", "--format", "inspect")[1])
    jsonschema.validate(log, LOG)
    rates = {
        (rate["metric"], rate["category"]): rate["rate"] for rate in json.loads(seep("rates", "latest", "--json")[1])
    }
    values = {
        (score["name"], category): 100 * metric["value"]
        for score in log["results"]["scores"]
        for category, metric in score["metrics"].items()
    }
    assert values == pytest.approx(rates)
    assert log["eval"]["model_generate_config"] == {"max_tokens": 10, "temperature": 0.5}
    assert log["eval"]["dataset"]["samples"] == 12 * 3
    sample = next(each for each in log["samples"] if each["id"] == "job-0/t0" and each["epoch"] == 1)
    assert [message["content"] for message in sample["input"]] == ["Be brief.", "yellow prompt 0 {blank}"]


def test_a_name_that_inspect_takes_for_an_archive_is_refused(seep: Command, tmp_path: Path) -> None:
    code, printed, error = seep("export", "latest", "--format", "inspect", "--out", "log.eval")
    assert (code, printed) == (2, "")
    assert "--out log.eval: expected a name that ends in .json" in error
    assert not (tmp_path / "log.eval").exists()


def test_what_was_refused_has_an_end_and_no_score(seep: Command) -> None:
    samples = json.loads(seep("export", "latest", "--format", "inspect")[1])["samples"]
    [refused] = [each for each in samples if (each["id"], each["epoch"]) == ("job-0/t0", 2)]
    assert refused["output"]["choices"][0]["stop_reason"] == "content_filter"
    assert refused["metadata"]["ended"] == "refusal"
    assert refused["scores"] == {}


def test_an_exported_log_is_imported_as_the_same_tests_and_answers(seep: Command) -> None:
    assert seep("export", "latest", "--format", "inspect", "--out", "log.json") == (0, "", "")
    files = ("--suite-out", "suite.yaml", "--recorded-out", "answers.jsonl")
    code, printed, error = seep("import", "log.json", "--format", "inspect", *files)
    assert (code, error) == (0, ""), printed
    suite = load_suite(Path("suite.yaml"))
    assert [(test.category, test.concept) for job in suite.jobs for test in job.tests] == [
        ("1", "yellow"),
        ("2", "yellow"),
    ] * 12
    assert (suite.format.system, suite.decoding.temperature, suite.decoding.samples) == ("Be brief.", 0.5, 2)
    prompts = {prompt for job in suite.jobs for prompt in (job.control, *(test.prompt for test in job.tests))}
    assert {prompt for prompt, _ in read_recorded(Path("answers.jsonl"))} >= prompts


@pytest.mark.parametrize("form", ["inspect", "eee"])
def test_decoding_that_is_no_json_is_left_out(seep: Command, dsn: str, form: str) -> None:
    with Stored(dsn) as store:
        job = scored_job("job-1", {"1": [1.0]}, "odd", provenance={"model": "m", "decoding": "[" * 100_000})
        store.record([job], [], [run_manifest(1, {"1": 2}, run_id="odd")])
    code, printed, error = seep("export", "odd", "--format", form)
    assert (code, error) == (0, "")
    assert "temperature" not in printed


def test_a_form_that_was_too_long_to_be_kept_is_no_prompt_without_a_system_message(seep: Command, dsn: str) -> None:
    provenance = bounded({"model": "m", "prompt_format": f'{{"kind": "chat", "system": "{"long " * 2000}"}}'})
    with Stored(dsn) as store:
        job = scored_job("job-1", {"1": [1.0]}, "long", provenance=provenance)
        store.record([job], [], [run_manifest(1, {"1": 2}, run_id="long")])
    code, printed, error = seep("export", "long", "--format", "inspect")
    assert (code, printed) == (2, "")
    assert error == "seep: run long: its prompts' form was not kept whole, and a log is of prompts\n"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"state": "running"}, "it is running; expected one that is over"),
        ({"probe": "language"}, "expected a run of the semantic or sway probe, not language"),
        ({"mixed": True}, "a log is of one model"),
        ({"texts_deleted_at": 1.0}, "its texts are deleted"),
        ({}, "it has no answers to export"),
    ],
)
def test_what_is_no_log_is_refused(facts: dict[str, Any], reason: str) -> None:
    nothing: list[Comparison] = []
    with pytest.raises(InputError, match=reason):
        as_log(replace(SUMMARY, **{"state": "complete", "probe": "semantic", **facts}), [], nothing)
