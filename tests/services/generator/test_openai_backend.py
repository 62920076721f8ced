"""Of an endpoint, good or in trouble, every request is answered, refused or left for later; never half."""

import random
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from seep.errors import InputError, Unavailable
from seep.records import Decoding, Failure, PromptFormat
from seep.settings import OpenAiEngine, Target
from services.generator.backend import Answer, Answered, Request
from services.generator.engines import open_backend
from tests.services.generator.scripted_server import MODEL, ScriptedServer, scripted_server

CHAT = PromptFormat("chat", "Be brief.", "{prompt}!")
DECODING = Decoding(temperature=0.5, top_p=0.9, max_tokens=7, cut="sentence")
ASKED = Request("He likes", CHAT, DECODING, samples=3, target="t", run="r", job="j")
FAULTS = ("HTTP 429", "HTTP 500", "hang", "truncated", "redirect", "100 MB", "wrong JSON", "fewer")


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.generator.patience.PAUSE", lambda state: 0.01)
    monkeypatch.setattr("services.generator.patience.JITTER", lambda state: 0.0)


def answered(
    server: ScriptedServer, requests: Sequence[Request], target: dict[str, Any] | None = None, **engine: Any
) -> list[Answered]:
    """What one call to a fresh backend gives."""
    return list(backend_for(server, target, **engine).generate(requests))


def backend_for(server: ScriptedServer, target: dict[str, Any] | None = None, **engine: Any):
    settings = {"backend": "openai", "base_url": server.base_url, "model": MODEL, "timeout_seconds": 1, **engine}
    targets = {"t": Target(engine="e", **(target or {}))}
    return open_backend(OpenAiEngine.model_validate(settings), "engines.e", targets)


def jobs(count: int, prompts: int = 2) -> list[Request]:
    return [replace(ASKED, job=f"j{job}", arm=arm) for job in range(count) for arm in range(prompts)]


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/namespace/service/v1"])
def test_a_chat_is_asked_below_the_full_base_url_and_cut(prefix: str) -> None:
    with scripted_server(prefix=prefix) as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)
    assert answer.texts == ("answer 0.", "answer 1.", "answer 2.")
    ((path, body, _),) = server.asked
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
        (answer,) = answered(server, [replace(ASKED, prompt_format=PromptFormat("plain", "", "Q: {prompt}"))])
    assert isinstance(answer, Answer)
    assert len(answer.texts) == 3
    ((path, body, _),) = server.asked
    assert (path, body["prompt"]) == ("/completions", "Q: He likes")


def test_where_the_server_knows_no_n_each_sample_is_a_request() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [ASKED], supports_n=False)
    assert isinstance(answer, Answer)
    assert len(answer.texts) == 3
    assert [body.get("n") for _, body, _ in server.asked] == [None] * 3


def test_fewer_answers_than_asked_for_are_filled_by_further_requests() -> None:
    with scripted_server(lambda number: "fewer") as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)
    assert len(answer.texts) == 3
    assert [body.get("n", 1) for _, body, _ in server.asked] == [3, 1]


def test_at_temperature_0_one_answer_stands_for_all_samples() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [replace(ASKED, decoding=replace(DECODING, temperature=0.0))])
    assert isinstance(answer, Answer)
    assert answer.texts == ("answer 0.",) * 3
    assert len(server.asked) == 1


def test_an_adapter_is_the_model_that_is_asked_for() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [replace(ASKED, adapter="fine-tune")])
    assert isinstance(answer, Answer)
    assert server.asked[0][1]["model"] == answer.provenance["model"] == "fine-tune"


def test_provenance_is_what_the_server_tells() -> None:
    with scripted_server() as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)
    assert answer.provenance == {
        "engine": "openai nobody",
        "model": MODEL,
        "model_revision": "root weights-1",
        "system_fingerprint": "fp-1",
    }


def test_seeds_follow_from_the_engines_seed_and_the_requests_name() -> None:
    def seeds(**engine: Any) -> list[int]:
        with scripted_server() as server:
            answered(server, [replace(ASKED, arm=0), replace(ASKED, arm=1), replace(ASKED, draw=3)], **engine)
        return sorted(body["seed"] for _, body, _ in server.asked)

    assert len(set(seeds(seed=1))) == 3
    assert seeds(seed=1) == seeds(seed=1) != seeds(seed=2)


def test_a_key_is_sent_and_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text("swordfish\n")
    monkeypatch.setenv("A_KEY", "shark")
    with scripted_server() as server, caplog.at_level("DEBUG"):
        answered(server, [ASKED], api_key_file=str(tmp_path / "key"))
        answered(server, [ASKED], api_key_env="A_KEY")
        answered(server, [ASKED])
    keys = [headers.get("Authorization") for _, _, headers in server.asked]
    assert keys == ["Bearer swordfish", "Bearer shark", None]
    assert "swordfish" not in caplog.text


@pytest.mark.parametrize("key", [{"api_key_file": "/nowhere/key"}, {"api_key_env": "NO_SUCH_KEY"}])
def test_a_key_that_is_not_there_is_one_line(key: dict[str, str]) -> None:
    engine = OpenAiEngine.model_validate({"backend": "openai", "base_url": "http://h/v1", "model": "m", **key})
    with pytest.raises(InputError, match=rf"engines\.e\.{next(iter(key))}: "):
        open_backend(engine, "engines.e", {})


