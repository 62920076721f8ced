"""What a server says is read in whatever order and shape servers give it; what is no answer never becomes one."""

import gzip
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.answers import lost
from seep.records import Answer, Ended
from seep.settings import Reasoning
from services.generator.openai_answers import UnusableAnswer, read_completions
from services.generator.reasoning import read_reasoning
from tests.builders import answers


def read(body: object) -> tuple[Answer, ...]:
    return read_completions(json.dumps(body).encode(), 9).answers


def choice(content: Any, finish_reason: object = "stop", **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content} | message
    return {"index": 0, "message": message, "finish_reason": finish_reason}


def one(*arguments: Any, **message: Any) -> Answer:
    """The answer of the one choice."""
    (answer,) = read({"choices": [choice(*arguments, **message)]})
    return answer


def test_choices_are_read_in_the_order_of_their_index() -> None:
    body = b'{"choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}], "usage": {"total_tokens": 9}}'
    completions = read_completions(body, 9)
    assert (completions.answers, completions.tokens, completions.version) == (answers("a", "b"), 9, None)


@pytest.mark.parametrize("indices", [(0, 0), (None, None), (1, None), ("1", "0"), (True, False), (-1.5, 0.5)])
def test_choices_without_an_index_of_their_own_are_read_as_they_stand(indices: tuple[object, object]) -> None:
    body = [{"index": index, "text": text} for index, text in zip(indices, "ab", strict=True)]
    assert read({"choices": body}) == answers("a", "b")


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ('{"total_tokens": 9, "prompt_tokens": 1, "completion_tokens": 2}', 9),
        ('{"prompt_tokens": 4, "completion_tokens": 3}', 7),
        ('{"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": null}', 7),
        ('{"prompt_tokens": 4}', None),
        ('{"total_tokens": -1}', None),
        ('{"total_tokens": 1e999}', None),
        ('{"total_tokens": "nine"}', None),
        ("{}", None),
        ("null", None),
        ("[]", None),
    ],
)
def test_the_tokens_used_are_given_as_a_whole_or_in_parts_or_not_at_all(usage: str, tokens: int | None) -> None:
    body = f'{{"choices": [{{"text": "a"}}], "usage": {usage}}}'
    assert read_completions(body.encode(), 9).tokens == tokens


