"""What a server says is read in whatever order and shape the API allows; what it does not allow is no answer."""

from datetime import UTC, datetime

import pytest

from services.generator.openai_protocol import UnusableAnswer, read_completions, read_model, retry_after_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_choices_are_read_in_the_order_of_their_index() -> None:
    body = b'{"choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}], "usage": {"total_tokens": 9}}'
    completions = read_completions(body)
    assert (completions.texts, completions.tokens, completions.fingerprint) == (("a", "b"), 9, "")


def test_a_chats_empty_message_is_an_empty_answer() -> None:
    assert read_completions(b'{"choices": [{"message": {"content": null}}]}').texts == ("",)


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
        ("soon", None),
    ],
)
def test_a_server_may_ask_for_a_time_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds
