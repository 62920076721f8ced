"""Every parser of what comes from outside: how it is called, what it may raise, and inputs to begin with.

Those that import a model's libraries stand in `slow_parsers.py`.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import yaml
from openpyxl import Workbook

from cli.commands.importing import LogFormat, read_import
from cli.kserve import INFERENCE, engines, sections, served
from results.client import Seep
from results.job_texts import answered_tests
from results.reach import RateWithReach
from seep.codec import (
    DecodeError,
    decode_generated_job,
    decode_manifest,
    decode_prompt_job,
    decode_rate,
    decode_scored_job,
    decode_wait,
    encode_generated_job,
    encode_manifest,
    encode_prompt_job,
    encode_scored_job,
    encode_wait,
)
from seep.errors import InputError
from seep.kafka.dead_letters import dead_letter, read_dead_letter, replayed
from seep.kafka.messages import Message
from seep.kafka.topics import DEAD_LETTERS
from seep.records import RunWait
from seep.settings import load_settings
from seep.suites.jobs import prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import load_suite, parse_suite, suite_text
from seep.suites.recorded import read_recorded_lines, recorded_text
from seep.suites.schema import AnySuite
from services.aggregator.dead_letters import read_dead_job
from services.aggregator.validation import validate
from services.api.comparisons import place_of
from services.generator.masking import Hidden
from services.generator.openai_answers import UnusableAnswer, read_completions
from services.generator.openai_protocol import read_model, read_model_names, retry_after_seconds
from services.generator.refusals import describe, read_refusal
from tests.builders import prompt_job, run_manifest, scored_job
from tests.fuzz import seeds
from tests.fuzz.answers import read_answers
from tests.fuzz.parser import Parser, folder, from_file
from tests.summaries import SUMMARY

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HIDDEN = Hidden(texts=("a prompt",), words=("red",), secrets=("a-secret-key",))
SCORED = scored_job("job-1", {"1": [0.0, 1.0]})


def read_reply(data: bytes) -> None:
    """All that is read of a server's answer to a request."""
    read_model(data, "m")
    read_model_names(data)
    describe(400, read_refusal(data), HIDDEN)
    read_completions(data, 2)


def read_scored(data: bytes) -> None:
    """A scored job, as far as the aggregator looks at it before its database does."""
    scored = decode_scored_job(data)
    if validate(scored) is None:
        list(answered_tests(scored))


def discover(data: bytes) -> None:
    """What a cluster lists, written as settings, which then hold what it names and nothing else."""
    named = engines(served(data.decode("utf-8", "replace"), INFERENCE))
    written = yaml.safe_load("\n".join(sections(named)))
    assert list(written) == ["engines", "targets"]
    assert {name: engine["model"] for name, engine in (written["engines"] or {}).items()} == {
        name: each.model for name, each in named.items()
    }


def read_suite(path: Path) -> None:
    """A suite, its jobs as they are sent, and the suite as it is written again."""
    suite = load_suite(path)
    for job in prompt_jobs(suite, run_id="run-1", target="t"):
        assert decode_prompt_job(encode_prompt_job(job)) == job
    _assert_written_and_read_again(suite)


def read_as_import(form: LogFormat | None = None) -> Callable[[Path], None]:
    """What `seep import` makes of a file is read again as it was."""

    def read(path: Path) -> None:
        imported = read_import(path, form=form)
        _assert_written_and_read_again(imported.suite)
        recorded = folder() / "recorded.jsonl"
        recorded.write_text(recorded_text(imported.lines), encoding="utf-8")
        assert read_recorded_lines(recorded) == {(line.prompt, line.system): line for line in imported.lines}

    return read


def _assert_written_and_read_again(suite: AnySuite) -> None:
    written = folder() / "written.yaml"
    written.write_text(suite_text(suite), encoding="utf-8")
    assert load_suite(written) == suite


def read_dead(data: bytes) -> None:
    """A dead letter: its key, its value and a header, apart by line ends; listed, recorded, replayed."""
    key, value, name, header = (*data.split(b"\n", 3), b"", b"", b"")[:4]
    headers = (*DEAD.headers, (name.decode("utf-8", "replace"), header))
    message = Message(DEAD_LETTERS, 0, 0, key, value, headers)
    read_dead_letter(message)
    read_dead_job(message)
    replayed(message)


def read_api(data: bytes) -> None:
    """What the client of notebooks makes of an answer of the API, and of a refusal."""

    def answering(status: int) -> Seep:
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=data))
        return Seep(httpx.Client(base_url="http://seep", transport=transport))

    with suppress(InputError):
        answering(400).run("run-1")
    with suppress(InputError):
        rates = answering(200).rates("run-1")
        rates.rows()
        rates._repr_html_()
        return
    runs = answering(200).runs(limit=2)
    runs.rows()
    runs._repr_html_()


