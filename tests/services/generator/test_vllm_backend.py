"""Real vLLM, on the CPU, with the small model whose answers are known."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from calibration.model import ensure_model
from seep.answers import lost
from seep.errors import InputError, Unavailable
from seep.outcomes import single_outcomes
from seep.records import Decoding, Failure, GeneratedJob, PromptFormat, ScoredJob
from seep.settings import Metrics, Reasoning, Scoring, SentenceBert, Target, VllmEngine
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from services.generator.backend import Answered, Request
from services.generator.chat_template import ChatTemplate
from services.generator.cutting import cut_answer
from services.generator.engines import open_backend
from services.generator.generating import generate_jobs
from services.generator.token_texts import TAG_TOKENS
from services.scorer.loading import load_metrics
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs

if TYPE_CHECKING:
    from services.generator.vllm_backend import VllmBackend

pytestmark = pytest.mark.slow

TRAINED = Path(".seep/calibration")
PLAIN = PromptFormat("plain", "", "{prompt}")
DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=8, cut="sentence")
GREEDY = replace(DECODING, temperature=0.0)


@pytest.fixture(scope="module")
def trained() -> Path:
    return ensure_model(TRAINED)


@pytest.fixture(scope="module")
def prompt(trained: Path) -> str:
    """A prompt in the model's own words."""
    return load_suite(trained / "suite.yaml").jobs[0].control or ""


def opened(trained: Path, **options: Any) -> "VllmBackend":
    engine = VllmEngine(
        backend="vllm",
        model=str(trained / "model"),
        dtype="float32",
        enforce_eager=True,
        max_model_len=64,
        kv_cache_memory_bytes=64 * 1024 * 1024,
        **options,
    )
    backend = open_backend(engine, "engines.tiny", {})
    from services.generator.vllm_backend import VllmBackend  # as each process of tests collects this file

    assert isinstance(backend, VllmBackend)
    return backend


@pytest.fixture(scope="module")
def backend(trained: Path) -> "VllmBackend":
    return opened(trained)


@pytest.fixture(scope="module")
def adapted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> "VllmBackend":
    """The same model with an adapter of random weights, large enough to change its answers."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    layers = LoraConfig(r=8, lora_alpha=64, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(trained / "model"), layers).save_pretrained(str(folder))
    return opened(trained, lora_modules={"random": folder}, max_lora_rank=8)


def texts(backend: "VllmBackend", *requests: Request) -> list[tuple[str, ...]]:
    """The texts to requests that are all answered."""
    answers = backend.generate(requests)
    assert all(isinstance(answer, Answered) for answer in answers), answers
    return [answer.texts for answer in answers if isinstance(answer, Answered)]


def test_samples_of_one_prompt_differ_and_are_cut(backend: "VllmBackend", prompt: str) -> None:
    (answers,) = texts(backend, Request(prompt, PLAIN, DECODING, 50))
    assert len(answers) == 50
    assert len(set(answers)) > 1
    # By the rule itself: once in some thousands the model writes what is no end, a letter with a full stop, say.
    assert [cut_answer(answer, "sentence") for answer in answers] == list(answers)
    assert all(answer == answer.strip() for answer in answers)


def test_at_temperature_0_all_samples_are_the_one_answer(backend: "VllmBackend", prompt: str) -> None:
    (answers,) = texts(backend, Request(prompt, PLAIN, GREEDY, 3))
    assert len(answers) == 3
    assert len(set(answers)) == 1


def test_requests_of_one_call_keep_their_own_decoding_and_place(backend: "VllmBackend", prompt: str) -> None:
    one_token = Request(prompt, PLAIN, replace(DECODING, max_tokens=1), 2)
    whole = Request(prompt, PLAIN, replace(DECODING, cut="none"), 4)
    short, long = texts(backend, one_token, whole)
    assert [len(answer.split()) for answer in short] == [1, 1]
    assert len(long) == 4


def test_every_prompt_gets_its_own_answer_in_whatever_order_they_come(backend: "VllmBackend", trained: Path) -> None:
    jobs = load_suite(trained / "suite.yaml").jobs
    requests = [Request(test.prompt, PLAIN, GREEDY, 1) for job in jobs[:12] for test in job.tests]
    together, turned = texts(backend, *requests), texts(backend, *requests[::-1])
    assert len(set(together)) > 10
    assert together == turned[::-1]


def test_a_prompt_too_long_or_empty_fails_alone(backend: "VllmBackend", prompt: str) -> None:
    long = Request(prompt * 30, PLAIN, DECODING, 1)
    empty = Request("", PLAIN, DECODING, 1)
    first, second, third = backend.generate([long, empty, Request(prompt, PLAIN, DECODING, 1)])
    assert isinstance(first, Failure)
    assert "tokens" in first.reason
    assert isinstance(second, Failure)
    assert isinstance(third, Answered)


def test_a_decoding_that_vllm_refuses_fails_alone(backend: "VllmBackend", prompt: str) -> None:
    hot = Request(prompt, PLAIN, replace(DECODING, temperature=3.0), 1)
    refused, answered = backend.generate([hot, Request(prompt, PLAIN, DECODING, 1)])
    assert isinstance(refused, Failure)
    assert "vLLM does not take this decoding" in refused.reason
    assert isinstance(answered, Answered)


def test_a_chat_goes_through_the_models_template(backend: "VllmBackend", prompt: str) -> None:
    chat = PromptFormat("chat", "Complete the sentence.", "{prompt} {your_answer}\nYour answer:")
    (answers,) = texts(backend, Request(prompt, chat, DECODING, 2))
    assert len(answers) == 2


CHAT = PromptFormat("chat", "Complete the sentence.", "{prompt}")


def with_template(backend: "VllmBackend", trained: Path, monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    """From now on chats go through this template; vLLM's own tokenizer is one of several copies."""
    tokenizer = AutoTokenizer.from_pretrained(trained / "model")
    tokenizer.chat_template = template
    monkeypatch.setattr(backend, "_template", ChatTemplate(tokenizer, "auto", "engines.tiny"))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('System role not supported') }}", "System role not supported"),
        ("{{ raise_exception('Not this: ' + messages[1]['content']) }}", "Not this: [...]"),
        ("{{ messages[0].content.nothing.at_all }}", "'[...]' has no attribute 'nothing'"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_that_refuses_the_messages_is_the_requests_failure(
    backend: "VllmBackend", trained: Path, prompt: str, monkeypatch: pytest.MonkeyPatch, template: str, reason: str
) -> None:
    with_template(backend, trained, monkeypatch, template)
    refused, answered = backend.generate([Request(prompt, CHAT, DECODING, 1), Request(prompt, PLAIN, DECODING, 1)])
    assert refused == Failure(f"the model's chat template refuses the messages: {reason}")
    assert isinstance(answered, Answered)


def test_a_template_without_a_system_role_gets_the_message_before_the_users(
    backend: "VllmBackend", trained: Path, prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    with_template(backend, trained, monkeypatch, template + "{{ messages[0]['content'] }}")
    (answered,) = backend.generate([Request(prompt, CHAT, DECODING, 1)])
    assert isinstance(answered, Answered)
    assert answered.provenance["system_role"] == "user"


def test_a_template_is_told_what_the_target_says(
    backend: "VllmBackend", trained: Path, prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = "{{ messages[0]['content'] }} {{ messages[1]['content'] }}"
    template = contents + "{% if thinks or reasoning_effort == 'low' %}<think>{% endif %}"
    with_template(backend, trained, monkeypatch, template)
    request = Request(prompt, CHAT, DECODING, 2)
    effort = replace(request, reasoning=Reasoning(effort="low"))
    answers = backend.generate([request, replace(request, template_kwargs={"thinks": True}), effort])
    losses = [{lost(each) for each in answer.answers} for answer in answers if isinstance(answer, Answered)]
    # The model never closes the thoughts that the template opens.
    assert losses == [{None}, {"unfinished"}, {"unfinished"}]


def broken_off(
    backend: "VllmBackend", monkeypatch: pytest.MonkeyPatch, broken: Callable[[str], bool] = lambda text: False
) -> list[Any]:
    """From now on vLLM breaks off answers to such prompts; returns how each prompt of each call is sampled."""
    generate, sampled = backend._llm.generate, list[Any]()

    def breaking(prompts: Any, sampling: Any, **rest: Any) -> Any:
        sampled.extend(sampling)
        outputs = generate(prompts, sampling, **rest)
        for output in outputs:
            if broken(backend._tokenizer.decode(output.prompt_token_ids)):
                output.outputs[0].finish_reason = "abort"
        return outputs

    monkeypatch.setattr(backend._llm, "generate", breaking)
    return sampled


def test_thoughts_have_tokens_of_their_own(
    backend: "VllmBackend", prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled = broken_off(backend, monkeypatch)
    request = Request(prompt, PLAIN, replace(DECODING, max_tokens=2, cut="none"), 3, reasoning=Reasoning(max_tokens=9))
    (answers,) = texts(backend, request)
    assert [each.max_tokens for each in sampled] == [2 + 9 + TAG_TOKENS]
    assert all(1 <= len(answer.split()) <= 2 for answer in answers)


def test_an_answer_that_is_broken_off_is_drawn_again_and_then_its_requests_failure(
    backend: "VllmBackend", prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = prompt.split()[:2]
    sampled = broken_off(backend, monkeypatch, lambda text: second not in text)
    failed, answered = backend.generate([Request(first, PLAIN, DECODING, 2), Request(prompt, PLAIN, DECODING, 2)])
    assert isinstance(failed, Failure)
    assert "breaks off" in failed.reason
    assert isinstance(answered, Answered)
    assert len(sampled) == 2 + 1 + 1


def test_an_engine_that_breaks_off_every_answer_is_unavailable(
    backend: "VllmBackend", prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(backend, monkeypatch, lambda text: True)
    with pytest.raises(Unavailable):
        backend.generate([Request(prompt, PLAIN, DECODING, 2)])


def test_provenance_names_engine_model_revision_and_type(backend: "VllmBackend", trained: Path, prompt: str) -> None:
    (answer,) = backend.generate([Request(prompt, PLAIN, DECODING, 1)])
    assert isinstance(answer, Answered)
    assert answer.provenance["engine"].startswith("vllm 0.32")
    assert answer.provenance["model"] == str(trained / "model")
    assert answer.provenance["model_revision"].startswith("sha256-")
    assert answer.provenance["dtype"] == "float32"


def test_answers_vary_between_calls(backend: "VllmBackend", prompt: str) -> None:
    request = Request(prompt, PLAIN, DECODING, 40)
    (first,), (second,) = texts(backend, request), texts(backend, request)
    assert first != second
    assert Counter(first).most_common(1)[0][0] in second


def test_a_fine_tune_and_its_base_are_two_targets_of_one_engine(
    backend: "VllmBackend", adapted: "VllmBackend", trained: Path
) -> None:
    tuned = leak_rate(adapted, trained, "random")
    base = leak_rate(adapted, trained, None)
    assert base == leak_rate(backend, trained, None)
    assert abs(tuned - base) > 10


def test_base_and_fine_tune_in_one_batch_do_not_touch_each_other(adapted: "VllmBackend", trained: Path) -> None:
    jobs = load_suite(trained / "suite.yaml").jobs[:10]
    base = [Request(job.control or "", PLAIN, GREEDY, 1) for job in jobs]
    tuned = [replace(request, adapter="random") for request in base]
    alone = texts(adapted, *base), texts(adapted, *tuned)
    mixed = texts(adapted, *(request for pair in zip(base, tuned, strict=True) for request in pair))
    assert (mixed[::2], mixed[1::2]) == alone
    assert alone[0] != alone[1]


def test_provenance_names_the_adapter(adapted: "VllmBackend", prompt: str) -> None:
    base, tuned = adapted.generate([Request(prompt, PLAIN, DECODING, 1, adapter=name) for name in (None, "random")])
    assert isinstance(base, Answered)
    assert isinstance(tuned, Answered)
    assert "adapter" not in base.provenance
    assert tuned.provenance["adapter"] == "random"
    assert tuned.provenance["adapter_revision"].startswith("sha256-")


def leak_rate(backend: "VllmBackend", trained: Path, adapter: str | None) -> float:
    """The rate of a run of the most leaking category, in percent; greedy, so that it is the model's alone."""
    target = Target(engine="e", adapter=adapter, temperature=0.0)
    jobs = prompt_jobs(load_suite(trained / "suite.yaml"), run_id="r", target="t", samples=1)
    generated = [job for job in generate_jobs(jobs, backend, {"t": target}) if isinstance(job, GeneratedJob)]
    assert len(generated) == len(jobs)
    configured = Metrics(sentence_bert=SentenceBert(model="all-MiniLM-L6-v2"), bert_score=None)
    metrics, provenance = load_metrics(configured, Scoring())
    scored = score_jobs(generated, metrics, exact(1e-6), provenance)
    outcomes = [outcome for job in scored if isinstance(job, ScoredJob) for outcome in single_outcomes(job)]
    return 100 * mean(o.value for o in outcomes if o.measure == "leak" and o.category == "planted-90")


@pytest.mark.parametrize("model", ["./nowhere", "/nowhere/at/all"])
def test_a_model_path_that_does_not_exist_is_one_line(model: str) -> None:
    with pytest.raises(InputError, match=rf"engines\.x\.model: no such folder: {model}"):
        open_backend(VllmEngine(backend="vllm", model=model), "engines.x", {})


def test_a_spoiled_model_is_one_line_with_its_reason(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spoiled"
    shutil.copytree(trained / "model", folder)
    engine = VllmEngine(backend="vllm", model=str(folder), enforce_eager=True, kv_cache_memory_bytes=1 << 27)
    os.truncate(folder / "model.safetensors", 3000)
    with pytest.raises(InputError, match=r"vLLM cannot load .*: Error while deserializing header"):
        open_backend(engine, "engines.x", {})
    (folder / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"vLLM cannot load .*: Unrecognized model in "):
        open_backend(engine, "engines.x", {})


def test_too_little_memory_names_the_settings_that_bound_it(trained: Path) -> None:
    engine = VllmEngine(backend="vllm", model=str(trained / "model"), enforce_eager=True, kv_cache_memory_bytes=1024)
    with pytest.raises(
        InputError, match=r"memory.*; the engine's kv_cache_memory_bytes and max_model_len set how"
    ) as error:
        open_backend(engine, "engines.x", {})
    assert "--" not in str(error.value)
    assert "gpu_memory_utilization" not in str(error.value)


def test_a_folder_that_holds_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"engines\.x\.model: vLLM cannot load") as error:
        open_backend(VllmEngine(backend="vllm", model=str(tmp_path)), "engines.x", {})
    assert "\n" not in str(error.value)