@pytest.mark.parametrize(
    ("fingerprint", "version"),
    [
        ("vllm-0.32.0-0a1b2c3d", "0.32.0"),
        ("vllm-0.33.1rc1.dev5+g1234abc.cu130-tp4-pp2-ep-nohash", "0.33.1rc1.dev5+g1234abc.cu130"),
        ("b6240-54a241f5", "b6240-54a241f5"),
        ("fp_44709d6fcb", None),
        ("my-vllm-0.32.0-x", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_of_a_fingerprint_only_an_engines_version_is_read(fingerprint: object, version: str | None) -> None:
    body = {"choices": [{"text": "a"}], "system_fingerprint": fingerprint}
    assert read_completions(json.dumps(body).encode(), 9).version == version


@pytest.mark.parametrize(
    ("reason", "ended"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("COMPLETE", "stop"),
        (None, "stop"),
        ({"type": "stop"}, "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("model_length", "length"),
        ("content_filter", "filtered"),
        ("content-filter", "filtered"),
        ("content_filter: RECITATION", "filtered"),
        ("SAFETY", "filtered"),
        ("FinishReason.PROHIBITED_CONTENT", "filtered"),
        ("RECITATION", "filtered"),
        ("guardrail_intervened", "filtered"),
        ("sensitive", "filtered"),
        ("refusal", "refusal"),
        ("tool_calls", "tool_call"),
        ("tool_use", "tool_call"),
        ("function_call", "tool_call"),
        ("MALFORMED_FUNCTION_CALL", "tool_call"),
        ("FINISH_REASON_MAX_TOKENS", "length"),
        ("maxTokens", "length"),
        ("max_completion_tokens", "length"),
        ("ERROR_LIMIT", "length"),
        ({"type": "max_tokens"}, "length"),
        ("FINISH_REASON_SAFETY", "filtered"),
        ("ContentFiltered", "filtered"),
        ("ERROR_TOXIC", "filtered"),
        ("safety_filter", "filtered"),
        ("LANGUAGE", "filtered"),
        ("declined", "refusal"),
        ("function_calls", "tool_call"),
        ("FINISH_REASON_STOP", "stop"),
        ("language_model_done", "stop"),
        ("a word that nobody knows", "stop"),
        (7, "stop"),
    ],
)
def test_how_an_answer_ended_is_what_the_server_says(reason: object, ended: str) -> None:
    first, second = read({"choices": [{"text": "a", "finish_reason": reason}, {"index": 1, "text": "b"}]})
    assert (first.ended, second.ended) == (ended, "stop")
    assert one("a soup", reason).ended == ended


@pytest.mark.parametrize("reason", ["NOT_FINISHED", "USER_CANCEL", "time_limit", "interrupted", "preempted", "Failed"])
def test_an_answer_that_the_server_broke_off_is_a_failed_request_by_whatever_word(reason: str) -> None:
    with pytest.raises(UnusableAnswer, match="broke the answer off"):
        one("a so", reason)


@pytest.mark.parametrize("reason", [None, "", "a word that nobody knows", 7])
def test_an_empty_text_is_an_answer_only_where_the_model_is_known_to_have_ended_it(reason: object) -> None:
    assert lost(one("", reason)) == "unanswered"
    assert lost(one("\u200b\n", reason)) == "unanswered"
    assert one("a soup", reason) == Answer("a soup")


def test_a_word_for_an_ending_that_nobody_knows_is_told() -> None:
    def unknown(reason: object) -> str:
        return read_completions(json.dumps({"choices": [choice("a", reason)]}).encode(), 9).unknown_ending

    assert [unknown(word) for word in ("stop", "end_turn", None, "sunset\n")] == ["", "", "", "sunset\ufffd"]


def test_a_gateways_own_word_and_anthropics_are_read_too() -> None:
    assert read({"choices": [choice("a") | {"native_finish_reason": "SAFETY"}]})[0].ended == "filtered"
    assert read({"choices": [choice("a", None) | {"stop_reason": "refusal"}]})[0].ended == "refusal"
    # Beside a finish_reason it is vLLM's, and says which stop string was met.
    assert read({"choices": [choice("a") | {"stop_reason": "refusal"}]})[0].ended == "stop"


@pytest.mark.parametrize(
    "message",
    [
        choice(None, refusal="I cannot."),
        choice("I cannot.", refusal="I cannot."),
        choice([{"type": "refusal", "refusal": "I cannot."}]),
        choice("I cannot.", "refusal"),
        choice("") | {"refusal": "I cannot."},
    ],
)
def test_a_refusal_is_told_by_a_field_a_part_or_a_word(message: dict[str, Any]) -> None:
    (answer,) = read({"choices": [message]})
    assert lost(answer) == "refused"


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [choice(None, "content_filter")]},
        {"choices": [choice("a so", "content_filter")]},
        {"choices": [{"finish_reason": "content_filter", "index": 0}]},
        {"choices": [choice("a") | {"content_filter_results": {"hate": {"filtered": True, "severity": "high"}}}]},
        {"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}]},
        {"choices": [choice("")], "prompt_annotations": [{"content_filter_results": {"hate": {"filtered": True}}}]},
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {"choices": [choice("", content_filter_results={"hate": {"filtered": True}})]},
        {"choices": [choice("")], "output_sensitive": True},
        {"choices": [choice("") | {"is_blocked": True}]},
    ],
)
def test_what_a_filter_took_away_is_told_by_a_word_or_by_its_results(body: dict[str, Any]) -> None:
    (answer,) = read(body)
    assert lost(answer) == "filtered"


def test_a_filter_that_looked_and_let_pass_changes_nothing() -> None:
    passed = {"hate": {"filtered": False, "severity": "safe"}, "error": {"code": "content_filter_error"}}
    body = {"choices": [choice("a") | {"content_filter_results": passed}]}
    assert read(body | {"prompt_filter_results": [{"content_filter_results": passed}]}) == answers("a")


CALLS = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize(
    "message",
    [
        choice(None, "tool_calls", tool_calls=CALLS),
        choice(None, "stop", tool_calls=CALLS),
        choice("", "stop", tool_calls=CALLS),
        choice(None, "stop", function_call={"name": "f"}),
        choice([{"type": "tool_use", "name": "f", "input": {}}], "stop"),
    ],
)
def test_a_call_in_the_place_of_a_text_is_no_answer(message: dict[str, Any]) -> None:
    (answer,) = read({"choices": [message]})
    assert answer.ended == "tool_call"


def test_no_content_is_no_answer_and_an_empty_text_is_one() -> None:
    assert one(None) == Answer("", "no_content")
    assert one([]) == Answer("", "no_content")
    assert read({"choices": [{"message": None, "finish_reason": "stop"}]}) == (Answer("", "no_content"),)
    assert one("") == Answer("")
    assert one(None, "length") == Answer("", "length")
    assert lost(one("a so", "length")) is None


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "a "}, {"type": "text", "text": "soup"}],
        [{"type": "output_text", "text": "a soup", "annotations": []}],
        [{"type": "text", "text": {"value": "a soup"}}],
        ["a ", "soup"],
        {"type": "text", "text": "a soup"},
        {"parts": [{"text": "a "}, {"text": "soup"}], "role": "model"},
        [{"type": "message", "content": [{"type": "output_text", "text": "a soup"}]}],
        [{"type": "image_url", "text": "a bowl"}, {"type": "text", "text": "a soup"}],
        [{"type": "tool_result", "content": "a page"}, {"type": "text", "text": "a soup"}],
        [{"type": "text", "text": "a soup"}, {"type": "citation", "text": "a book"}],
        [{"type": "executable_code", "text": "print()"}, {"type": "text", "text": "a soup"}],
    ],
)
def test_a_text_may_come_in_parts(content: object) -> None:
    assert one(content) == Answer("a soup")