def workbook(data: bytes) -> bytes:
    """A workbook whose sheet is this XML; what is no XML is the workbook itself."""
    if not data.startswith(b"<"):
        return data
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, data if part.filename == SHEET else old.read(part))
    return packed.getvalue()


def _workbook() -> bytes:
    book, packed = Workbook(), io.BytesIO()
    for row in (["prompt", "n_control", "concept", "generation_1"], ["A", None, None, "x"], ["B", 0, "red", 3.5]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(packed)
    return packed.getvalue()


WORKBOOK, SHEET = _workbook(), "xl/worksheets/sheet1.xml"
SHEET_XML = zipfile.ZipFile(io.BytesIO(WORKBOOK)).read(SHEET)
_read_xlsx = from_file(".xlsx", read_as_import())
DEAD = dead_letter(
    Message("seep.jobs.stub", 0, 7, b"run-1/job-1", None), stage="generator", class_name="Failure", reason="it is away"
)


RATE = RateWithReach("run-1", "colours", "stub", "semantic", "bert_score", "1", 62.5, 50.0, 75.0, 8, 2, 0, 0, 0)
API = (
    orjson.dumps({"summary": SUMMARY, "runs": [SUMMARY], "next": "run-1"}),
    orjson.dumps([RATE]),
)


def _wire(decode: Callable[[bytes], object], seed: bytes) -> Parser:
    return Parser(decode, DecodeError, (seed, b""))


def _import(suffix: str, *inputs: bytes, form: LogFormat | None = None) -> Parser:
    return Parser(from_file(suffix, read_as_import(form)), InputError, inputs)


PARSERS: Mapping[str, Parser] = {
    "prompt job": _wire(decode_prompt_job, encode_prompt_job(prompt_job())),
    "generated job": _wire(decode_generated_job, encode_generated_job(SCORED.generated)),
    "scored job": _wire(read_scored, encode_scored_job(SCORED)),
    "manifest": _wire(decode_manifest, encode_manifest(run_manifest(1, {"1": 2}))),
    "wait": _wire(decode_wait, encode_wait(RunWait("run-1", "scorer", "it is away"))),
    "rate": _wire(decode_rate, b"\x0a\x05run-1"),
    "dead letter": Parser(
        read_dead, InputError, (b"run-1/job-1\n\n__connect.errors.topic\nseep.jobs.stub", b"run-1/job-1\nx\na\nb")
    ),
    "suite": Parser(
        from_file(".yaml", parse_suite, lambda path: list(lint(path)), read_suite),
        InputError,
        (seeds.SUITE, *seeds.SUITES),
    ),
    "settings": Parser(from_file(".yaml", load_settings), InputError, (seeds.SETTINGS,)),
    "csv": _import(".csv", seeds.CSV),
    "jsonl": _import(".jsonl", seeds.JSONL, seeds.TEXTS, seeds.QUESTIONS),
    "xlsx": Parser(lambda data: _read_xlsx(workbook(data)), InputError, (SHEET_XML, WORKBOOK)),
    "recorded": Parser(from_file(".jsonl", read_recorded_lines), InputError, (seeds.RECORDED,)),
    "log of inspect": _import(".json", seeds.INSPECT, form=LogFormat.INSPECT),
    "log of lm-eval": _import(".jsonl", seeds.LM_EVAL, form=LogFormat.LM_EVAL),
    "discover": Parser(discover, InputError, (seeds.KSERVE,)),
    "spill": _import(".jsonl", seeds.SPILL),
    "spill study": _import(".json", seeds.STUDY),
    "reply": Parser(
        read_reply, UnusableAnswer, (seeds.REPLY, seeds.MODELS, seeds.REFUSAL, b"data: {}", b"<title>502</title>")
    ),
    "answers": Parser(read_answers, InputError, seeds.ANSWERS),
    "Retry-After": Parser(
        lambda data: retry_after_seconds(data.decode("latin-1"), NOW),
        InputError,
        (b"30", b"Sat, 28 Nov 2026 10:00:00 GMT"),
    ),
    "cursor": Parser(lambda data: place_of(data.decode("latin-1")), InputError, (b"WzEsImoiLCJ0IiwiYyJd",)),
    "answer of the API": Parser(read_api, InputError, API),
}

# Those that read JSON or YAML, and whose seeds are nothing else.
DOCUMENTS = (
    *("suite", "settings", "jsonl", "recorded", "log of inspect", "log of lm-eval", "discover", "spill", "spill study"),
    "answer of the API",
)
