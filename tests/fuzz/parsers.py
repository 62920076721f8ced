"""Every parser of what comes from outside: how it is called, what it may raise, and inputs to begin with."""

import atexit
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import yaml
from openpyxl import Workbook

from cli.kserve import INFERENCE, engines, sections, served
from results.job_texts import answered_tests
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
from seep.records import RunWait
from seep.settings import load_settings
from seep.suites.inspect_log import read_inspect
from seep.suites.lint import lint
from seep.suites.lm_eval_log import read_lm_eval
from seep.suites.loading import load_suite, parse_suite
from seep.suites.logs import Log, asked_as_logged, table_of
from seep.suites.recorded import read_recorded
from seep.suites.spill import holds_completions, read_spill
from seep.suites.table import read_table
from seep.suites.workbook import read_prompts
from services.aggregator.validation import validate
from services.api.comparisons import place_of
from services.generator.masking import Hidden
from services.generator.openai_answers import UnusableAnswer, read_completions
from services.generator.openai_protocol import read_model, read_model_names, retry_after_seconds
from services.generator.refusals import describe, read_refusal
from tests.builders import prompt_job, run_manifest, scored_job

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HIDDEN = Hidden(texts=("a prompt",), words=("red",), secrets=("a-secret-key",))
SCORED = scored_job("job-1", {"1": [0.0, 1.0]})
SUITE = b"""name: rooms
version: "1"
format: {kind: chat, system: Be brief., user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: A room is
    neutral: &a B
    tests:
      - {concept: red, prompt: Red. A room is, category: "1"}
"""
SETTINGS = b"""kafka: {bootstrap_servers: "h:9092", sasl_plain_password: &p x, topics: {partitions: 2}}
engines: {e: {backend: openai, model: m, base_url: "http://h/v1", headers: {X-A: "1"}, extra_body: {a: [1]}}}
targets: {t: {engine: e, filter: {refuse: "(a|b)+", max_regenerations: 2}, reasoning: only}}
monitors: {m: {target: t, suite: s.yaml, schedule: "0 6 * * *"}}
api: {token: "abc"}
"""
CSV = b'prompt,n_control,concept,category,generation_1\nA,none,none,1,x\n"B, b",0,red,1,"y ""z"""\n'
JSONL = (
    b'{"prompt": "A", "n_control": null, "concept": "none", "generation_1": "x"}\n'
    b'{"prompt": "B", "n_control": 0, "concept": "red", "category": "1", "generation_1": "\\u00e9 y"}\n'
)
LM_EVAL = b"".join(
    b'{"doc_id": %d, "doc": {"n_control": %s, "concept": "red"}, "resps": [["x"]], "filter": "none", "arguments": '
    b'{"gen_args_0": {"arg_0": "%s", "arg_1": {"temperature": 0.5, "max_gen_toks": 5}}}}\n' % line
    for line in ((0, b"null", b"A"), (1, b"0", b"B"))
)
INSPECT = (
    b'{"version": 2, "status": "success", "eval": {"model": "m", "model_generate_config": {"top_p": 0.5}}, "samples": ['
    + b", ".join(
        b'{"id": %d, "epoch": 1, "input": "%s", "metadata": {"n_control": %s, "concept": "red"}, "limit": null, '
        b'"output": {"choices": [{"message": {"role": "assistant", "content": "x"}, "stop_reason": "stop"}]}}' % sample
        for sample in ((1, b"A", b"null"), (2, b"B", b"1"))
    )
    + b"]}"
)
KSERVE = (
    b'{"items": [{"metadata": {"name": "m", "namespace": "n"}, "status": {"url": "http://h", "conditions": '
    b'[{"type": "Ready", "status": "True"}]}, "spec": {"predictor": {"model": {"modelFormat": {"name": "huggingface"}, '
    b'"args": ["--model_name=m"]}}}}]}'
)
RECORDED = b'{"prompt": "A", "generations": ["x", "y"]}\n{"prompt": "B", "generations": ["z", ""]}\n'
SPILL = (
    b'{"directive": "Speak Spanish.", "directive_language": "Spanish", "sample": 0, "completion": "Hola.", '
    b'"judge_label": "spanish"}\n'
    b'{"directive": "Speak French.", "directive_language": "French", "sample": 0, "completion": "Oui.", '
    b'"judge_label": "parse_error"}\n'
)
STUDY = json.dumps(
    {
        "completions": {"Speak Spanish.": ["Hola."], "Speak Mandarin Chinese.": ["\u4e00"]},
        "summary": {
            "per_cell": {
                "Speak Spanish.": {"expected_lang": "spanish", "per_row_labels": [{"claude_label": "spanish"}]},
                "Speak Mandarin Chinese.": {"expected_lang": "mandarin", "per_row_labels": [{"claude_label": "x"}]},
            }
        },
    }
).encode()
REPLY = json.dumps(
    {
        "id": "x",
        "model": "m",
        "system_fingerprint": "vllm-0.32.0-tp1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "a", "reasoning_content": "b"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
).encode()
MODELS = b'{"data": [{"id": "m", "owned_by": "vllm", "root": "/m", "max_model_len": 64}]}'
REFUSAL = b'{"error": {"message": "no \\u00e9 role", "code": 400, "type": "t", "param": "messages[0].role"}}'
# What has broken such parsers somewhere.
PIECES = (
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b[31m", b"\x1d", b"\x85", b"\xe2\x80\xa8"),
    *(b"[" * 200, b"{" * 200, b'{"a":' * 200, b'"\\ud800"', b"1e999", b"NaN", b"-Infinity", b"9" * 5000, b"1e400"),
    *(b"*a", b"&a ", b"<<: *a", b"!!binary x", b"!!python/object:a b", b"!!set {a}", b"? [a]\n: b", b"2026-13-45"),
    *(b"0x1F", b"1_000", b".inf", b"~", b"null", b"true", b"{}", b"[]", b'""', b"'", b'"', b",", b":", b"\n", b"\r\n"),
    *(
        b"\t",
        b"=1+1",
        b"#N/A",
        b"_x000D_",
        b"<!DOCTYPE a>",
        b"&lt;",
        b"<title>",
        b"%",
        b"\xc2\xad",
        b"- ",
        b"\xf0\x9f\x98\x80",
    ),
    *(b"\x80\x80\x80\x80\x10", b"\x0a\xff\xff\xff\xff\x0f", b"Sat, 28 Nov 2026 25:61:61 GMT", b"-1", b"0.1"),
    b"\xf0\x9f\x98\x80",
)


@dataclass(frozen=True)
class Parser:
    """`parse` takes any bytes; `declared` are the errors that say what is wrong with them."""

    parse: Callable[[bytes], object]
    declared: type[Exception]
    seeds: tuple[bytes, ...]


@cache
def folder() -> Path:
    """Where inputs lie that are read from files; one process's own, which goes with it."""
    made = Path(mkdtemp(prefix="seep-fuzz-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def from_file(suffix: str, *reads: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Writes the input to a file, and reads it in each of these ways; raises what the last raises."""

    def parse(data: bytes) -> None:
        path = folder() / f"input{suffix}"
        path.write_bytes(data)
        for read in reads[:-1]:
            with suppress(InputError):
                read(path)
        reads[-1](path)

    return parse


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


def _log(read: Callable[[Path], Log], suffix: str, seed: bytes) -> Parser:
    def parse(path: Path) -> None:
        log = read(path)
        asked_as_logged(read_prompts(table_of(log))[0], log)

    return Parser(from_file(suffix, parse), InputError, (seed,))


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
_read_xlsx = from_file(".xlsx", lambda path: read_prompts(read_table(path)))


def _wire(decode: Callable[[bytes], object], seed: bytes) -> Parser:
    return Parser(decode, DecodeError, (seed, b""))


def _table(suffix: str, seed: bytes) -> Parser:
    return Parser(from_file(suffix, lambda path: read_prompts(read_table(path))), InputError, (seed,))


PARSERS: Mapping[str, Parser] = {
    "prompt job": _wire(decode_prompt_job, encode_prompt_job(prompt_job())),
    "generated job": _wire(decode_generated_job, encode_generated_job(SCORED.generated)),
    "scored job": _wire(read_scored, encode_scored_job(SCORED)),
    "manifest": _wire(decode_manifest, encode_manifest(run_manifest(1, {"1": 2}))),
    "wait": _wire(decode_wait, encode_wait(RunWait("run-1", "scorer", "it is away"))),
    "rate": _wire(decode_rate, b"\x0a\x05run-1"),
    "suite": Parser(from_file(".yaml", parse_suite, lambda path: list(lint(path)), load_suite), InputError, (SUITE,)),
    "settings": Parser(from_file(".yaml", load_settings), InputError, (SETTINGS,)),
    "csv": _table(".csv", CSV),
    "jsonl": _table(".jsonl", JSONL),
    "xlsx": Parser(lambda data: _read_xlsx(workbook(data)), InputError, (SHEET_XML, WORKBOOK)),
    "recorded": Parser(from_file(".jsonl", read_recorded), InputError, (RECORDED,)),
    "log of inspect": _log(read_inspect, ".json", INSPECT),
    "log of lm-eval": _log(read_lm_eval, ".jsonl", LM_EVAL),
    "discover": Parser(discover, InputError, (KSERVE,)),
    "spill": Parser(from_file(".jsonl", holds_completions, read_spill), InputError, (SPILL,)),
    "spill study": Parser(from_file(".json", holds_completions, read_spill), InputError, (STUDY,)),
    "reply": Parser(read_reply, UnusableAnswer, (REPLY, MODELS, REFUSAL, b"data: {}", b"<title>502</title>")),
    "Retry-After": Parser(
        lambda data: retry_after_seconds(data.decode("latin-1"), NOW),
        InputError,
        (b"30", b"Sat, 28 Nov 2026 10:00:00 GMT"),
    ),
    "cursor": Parser(lambda data: place_of(data.decode("latin-1")), InputError, (b"WzEsImoiLCJ0IiwiYyJd",)),
}


def mutated(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The seed with bytes replaced, each edit being (place, length that goes, what comes)."""
    data = seed
    for place, length, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    return data


def is_declared(parser: Parser, data: bytes) -> bool:
    """Whether the input is taken, or refused with a declared error of one line; raises whatever else comes of it."""
    try:
        parser.parse(data)
    except parser.declared as error:
        return re.search(r"[\r\n]", str(error)) is None
    return True