@pytest.mark.parametrize(
    "message",
    [
        choice("a soup", reasoning="A thought."),
        choice("a soup", reasoning_content="A thought."),
        choice("a soup", reasoning="A thought.", reasoning_content="A thought."),
        choice("a soup", reasoning=None, reasoning_details=[{"type": "reasoning.text", "text": "A thought."}]),
        choice("a soup", reasoning={"summary": "A thought."}),
        choice([{"type": "reasoning", "text": "A thought."}, {"type": "text", "text": "a soup"}]),
        choice([{"type": "thinking", "thinking": [{"type": "text", "text": "A thought."}]}, "a soup"]),
        choice([{"type": "thinking", "thinking": "A thought.", "signature": "x"}, {"type": "text", "text": "a soup"}]),
        choice([{"text": "A thought.", "thought": True}, {"text": "a soup"}]),
        {"text": "a soup", "reasoning": "A thought.", "finish_reason": "stop"},
        choice("a soup") | {"reasoning": "A thought."},
        choice("a soup", thinking_blocks=[{"type": "thinking", "thinking": "A thought."}]),
        choice("a soup", reasoning_text="A thought."),
        choice("a soup", thoughts="A thought."),
        choice([{"type": "reasoning.text", "text": "A thought."}, {"type": "text", "text": "a soup"}]),
        choice([{"type": "summary_text", "text": "A thought."}, {"type": "text", "text": "a soup"}]),
        choice([{"type": "reasoning_content", "text": "A thought."}, {"type": "text", "text": "a soup"}]),
        choice([{"reasoningContent": {"reasoningText": {"text": "A thought."}}}, {"text": "a soup"}]),
        choice({"parts": [{"text": "A thought.", "thought": True}, {"text": "a soup"}]}),
    ],
)
def test_thoughts_are_read_from_fields_and_parts(message: dict[str, Any]) -> None:
    assert read({"choices": [message]}) == (Answer("a soup", reasoning="A thought."),)