def test_no_proxy_and_no_key_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with scripted_server() as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)


def test_a_proxy_that_is_configured_is_used() -> None:
    with scripted_server(prefix="http://nowhere.invalid/v1") as proxy:
        url = f"http://127.0.0.1:{proxy.server_port}"
        (answer,) = answered(proxy, [ASKED], base_url="http://nowhere.invalid/v1", proxy=url)
    assert isinstance(answer, Answer)


@pytest.mark.parametrize("fault", [*FAULTS[:-1], "slow drip", "HTTP 503 after 0"])
def test_a_fault_is_tried_again(fault: str) -> None:
    with scripted_server(lambda number: fault if number == 0 else "answer") as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)
    assert len(server.asked) == 2


def test_the_time_a_server_asks_for_is_kept() -> None:
    with scripted_server(lambda number: "HTTP 429 after 1" if number == 0 else "answer") as server:
        start = time.monotonic()
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Answer)
    assert time.monotonic() - start >= 1


def test_a_long_time_is_left_to_the_loop() -> None:
    with scripted_server(lambda number: "HTTP 429 after 3600") as server:
        (answer,) = answered(server, [ASKED])
    assert isinstance(answer, Unavailable)
    assert answer.retry_after_seconds == 3600


@pytest.mark.parametrize("fault", ["HTTP 500", "HTTP 401", "HTTP 404", "redirect", "wrong JSON", "hang"])
def test_a_server_that_answers_nothing_is_left_after_a_few_requests_and_no_job_dies(fault: str) -> None:
    with scripted_server(lambda number: fault) as server:
        answers = answered(server, jobs(100), max_concurrency=4, timeout_seconds=0.3)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(server.asked) <= 20


def test_a_server_that_is_not_there_holds_the_batch() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    with scripted_server() as server, pytest.raises(Unavailable, match="no whole answer"):
        answered(server, [ASKED], base_url=url)


@pytest.mark.parametrize("fault", ["HTTP 500", "wrong JSON", "100 MB"])
def test_a_request_that_fails_to_the_last_while_others_do_not_is_to_blame(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = replace(ASKED, prompt="poison", job="poisoned")
    with scripted_server() as server:
        server.script = lambda number: fault if "poison" in server.asked[number][1]["messages"][-1]["content"] else "ok"
        # Others are answered all the while.
        answers = answered(server, [poison, *jobs(15)], max_concurrency=2, max_retries=2)
    assert isinstance(answers[0], Failure)
    assert "not at others" in answers[0].reason
    assert "poison" not in answers[0].reason
    assert all(isinstance(answer, Answer) for answer in answers[1:])


def test_a_prompt_that_the_server_refuses_fails_at_once() -> None:
    with scripted_server(lambda number: "HTTP 400") as server:
        (answer,) = answered(server, [ASKED])
    assert answer == Failure("the server refuses one of the job's prompts: HTTP 400")
    assert len(server.asked) == 1


def test_no_more_requests_are_in_flight_than_configured() -> None:
    flying, most, changed = 0, 0, threading.Condition()

    def script(number: int) -> str:
        nonlocal flying, most
        with changed:
            flying += 1
            most = max(most, flying)
            changed.notify_all()
            # The first ones stay until as many are there as may be: however slow the machine is, they meet.
            changed.wait_for(lambda: most >= 3, timeout=60)
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
    assert time.monotonic() - start >= 0.5


def test_a_used_up_budget_breaks_no_job_off_and_says_until_when() -> None:
    with scripted_server() as server:
        backend = backend_for(server, {"tokens_per_day": 50}, max_concurrency=1)
        answers = backend.generate(jobs(3))
        again = backend.generate([ASKED])
    assert [type(answer) for answer in answers] == [Answer, Answer, Unavailable, Unavailable, Unavailable, Unavailable]
    assert isinstance(again[0], Unavailable)
    assert 0 < (again[0].retry_after_seconds or 0) <= 86_400


def test_a_faulty_server_leaves_nothing_half_done_and_is_the_only_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = random.Random(5)
    fates = [fault for fault in (*FAULTS, "answer", "answer") for _ in range(500)]
    draw.shuffle(fates)
    connected: set[tuple[str, int]] = set()
    real = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        connected.add(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    with scripted_server(lambda number: fates[number]) as server:
        backend = backend_for(server, max_concurrency=8, timeout_seconds=0.5, max_response_bytes=1024 * 1024)
        before = psutil.Process().memory_info().rss
        left, ended = jobs(25), []
        while left:
            answers = backend.generate(left)
            ended += [answer for answer in answers if not isinstance(answer, Unavailable)]
            left = [request for request, answer in zip(left, answers, strict=True) if isinstance(answer, Unavailable)]
        grown = psutil.Process().memory_info().rss - before
        address = ("127.0.0.1", server.server_port)
    assert len(ended) == 50
    assert all(len(answer.texts) == 3 for answer in ended if isinstance(answer, Answer))
    assert connected == {address}
    assert grown < 64 * 1024 * 1024
