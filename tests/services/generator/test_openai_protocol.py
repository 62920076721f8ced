"""What a server says is read in whatever order and shape the API allows; what it does not allow is no answer."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from seep.records import Answer, Decoding, PromptFormat
from services.generator.backend import Request
from services.generator.openai_protocol import (
    Question,
    UnusableAnswer,
    build_question,
    read_completions,
    read_model,
    retry_after_seconds,
)
from tests.builders import answers

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DECODING = Decoding(temperature=0.5, top_p=1.0, max_tokens=7, cut="sentence")
REQUEST = Request("He likes", PromptFormat("chat"), DECODING, samples=5)


def test_choices_are_read_in_the_order_of_their_index() -> None:
    body = b'{"choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}], "usage": {"total_tokens": 9}}'
    completions = read_completions(body)
    assert (completions.answers, completions.tokens, completions.version) == (answers("a", "b"), 9, None)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ('{"total_tokens": 9, "prompt_tokens": 1, "completion_tokens": 2}', 9),
        ('{"prompt_tokens": 4, "completion_tokens": 3}', 7),
        ('{"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": null}', 7),
        ('{"prompt_tokens": 4}', None),
        ("{}", None),
        ("null", None),
    ],
)
def test_the_tokens_used_are_given_as_a_whole_or_in_parts_or_not_at_all(usage: str, tokens: int | None) -> None:
    body = f'{{"choices": [{{"text": "a"}}], "usage": {usage}}}'
    assert read_completions(body.encode()).tokens == tokens


@pytest.mark.parametrize(
    ("fingerprint", "version"),
    [
        ("vllm-0.32.0-0a1b2c3d", "0.32.0"),
        ("vllm-0.33.1rc1.dev5+g1234abc.cu130-tp4-pp2-ep-nohash", "0.33.1rc1.dev5+g1234abc.cu130"),
        ("fp_44709d6fcb", None),
        ("my-vllm-0.32.0-x", None),
        ("", None),
    ],
)
def test_of_a_fingerprint_only_vllms_version_is_read(fingerprint: str, version: str | None) -> None:
    body = f'{{"choices": [{{"text": "a"}}], "system_fingerprint": "{fingerprint}"}}'
    assert read_completions(body.encode()).version == version


def test_questions_of_a_kind_differ_in_prompt_and_seed_alone() -> None:
    def built(request: Request = REQUEST, model: str = "m", samples: int = 5, seed: int | None = 1) -> Question:
        return build_question(request, model, samples, seed)

    kind = built().kind
    assert built(replace(REQUEST, prompt="She likes"), seed=2).kind == kind
    others = [
        built(model="n"),
        built(samples=1),
        built(replace(REQUEST, decoding=replace(DECODING, max_tokens=8))),
        built(replace(REQUEST, prompt_format=PromptFormat("plain"))),
    ]
    assert len({kind, *(other.kind for other in others)}) == 5


def test_a_chats_empty_text_is_an_answer_and_no_text_at_all_is_none() -> None:
    bodies = (b'{"choices": [{"message": {"content": %s}}]}' % content for content in (b'""', b"null"))
    assert [read_completions(body).answers for body in bodies] == [(Answer(""),), (Answer("", "no_content"),)]


@pytest.mark.parametrize(
    ("reason", "ended"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("refusal", "refusal"),
        ("tool_calls", "tool_call"),
        ("eos_token", "stop"),
        (None, "stop"),
        ({"type": "stop"}, "stop"),
    ],
)
def test_how_an_answer_ended_is_what_the_server_says(reason: object, ended: str) -> None:
    body = {"choices": [{"text": "a", "finish_reason": reason}, {"index": 1, "text": "b"}]}
    first, second = read_completions(json.dumps(body).encode()).answers
    assert (first.ended, second.ended) == (ended, "stop")


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_an_error_inside_a_success_is_no_answer(reason: str) -> None:
    with pytest.raises(UnusableAnswer):
        read_completions(json.dumps({"choices": [{"text": "a", "finish_reason": reason}]}).encode())


def test_a_message_with_a_refusal_ended_in_one_and_its_text_is_what_the_content_says() -> None:
    body = b'{"choices": [{"message": {"content": null, "refusal": "I cannot."}, "finish_reason": "stop"}]}'
    (answer,) = read_completions(body).answers
    assert (answer.text, answer.ended) == ("", "refusal")


@pytest.mark.parametrize(("model", "kept"), [('"m-2026-01-31"', "m-2026-01-31"), ("null", ""), ("7", "")])
def test_every_answer_says_which_model_the_server_names(model: str, kept: str) -> None:
    body = f'{{"model": {model}, "choices": [{{"text": "a"}}, {{"text": "b"}}]}}'.encode()
    assert [answer.model for answer in read_completions(body).answers] == [kept, kept]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b"{}", b'{"choices": []}', b'{"choices": "none"}', b'{"choices": [{}]}', b"\xff"],
)
def test_any_other_body_is_no_answer_and_is_not_quoted(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as error:
        read_completions(body)
    assert "html" not in str(error.value)


def test_of_a_model_only_what_lasts_is_its_revision() -> None:
    body = b'{"data": [{"id": "m", "owned_by": "vllm", "root": "/m", "created": 7, "max_model_len": 64}, {"id": "n"}]}'
    assert read_model(body, "m") == {"engine": "openai vllm", "model_revision": "root /m, max_model_len 64"}
    assert read_model(body, "n") == {"engine": "openai", "model_revision": "unknown"}
    assert read_model(body, "other") == read_model(b"no list", "m") == {}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("-5", None),
        ("99999999", 3600),
        ("9" * 400, 3600),
        ("Fri, 01 Mar 2999 12:00:00 GMT", 3600),
        ("Sun, 01 Mar 999999999999 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 12:00:30 +99999999999999", None),
        ("soon", None),
    ],
)
def test_a_server_may_ask_for_up_to_an_hour_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds
