"""Real vLLM, on the CPU, with the small model whose answers are known."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cli.calibration.model import ensure_model
from seep.errors import InputError
from seep.records import Decoding, Failure, PromptFormat
from seep.settings import VllmEngine
from seep.suites.loading import load_suite
from services.generator.backend import Request
from services.generator.engines import open_backend
from services.generator.vllm_backend import VllmBackend

TRAINED = Path(".seep/calibration")
PLAIN = PromptFormat("plain", "", "{prompt}")
DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=8, cut="sentence")


@pytest.fixture(scope="module")
def trained() -> Path:
    return ensure_model(TRAINED)


@pytest.fixture(scope="module")
def prompt(trained: Path) -> str:
    """A prompt in the model's own words."""
    return load_suite(trained / "suite.yaml").jobs[0].control


@pytest.fixture(scope="module")
def backend(trained: Path) -> VllmBackend:
    engine = VllmEngine(
        backend="vllm",
        model=str(trained / "model"),
        dtype="float32",
        enforce_eager=True,
        max_model_len=64,
        kv_cache_memory_bytes=64 * 1024 * 1024,
    )
    opened = open_backend(engine, "engines.tiny")
    assert isinstance(opened, VllmBackend)
    return opened


def test_samples_of_one_prompt_differ_and_are_cut(backend: VllmBackend, prompt: str) -> None:
    (answers,) = backend.generate([Request(prompt, PLAIN, DECODING, 50)])
    assert isinstance(answers, tuple)
    assert len(answers) == 50
    assert len(set(answers)) > 1
    assert all(answer.count(".") <= 1 and answer == answer.strip() for answer in answers)


def test_at_temperature_0_all_samples_are_the_one_answer(backend: VllmBackend, prompt: str) -> None:
    greedy = replace(DECODING, temperature=0.0)
    (answers,) = backend.generate([Request(prompt, PLAIN, greedy, 3)])
    assert isinstance(answers, tuple)
    assert len(answers) == 3
    assert len(set(answers)) == 1


def test_requests_of_one_call_keep_their_own_decoding_and_place(backend: VllmBackend, prompt: str) -> None:
    one_token = Request(prompt, PLAIN, replace(DECODING, max_tokens=1), 2)
    whole = Request(prompt, PLAIN, replace(DECODING, cut="none"), 4)
    short, long = backend.generate([one_token, whole])
    assert isinstance(short, tuple)
    assert isinstance(long, tuple)
    assert [len(answer.split()) for answer in short] == [1, 1]
    assert len(long) == 4


def test_a_prompt_too_long_or_empty_fails_alone(backend: VllmBackend, prompt: str) -> None:
    long = Request(prompt * 30, PLAIN, DECODING, 1)
    empty = Request("", PLAIN, DECODING, 1)
    first, second, third = backend.generate([long, empty, Request(prompt, PLAIN, DECODING, 1)])
    assert isinstance(first, Failure)
    assert "tokens" in first.reason
    assert isinstance(second, Failure)
    assert isinstance(third, tuple)


def test_a_decoding_that_vllm_refuses_fails_alone(backend: VllmBackend, prompt: str) -> None:
    hot = Request(prompt, PLAIN, replace(DECODING, temperature=3.0), 1)
    refused, answered = backend.generate([hot, Request(prompt, PLAIN, DECODING, 1)])
    assert isinstance(refused, Failure)
    assert "vLLM does not take this decoding" in refused.reason
    assert isinstance(answered, tuple)


def test_a_chat_goes_through_the_models_template(backend: VllmBackend, prompt: str) -> None:
    chat = PromptFormat("chat", "Complete the sentence.", "{prompt} {your_answer}\nYour answer:")
    (answers,) = backend.generate([Request(prompt, chat, DECODING, 2)])
    assert isinstance(answers, tuple)
    assert len(answers) == 2


def test_provenance_names_engine_model_revision_and_type(backend: VllmBackend, trained: Path) -> None:
    provenance = backend.provenance()
    assert provenance["engine"].startswith("vllm 0.32")
    assert provenance["model"] == str(trained / "model")
    assert provenance["model_revision"].startswith("sha256-")
    assert provenance["dtype"] == "float32"


def test_answers_vary_between_calls(backend: VllmBackend, prompt: str) -> None:
    request = Request(prompt, PLAIN, DECODING, 40)
    (first,), (second,) = backend.generate([request]), backend.generate([request])
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert first != second
    assert Counter(first).most_common(1)[0][0] in second


@pytest.mark.parametrize("model", ["./nowhere", "/nowhere/at/all"])
def test_a_model_path_that_does_not_exist_is_one_line(model: str) -> None:
    with pytest.raises(InputError, match=rf"engines\.x\.model: no such folder: {model}"):
        open_backend(VllmEngine(backend="vllm", model=model), "engines.x")


def test_a_folder_that_holds_no_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"engines\.x\.model: vLLM cannot load") as error:
        open_backend(VllmEngine(backend="vllm", model=str(tmp_path)), "engines.x")
    assert "\n" not in str(error.value)
