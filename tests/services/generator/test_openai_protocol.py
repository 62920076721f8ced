"""How a request is put, and what is read of a server beside its answers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from seep.records import Decoding, PromptFormat
from seep.settings import Reasoning
from services.generator.backend import Request
from services.generator.openai_protocol import (
    Question,
    build_question,
    read_model,
    retry_after_seconds,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DECODING = Decoding(temperature=0.5, top_p=1.0, max_tokens=7, cut="sentence")
REQUEST = Request("He likes", PromptFormat("chat"), DECODING, samples=5)


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


def test_thinking_is_asked_for_in_a_chat_alone() -> None:
    thinking = replace(
        REQUEST, reasoning=Reasoning(max_tokens=100, effort="low"), template_kwargs={"enable_thinking": True}
    )
    body = build_question(thinking, "m", 1, None).body
    assert (body["max_tokens"], body["reasoning_effort"]) == (107, "low")
    assert body["chat_template_kwargs"] == {"enable_thinking": True}
    assert build_question(REQUEST, "m", 1, None).body.keys().isdisjoint({"reasoning_effort", "chat_template_kwargs"})


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
