"""A failing server costs no job, however it fails; a prompt that it fails at while it answers others dies alone."""

import time
from dataclasses import replace

import pytest

from deploy.local.scripted_server import scripted_server
from seep.errors import Unavailable
from seep.records import Failure
from services.generator.backend import Answered, Request
from tests.services.generator.server_requests import FAULTS, POISON, REQUEST, answered, backend_for, jobs, poisoned

pytestmark = pytest.mark.usefixtures("quick_retries")
MANY = [replace(POISON, arm=arm) for arm in range(40)]


@pytest.mark.parametrize("fault", [*FAULTS[:-1], "slow drip", "HTTP 502", "HTTP 503 after 0"])
def test_a_fault_is_tried_again(fault: str) -> None:
    with scripted_server(lambda number: fault if number == 0 else "answer") as server:
        (answer,) = answered(server, [REQUEST])
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
        answers = answered(server, jobs(100), max_concurrency=4, timeout_seconds=0.3)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(server.received) <= 20


@pytest.mark.parametrize("target", [{}, {"requests_per_minute": 6000}])
def test_what_is_queued_behind_the_last_straw_is_not_sent(target: dict[str, float]) -> None:
    with scripted_server(lambda number: "HTTP 503") as server:
        start = time.monotonic()
        answers = answered(server, jobs(16, prompts=27), target)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(server.received) <= 10 + 16
    # Nor does it take turns, of which there are a hundred in a second.
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 413", "HTTP 403", "HTTP 404", "HTTP 500", "wrong JSON", "100 MB"])
def test_a_request_that_fails_to_the_last_while_others_do_not_is_poison(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        answers = answered(server, [POISON, *jobs(15)], max_concurrency=2, max_retries=2)
    assert isinstance(answers[0], Failure)
    assert answers[0].reason.startswith("the server does not answer one of the job's prompts: ")
    assert answers[0].reason.endswith(", and answers others")
    assert "poison" not in answers[0].reason
    assert all(isinstance(answer, Answered) for answer in answers[1:])


@pytest.mark.parametrize("fault", ["HTTP 429", "HTTP 502", "HTTP 503", "HTTP 504"])
def test_overload_and_a_gateway_without_a_server_are_no_requests_fault(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault)
        answers = answered(server, [POISON, *jobs(15)], max_concurrency=2, max_retries=2)
    assert isinstance(answers[0], Unavailable)
    assert all(isinstance(answer, Answered) for answer in answers[1:])


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
