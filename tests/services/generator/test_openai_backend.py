"""An endpoint gets its requests as its API says, within the limits that the configuration sets."""

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from deploy.local.scripted_server import MODEL, scripted_server
from seep.errors import Unavailable
from seep.records import PromptFormat
from seep.settings import OutputFilter
from services.generator.backend import Answered
from services.generator.filtering import generate_filtered
from tests.services.generator.server_requests import DECODING, REQUEST, answered, backend_for, jobs


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/namespace/service/v1"])
def test_a_chat_is_sent_below_the_full_base_url_and_cut(prefix: str) -> None:
    with scripted_server(prefix=prefix) as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert answer.texts == ("answer 0.", "answer 1.", "answer 2.")
    ((path, body, _),) = server.received
    assert path == "/chat/completions"
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "He likes!"}]
    assert {key: body[key] for key in ("model", "temperature", "top_p", "max_tokens", "n")} == {
        "model": MODEL,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "n": 3,
    }
    assert "seed" not in body


def test_plain_text_goes_to_plain_completions() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [replace(REQUEST, prompt_format=PromptFormat("plain", "", "Q: {prompt}"))])
    assert isinstance(answer, Answered)
    assert len(answer.texts) == 3
    ((path, body, _),) = server.received
    assert (path, body["prompt"]) == ("/completions", "Q: He likes")


def test_where_the_server_knows_no_n_each_sample_is_a_request() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [REQUEST], supports_n=False)
    assert isinstance(answer, Answered)
    assert len(answer.texts) == 3
    assert [body.get("n") for _, body, _ in server.received] == [None] * 3


def test_fewer_answers_than_wanted_are_filled_by_further_requests() -> None:
    with scripted_server(lambda number: "fewer") as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert len(answer.texts) == 3
    assert [body.get("n", 1) for _, body, _ in server.received] == [3, 1]


def test_at_temperature_0_one_answer_stands_for_all_samples() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [replace(REQUEST, decoding=replace(DECODING, temperature=0.0))])
    assert isinstance(answer, Answered)
    assert answer.texts == ("answer 0.",) * 3
    assert len(server.received) == 1


def test_where_no_temperature_is_sent_each_sample_is_drawn() -> None:
    request = replace(REQUEST, decoding=replace(DECODING, temperature=0.0))
    with scripted_server() as server:
        (answer,) = answered(server, [request], parameters={"temperature": None})
    assert isinstance(answer, Answered)
    assert answer.texts == ("answer 0.", "answer 1.", "answer 2.")
    assert "temperature" not in server.received[0][1]
    assert json.loads(answer.provenance["decoding"])["temperature"] is None


ROLES = [
    '{"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400}',
    '{"error": {"message": "Conversation roles must alternate user/assistant/user/assistant/...", "code": 400}}',
    '{"error": {"message": "Developer instruction is not enabled for models/gemma-3-1b-it", "status": "X"}}',
    '{"error": {"message": "Unsupported value", "param": "messages[0].role", "code": "unsupported_value"}}',
    "Only user and assistant roles are supported!",
]


@pytest.mark.parametrize("said", ROLES)
def test_a_server_that_refuses_the_system_role_is_asked_without_it_from_then_on(
    said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted_server() as server, caplog.at_level("WARNING"):
        server.script = lambda number: (
            f"HTTP 400 saying {said}" if len(server.received[number][1]["messages"]) > 1 else "answer"
        )
        backend = backend_for(server, max_concurrency=4)
        answers = [*backend.generate(jobs(10)), *backend.generate(jobs(10))]
    assert all(isinstance(each, Answered) and each.provenance["system_role"] == "user" for each in answers)
    assert server.received[-1][1]["messages"] == [{"role": "user", "content": "Be brief.\n\nHe likes!"}]
    refused = [body for _, body, _ in server.received if len(body["messages"]) > 1]
    # Those that were under way when the first came back.
    assert 1 <= len(refused) <= 4
    [record] = caplog.records
    assert record.getMessage().endswith("It stands before the user's message from now on: system_role: user")


def test_a_role_that_is_refused_for_another_reason_keeps_the_servers_words() -> None:
    with scripted_server(lambda number: "HTTP 400 saying your role lacks rights") as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Unavailable)
    assert str(answer).endswith("HTTP 400: your role lacks rights")


@pytest.mark.parametrize(("role", "count"), [("user", 1), ("system", 2), ("auto", 2)])
def test_the_system_role_can_be_set(role: str, count: int) -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [REQUEST], system_role=role)
    assert isinstance(answer, Answered)
    assert len(server.received[0][1]["messages"]) == count
    assert answer.provenance.get("system_role") == ("user" if role == "user" else None)


