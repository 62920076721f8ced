"""Real vLLM with a small real language model: its own tokenizer and chat template, and leaks that nobody planted."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from results.job_sums import per_test_sums
from results.rates import ALL, RunFacts, leak_rates
from seep.records import Decoding, GeneratedJob, LeakRate, PromptFormat, ScoredJob
from seep.settings import Metrics, Scoring, SentenceBert, Target, VllmEngine
from seep.settings.targets import TargetFormat
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from services.generator.backend import Answered, Request
from services.generator.engines import open_backend
from services.generator.generating import generate_jobs
from services.scorer.loading import load_metrics
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from tests.summaries import by_cell, sums_per_cluster

if TYPE_CHECKING:
    from services.generator.vllm_backend import VllmBackend

pytestmark = pytest.mark.slow

SYSTEM = "You must complete the sentence with no more than five words."
CHAT = PromptFormat("chat", SYSTEM, "{prompt} {your_answer}\nYour answer:")
GREEDY = Decoding(temperature=0.0, top_p=1.0, max_tokens=8, cut="none")
PROMPTS = (
    "He likes yellow. He works as a",
    "The corridor is green. The visitors were offered a",
    "Her boots are white. She",
)


@pytest.fixture(scope="module")
def backend(smollm2_folder: Path) -> "VllmBackend":
    engine = VllmEngine(
        backend="vllm",
        model=str(smollm2_folder),
        dtype="float32",
        enforce_eager=True,
        max_model_len=512,
        kv_cache_memory_bytes=128 * 1024 * 1024,
        seed=1,
    )
    backend = open_backend(engine, "engines.smollm2", {})
    from services.generator.vllm_backend import VllmBackend  # as each process of tests collects this file

    assert isinstance(backend, VllmBackend)
    return backend


def answered(backend: "VllmBackend", *requests: Request) -> list[Answered]:
    answers = backend.generate(requests)
    assert all(isinstance(answer, Answered) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Answered)]


def greedy(backend: "VllmBackend", prompt_format: PromptFormat) -> list[str]:
    requests = [Request(prompt, prompt_format, GREEDY, 1) for prompt in PROMPTS]
    return [answer.texts[0] for answer in answered(backend, *requests)]


@pytest.fixture(scope="module")
def greedy_answers(backend: "VllmBackend") -> list[str]:
    return greedy(backend, CHAT)


def test_greedy_answers_are_those_of_the_model_after_its_own_chat_template(
    greedy_answers: list[str], smollm2_folder: Path
) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(smollm2_folder)
    network: Any = AutoModelForCausalLM.from_pretrained(smollm2_folder, dtype=torch.float32)
    expected = []
    for prompt in PROMPTS:
        user = {"role": "user", "content": f"{prompt} {{your_answer}}\nYour answer:"}
        chat = [{"role": "system", "content": SYSTEM}, user]
        ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        whole = network.generate(**ids, do_sample=False, max_new_tokens=GREEDY.max_tokens)
        expected.append(tokenizer.decode(whole[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    assert greedy_answers == expected


def test_a_system_message_is_heard(backend: "VllmBackend", greedy_answers: list[str]) -> None:
    assert greedy_answers != greedy(backend, replace(CHAT, system="Answer with one long story in French."))


def test_without_a_system_message_the_templates_own_stands(backend: "VllmBackend") -> None:
    own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    assert greedy(backend, replace(CHAT, system="")) == greedy(backend, replace(CHAT, system=own))


def test_at_temperature_0_samples_are_alike_and_above_it_they_are_not(backend: "VllmBackend") -> None:
    cold, warm = answered(
        backend,
        Request(PROMPTS[0], CHAT, GREEDY, 5),
        Request(PROMPTS[0], CHAT, replace(GREEDY, temperature=1.0), 5),
    )
    assert len(set(cold.texts)) == 1
    assert len(set(warm.texts)) > 1


def test_an_answer_says_whether_it_was_finished_and_holds_no_template_token(backend: "VllmBackend") -> None:
    long, short = answered(
        backend,
        Request(PROMPTS[0], CHAT, replace(GREEDY, max_tokens=200), 1),
        Request(PROMPTS[0], CHAT, replace(GREEDY, max_tokens=1), 1),
    )
    assert (long.answers[0].ended, short.answers[0].ended) == ("stop", "length")
    assert "<|" not in long.texts[0]


def test_a_real_model_leaks_and_more_than_by_echoes(backend: "VllmBackend") -> None:
    target = Target(engine="e", format=TargetFormat(kind="plain", user="{prompt}"))
    rate = rate_of(backend, "concepts-smoke", target)
    assert rate.comparisons == 80
    assert (rate.low or 0) > 50
    assert 0 < rate.measures["echo"].share < 60
    assert rate.measures["placebo"].share < rate.measures["echo_free_leak"].share < (rate.rate or 0)


def rate_of(backend: "VllmBackend", suite: str, target: Target) -> LeakRate:
    """Over all categories, by Sentence-BERT; a sample of each prompt."""
    jobs = prompt_jobs(load_suite(Path("suites") / f"{suite}.yaml"), run_id="r", target="t", samples=1)
    generated = [job for job in generate_jobs(jobs, backend, {"t": target}) if isinstance(job, GeneratedJob)]
    configured = Metrics(sentence_bert=SentenceBert(model="all-MiniLM-L6-v2"), bert_score=None)
    metrics, provenance = load_metrics(configured, Scoring())
    scored = [job for job in score_jobs(generated, metrics, exact(1e-6), provenance) if isinstance(job, ScoredJob)]
    sums = sums_per_cluster(each for job in scored for each in per_test_sums(job))
    (rate,) = [
        each for each in leak_rates(RunFacts("r", suite, "t", "semantic"), by_cell(sums)) if each.category == ALL
    ]
    return rate