@pytest.mark.parametrize("model", ["m-2026-01-31", "org/model:free"])
def test_every_answer_says_which_model_the_server_names(model: str) -> None:
    found = read({"model": model, "choices": [{"text": "a"}, {"text": "b"}]})
    assert [answer.model for answer in found] == [model, model]


@pytest.mark.parametrize(
    ("model", "kept"), [(None, ""), (7, ""), ("m\0\ud83d\n", "m\ufffd\ufffd\ufffd"), ("m" * 500, "m" * 200)]
)
def test_a_models_name_is_one_bounded_line_or_none(model: object, kept: str) -> None:
    assert read({"model": model, "choices": [{"text": "a"}]})[0].model == kept


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": [{"text": "soup \\ud83d"}]}',
        b'{"choices": [{"text": "soup \\ude00"}]}',
        b'{"choices": [{"text": "soup \xf0\x9f"}]}',
        b'{"choices": [{"message": {"content": [{"text": "soup \\ud83d"}]}}]}',
        b'\xef\xbb\xbf{"choices": [{"text": "soup \\ud83d"}]}',
    ],
)
def test_half_an_emoji_is_a_replacement_character(body: bytes) -> None:
    (answer,) = read_completions(body, 9).answers
    assert answer.text == "soup \ufffd"


def test_half_an_emoji_in_the_thoughts_harms_nothing_and_a_whole_one_stays() -> None:
    body = b'{"choices": [{"message": {"content": "\\ud83d\\ude00", "reasoning": "\\ud83d"}}]}'
    assert read_completions(body, 9).answers == (Answer("\U0001f600", reasoning="\ufffd"),)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [choice("", "error") | {"error": {"code": 502, "message": "Provider disconnected"}}]},
        {"choices": [choice("a so", "stop") | {"error": {"code": 502, "message": "Provider disconnected"}}]},
        {"choices": [choice("a so", "error")]},
        {"choices": [choice("a so", "abort")]},
        {"choices": [choice("a so", "cancelled")]},
        {"choices": [choice("a so", "insufficient_system_resource")]},
        {"choices": [choice("", "load")]},
        {"choices": [choice("a"), choice("b", "error")]},
        {"choices": [choice("a so", None) | {"native_finish_reason": "network_error"}]},
        {"error": {"code": 500, "message": "secret"}},
        {"error": "secret", "choices": [choice("a")]},
        {"error": {"message": "secret"}, "choices": []},
        {"object": "error", "message": "secret", "code": 50001},
        {"errors": [{"message": "secret"}], "choices": [choice("a")]},
        {"success": False, "choices": [choice("a")]},
        {"status": "failed", "choices": [choice("a")]},
        {"base_resp": {"status_code": 1002, "status_msg": "secret"}, "choices": [choice("a")]},
        {"choices": [choice("a", error={"message": "secret"})]},
        {"choices": [], "message": "secret"},
    ],
)
def test_an_error_inside_a_success_is_a_failed_request(body: dict[str, Any]) -> None:
    with pytest.raises(UnusableAnswer) as error:
        read(body)
    assert error.value.attributable
    assert "secret" not in str(error.value)


def test_an_error_inside_a_success_names_its_code_and_an_overload_is_nobodys_fault() -> None:
    with pytest.raises(UnusableAnswer, match="error 502 inside HTTP 200"):
        read({"error": {"code": 502}})
    with pytest.raises(UnusableAnswer, match="error inside HTTP 200"):
        read({"error": {"code": "a secret, with blanks"}})
    for facts in ({"code": 429}, {"code": "rate_limit_exceeded"}, {"type": "overloaded_error"}):
        with pytest.raises(UnusableAnswer) as error:
            read({"error": facts})
        assert not error.value.attributable