def test_a_role_that_is_set_stays_after_a_refusal() -> None:
    with scripted_server(lambda number: f"HTTP 400 saying {ROLES[0]}") as server:
        (answer,) = answered(server, [REQUEST], system_role="system")
    assert isinstance(answer, Unavailable)
    assert all(len(body["messages"]) == 2 for _, body, _ in server.received)


def test_an_adapter_is_the_model_that_is_named() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [replace(REQUEST, adapter="fine-tune")])
    assert isinstance(answer, Answered)
    assert server.received[0][1]["model"] == answer.provenance["model"] == "fine-tune"


def test_provenance_is_what_the_server_tells() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert answer.provenance == {
        "engine": "openai nobody",
        "model": MODEL,
        "model_revision": "root weights-1",
        "engine_version": "unknown",
    }


def test_a_vendors_fingerprint_is_left_out_so_that_its_machines_do_not_make_a_run_mixed() -> None:
    with scripted_server() as server:
        backend = backend_for(server)
        provenances = []
        for server.fingerprint in ("fp_44709d6fcb", "fp_50cad350e4"):
            (answer,) = backend.generate([REQUEST])
            assert isinstance(answer, Answered)
            provenances.append(answer.provenance)
    assert provenances[0] == provenances[1]


def test_the_version_of_a_vllm_server_is_provenance() -> None:
    with scripted_server() as server:
        server.fingerprint = "vllm-0.32.0+cpu-tp2-0a1b2c3d"
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert answer.provenance["engine_version"] == "0.32.0+cpu"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
def test_a_server_that_shows_no_list_of_its_models_gets_requests_all_the_same(status: int) -> None:
    with scripted_server() as server:
        server.models_script = lambda number: f"HTTP {status}"
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)
    assert answer.provenance["model_revision"] == "unknown"


def test_a_later_draw_does_not_ask_for_the_models_again() -> None:
    with scripted_server() as server:
        backend = backend_for(server)
        backend.generate([REQUEST])
        (again,) = backend.generate([replace(REQUEST, draw=3)])
        assert server.models_listed == 1
        backend.generate([REQUEST])
    assert isinstance(again, Answered)
    assert again.provenance["model_revision"] == "root weights-1"
    assert server.models_listed == 2


def test_seeds_follow_from_the_engines_seed_and_the_requests_name() -> None:
    def seeds(**engine: Any) -> list[int]:
        with scripted_server() as server:
            answered(server, [replace(REQUEST, arm=0), replace(REQUEST, arm=1), replace(REQUEST, draw=3)], **engine)
        return sorted(body["seed"] for _, body, _ in server.received)

    assert len(set(seeds(seed=1))) == 3
    assert seeds(seed=1) == seeds(seed=1) != seeds(seed=2)


def test_no_more_requests_are_in_flight_than_configured() -> None:
    flying, most, changed = 0, 0, threading.Condition()

    def script(number: int) -> str:
        nonlocal flying, most
        with changed:
            flying += 1
            most = max(most, flying)
            changed.notify_all()
            # The first ones stay until as many are there as may be: however slow the machine is, they meet.
            changed.wait_for(lambda: most >= 3, timeout=300)
        time.sleep(0.01)
        with changed:
            flying -= 1
        return "answer"

    with scripted_server(script) as server:
        answered(server, jobs(20), max_concurrency=3)
    assert most == 3


def test_requests_keep_to_the_targets_rate() -> None:
    with scripted_server() as server:
        start = time.monotonic()
        answered(server, jobs(3), {"requests_per_minute": 600})
    assert time.monotonic() - start >= 0.6


def test_the_list_of_models_takes_a_turn_of_the_targets_rate_too() -> None:
    with scripted_server() as server:
        start = time.monotonic()
        answered(server, [REQUEST], {"requests_per_minute": 120})
    assert time.monotonic() - start >= 0.5


def test_a_used_up_budget_breaks_no_job_off_and_says_until_when() -> None:
    with scripted_server() as server:
        backend = backend_for(server, {"tokens_per_day": 50}, max_concurrency=1)
        answers = backend.generate(jobs(3))
        again = backend.generate([REQUEST])
    assert [type(answer) for answer in answers] == [
        Answered,
        Answered,
        Unavailable,
        Unavailable,
        Unavailable,
        Unavailable,
    ]
    assert isinstance(again[0], Unavailable)
    assert 0 < (again[0].retry_after_seconds or 0) <= 86_400


def test_a_job_that_was_begun_draws_again_though_the_budget_is_used_up() -> None:
    with scripted_server() as server:
        requests = [replace(REQUEST, arm=arm) for arm in range(2)]
        filters = {"t": OutputFilter(refuse="answer 1", max_regenerations=1)}
        answers = generate_filtered(backend_for(server, {"tokens_per_day": 1}), requests, filters)
    assert [answer.texts for answer in answers if isinstance(answer, Answered)] == [
        ("answer 0.", "answer 0.", "answer 2.")
    ] * 2
