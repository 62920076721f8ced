"""A failing server costs no job, however it fails; a prompt that it fails at while it answers others dies alone."""

import json
import time
from dataclasses import replace

import pytest

from deploy.local.scripted_server import scripted_server
from seep.errors import Unavailable
from seep.records import Failure
from services.generator import access
from services.generator.backend import Answered, Request
from services.generator.circuit_breaker import REFUSED_BATCHES
from services.generator.limits import Pace
from tests.services.generator.server_requests import (
    CREDULOUS,
    FAULTS,
    POISON,
    REQUEST,
    answered,
    backend_for,
    jobs,
    poisoned,
)

# Real servers, which are waited for.
pytestmark = pytest.mark.slow

SILENT = ("hang", "slow drip")
MANY = [replace(POISON, arm=arm) for arm in range(40)]


@pytest.mark.parametrize("fault", [*FAULTS[:-1], "slow drip", "HTTP 502", "HTTP 503 after 0"])
def test_a_fault_is_tried_again(fault: str) -> None:
    with scripted_server(lambda number: fault if number == 0 else "answer") as server:
        (answer,) = answered(server, [REQUEST], timeout_seconds=3 if fault in SILENT else 60)
    assert isinstance(answer, Answered)
    assert len(server.received) == 2


def test_the_time_a_server_asks_for_is_kept() -> None:
    with scripted_server(lambda number: "HTTP 429 after 1" if number == 0 else "answer") as server:
        start = time.monotonic()
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert time.monotonic() - start >= 1


def test_the_time_that_a_server_asks_for_before_it_lists_its_models_is_kept() -> None:
    with scripted_server() as server:
        server.models_script = lambda number: "HTTP 429 after 1" if number == 0 else "answer"
        start = time.monotonic()
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert answer.provenance["model_revision"] == "root weights-1"
    assert time.monotonic() - start >= 1


def test_a_long_time_is_left_to_the_loop_and_nobody_else_is_sent_meanwhile() -> None:
    with scripted_server(lambda number: "HTTP 429 after 1800") as server:
        answers = answered(server, jobs(30), max_concurrency=4)
    assert all(isinstance(answer, Unavailable) and answer.retry_after_seconds == 1800 for answer in answers)
    assert len(server.received) <= 4


def test_requests_that_may_come_back_later_do_not_make_the_server_a_broken_one() -> None:
    with scripted_server(lambda number: "HTTP 429 after 0" if number < 40 else "answer") as server:
        answers = answered(server, jobs(20))
    assert all(isinstance(answer, Answered) for answer in answers)


@pytest.mark.parametrize(
    "fault", ["HTTP 500", "HTTP 502", "HTTP 400", "HTTP 401", "HTTP 404", "redirect", "wrong JSON", "hang"]
)
def test_a_server_that_answers_nothing_is_left_after_a_few_requests_and_no_job_dies(fault: str) -> None:
    with scripted_server(lambda number: fault) as server:
        answers = answered(server, jobs(100), max_concurrency=4, timeout_seconds=0.3 if fault in SILENT else 60)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(server.received) <= 20


