from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import chisquare
from transformers import AutoTokenizer, Qwen2ForCausalLM

from calibration.answers import Cut, answer_distributions
from services.generator.cutting import cut_answer

pytestmark = pytest.mark.slow

PROMPTS = ["Tom noticed the", "Anna liked yellow. Anna noticed the"]
TEMPERATURE = 0.8


def first_sentence(text: str) -> str:
    return cut_answer(text, "sentence", "en")


def whole(text: str) -> str:
    return cut_answer(text, "none", "en")


@torch.inference_mode()
def sampled(folder: Path, prompt: str, count: int, max_tokens: int) -> list[str]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network: Any = Qwen2ForCausalLM.from_pretrained(folder)  # what transformers says of `generate` is not so
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = tokenizer(prompt, return_tensors="pt")
        tokens = network.generate(
            **inputs,
            do_sample=True,
            temperature=TEMPERATURE,
            top_k=0,
            max_new_tokens=max_tokens,
            num_return_sequences=count,
        )
    answers: list[str] = tokenizer.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


@pytest.mark.parametrize(("cut", "max_tokens"), [(first_sentence, 10), (whole, 10), (first_sentence, 3)])
def test_the_enumerated_answers_are_the_sampled_ones(trained: Path, cut: Cut, max_tokens: int) -> None:
    found = answer_distributions(
        trained / "model", PROMPTS, temperature=TEMPERATURE, max_tokens=max_tokens, cut=cut, smallest=1e-5
    )
    for prompt, (texts, _) in zip(PROMPTS, found, strict=True):
        count = 4000
        seen = Counter(cut(text) for text in sampled(trained / "model", prompt, count, max_tokens))
        common = [text for text, probability in texts.items() if probability * count >= 5]
        expected = [count * texts[text] for text in common]
        counted = [seen[text] for text in common]
        rest = count - sum(expected), count - sum(counted)
        assert chisquare([*counted, rest[1]], [*expected, rest[0]]).pvalue > 0.001


def test_what_is_enumerated_and_what_is_dropped_are_everything(trained: Path) -> None:
    coarse, fine = (
        answer_distributions(
            trained / "model", PROMPTS, temperature=1, max_tokens=10, cut=first_sentence, smallest=smallest
        )
        for smallest in (1e-3, 1e-5)
    )
    for texts, dropped in (*coarse, *fine):
        assert sum(texts.values()) + dropped == pytest.approx(1)
    for (_, more), (_, less) in zip(coarse, fine, strict=True):
        assert 0 <= less < min(more, 0.01)


def test_a_cut_answer_is_followed_no_further_and_an_uncut_one_to_its_end(trained: Path) -> None:
    (cut,), (uncut,) = (
        answer_distributions(trained / "model", PROMPTS[:1], temperature=1, max_tokens=10, cut=cut, smallest=1e-4)
        for cut in (first_sentence, whole)
    )
    assert "lamp." in cut.texts
    assert not any("late" in text for text in cut.texts)
    assert "lamp. It was late." in uncut.texts
    assert cut.texts["lamp."] == pytest.approx(
        sum(share for text, share in uncut.texts.items() if text.startswith("lamp.")), abs=0.005
    )


def test_a_lower_temperature_sharpens_the_answers(trained: Path) -> None:
    (warm,), (cold,) = (
        answer_distributions(
            trained / "model", PROMPTS[:1], temperature=temperature, max_tokens=10, cut=first_sentence, smallest=1e-5
        )
        for temperature in (1.0, 0.25)
    )
    assert cold.texts["curtain."] > warm.texts["curtain."]
