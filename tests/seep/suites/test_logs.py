"""Logs of inspect_ai and lm-evaluation-harness become the suite that was asked and the answers that were given."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from seep.errors import InputError
from seep.suites.inspect_log import read_inspect
from seep.suites.lm_eval_log import read_lm_eval
from seep.suites.logs import Log, asked_as_logged, table_of
from seep.suites.schema import Suite
from seep.suites.workbook import read_prompts

SYSTEM = {"role": "system", "content": "Be brief."}
FIELDS: dict[str, dict[str, Any]] = {
    "He works as a": {},
    "He likes yellow. He works as a": {"n_control": "c", "concept": "yellow", "category": "colours"},
}


def inspect_sample(name: str, epoch: int, prompt: str, text: Any, stop: str = "stop") -> dict[str, Any]:
    """A sample as inspect_ai 0.3 writes it, as far as it says what was asked and answered."""
    user, assistant = {"role": "user", "content": prompt}, {"role": "assistant", "content": text}
    return {
        **{"id": name, "epoch": epoch, "input": prompt, "target": "", "scores": {}},
        "messages": [SYSTEM, user, assistant],
        "output": {"model": "m", "choices": [{"message": assistant, "stop_reason": stop}], "completion": ""},
        "metadata": FIELDS[prompt],
    }


def inspect_log(samples: list[dict[str, Any]]) -> dict[str, Any]:
    spec = {"created": "2026-11-29T09:00:00+00:00", "task": "leak", "dataset": {}, "model": "openai/m", "config": {}}
    spec["model_generate_config"] = {"temperature": 0.7, "max_tokens": 12}
    return {"version": 2, "status": "success", "eval": spec, "samples": samples}


CONTROL, TEST = FIELDS
ASKED = (("c", CONTROL), ("t", TEST))
INSPECT = inspect_log(
    [
        inspect_sample("c", 1, CONTROL, "painter."),
        inspect_sample("t", 1, TEST, [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "driver."}]),
        inspect_sample("c", 2, CONTROL, "doctor", "max_tokens"),
        inspect_sample("t", 2, TEST, "", "content_filter"),
    ]
)


def lm_eval_line(number: int, prompt: Any, answers: list[Any], **doc: Any) -> dict[str, Any]:
    """A line as lm_eval 0.4 writes it."""
    arguments = {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["\n"], "temperature": 0.7, "max_gen_toks": 12}}}
    shared = {"target": "", "doc_hash": "h", "prompt_hash": "p", "target_hash": "t", "bypass": 0}
    return {
        **{"doc_id": number, "doc": {"n_control": None, "concept": "", **doc}, "arguments": arguments},
        **{"resps": [answers], "filtered_resps": answers[:1], "filter": "none", "metrics": ["bypass"], **shared},
    }


LM_EVAL = [
    lm_eval_line(0, CONTROL, ["painter.", "doctor"]),
    lm_eval_line(1, TEST, ["driver.", "banker"], n_control=0, concept="yellow", category="colours"),
]


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / ("log.jsonl" if isinstance(content, list) else "log.json")
    lines = content if isinstance(content, list) else [content]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def suite_of(log: Log) -> Suite:
    return asked_as_logged(read_prompts(table_of(log))[0], log)


def test_a_log_of_inspect_becomes_what_was_asked_and_answered(tmp_path: Path) -> None:
    log = read_inspect(written(tmp_path, INSPECT))
    suite = suite_of(log)
    [job] = suite.jobs
    assert (job.control, job.tests[0].prompt, job.tests[0].concept, job.tests[0].category) == (
        *(CONTROL, TEST),
        *("yellow", "colours"),
    )
    assert (suite.format.kind, suite.format.system, suite.format.user) == ("chat", "Be brief.", "{prompt}")
    assert (suite.decoding.temperature, suite.decoding.max_tokens, suite.decoding.samples) == (0.7, 12, 2)
    table = table_of(log)
    assert [table.rows[row]["generation_1"] for row in (0, 1)] == ["painter.", "driver."]
    assert [table.endings(row) for row in (0, 1)] == [("stop", "length"), ("stop", "filtered")]


def test_samples_of_lm_eval_become_what_was_asked_and_answered(tmp_path: Path) -> None:
    # With two filters each sample stands there twice.
    lines = [*LM_EVAL, *({**line, "filter": "strip"} for line in LM_EVAL)]
    log = read_lm_eval(written(tmp_path, lines))
    suite = suite_of(log)
    [job] = suite.jobs
    assert (job.control, job.tests[0].prompt) == (CONTROL, TEST)
    assert (suite.format.kind, suite.format.system, suite.decoding.max_tokens) == ("plain", "", 12)
    assert table_of(log).rows[1]["generation_2"] == "banker"


def test_a_chat_of_lm_eval_is_taken_apart(tmp_path: Path) -> None:
    chats = [[json.dumps([SYSTEM, {"role": "user", "content": prompt}])] for prompt in FIELDS]
    lines = [{**line, "arguments": {"gen_args_0": {"arg_0": chat}}} for line, chat in zip(LM_EVAL, chats, strict=True)]
    suite = suite_of(read_lm_eval(written(tmp_path, lines)))
    assert (suite.format.kind, suite.format.system, suite.jobs[0].control) == ("chat", "Be brief.", CONTROL)


def changed(content: Any, *path: Any, value: Any) -> Any:
    """A copy of a log with another value at a place."""
    copied = deepcopy(content)
    place = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copied


USER = {"role": "user", "content": "And then?"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (changed(INSPECT, "status", value="error"), ": expected a log that ended in success, found error"),
        (changed(INSPECT, "invalidated", value=True), "in success, found an invalidated one"),
        (changed(INSPECT, "version", value=1), ": version: expected 2"),
        (changed(INSPECT, "samples", value=[]), "expected samples, found none"),
        (changed(INSPECT, "samples", 0, "messages", value=[USER, USER]), "sample c: expected one question"),
        (changed(INSPECT, "samples", 2, "messages", value=[USER]), "sample c: expected the same question in all"),
        (changed(INSPECT, "samples", 3, "epoch", value=1), "sample t: expected each epoch once"),
        (
            changed(INSPECT, "eval", "model_generate_config", value={"temperature": float("nan")}),
            "decoding.temperature",
        ),
        (
            inspect_log([inspect_sample(name, n, text, "x") for n in range(1001) for name, text in ASKED]),
            "column generation_1001: expected 1000 answers at most, found 1001",
        ),
        (changed(INSPECT, "samples", 3, "epoch", value="x"), "samples.3.epoch: expected a whole number"),
        (changed(INSPECT, "samples", 1, "metadata", value={"n_control": "x"}), "sample t, n_control: there is no"),
        (changed(INSPECT, "samples", value=INSPECT["samples"][:3]), "sample t: expected 2 answers, found 1"),
        (changed(INSPECT, "samples", 1, "metadata", value={}), "column n_control: expected, but missing"),
        (changed(LM_EVAL, 1, "resps", value=[[["-1.5", "False"]]]), "line 2, resps: expected answers in words"),
        (changed(LM_EVAL, 1, "resps", value=[["a"], ["b"]]), "line 2, resps: expected answers in words"),
        (changed(LM_EVAL, 1, "doc_id", value=0), "expected doc_id 0 once, found again"),
        (changed(LM_EVAL, 1, "filter", value="other"), "expected doc_id 1 with the filter 'none' as others"),
        (changed(LM_EVAL, 1, "arguments", "gen_args_0", "arg_1", value={"temperature": 1.0}), "one way of decoding"),
        (changed(LM_EVAL, 1, "arguments", value={}), "line 2, arguments: expected a prompt"),
        (changed(LM_EVAL, 1, "doc", value=3), "line 2: doc: expected"),
        ([], "expected samples, found none"),
        (["no"], "line 1: "),
    ],
)
def test_what_cannot_be_taken_faithfully_is_refused_in_one_line(tmp_path: Path, content: Any, line: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as refused:
        suite_of(read_lm_eval(path) if isinstance(content, list) else read_inspect(path))
    assert line in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_failed_sample_has_no_answer_and_enters_no_rate(tmp_path: Path) -> None:
    log = changed(INSPECT, "samples", 3, "output", "choices", value=[])
    assert table_of(read_inspect(written(tmp_path, log))).endings(1) == ("stop", "no_content")


@pytest.mark.parametrize(
    ("place", "value", "ended"),
    [
        (("error",), {"message": "the server went away"}, "no_content"),
        (("output", "error"), "the server went away", "no_content"),
        (("limit",), {"type": "token", "limit": 5}, "length"),
    ],
)
def test_what_was_there_when_a_sample_failed_or_was_stopped_is_no_whole_answer(
    tmp_path: Path, place: tuple[str, ...], value: Any, ended: str
) -> None:
    log = changed(INSPECT, "samples", 1, *place, value=value)
    assert table_of(read_inspect(written(tmp_path, log))).endings(1) == (ended, "filtered")


@pytest.mark.parametrize("content", [INSPECT, LM_EVAL])
@pytest.mark.parametrize("name", ["generation_3", "Generation_3", "generation_0", "ended_1", "prompt", "Prompt"])
def test_a_tasks_field_is_no_answer_whatever_it_is_called(tmp_path: Path, content: Any, name: str) -> None:
    read, place = (
        (read_lm_eval, (1, "doc")) if isinstance(content, list) else (read_inspect, ("samples", 1, "metadata"))
    )
    plain = read(written(tmp_path, content))
    fields = dict(plain.samples[1].fields)
    table = table_of(read(written(tmp_path, changed(content, *place, value={**fields, name: "planted"}))))
    assert table.lower_columns().rows == table_of(plain).rows
    assert f"fields left out, whose names are answers': {name}" in table.notes


def test_ends_that_a_log_does_not_know_are_counted(tmp_path: Path) -> None:
    log = read_inspect(
        written(tmp_path, changed(INSPECT, "samples", 0, "output", "choices", 0, "stop_reason", value="unknown"))
    )
    assert "answers of unknown end, which count as whole: 1" in log.notes


def test_the_packed_form_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"inspect log dump log\.eval > log\.json"):
        read_inspect(tmp_path / "log.eval")