@pytest.mark.parametrize("empty", [None, {}, "", False])
def test_an_empty_error_is_none(empty: object) -> None:
    assert read({"error": empty, "choices": [choice("a") | {"error": empty}]}) == answers("a")


def test_a_stream_that_nobody_asked_for_is_called_one() -> None:
    for body in (
        b'data: {"choices": [{"delta": {"content": "a soup"}}]}\n\ndata: [DONE]\n\n',
        b": a gateway is at work\n\ndata: {}\n\n",
        b'id: 1\ndata: {"choices": []}\n\n',
        b'{"response": "a ", "done": false}\n{"response": "soup", "done": true}\n',
    ):
        with pytest.raises(UnusableAnswer, match="streams its answer") as error:
            read_completions(body, 9)
        assert error.value.refused


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_body_in_another_form_of_unicode_is_read(encoding: str) -> None:
    body = json.dumps({"choices": [choice("eine Köchin 👩‍🍳")]}, ensure_ascii=False)
    assert read_completions(body.encode(encoding), 9).answers == (Answer("eine Köchin 👩‍🍳"),)


def test_a_packed_body_is_called_one() -> None:
    with pytest.raises(UnusableAnswer, match="packed"):
        read_completions(gzip.compress(b'{"choices": [{"text": "a"}]}'), 9)


@pytest.mark.parametrize(
    ("text", "encoding"), [("eine Köchin", "latin-1"), ("a “cook”", "cp1252"), ("犬です", "shift-jis")]
)
def test_a_body_in_another_encoding_is_refused_instead_of_read_wrong(text: str, encoding: str) -> None:
    body = json.dumps({"choices": [choice(text)]}, ensure_ascii=False).encode(encoding)
    with pytest.raises(UnusableAnswer, match="not UTF-8"):
        read_completions(body, 9)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": "none"}',
        b'{"choices": ["a"]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"delta": {"content": "a"}}]}',
        b'{"choices": [{"text": "a", "logprob": NaN}]}',
        b'{"choices": [{"text": "a", "n": -Infinity}]}',
        b'{"choices": [{"text": "a"}], "n": ' + b"9" * 5000 + b"}",
        b'{"choices": ' + b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff",
    ],
    ids=range(16),
)
def test_any_other_body_is_no_answer_and_is_not_quoted(body: bytes) -> None:
    with pytest.raises(UnusableAnswer) as error:
        read_completions(body, 9)
    assert "html" not in str(error.value)


def test_parts_within_parts_are_read_to_a_depth_that_servers_have() -> None:
    deep: object = "a"
    for _ in range(400):
        deep = [{"type": "thinking", "thinking": deep}]
    assert one([{"type": "text", "text": "a soup"}, {"type": "thinking", "thinking": deep}]) == Answer("a soup")


NAMES = st.sampled_from(
    [
        *("choices", "index", "text", "message", "content", "finish_reason", "stop_reason", "native_finish_reason"),
        *("refusal", "error", "code", "type", "model", "usage", "total_tokens", "prompt_tokens", "completion_tokens"),
        *("system_fingerprint", "reasoning", "thinking", "thought", "tool_calls", "delta", "content_filter_results"),
        *("prompt_filter_results", "promptFeedback", "filtered", "object"),
    ]
)
WORDS = st.sampled_from(["", "stop", "length", "text", "\ud83d", "\0"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS)
NODES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)


@given(st.dictionaries(NAMES, NODES, max_size=4), st.lists(st.dictionaries(NAMES, NODES, max_size=6), max_size=3))
def test_whatever_stands_in_a_body_is_read_or_refused(body: dict[str, Any], choices: list[dict[str, Any]]) -> None:
    try:
        found = read_completions(json.dumps(body | {"choices": choices}).encode(), 9)
    except UnusableAnswer:
        return
    for answer in found.answers:
        answer.text.encode()
        answer.reasoning.encode()
        assert answer.ended in get_args(Ended)
        assert read_reasoning(answer, Reasoning()).ended in get_args(Ended)
