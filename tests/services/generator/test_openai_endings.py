"""What an endpoint gives that is no answer: failed requests are tried again, the rest says why it is none."""

import json
from dataclasses import replace

import pytest

from deploy.local.scripted_server import scripted_server
from seep.answers import lost
from seep.records import Answer, Failure, PromptFormat
from seep.settings import Reasoning
from services.generator.backend import Answered
from tests.services.generator.server_requests import POISON, REQUEST, answered, jobs, poisoned

ERROR = {"code": 502, "message": "Provider disconnected"}
BROKEN = "HTTP 200 saying " + json.dumps({"choices": [{"message": {"content": ""}, "error": ERROR}]})
AZURE = {"message": "The response was filtered.", "code": "content_filter", "param": "prompt", "status": 400}
FILTERED = "HTTP 400 saying " + json.dumps({"error": AZURE})


def saying(text: str, finish_reason: str = "stop", model: str = "m") -> str:
    """The fate of a request that gets such a completion, one whatever was wanted."""
    body = {"model": model, "choices": [{"text": text, "finish_reason": finish_reason}]}
    return f"HTTP 200 saying {json.dumps(body)}"


@pytest.mark.parametrize(
    "fault", [BROKEN, 'HTTP 200 saying {"error": {"code": 500}}', saying("a", "abort"), "HTTP 200 saying NaN"]
)
def test_an_error_inside_a_success_is_tried_again(fault: str) -> None:
    with scripted_server(lambda number: fault if number == 0 else "answer") as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert {each.ended for each in answer.answers} == {"stop"}
    assert len(server.received) == 2


def test_a_prompt_that_ends_in_an_error_inside_a_success_fails_alone_with_the_servers_words() -> None:
    with scripted_server() as server:
        poisoned(server, BROKEN)
        *others, failed = answered(server, [*jobs(3), POISON], max_retries=1)
    assert all(isinstance(each, Answered) for each in others)
    assert isinstance(failed, Failure)
    assert "error 502 inside HTTP 200: Provider disconnected" in failed.reason


def test_a_prompt_that_a_filter_refuses_has_filtered_answers_and_costs_one_request() -> None:
    with scripted_server(lambda number: FILTERED) as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert [lost(each) for each in answer.answers] == ["filtered"] * REQUEST.samples
    assert len(server.received) == 1


def test_another_refusal_with_the_same_status_is_none_of_a_filter() -> None:
    with scripted_server(lambda number: 'HTTP 400 saying {"error": {"code": "bad_request"}}') as server:
        (answer,) = answered(server, [REQUEST])
    assert not isinstance(answer, Answered)


def test_a_plain_prompt_that_opens_thoughts_has_an_answer_only_behind_them() -> None:
    thinking = replace(REQUEST, prompt_format=PromptFormat("plain", "", "{prompt}\n<think>"), samples=2)
    fates = [saying("A thought.</think>tea. And more."), saying("A thought", "length")]
    with scripted_server(lambda number: fates[number]) as server:
        (answer,) = answered(server, [thinking])
    assert isinstance(answer, Answered)
    assert answer.answers == (
        Answer("tea.", reasoning="A thought.", model="m"),
        Answer("", "length", reasoning="A thought", model="m"),
    )


def test_thoughts_have_tokens_of_their_own_beside_the_answers() -> None:
    thinking = replace(REQUEST, reasoning=Reasoning(max_tokens=100))
    with scripted_server() as server:
        answered(server, [thinking])
    assert server.received[0][1]["max_tokens"] == REQUEST.decoding.max_tokens + 100


def test_a_closing_tag_alone_is_warned_of_once_for_a_target(caplog: pytest.LogCaptureFixture) -> None:
    with scripted_server(lambda number: saying("A thought.</think>tea")) as server:
        (answer,) = answered(server, [REQUEST])
        assert isinstance(answer, Answered)
        assert set(answer.texts) == {"tea"}
        assert [message.count("targets.t.reasoning.opened") for message in _logged(caplog)] == [1]
        caplog.clear()
        answered(server, [replace(REQUEST, reasoning=Reasoning(opened=True))])
        assert not _logged(caplog)


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the generator logged; a client that another test left may log meanwhile."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("services.generator")]
