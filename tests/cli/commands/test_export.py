"""Rates in the formats of other tools hold what was measured, all of it, and nothing that was not."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from cli.exports.papers import _latex_text
from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.side_by_side import record_two_models
from tests.stored import Stored

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
NUMBER = {"type": "number"}


def an_object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required | more}


# What the schema of Every Eval Ever, 0.3.0, demands of the fields that a record has.
INTERVAL = an_object({"lower": NUMBER, "upper": NUMBER}, confidence_level={"minimum": 0, "maximum": 1}, method=TEXT)
RESULT = an_object(
    {
        "evaluation_name": TEXT,
        "source_data": an_object({"dataset_name": TEXT, "source_type": {"const": "other"}}, additional_details=TEXTS),
        "metric_config": an_object(
            {"lower_is_better": {"type": "boolean"}, "min_score": NUMBER, "max_score": NUMBER},
            evaluation_description=TEXT,
            score_type={"enum": ["binary", "continuous", "levels"]},
            additional_details=TEXTS,
        ),
        "score_details": an_object(
            {"score": NUMBER},
            details=TEXTS,
            uncertainty=an_object({}, confidence_interval=INTERVAL, num_samples={"type": "integer"}),
        ),
    },
    generation_config=an_object(
        {},
        generation_args={
            "properties": {"temperature": NUMBER, "top_p": NUMBER, "max_tokens": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        },
        additional_details=TEXTS,
    ),
)
DETAILS = an_object(
    {
        "deployment_type": {"enum": ["self_deployed", "externally_managed", "unknown"]},
        "model_availability": {"enum": ["open_weights", "closed_weights", "unknown"]},
    }
)
RECORD = an_object(
    {
        "schema_version": {"const": "0.3.0"},
        "evaluation_id": TEXT,
        "retrieved_timestamp": {"type": "string", "pattern": "^[0-9]+$"},
        "source_metadata": an_object(
            {
                "source_type": {"enum": ["documentation", "evaluation_run"]},
                "source_organization_name": TEXT,
                "evaluator_relationship": {"enum": ["first_party", "third_party", "collaborative", "other"]},
            }
        ),
        "model_info": an_object({"name": TEXT, "id": TEXT, "additional_details": TEXTS | DETAILS}),
        "eval_library": an_object({"name": TEXT, "version": TEXT}, additional_details=TEXTS),
        "evaluation_results": {"type": "array", "items": RESULT},
    },
    evaluation_timestamp=TEXT,
) | {"additionalProperties": False}


@pytest.fixture
def seep(command: Command, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in an empty folder, on a database with the runs of two models and one that measured nothing."""
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    monkeypatch.chdir(tmp_path)
    with Stored(dsn) as store:
        record_two_models(store)
        lost = scored_job("job-1", {"1": ["refused"]}, "lost", provenance={"model": "=1+1"})
        store.record([lost], [], [run_manifest(1, {"1": 1}, "lost", labels=("=cmd()",))])
    return command


def rates_of(seep: Command, run: str) -> list[dict[str, Any]]:
    rates: list[dict[str, Any]] = json.loads(seep("rates", run, "--json")[1])
    return rates


def test_the_rows_are_the_rates_unrounded(seep: Command) -> None:
    expected = [(rate["run_id"], rate["metric"], rate["category"], rate["rate"], rate["low"])
                for run in ("base", "tuned") for rate in rates_of(seep, run)]  # fmt: skip
    lines = [json.loads(line) for line in seep("export", "base", "tuned", "--format", "jsonl")[1].splitlines()]
    names = ("run_id", "metric", "category", "rate", "low")
    assert [tuple(line[name] for name in names) for line in lines] == expected
    table = list(csv.DictReader(io.StringIO(seep("export", "base", "tuned")[1])))
    assert [(*(row[name] for name in names[:3]), float(row["rate"]), float(row["low"])) for row in table] == expected
    assert {(row["model"], row["labels"], row["decoding"][:5]) for row in table} == {
        ("org/base_1", "paper", '{"max'),
        ("org/tuned_1", "paper", '{"max'),
    }


def test_what_was_not_measured_is_an_empty_cell_and_no_number(seep: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(seep("export", "lost", "base")[1])))
    lost = [row for row in rows if row["run_id"] == "lost"]
    assert {(row["rate"], row["low"], row["tie"]) for row in lost} == {("", "", "")}
    assert "not measured" in seep("export", "lost", "base", "--format", "latex")[1]


def test_a_spreadsheet_takes_no_name_for_a_formula(seep: Command) -> None:
    row = next(csv.DictReader(io.StringIO(seep("export", "lost")[1])))
    assert (row["model"], row["labels"]) == ("'=1+1", "'=cmd()")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("rates.md", "| tuned\\_1 | 100.00 ["),
        ("rates.tex", r"tuned\_1 & 100.00 ["),
        ("rates.csv", "tuned,1970-01-01T00:16:40Z,paper,"),
        ("rates.jsonl", '{"run_id": "tuned", '),
    ],
)
def test_the_name_of_the_file_says_the_format(seep: Command, name: str, line: str) -> None:
    assert seep("export", "base", "tuned", "--pool", "1,2", "--out", name) == (0, "", "")
    text = Path(name).read_text(encoding="utf-8")
    assert any(found.startswith(line) for found in text.splitlines())
    assert "1+2" in text


def test_a_record_of_every_eval_ever_is_as_its_schema_says(seep: Command) -> None:
    record = json.loads(seep("export", "tuned", "--format", "eee")[1])
    jsonschema.validate(record, RECORD)
    expected = [(rate["rate"], rate["low"], rate["high"]) for rate in rates_of(seep, "tuned")]
    details = [result["score_details"] for result in record["evaluation_results"]]
    intervals = [each["uncertainty"]["confidence_interval"] for each in details]
    assert [
        (each["score"], interval["lower"], interval["upper"]) for each, interval in zip(details, intervals, strict=True)
    ] == expected
    assert record["model_info"]["inference_engine"] == {"name": "vllm", "version": "0.32.0"}
    assert record["model_info"]["additional_details"]["deployment_type"] == "self_deployed"
    arguments = record["evaluation_results"][0]["generation_config"]["generation_args"]
    assert arguments == {"temperature": 0.5, "top_p": 1.0, "max_tokens": 10}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["lost", "--format", "eee"], "nothing is measured, and a record needs a score"),
        (["base", "tuned", "--format", "eee"], "a record is of one run"),
        (["base", "--format", "parquet"], "expected --out FILE"),
        (["base", "tuned", "--format", "inspect"], "a log is of one run"),
        (
            ["base", "--out", "rates.xlsx"],
            "expected a name that ends in .csv, .jsonl, .parquet, ",
        ),
        (["gone"], "there is no such run"),
        (["base", "--out", "no/folder/rates.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_refused(seep: Command, arguments: list[str], reason: str) -> None:
    code, printed, complaint = seep("export", *arguments)
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert reason in complaint


def test_parquet_has_the_same_rows(seep: Command) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install pyarrow")
    assert seep("export", "base", "--out", "rates.parquet") == (0, "", "")
    lines = [json.loads(line) for line in seep("export", "base", "--format", "jsonl")[1].splitlines()]
    assert parquet.read_table("rates.parquet").to_pylist() == lines


def test_without_pyarrow_parquet_says_what_it_needs(seep: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    line = "seep: --format parquet: it needs pyarrow: pip install pyarrow\n"
    assert seep("export", "base", "--out", "rates.parquet") == (2, "", line)
    assert not Path("rates.parquet").exists()


def test_a_name_at_the_beginning_of_a_latex_row_is_no_part_of_the_row_before() -> None:
    assert [_latex_text(name) for name in ("[2]", "*", "a<b|c")] == [
        "{[}2]",
        "{*}",
        r"a\textless{}b\textbar{}c",
    ]