@pytest.mark.parametrize("target", [{}, {"requests_per_minute": 600}])
def test_what_is_queued_behind_the_last_straw_is_not_sent(
    target: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[float] = []

    class Watched(Pace):
        """Notes each turn that is taken."""

        def delay(self, now: float) -> float:
            turns.append(now)
            return super().delay(now)

    monkeypatch.setattr(access, "Pace", Watched)
    with scripted_server(lambda number: "HTTP 503") as server:
        answers = answered(server, jobs(16, prompts=27), target)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(server.received) <= 10 + 16
    # Nor does it take turns, which others are to have: one is for the list of models.
    assert len(turns) <= 1 + 10 + 16


@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 413", "HTTP 403", "HTTP 404", "HTTP 500", "wrong JSON", "100 MB"])
def test_a_request_that_fails_to_the_last_while_others_do_not_is_poison(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        answers = answered(server, [POISON, *jobs(15)], max_concurrency=2, max_retries=2)
    assert isinstance(answers[0], Failure)
    assert answers[0].reason.startswith(
        "the server answers other prompts, and not one of the job's: engines.e, http://"
    )
    assert "poison" not in answers[0].reason
    assert all(isinstance(answer, Answered) for answer in answers[1:])


@pytest.mark.parametrize("fault", ["HTTP 429", "HTTP 502", "HTTP 503", "HTTP 504"])
def test_overload_and_a_gateway_without_a_server_are_no_requests_fault(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        answers = answered(server, [POISON, *jobs(15)], max_concurrency=2, max_retries=2)
    assert isinstance(answers[0], Unavailable)
    assert all(isinstance(answer, Answered) for answer in answers[1:])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 403", "HTTP 500"])
def test_many_poisonous_prompts_in_a_row_die_and_delay_nobody(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        backend = backend_for(server, max_retries=2)
        backend.generate([REQUEST])
        answers = backend.generate([*MANY, *jobs(2)])
    assert all(isinstance(answer, Failure) for answer in answers[: len(MANY)])
    assert all(isinstance(answer, Answered) for answer in answers[len(MANY) :])


@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 403", "HTTP 500"])
def test_a_lone_poisonous_job_waits_only_until_anything_has_been_answered(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        backend = backend_for(server, max_retries=1)
        ((before,), (other,), (after,)) = (backend.generate([request]) for request in (POISON, REQUEST, POISON))
    assert isinstance(before, Unavailable)
    assert isinstance(other, Answered)
    assert isinstance(after, Failure)


@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 401", "HTTP 402", "HTTP 500"])
def test_a_server_that_has_answered_and_now_answers_nothing_costs_no_job(fault: str) -> None:
    with scripted_server(lambda number: fault if number >= 20 else "answer") as server:
        backend = backend_for(server, max_concurrency=4)
        answers = backend.generate(jobs(30))
        later = [answer for _ in range(3) for answer in backend.generate(jobs(30))]
    assert {type(answer) for answer in answers} <= {Answered, Unavailable} | set(Unavailable.__subclasses__())
    assert any(isinstance(answer, Answered) for answer in answers)
    assert all(isinstance(answer, Unavailable) for answer in later)


@pytest.mark.parametrize(
    ("refused", "taken"),
    [
        ({"n": 3}, replace(REQUEST, samples=1)),
        ({"max_tokens": 7}, replace(REQUEST, decoding=replace(REQUEST.decoding, max_tokens=5))),
        ({"temperature": 0.5}, replace(REQUEST, decoding=replace(REQUEST.decoding, temperature=1.0))),
    ],
)
def test_what_a_server_refuses_of_every_prompt_costs_no_job(refused: dict[str, float], taken: Request) -> None:
    with scripted_server() as server:
        server.script = lambda number: "HTTP 400" if refused.items() <= server.received[number][1].items() else "answer"
        backend = backend_for(server)
        for _ in range(2):
            answers = backend.generate([replace(taken, job_id="other"), *jobs(30)])
            assert isinstance(answers[0], Answered)
            assert all(isinstance(answer, Unavailable) for answer in answers[1:])
    assert len(server.received) <= 2 * (1 + 10 + 16)


FIELD = {
    "message": "Unsupported parameter: 'top_p'. It was: He likes",
    "param": "top_p",
    "code": "unsupported_parameter",
}
UNKNOWN_FIELD = f"HTTP 400 saying {json.dumps({'error': FIELD})}"


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (
            UNKNOWN_FIELD,
            "HTTP 400 (unsupported_parameter, param top_p): Unsupported parameter: 'top_p'. It was: [...]",
        ),
        ("HTTP 401 saying no key", "HTTP 401: no key"),
        ("stream", "the server streams its answer, though it was not asked to"),
        ("HTTP 403 saying <html><title>Forbidden</title></html>", "HTTP 403: Forbidden"),
        (
            'HTTP 404 saying {"object": "error", "message": "The model `m` does not exist.", "code": 404}',
            "HTTP 404: The",
        ),
        (
            'HTTP 422 saying {"detail": [{"loc": ["body", "n"], "msg": "Extra inputs"}]}',
            "HTTP 422 (param n): Extra inputs",
        ),
    ],
)
def test_what_refuses_every_request_from_the_first_ends_the_jobs_with_its_words(fate: str, words: str) -> None:
    with scripted_server(lambda number: fate) as server:
        backend = backend_for(server, pauses=CREDULOUS, max_concurrency=4)
        for _ in range(REFUSED_BATCHES - 1):
            assert all(isinstance(answer, Unavailable) for answer in backend.generate(jobs(30)))
        answers = backend.generate(jobs(30))
    place = f"engines.e, {server.base_url}/chat/completions: "
    for answer in answers:
        assert isinstance(answer, Failure)
        assert answer.reason.startswith(f"the server refuses every request of the kind: {place}{words}")
    # It is not asked for each of them.
    assert len(server.received) <= REFUSED_BATCHES * 14


@pytest.mark.parametrize("fate", ["HTTP 500", "HTTP 402", "HTTP 429", "HTTP 503", "HTTP 529", "hang", "wrong JSON"])
def test_an_outage_costs_no_job_however_long_it_lasts(fate: str) -> None:
    with scripted_server(lambda number: fate) as server:
        backend = backend_for(
            server, pauses=CREDULOUS, max_concurrency=4, timeout_seconds=0.2 if fate in SILENT else 60, max_retries=1
        )
        for _ in range(REFUSED_BATCHES + 2):
            assert all(isinstance(answer, Unavailable) for answer in backend.generate(jobs(5)))


def test_a_key_that_expires_costs_no_job_and_its_reason_is_told() -> None:
    with scripted_server(lambda number: "answer" if number < 10 else "HTTP 401 saying key expired") as server:
        backend = backend_for(server, pauses=CREDULOUS, max_concurrency=4)
        for _ in range(REFUSED_BATCHES + 2):
            answers = backend.generate(jobs(10))
    assert all(isinstance(answer, Unavailable) and "HTTP 401: key expired" in str(answer) for answer in answers)


def test_a_refusal_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with scripted_server(lambda number: f"HTTP 400 saying number {number}") as server, caplog.at_level("INFO"):
        backend = backend_for(server, max_concurrency=4)
        for _ in range(3):
            backend.generate(jobs(10))
    assert len([record for record in caplog.records if "a request was refused" in record.getMessage()]) == 1


def test_no_secret_and_no_prompt_is_told_though_the_server_quotes_the_whole_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("A_KEY", "swordfish-123")
    with scripted_server() as server, caplog.at_level("DEBUG", "services"):

        def script(number: int) -> str:
            _, body, headers = server.received[number]
            return f"HTTP 400 saying {json.dumps({'error': {'message': json.dumps([body, headers])}})}"

        server.script = script
        (answer,) = answered(server, [REQUEST], secret_headers={"X-Token": {"env": "A_KEY"}}, api_key_env="A_KEY")
    for text in (str(answer), caplog.text):
        assert "HTTP 400" in text
        assert not any(word in text for word in ("swordfish", "He likes", "Be brief"))


def test_a_server_that_takes_neither_n_nor_top_p_nor_seed_answers_as_it_is_configured() -> None:
    with scripted_server() as server:
        server.script = lambda number: (
            "HTTP 422" if {"n", "top_p", "seed", "max_tokens"} & server.received[number][1].keys() else "answer"
        )
        parameters = {"top_p": None, "seed": None, "max_tokens": "max_completion_tokens"}
        answers = answered(server, jobs(5), supports_n=False, seed=1, parameters=parameters)
    assert all(isinstance(answer, Answered) for answer in answers)
