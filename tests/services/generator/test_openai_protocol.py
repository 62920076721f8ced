"""How a request is put, and what is read of a server beside its answers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from seep.records import Decoding, PromptFormat
from seep.settings import OpenAiEngine, Reasoning
from services.generator.backend import Request
from services.generator.openai_protocol import (
    Question,
    build_question,
    differing_decoding,
    read_model,
    retry_after_seconds,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DECODING = Decoding(temperature=0.5, top_p=1.0, max_tokens=7, cut="sentence")
ENGINE = OpenAiEngine.model_validate({"backend": "openai", "base_url": "http://h/v1", "model": "m"})
REQUEST = Request("He likes", PromptFormat("chat"), DECODING, samples=5)


def test_questions_of_a_kind_differ_in_prompt_and_seed_alone() -> None:
    def built(request: Request = REQUEST, model: str = "m", samples: int = 5, seed: int | None = 1) -> Question:
        return build_question(request, model, samples, seed, ENGINE)

    kind = built().kind
    assert built(replace(REQUEST, prompt="She likes"), seed=2).kind == kind
    others = [
        built(model="n"),
        built(samples=1),
        built(replace(REQUEST, decoding=replace(DECODING, max_tokens=8))),
        built(replace(REQUEST, prompt_format=PromptFormat("plain"))),
    ]
    assert len({kind, *(other.kind for other in others)}) == 5


def test_thinking_is_asked_for_in_a_chat_alone() -> None:
    thinking = replace(
        REQUEST, reasoning=Reasoning(max_tokens=100, effort="low"), template_kwargs={"enable_thinking": True}
    )
    body = build_question(thinking, "m", 1, None, ENGINE).body
    assert (body["max_tokens"], body["reasoning_effort"]) == (107, "low")
    assert body["chat_template_kwargs"] == {"enable_thinking": True}
    assert (
        build_question(REQUEST, "m", 1, None, ENGINE)
        .body.keys()
        .isdisjoint({"reasoning_effort", "chat_template_kwargs"})
    )


def built_for(request: Request = REQUEST, fold: bool = False, **engine: object) -> Question:
    settings = OpenAiEngine.model_validate({"backend": "openai", "base_url": "http://h/v1", "model": "m", **engine})
    return build_question(request, "m", request.samples, 11, settings, fold)


def test_parameters_are_sent_under_the_servers_names_or_not_at_all() -> None:
    names = {"max_tokens": "max_completion_tokens", "temperature": None, "top_p": None, "seed": "random_seed"}
    assert dict(built_for(parameters=names, extra_body={"top_k": 4, "stream": False}).body) == {
        "model": "m",
        "max_completion_tokens": 7,
        "random_seed": 11,
        "n": 5,
        "top_k": 4,
        "stream": False,
        "messages": [{"role": "user", "content": "He likes"}],
    }


def test_plain_completions_know_one_name_for_the_length_alone() -> None:
    plain = replace(REQUEST, prompt_format=PromptFormat("plain"))
    assert built_for(plain, parameters={"max_tokens": "max_completion_tokens"}).body["max_tokens"] == 7
    assert "max_tokens" not in built_for(plain, parameters={"max_tokens": None}).body


def test_a_seed_of_any_name_makes_no_other_kind() -> None:
    renamed = built_for(parameters={"seed": "random_seed"})
    assert "random_seed" in renamed.body
    assert "random_seed" not in renamed.kind


def test_a_folded_system_message_makes_no_other_kind() -> None:
    request = replace(REQUEST, prompt_format=PromptFormat("chat", "Be brief."))
    folded = built_for(request, fold=True)
    assert folded.body["messages"] == [{"role": "user", "content": "Be brief.\n\nHe likes"}]
    assert folded.kind == built_for(request).kind


def test_the_decoding_that_a_server_gets_is_provenance_where_it_is_not_the_suites() -> None:
    def differing(**engine: object) -> Mapping[str, str]:
        settings = {"backend": "openai", "base_url": "http://h/v1", "model": "m", **engine}
        return differing_decoding(DECODING, OpenAiEngine.model_validate(settings))

    assert differing() == differing(parameters={"max_tokens": "max_completion_tokens", "seed": None}) == {}
    found = differing(parameters={"temperature": None}, extra_body={"top_k": 4})
    assert json.loads(found["decoding"]) == {
        "temperature": None,
        "top_p": 1.0,
        "max_tokens": 7,
        "cut": "sentence",
        "extra_body": {"top_k": 4},
    }


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
        (" 7.5 ", 7.5),
        ("0\x1d", 0),
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
